#include "ingest/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

#include "conf/must.h"
#include "ingest/endpoint_parts.h"

/* ---- opening --------------------------------------------------------------------- */

unsigned endpoint_places(const struct conf_ingest *conf)
{
    return conf->socket == CONF_SOCKET_PAIR ? 1 : conf->max_clients.count;
}

struct endpoint *endpoint_open(const struct conf_ingest *conf, const struct endpoint_shared *shared,
                               const void **setting_out, struct err *err)
{
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);

    must(endpoint);
    endpoint->conf = conf;
    endpoint->shared = *shared;
    endpoint_renew(endpoint);
    endpoint->gate = gate_group_new(conf->name, conf->max_message.bytes, endpoint_places(conf));
    if (conf->socket == CONF_SOCKET_PAIR)
        gate_group_rest(endpoint->gate);
    if (conf->curve.encryption == CONF_ENCRYPTION_CURVE) {
        gate_group_encrypt(endpoint->gate);
        endpoint->frame_extra = ZMTP_ENCRYPTED_EXTRA;
    }
    *setting_out = &conf->name;
    if (endpoint_open_socket(endpoint, setting_out, err) < 0 ||
        endpoint_open_addresses(endpoint, setting_out, err) < 0 ||
        zmq_watch_add(shared->watch, &endpoint->watched, endpoint->socket, endpoint_on_turn, err) <
            0) {
        endpoint_free(&endpoint);
        return NULL;
    }
    endpoint->watching = true;
    admission_free(&endpoint->admission);
    return endpoint;
}

/* What is in hand was begun by the rules of before, and its entries point into what was stamped on
 * it. */
void endpoint_configure(struct endpoint *endpoint, const struct conf_ingest *conf,
                        struct peers *peers)
{
    endpoint->conf = conf;
    endpoint->shared.peers = peers;
    if (endpoint_is_parked(endpoint))
        endpoint->is_outdated = true;
    else
        endpoint_renew(endpoint);
}

/* ---- what waits -------------------------------------------------------------------- */

bool endpoint_is_parked(const struct endpoint *endpoint)
{
    return endpoint->message != NULL;
}

bool endpoint_retry(struct endpoint *endpoint)
{
    bool ready;

    if (!endpoint_is_waiting(endpoint))
        return true;
    if (endpoint_is_parked(endpoint) && !endpoint_offer_rest(endpoint))
        return false;
    ready = endpoint_receive_rest(endpoint);
    ahead_rest(&endpoint->ahead);
    if (ready)
        endpoint_pause_if_waiting(endpoint);
    return ready;
}

void endpoint_look(struct endpoint *endpoint)
{
    int events = ZMQ_POLLIN;
    size_t events_bytes = sizeof events;

    if (endpoint->stopped || endpoint_is_parked(endpoint) || ahead_has(&endpoint->ahead))
        return;
    endpoint->watched.emptied = false; /* asking silences the bell */
    gate_begin_look(endpoint->gate);
    if (zmq_getsockopt(endpoint->socket, ZMQ_EVENTS, &events, &events_bytes) == 0 &&
        !(events & ZMQ_POLLIN))
        gate_saw_empty(endpoint->gate);
}

/* ---- stopping ---------------------------------------------------------------------- */

static void close_sockets(struct endpoint *endpoint)
{
    ahead_clear(&endpoint->ahead);
    if (endpoint->socket)
        zmq_close(endpoint->socket);
    endpoint->socket = NULL;
    while (endpoint->listener_count > 0)
        listener_close(&endpoint->listeners[--endpoint->listener_count]);
}

static void on_removed(struct zmq_watched *watched)
{
    struct endpoint *endpoint = container_of(watched, struct endpoint, watched);

    endpoint->watching = false;
    close_sockets(endpoint);
}

void endpoint_stop(struct endpoint *endpoint)
{
    if (endpoint->stopped)
        return;
    endpoint->stopped = true;
    if (endpoint_is_parked(endpoint)) {
        endpoint_refuse_payload(endpoint);
        endpoint_receive_rest(endpoint);
    }
    endpoint->ledger.unanswered += endpoint->answer.due;
    endpoint->answer.due = false;
    endpoint_refuse_queued(endpoint);
    zmq_watch_remove(&endpoint->watched, on_removed);
    must(endpoint_ledger_balances(&endpoint->ledger));
}

void endpoint_free(struct endpoint **endpoint_address)
{
    struct endpoint *endpoint = *endpoint_address;

    *endpoint_address = NULL;
    if (!endpoint)
        return;
    must(!endpoint->watching && !endpoint_is_parked(endpoint));
    close_sockets(endpoint);
    admission_free(&endpoint->admission);
    if (endpoint->shared.recent)
        recent_forget(endpoint->shared.recent, endpoint);
    gate_group_free(&endpoint->gate);
    free(endpoint->listeners);
    free(endpoint);
}

/* ---- looking ----------------------------------------------------------------------- */

uint64_t endpoint_messages(const struct endpoint *endpoint)
{
    return endpoint->ledger.messages;
}

const char *endpoint_name(const struct endpoint *endpoint)
{
    return endpoint->conf->name;
}

bool endpoint_is_sub(const struct endpoint *endpoint)
{
    return endpoint->conf->socket == CONF_SOCKET_SUB;
}

struct gate_group_stats endpoint_clients(const struct endpoint *endpoint)
{
    return gate_group_stats(endpoint->gate);
}

uint64_t endpoint_refused_since(struct endpoint *endpoint, enum refuse_reason reason,
                                char peer[GATE_PEER_MAX])
{
    uint64_t refused = endpoint->ledger.refused[reason] - endpoint->refused_asked[reason];

    if (refused > 0)
        gate_show_peer(endpoint->source_fd, GATE_SHOW_HOST_AND_PORT, peer);
    endpoint->refused_asked[reason] += refused;
    return refused;
}

const struct endpoint_ledger *endpoint_ledger(const struct endpoint *endpoint)
{
    return &endpoint->ledger;
}

const char *endpoint_addresses(const struct endpoint *endpoint, char *text, size_t size)
{
    size_t at = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < endpoint->listener_count && at < size; i++)
        at += (size_t)snprintf(text + at, size - at, "%s%s", at ? " " : "",
                               listener_address(&endpoint->listeners[i]));
    for (unsigned i = 0; i < endpoint->conf->connect.count && at < size; i++)
        at += (size_t)snprintf(text + at, size - at, "%s%s", at ? " " : "",
                               endpoint->conf->connect.items[i]);
    return text;
}
