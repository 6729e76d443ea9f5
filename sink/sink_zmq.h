/* sink_zmq.h - a sink whose target is a ZeroMQ socket: for sink.c and the files sink_zmq*.c.
 *
 *     sink_zmq.c         opens and closes
 *     sink_zmq_send.c    from the outbox to ZeroMQ
 *     sink_zmq_wait.c    for a receiver, room, or what was lent
 *     sink_zmq_open.c    the socket, its options and addresses
 *     sink_zmq_peers.c   who refuses us, and who is refused
 *
 * The socket has a context of its own, so that its I/O thread stands in nobody's way, and ends
 * in a pool thread. What is sent waits in the outbox until ZeroMQ takes it, and then in a cargo
 * until ZeroMQ has sent it.
 *
 *     outbox ──copy──► cargo ──pointer──► a pipe for each peer ──► kernel
 *     the queue        a few holds        a mark in messages
 *
 * Loop thread only. */
#ifndef SINK_SINK_ZMQ_H
#define SINK_SINK_ZMQ_H

#include "sink/cargo.h"
#include "sink/sink_parts.h"
#include "zeromq/handshake.h"
#include "zeromq/listener.h"
#include "zeromq/zap.h"
#include "zeromq/zmq_watch.h"

/* Messages that a pipe holds, of each peer: enough that a thread is never idle for want of them,
 * and few enough that little is lost with a peer. */
enum { SINK_ZMQ_PUSH_MARK = 100, SINK_ZMQ_PUB_MARK = 1000 };

/* What libzmq needs for each of these, beside its bytes: a slot of the pipe and a content. */
enum { SINK_ZMQ_MESSAGE_BYTES = 112 };

/* What the subscriptions of one peer can come to (zeromq/gate_outlet.c). */
enum { SINK_ZMQ_TALK_BYTES = 320 * 1024 };

/* One address that the sink connects to. */
struct sink_zmq_way {
    const char *address;
    enum handshake_end end; /* how the last handshake ended */
    unsigned times;         /* in a row that it ended so */
    uint64_t wait_ms;       /* before the next try of ours */
    uint64_t due_ms;        /* loop time: ZeroMQ has given it up, and we try again. 0: it has not */
};

struct sink_zmq {
    void *context;
    void *socket;
    struct zmq_watched watched;
    struct cargo cargo;
    struct gate_group *gate;
    bool gate_is_on;
    struct inherited *inherited; /* shared; NULL: none */
    struct listener *listeners;
    unsigned listener_count;

    /* of a sink that connects */
    struct sink_zmq_way *ways;
    unsigned way_count;
    void *monitor; /* tells how handshakes end */
    struct zmq_watched news;
    struct err refusal; /* what the last one said that failed; "": none, or it went well since */
    uint64_t stranded;  /* messages in the pipe when the connection broke, of one address */

    /* of a sink that binds and encrypts */
    struct zap *zap;
    struct zmq_watched desk;
    uint64_t refused_told, refused_told_ms;

    bool is_blocked;           /* something must happen before more is sent */
    uint64_t blocked_since_ms; /* loop time; 0: the last message was taken */
    uint64_t spent_ms;         /* of pub: since when patience grows, loop time */
    uint64_t slow_told_ms;     /* 0: never */
    uint64_t looked_ms;        /* for who is deaf */

    uv_timer_t ticker;
    uv_async_t wake; /* something of the cargo came back */
    uv_work_t job;   /* the end of the context */
    struct err why;
    uint64_t lost;   /* messages that ZeroMQ had taken, and thrown away when we were refused */
    uint64_t unsent; /* the same, and at the close those that it had not sent */
};

/* As sink_open. Fails where an address cannot be had. */
struct sink *sink_zmq_open(const struct conf_sink *conf, const struct sink_kind *kind,
                           const struct sink_shared *shared, struct outbox *outbox,
                           struct err *err);

/* sink.h's of the same names. */
void sink_zmq_flush(struct sink *sink);
void sink_zmq_drain(struct sink *sink);
bool sink_zmq_is_drained(const struct sink *sink);
void sink_zmq_close(struct sink *sink);
const char *sink_zmq_trouble(const struct sink *sink);
uint64_t sink_zmq_unsent(const struct sink *sink);

/* After the close: lets go of all but the memory of `zmq` itself. */
void sink_zmq_fini(struct sink *sink);

/* ---- sink_zmq_open.c ------------------------------------------------------------------------ */

/* Makes socket and context, listens and connects. 0, or -1 and a sentence; what was opened so
 * far is the sink's. */
int sink_zmq_open_socket(struct sink *sink, struct err *err);
int sink_zmq_open_addresses(struct sink *sink, struct err *err);

/* ---- sink_zmq_peers.c ----------------------------------------------------------------------- */

/* Before the addresses, and after them. What was opened so far is the sink's. */
int sink_zmq_encrypt(struct sink *sink, struct err *err);
int sink_zmq_open_monitor(struct sink *sink, struct err *err);
void sink_zmq_watch_peers(struct sink *sink, struct zmq_watch *watch);

/* Connects anew where ZeroMQ has given up, when it is time. */
void sink_zmq_redial(struct sink *sink);

/* No more of it: before the socket is removed, and when it is closed. */
void sink_zmq_leave_peers(struct sink_zmq *zmq);
void sink_zmq_close_peers(struct sink_zmq *zmq);

/* ---- sink_zmq_wait.c ------------------------------------------------------------------------ */

/* How often it is looked at what ZeroMQ holds. */
enum { SINK_ZMQ_LOOK_MS = 250 };

/* The ticker comes in so long, at the latest. */
void sink_zmq_tick_after(struct sink *sink, uint64_t ms);

/* Nothing is sent before the ticker comes, in so long, or something else wakes the sink. */
void sink_zmq_block(struct sink *sink, uint64_t look_ms);

/* Of push: nobody is connected, as far as the gate can tell. */
bool sink_zmq_is_lonely(const struct sink *sink);

/* Something was sent, and the sink was down. */
void sink_zmq_be_up(struct sink *sink);

/* Something of the cargo came back; ZeroMQ has room. */
void sink_zmq_on_wake(uv_async_t *wake);
void sink_zmq_on_turn(struct zmq_watched *watched);

static inline bool sink_zmq_is_pub(const struct sink *sink)
{
    return sink->conf->socket == CONF_OUTLET_PUB;
}

#endif
