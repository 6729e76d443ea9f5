/* endpoint_parts.h - the inside of an endpoint: for the files endpoint*.c. */
#ifndef INGEST_ENDPOINT_PARTS_H
#define INGEST_ENDPOINT_PARTS_H

#include <zmq.h>

#include "ingest/endpoint.h"
#include "zeromq/listener.h"

struct endpoint {
    const struct conf_ingest *conf;
    struct endpoint_shared shared;
    struct decode_rules rules;
    struct endpoint_ledger ledger;
    struct zmq_watched watched;
    void *socket;
    struct gate_group *gate;
    struct listener *listeners;
    unsigned listener_count;
    bool watching;
    bool stopped;

    /* the message in hand; parked while `entry` is set between two turns */
    struct message *message;
    struct entry *entry;
    struct decode_cursor cursor;
};

/* ---- endpoint_open.c ------------------------------------------------------------------ */

/* Makes the socket and gives it the configured addresses. 0, or -1 and a
 * sentence, with the setting to blame; what was opened so far is in the endpoint. */
int endpoint_open_socket(struct endpoint *endpoint, struct err *err);
int endpoint_open_addresses(struct endpoint *endpoint, const void **setting_out, struct err *err);

/* ---- endpoint_take.c ------------------------------------------------------------------ */

/* Copies the frames, and offers what is in them. False: busy, the message is parked. */
bool endpoint_take_message(struct endpoint *endpoint, zmq_msg_t *payload, zmq_msg_t *topic,
                           int64_t now_ns);

/* Offers the entry in hand and all that follow it in its message. False: the
 * aggregate is busy, and they stay in hand. */
bool endpoint_offer_rest(struct endpoint *endpoint);

/* Every entry that is still in the message in hand is received and refused. */
void endpoint_refuse_message(struct endpoint *endpoint);

/* ---- endpoint_receive.c --------------------------------------------------------------- */

void endpoint_on_turn(struct zmq_watched *watched);
void endpoint_pause_if_parked(struct endpoint *endpoint);

/* After the stop: what ZeroMQ still has is refused. */
void endpoint_refuse_queued(struct endpoint *endpoint);

#endif
