/* The socket of a zmq sink, its options and addresses. */
#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

#include "conf/log.h"
#include "sink/sink_zmq.h"
#include "zeromq/admission.h"
#include "zeromq/gate.h"

enum { CONTEXT_THREAD_NAME_PREFIX = 9 }; /* newer than the oldest header */

enum {
    SEND_BUFFER_BYTES = 256 * 1024,
    RECONNECT_FIRST_MS = 100,
    RECONNECT_MOST_MS = 30 * 1000,
    CONNECT_HANDSHAKE_MS = 30 * 1000
};

static int set_option(struct sink_zmq *zmq, int option, int value, struct err *err)
{
    if (zmq_setsockopt(zmq->socket, option, &value, sizeof value) < 0)
        return err_set(err, "cannot set ZeroMQ's socket option %d: %s", option,
                       zmq_strerror(errno));
    return 0;
}

static int make_context(struct sink_zmq *zmq, struct err *err)
{
    int prefix = gate_watch_outlet_connects(zmq->gate);

    if (prefix < 0)
        return err_set(err, "there are more than %d zmq sinks", GATE_OUTLETS_MAX);
    zmq->context = zmq_ctx_new();
    if (!zmq->context || zmq_ctx_set(zmq->context, CONTEXT_THREAD_NAME_PREFIX, prefix) < 0)
        return err_set(err, "cannot start ZeroMQ: %s", zmq_strerror(errno));
    return 0;
}

/* A pipe whose peer has gone keeps its messages for the peer's return, but not where there are
 * several to choose from: then they would wait for one that is not there. */
static int set_kind(struct sink *sink, struct err *err)
{
    struct sink_zmq *zmq = sink->zmq;

    if (sink_zmq_is_pub(sink))
        return set_option(zmq, ZMQ_SNDHWM, SINK_ZMQ_PUB_MARK, err) < 0 ||
                       set_option(zmq, ZMQ_XPUB_NODROP, 1, err) < 0
                   ? -1
                   : 0;
    return set_option(zmq, ZMQ_SNDHWM, SINK_ZMQ_PUSH_MARK, err) < 0 ||
                   set_option(zmq, ZMQ_IMMEDIATE, sink->conf->connect.count > 1, err) < 0
               ? -1
               : 0;
}

int sink_zmq_open_socket(struct sink *sink, struct err *err)
{
    struct sink_zmq *zmq = sink->zmq;

    if (make_context(zmq, err) < 0)
        return -1;
    zmq->socket = zmq_socket(zmq->context, sink_zmq_is_pub(sink) ? ZMQ_PUB : ZMQ_PUSH);
    if (!zmq->socket)
        return err_set(err, "cannot make a ZeroMQ socket: %s", zmq_strerror(errno));
    if (set_option(zmq, ZMQ_LINGER, 0, err) < 0 || set_option(zmq, ZMQ_IPV6, 1, err) < 0 ||
        set_option(zmq, ZMQ_HANDSHAKE_IVL, zmq->gate_is_on ? 0 : 1000, err) < 0 ||
        set_option(zmq, ZMQ_TCP_KEEPALIVE, 1, err) < 0 ||
        set_option(zmq, ZMQ_SNDBUF, SEND_BUFFER_BYTES, err) < 0 ||
        set_option(zmq, ZMQ_RECONNECT_IVL, RECONNECT_FIRST_MS, err) < 0 ||
        set_option(zmq, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MOST_MS, err) < 0)
        return -1;
    return set_kind(sink, err);
}

/* Of socket files; the keys of a sink are another matter. */
static int pick_users(struct sink *sink, struct err *err)
{
    const struct conf_curve plain = {.encryption = CONF_ENCRYPTION_NONE};
    const void *setting;
    struct admission *admission = admission_new(&plain, &sink->conf->ipc, &setting, err);
    unsigned cut = 0;
    int result = -1;

    if (admission)
        result = admission_pick_users(admission, sink->zmq->gate, sink->zmq->socket, &cut, err);
    admission_free(&admission);
    return result;
}

static int bind_one(struct sink *sink, const char *text, struct err *err)
{
    struct sink_zmq *zmq = sink->zmq;
    struct listener *listener = &zmq->listeners[zmq->listener_count];
    struct address address;

    if (address_parse(text, ADDRESS_TO_BIND, &address, err) < 0 ||
        listener_get(listener, zmq->inherited, &address, &sink->conf->ipc, err) < 0)
        return -1;
    zmq->listener_count++;
    if (listener_attach(listener, zmq->socket, zmq->gate, err) < 0)
        return -1;
    log_line(LOG_LEVEL_INFO, "sink %s: listens on %s", sink->conf->name,
             listener_address(listener));
    return 0;
}

static int connect_one(struct sink_zmq *zmq, const char *text, struct err *err)
{
    struct address address;

    if (address_parse(text, ADDRESS_TO_CONNECT, &address, err) < 0)
        return -1;
    if (set_option(zmq, ZMQ_HANDSHAKE_IVL, CONNECT_HANDSHAKE_MS, err) < 0)
        return -1;
    if (zmq_connect(zmq->socket, text) < 0)
        return err_set(err, "cannot connect to '%s': %s", text, zmq_strerror(errno));
    return 0;
}

int sink_zmq_open_addresses(struct sink *sink, struct err *err)
{
    const struct conf_sink *conf = sink->conf;

    if (pick_users(sink, err) < 0)
        return -1;
    if (conf->bind.count > 0)
        sink->zmq->listeners = calloc(conf->bind.count, sizeof *sink->zmq->listeners);
    for (unsigned i = 0; i < conf->bind.count; i++) {
        if (bind_one(sink, conf->bind.items[i], err) < 0)
            return -1;
    }
    for (unsigned i = 0; i < conf->connect.count; i++) {
        if (connect_one(sink->zmq, conf->connect.items[i], err) < 0)
            return -1;
    }
    return 0;
}
