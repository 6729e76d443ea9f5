#include "ingest/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#include "conf/must.h"
#include "conf/nanoseconds.h"
#include "ingest/endpoint_parts.h"

/* A turn ends at whichever comes first, so that sinks and signals get theirs. */
enum { MESSAGES_PER_TURN = 256, BYTES_PER_TURN = 1024 * 1024, NS_PER_TURN = 1000 * 1000 };

/* Reading the clock costs a tenth of a message: at full rate these take some 5 us. */
enum { MESSAGES_PER_STAMP = 16 };

/* ---- opening --------------------------------------------------------------------- */

static void on_turn(struct zmq_watched *watched);

struct endpoint *endpoint_open(const struct conf_ingest *conf, const struct endpoint_shared *shared,
                               const void **setting_out, struct err *err)
{
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);

    must(endpoint);
    endpoint->conf = conf;
    endpoint->shared = *shared;
    endpoint->rules = (struct decode_rules){
        .decode = conf->decode, .split = conf->split, .max_entry = conf->max_entry.bytes};
    endpoint->gate = gate_group_new(conf->name, conf->max_message.bytes, conf->max_clients.count);
    *setting_out = &conf->name;
    if (endpoint_open_socket(endpoint, err) < 0 ||
        endpoint_open_addresses(endpoint, setting_out, err) < 0 ||
        zmq_watch_add(shared->watch, &endpoint->watched, endpoint->socket, on_turn, err) < 0) {
        endpoint_free(&endpoint);
        return NULL;
    }
    endpoint->watching = true;
    return endpoint;
}

/* ---- one message to entries -------------------------------------------------------- */

bool endpoint_is_parked(const struct endpoint *endpoint)
{
    return endpoint->message != NULL;
}

static void finish_message(struct endpoint *endpoint)
{
    entry_return(endpoint->shared.entries, endpoint->entry);
    message_return(endpoint->message);
    endpoint->entry = NULL;
    endpoint->message = NULL;
}

/* Publishers cannot be held back: what they send is always taken. */
static enum offered offer(struct endpoint *endpoint)
{
    struct aggregate *aggregate = endpoint->shared.aggregate;
    const char *base = endpoint->message->bytes;

    if (endpoint->conf->socket != CONF_SOCKET_SUB)
        return aggregate_offer(aggregate, endpoint->entry, base, &endpoint->ledger);
    aggregate_take(aggregate, endpoint->entry, base, &endpoint->ledger);
    return AGGREGATE_TAKEN;
}

/* Offers the entry in hand and all that follow it in its message. False: the
 * aggregate is busy, and they stay in hand. */
static bool offer_rest(struct endpoint *endpoint)
{
    do {
        if (offer(endpoint) == AGGREGATE_BUSY)
            return false;
    } while (decode_next(endpoint->shared.decoder, &endpoint->rules, &endpoint->cursor,
                         endpoint->message, endpoint->entry));
    finish_message(endpoint);
    return true;
}

/* Every entry that is still in the message in hand is received and refused. */
static void refuse_message(struct endpoint *endpoint)
{
    do {
        endpoint->ledger.received++;
        endpoint->ledger.refused[REFUSE_SHUTDOWN]++;
    } while (decode_next(endpoint->shared.decoder, &endpoint->rules, &endpoint->cursor,
                         endpoint->message, endpoint->entry));
    finish_message(endpoint);
}

/* Takes over the payload's copy; false: busy, the message is parked. */
static bool take_message(struct endpoint *endpoint, zmq_msg_t *payload, zmq_msg_t *topic,
                         int64_t now_ns)
{
    const struct endpoint_shared *shared = &endpoint->shared;
    struct message_parts parts = {.payload = {zmq_msg_data(payload), zmq_msg_size(payload)}};

    if (topic)
        parts.topic = (struct message_part){zmq_msg_data(topic), zmq_msg_size(topic)};
    endpoint->message = message_take(shared->messages, &parts);
    endpoint->entry = entry_take(shared->entries);
    must(endpoint->message && endpoint->entry); /* one of each for every endpoint */
    endpoint->message->received_ns = now_ns;
    endpoint->cursor = (struct decode_cursor){0};
    endpoint->ledger.messages++;
    endpoint->ledger.bytes += zmq_msg_size(payload);
    must(decode_next(shared->decoder, &endpoint->rules, &endpoint->cursor, endpoint->message,
                     endpoint->entry));
    if (!endpoint->stopped)
        return offer_rest(endpoint);
    refuse_message(endpoint);
    return true;
}

/* ---- receiving --------------------------------------------------------------------- */

/* EAGAIN is not an error: nothing is there. Other errors end the turn as well; a
 * socket that stays broken shows in EVENTS. */
