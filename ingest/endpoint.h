/* endpoint.h - one `ingest:` item: a ZeroMQ socket, and the entries that come out of it.
 *
 * Receives a bounded number of messages a turn, decodes each and offers its entries.
 * When the aggregate is busy, the message in hand is parked with the entry that was
 * refused, and the endpoint pauses until a retry succeeds: nothing is lost, nothing
 * overtakes. A `sub` endpoint never pauses; where a sink would hold it back, the entry is
 * dropped there. Loop thread only. */
#ifndef INGEST_ENDPOINT_H
#define INGEST_ENDPOINT_H

#include "aggregate/aggregate.h"
#include "aggregate/recent.h"
#include "conf/conf.h"
#include "decode/decode.h"
#include "ingest/census.h"
#include "ingest/peer.h"
#include "zeromq/admission.h"
#include "zeromq/gate.h"
#include "zeromq/zap.h"
#include "zeromq/zmq_watch.h"

/* What all endpoints of a daemon share. Borrowed by each until it is closed. */
struct endpoint_shared {
    void *zmq; /* the context */
    struct zmq_watch *watch;
    struct aggregate *aggregate;
    struct message_pool *messages;
    struct entry_pool *entries;
    struct decoder *decoder;
    struct peers *peers;         /* NULL: nobody asks who sent an entry */
    struct recent *recent;       /* NULL: nobody will look back at them */
    struct census *census;       /* NULL: nobody can ask who sends most */
    struct zap *zap;             /* who says which clients may come in; NULL: nobody encrypts */
    struct inherited *inherited; /* addresses that are held for us; NULL: none */
    bool gate_is_on;
    size_t receive_bytes; /* what ZeroMQ may hold of the messages of all clients */
};

struct endpoint;

/* How many clients may be connected to its bound addresses at once. */
unsigned endpoint_places(const struct conf_ingest *conf);

/* Listens and connects as configured, and receives from the next turn on. Borrows the
 * conf. NULL and a sentence, with nothing left open, when an address cannot be had;
 * *setting_out then is the setting to blame. */
struct endpoint *endpoint_open(const struct conf_ingest *conf, const struct endpoint_shared *shared,
                               const void **setting_out, struct err *err);

/* While it runs, who may come in can change, in two steps: all that can fail, and all that others
 * see. The admission is taken over; it was read from settings with the same addresses and the same
 * encryption. 0, or -1 and a sentence: then nothing has changed, and it stays the caller's. Of an
 * endpoint that connects there is nothing to change. */
int endpoint_prepare_admission(struct endpoint *endpoint, struct admission **admission,
                               struct err *err);

/* All stays as it was; also where nothing was prepared. */
void endpoint_forget_admission(struct endpoint *endpoint);

/* What was prepared holds. Clients whose key is gone are cut off at once, names that changed count
 * for new connections; a server key that is gone takes nobody new, and those who came in by it
 * stay. Nobody else notices, and nobody in the backlog is lost. Without the gate nobody is cut,
 * and users stay as they were. */
void endpoint_admit(struct endpoint *endpoint, struct admission_change *change_out);

/* What ZAP calls this endpoint. Returns text. */
const char *endpoint_zap_domain(const struct conf_ingest *conf, char text[ZAP_DOMAIN_MAX + 1]);

/* From the next payload on the settings are these, of which only such may be different as need no
 * restart. Borrows the conf; the one it was opened with must stay, too. `peers` are as in
 * endpoint_shared. */
void endpoint_configure(struct endpoint *endpoint, const struct conf_ingest *conf,
                        struct peers *peers);

/* Offers what is parked once more. True: nothing is parked now. */
bool endpoint_retry(struct endpoint *endpoint);

/* Whether a message is parked, so that clients wait. */
bool endpoint_is_parked(const struct endpoint *endpoint);

/* Messages taken from ZeroMQ so far: standing still means that nothing arrives. */
uint64_t endpoint_messages(const struct endpoint *endpoint);

/* When the gate ticks: what ZeroMQ was charged for and has thrown away, if any, is told to
 * the gate. */
void endpoint_look(struct endpoint *endpoint);

/* Stops receiving, and refuses what is parked and what ZeroMQ still has queued. The loop must
 * run once more before endpoint_free. */
void endpoint_stop(struct endpoint *endpoint);
void endpoint_free(struct endpoint **endpoint);

const char *endpoint_name(const struct endpoint *endpoint);

/* Whether what its clients send cannot wait: a `sub` endpoint. */
bool endpoint_is_sub(const struct endpoint *endpoint);

/* Clients that it has accepted, and those that were cut off. Nothing is counted without the gate.
 */
struct gate_group_stats endpoint_clients(const struct endpoint *endpoint);
/* How many entries were refused for this reason since it was asked last; and, if there were any,
 * the last one's sender, as far as that is known: "127.0.0.1:40000", or "". */
uint64_t endpoint_refused_since(struct endpoint *endpoint, enum refuse_reason reason,
                                char peer[GATE_PEER_MAX]);

const struct endpoint_ledger *endpoint_ledger(const struct endpoint *endpoint);

/* The addresses, ports as the kernel chose them, separated by spaces. Returns text. */
const char *endpoint_addresses(const struct endpoint *endpoint, char *text, size_t size);

#endif
