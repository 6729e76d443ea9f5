/* endpoint_take.c - one message becomes entries, which are offered, wait, or are refused. */
#include <zmq.h>

#include "conf/must.h"
#include "ingest/endpoint_parts.h"

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

bool endpoint_offer_rest(struct endpoint *endpoint)
{
    do {
        if (offer(endpoint) == AGGREGATE_BUSY)
            return false;
    } while (decode_next(endpoint->shared.decoder, &endpoint->rules, &endpoint->cursor,
                         endpoint->message, endpoint->entry));
    finish_message(endpoint);
    return true;
}

void endpoint_refuse_message(struct endpoint *endpoint)
{
    do {
        endpoint->ledger.received++;
        endpoint->ledger.refused[REFUSE_SHUTDOWN]++;
    } while (decode_next(endpoint->shared.decoder, &endpoint->rules, &endpoint->cursor,
                         endpoint->message, endpoint->entry));
    finish_message(endpoint);
}

bool endpoint_take_message(struct endpoint *endpoint, zmq_msg_t *payload, zmq_msg_t *topic,
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
        return endpoint_offer_rest(endpoint);
    endpoint_refuse_message(endpoint);
    return true;
}
