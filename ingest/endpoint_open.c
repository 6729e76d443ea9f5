#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "ingest/endpoint_parts.h"
#include "zeromq/address.h"

/* The gate alone holds clients back: ZeroMQ's own mark counts messages and not bytes, and
 * what a client that leaves had queued behind it is lost. Without the gate, so many of the
 * largest messages as would fit if every client sent them. */
static int high_water_mark(const struct endpoint *endpoint)
{
    const struct endpoint_shared *shared = &endpoint->shared;
    size_t mark = shared->receive_bytes /
                  (2 * endpoint->conf->max_clients.count * endpoint->conf->max_message.bytes);

    if (shared->gate_is_on)
        return 0;
    return mark < 1 ? 1 : mark > 1000 ? 1000 : (int)mark;
}

static int set_option(struct endpoint *endpoint, int option, int value, struct err *err)
{
    if (zmq_setsockopt(endpoint->socket, option, &value, sizeof value) < 0)
        return err_set(err, "cannot set ZeroMQ's socket option %d: %s", option,
                       zmq_strerror(errno));
    return 0;
}

/* A router is a DEALER here. To ZeroMQ's ROUTER the id that a client gives itself is its name,
 * and of two with one name, be they one client that came back, it throws away what one of them
 * has sent; a DEALER takes from whoever comes. */
static const struct kind {
    int zmq_type;
    enum frames_envelope envelope;
} kinds[] = {
    [CONF_SOCKET_PULL] = {ZMQ_PULL, FRAMES_BARE},
    [CONF_SOCKET_SUB] = {ZMQ_SUB, FRAMES_BARE},
    [CONF_SOCKET_ROUTER] = {ZMQ_DEALER, FRAMES_DELIMITED},
    [CONF_SOCKET_REP] = {ZMQ_ROUTER, FRAMES_ASKED},
    [CONF_SOCKET_PAIR] = {ZMQ_PAIR, FRAMES_BARE},
};

/* sub: of all topics. What ZeroMQ filters out has been charged for and is never received, so
 * `subscribe` is ours. */
static int make_socket(struct endpoint *endpoint, struct err *err)
{
    const struct kind *kind = &kinds[endpoint->conf->socket];

    endpoint->envelope = kind->envelope;
    endpoint->ahead.max = kind->envelope == FRAMES_ASKED ? 1 : AHEAD_MAX;
    endpoint->socket = zmq_socket(endpoint->shared.zmq, kind->zmq_type);
    if (!endpoint->socket)
        return err_set(err, "cannot make a ZeroMQ socket: %s", zmq_strerror(errno));
    if (kind->zmq_type == ZMQ_SUB && zmq_setsockopt(endpoint->socket, ZMQ_SUBSCRIBE, "", 0) < 0)
        return err_set(err, "cannot subscribe: %s", zmq_strerror(errno));
    return 0;
}

/* Where the gate cannot hide that two clients gave themselves one id, the later one has it, and
 * ZeroMQ throws away the requests of the other, which nobody has answered. It would keep those of
 * the later one for ever else. */
static int prepare_answers(struct endpoint *endpoint, struct err *err)
{
    int queued = endpoint->shared.gate_is_on ? ANSWERS_QUEUED : 1000;

    if (endpoint->envelope != FRAMES_ASKED)
        return 0;
    gate_group_hide_names(endpoint->gate);
    gate_group_answer(endpoint->gate);
    if (set_option(endpoint, ZMQ_SNDHWM, queued, err) < 0 ||
        set_option(endpoint, ZMQ_ROUTER_MANDATORY, 1, err) < 0)
        return -1;
    return set_option(endpoint, ZMQ_ROUTER_HANDOVER, 1, err);
}

int endpoint_open_socket(struct endpoint *endpoint, const void **setting_out, struct err *err)
{
    int64_t max_message = (int64_t)(endpoint->conf->max_message.bytes + endpoint->frame_extra);

    if (make_socket(endpoint, err) < 0 || prepare_answers(endpoint, err) < 0 ||
        endpoint_guard(endpoint, setting_out, err) < 0 ||
        set_option(endpoint, ZMQ_LINGER, 0, err) < 0 ||
        set_option(endpoint, ZMQ_IPV6, 1, err) < 0 ||
        set_option(endpoint, ZMQ_RCVHWM, high_water_mark(endpoint), err) < 0 ||
        set_option(endpoint, ZMQ_HANDSHAKE_IVL, endpoint->shared.gate_is_on ? 0 : 1000, err) < 0 ||
        set_option(endpoint, ZMQ_TCP_KEEPALIVE, 1, err) < 0 ||
        set_option(endpoint, ZMQ_RCVBUF, LISTENER_RECEIVE_BUFFER_BYTES, err) < 0)
        return -1;
    if (zmq_setsockopt(endpoint->socket, ZMQ_MAXMSGSIZE, &max_message, sizeof max_message) < 0)
        return err_set(err, "cannot set ZMQ_MAXMSGSIZE: %s", zmq_strerror(errno));
    return 0;
}

static int bind_one(struct endpoint *endpoint, const char *text, struct err *err)
{
    struct listener *listener = &endpoint->listeners[endpoint->listener_count];
    struct address address;

    if (address_parse(text, ADDRESS_TO_BIND, &address, err) < 0 ||
        listener_get(listener, endpoint->shared.inherited, &address, &endpoint->conf->ipc, err) < 0)
        return -1;
    endpoint->listener_count++;
    return endpoint_attach(endpoint, err);
}

/* The gate judges those that connect to us, not whom we connect to; nobody else would ever give
 * up one that accepts and says nothing. What is set here holds for connects from now on. */
enum { CONNECT_HANDSHAKE_MS = 30 * 1000 };

static int connect_one(struct endpoint *endpoint, const char *text, struct err *err)
{
    struct address address;

    if (address_parse(text, ADDRESS_TO_CONNECT, &address, err) < 0)
        return -1;
    if (set_option(endpoint, ZMQ_HANDSHAKE_IVL, CONNECT_HANDSHAKE_MS, err) < 0)
        return -1;
    gate_group_connects(endpoint->gate);
    if (zmq_connect(endpoint->socket, text) < 0)
        return err_set(err, "cannot connect to '%s': %s", text, zmq_strerror(errno));
    return 0;
}

int endpoint_open_addresses(struct endpoint *endpoint, const void **setting_out, struct err *err)
{
    const struct conf_ingest *conf = endpoint->conf;

    if (conf->bind.count > 0)
        endpoint->listeners = calloc(conf->bind.count, sizeof *endpoint->listeners);
    for (unsigned i = 0; i < conf->bind.count; i++) {
        *setting_out = conf->bind.items[i];
        if (bind_one(endpoint, conf->bind.items[i], err) < 0)
            return -1;
    }
    for (unsigned i = 0; i < conf->connect.count; i++) {
        *setting_out = conf->connect.items[i];
        if (connect_one(endpoint, conf->connect.items[i], err) < 0)
            return -1;
    }
    return 0;
}