static bool receive_frame(struct endpoint *endpoint, zmq_msg_t *frame)
{
    int rc;

    do {
        rc = zmq_msg_recv(frame, endpoint->socket, ZMQ_DONTWAIT);
    } while (rc < 0 && errno == EINTR);
    if (rc < 0)
        return false;
    gate_give_back(zmq_msg_get(frame, ZMQ_SRCFD), (size_t)rc);
    return true;
}

/* A message has one frame, or a topic and one; ZeroMQ delivers all frames or none. */
static void refuse_rest(struct endpoint *endpoint, zmq_msg_t *frame)
{
    while (zmq_msg_more(frame) && receive_frame(endpoint, frame))
        ;
    endpoint->ledger.messages++;
    endpoint->ledger.received++;
    endpoint->ledger.refused[REFUSE_FRAMES]++;
}

/* What one turn has done so far. */
struct turn {
    unsigned messages;
    size_t bytes;
    int64_t began_ns;
    int64_t received_ns; /* the stamp of messages until the clock is read again */
};

/* One message, if there is one. False: none is, or no room for more. */
static bool receive_message(struct endpoint *endpoint, struct turn *turn)
{
    zmq_msg_t frame, payload;
    bool ready = true;

    zmq_msg_init(&frame);
    if (!receive_frame(endpoint, &frame)) {
        endpoint->watched.emptied = errno == EAGAIN;
        zmq_msg_close(&frame);
        return false;
    }
    turn->bytes += zmq_msg_size(&frame);
    if (!zmq_msg_more(&frame)) {
        ready = take_message(endpoint, &frame, NULL, turn->received_ns);
        zmq_msg_close(&frame);
        return ready;
    }
    zmq_msg_init(&payload);
    if (receive_frame(endpoint, &payload)) {
        turn->bytes += zmq_msg_size(&payload);
        if (zmq_msg_more(&payload))
            refuse_rest(endpoint, &payload);
        else
            ready = take_message(endpoint, &payload, &frame, turn->received_ns);
    }
    zmq_msg_close(&payload);
    zmq_msg_close(&frame);
    return ready;
}

static void pause_if_parked(struct endpoint *endpoint)
{
    endpoint->watched.wanted = !endpoint_is_parked(endpoint);
}

static bool turn_is_over(struct turn *turn)
{
    turn->messages++;
    if (turn->messages % MESSAGES_PER_STAMP == 0)
        turn->received_ns = clock_nanoseconds(CLOCK_REALTIME);
    /* A clock that was set back ends no turn early: the counts will. */
    return turn->messages == MESSAGES_PER_TURN || turn->bytes >= BYTES_PER_TURN ||
           turn->received_ns - turn->began_ns > NS_PER_TURN;
}

static void on_turn(struct zmq_watched *watched)
{
    struct endpoint *endpoint = container_of(watched, struct endpoint, watched);
    struct turn turn = {.began_ns = clock_nanoseconds(CLOCK_REALTIME)};

    turn.received_ns = turn.began_ns;
    watched->emptied = false;
    while (receive_message(endpoint, &turn) && !turn_is_over(&turn))
        ;
    pause_if_parked(endpoint);
}

bool endpoint_retry(struct endpoint *endpoint)
{
    if (!endpoint_is_parked(endpoint))
        return true;
    if (!offer_rest(endpoint))
        return false;
    pause_if_parked(endpoint);
    return true;
}

void endpoint_look(struct endpoint *endpoint)
{
    int events = ZMQ_POLLIN;
    size_t events_bytes = sizeof events;

    if (endpoint->stopped || endpoint_is_parked(endpoint))
        return;
    endpoint->watched.emptied = false; /* asking silences the bell */
    if (zmq_getsockopt(endpoint->socket, ZMQ_EVENTS, &events, &events_bytes) == 0 &&
        !(events & ZMQ_POLLIN))
        gate_saw_empty(endpoint->gate);
}

/* ---- stopping ---------------------------------------------------------------------- */

static void close_sockets(struct endpoint *endpoint)
{
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

/* ZeroMQ may be fed faster than this; what it can have had at the stop bounds it. */
static void refuse_queued(struct endpoint *endpoint)
{
    struct turn turn = {.received_ns = clock_nanoseconds(CLOCK_REALTIME)};

    while (turn.bytes <= endpoint->shared.receive_bytes && receive_message(endpoint, &turn))
        ;
}

void endpoint_stop(struct endpoint *endpoint)
{
    if (endpoint->stopped)
        return;
    endpoint->stopped = true;
    if (endpoint_is_parked(endpoint))
        refuse_message(endpoint);
    refuse_queued(endpoint);
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
