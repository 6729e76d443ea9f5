/* remote.h - a sink whose target is a connection: for the kinds and engines of such sinks.
 *
 *     DOWN ──dial──► IDLE ──lost──► DOWN …   waits 100 ms before it dials anew, then longer,
 *                                            up to 30 s, until something has arrived
 *
 * Dialling, waiting, telling and closing are here; what goes over the connection is the
 * engine's. Loop thread only, and nothing of it waits there. */
#ifndef SINK_REMOTE_H
#define SINK_REMOTE_H

#include "sink/backoff.h"
#include "sink/dial.h"
#include "sink/sink_parts.h"

struct tls;
struct transport;

struct remote_engine {
    /* There may be something to send, and the connection takes it. */
    void (*send)(struct sink *sink);
    /* The connection can be read or written. */
    void (*ready)(struct sink *sink, int events);
    /* Some time has passed; remote->tick_ms says how much, and is the engine's to set. 0 when
     * it returns: no more ticks. */
    void (*tick)(struct sink *sink);
    /* The connection ends, and is still open: what is not written is queued again. Returns how
     * many entries may have arrived all the same. */
    uint64_t (*settle)(struct sink *sink);
    /* What of the outbox waits to be sent: anything; a whole block. */
    bool (*has_unsent)(const struct outbox *outbox);
    bool (*has_whole_block)(const struct outbox *outbox);
};

struct remote_kind {
    enum net_address_form form;
    int socket_type;
    bool acks;    /* the kernel tells what has arrived */
    bool is_deaf; /* nobody answers: that it is connected says nothing of the other side */
    uint64_t retry_ms_max;
    /* Sets the options of a socket that is not connected yet. */
    void (*prepare)(int fd, const struct conf_sink *conf);
    const struct remote_engine *engine;
    const struct transport *transport; /* NULL: the engine needs none */
};

extern const struct remote_engine engine_stream;
extern const struct remote_engine engine_datagram;

struct remote {
    const struct remote_kind *kind;
    struct net_address address;
    struct dial dial;
    struct backoff backoff;
    struct fd_watch *watch; /* of the connection */
    struct tls *tls;        /* transport_tls.c; NULL for all others */
    uv_timer_t ticker;
    uint64_t tick_ms;      /* until the next; 0: none */
    bool is_blocked;       /* the kernel takes no more, and will tell */
    bool is_proven;        /* something has arrived on this connection */
    unsigned connections;  /* made so far */
    uint64_t connected_ms; /* loop time */
    uint64_t progress_ms;  /* when something moved last */
    uint64_t dropped_before;
    size_t datagram_max;  /* bytes of the longest that is tried; 0: not known yet */
    unsigned refusals;    /* since the last tick */
    bool waits_no_longer; /* nobody listens, and entries are sent all the same */
    struct err why;       /* the connection was lost, or none was made */
};

/* As sink_open; dials. Fails where the address is none. */
struct sink *remote_open(const struct conf_sink *conf, const struct sink_kind *kind,
                         uv_loop_t *loop, struct outbox *outbox, struct err *err);

/* sink.h's of the same names; close also frees what is remote. */
void remote_flush(struct sink *sink);
void remote_drain(struct sink *sink);
void remote_close(struct sink *sink);
const char *remote_trouble(const struct sink *sink);

/* ---- between remote.c and remote_life.c ----------------------------------------------------- */

/* dial_done_cb */
void remote_dialled(void *context, int fd, int error, const char *sentence);

/* Closes the connection, if there is one, and stops what is timed. */
void remote_disconnect(struct sink *sink);

/* ---- for transports ------------------------------------------------------------------------- */

/* sink->fd is ready for entries. */
void remote_connected(struct sink *sink);

/* It will not be: closes it, says so once, and dials later. The sentence ends without a stop. */
void remote_refused(struct sink *sink, int error, const char *sentence);

/* ---- for engines -------------------------------------------------------------------------- */

/* It is no more: says so once, and dials later. The sentence ends without a stop. */
void remote_lost(struct sink *sink, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Something has arrived: the connection is good. */
void remote_arrived(struct sink *sink);

/* Something has moved, if not arrived. */
void remote_moved(struct sink *sink);

/* The kernel has not taken all: `ready` is called when it takes more. */
void remote_block(struct sink *sink);

/* Ticks after so long. */
void remote_tick_after(struct sink *sink, uint64_t ms);

/* Nothing has moved for as long as the sink's `timeout`. */
bool remote_is_stalled(const struct sink *sink);

#endif
