/* endpoint_take.c - one payload becomes entries, which are offered, wait, or are refused. */
#include <zmq.h>

#include "conf/log.h"
#include "conf/must.h"
#include "decode/foreign.h"
#include "ingest/endpoint_parts.h"

static bool same_rules(const struct decode_rules *a, const struct decode_rules *b)
{
    return a->decode == b->decode && a->split == b->split && a->max_entry == b->max_entry;
}

/* What was taken by other rules cannot be replayed (replay.c): its entries may be others now. */
void endpoint_renew(struct endpoint *endpoint)
{
    const struct conf_ingest *conf = endpoint->conf;
    const struct stamp before = endpoint->stamp;
    const struct decode_rules rules = {
        .decode = conf->decode, .split = conf->split, .max_entry = conf->max_entry.bytes};

    stamp_init(&endpoint->stamp, conf, endpoint->shared.peers);
    if (endpoint->shared.recent &&
        !(same_rules(&rules, &endpoint->rules) && stamp_is_alike(&before, &endpoint->stamp)))
        recent_forget(endpoint->shared.recent, endpoint);
    endpoint->rules = rules;
    endpoint->is_outdated = false;
}

static void finish_payload(struct endpoint *endpoint)
{
    entry_return(endpoint->shared.entries, endpoint->entry);
    message_return(endpoint->message);
    endpoint->entry = NULL;
    endpoint->message = NULL;
    if (endpoint->is_outdated)
        endpoint_renew(endpoint);
}

/* Publishers cannot be held back: what they send is always taken. */
static enum offered offer_or_take(struct endpoint *endpoint)
{
    struct aggregate *aggregate = endpoint->shared.aggregate;
    const char *base = endpoint->message->bytes;

    if (endpoint->conf->socket != CONF_SOCKET_SUB)
        return aggregate_offer(aggregate, endpoint->entry, base, &endpoint->ledger);
    aggregate_take(aggregate, endpoint->entry, base, &endpoint->ledger);
    return AGGREGATE_TAKEN;
}

static enum offered offer(struct endpoint *endpoint)
{
    struct census *census = endpoint->shared.census;
    enum offered offered = offer_or_take(endpoint);

    if (offered == AGGREGATE_TAKEN && census_is_on(census))
        census_add(census, &endpoint->sender, endpoint->entry, endpoint->message->bytes);
    return offered;
}

/* A key is a field of each entry, as long as there is room for it; and what we add. What is done
 * here is done once more in replay.c. */
static bool next_entry(struct endpoint *endpoint)
{
    const struct message *message = endpoint->message;

    if (!decode_next(endpoint->shared.decoder, &endpoint->rules, &endpoint->cursor,
                     endpoint->message, endpoint->entry))
        return false;
    if (message->key.len > 0)
        entry_add_field(endpoint->entry, message->key_name, message->key);
    if (endpoint->stamp.in_use)
        stamp_entry(&endpoint->stamp, message, endpoint->entry);
    return true;
}

/* For `logboom tail`: so many entries more were taken of the message in hand. */
static void remember(struct endpoint *endpoint, uint32_t count)
{
    const struct recent_origin origin = {
        .source = endpoint, .peer = endpoint->stamp.origin_peer, .uid = endpoint->stamp.origin_uid};

    recent_add(endpoint->shared.recent, endpoint->message, &origin, endpoint->taken, count);
    endpoint->taken += count;
}

bool endpoint_offer_rest(struct endpoint *endpoint)
{
    uint64_t before = endpoint->ledger.accepted;
    bool busy;

    do {
        busy = offer(endpoint) == AGGREGATE_BUSY;
    } while (!busy && next_entry(endpoint));
    if (endpoint->shared.recent && endpoint->ledger.accepted > before)
        remember(endpoint, (uint32_t)(endpoint->ledger.accepted - before));
    if (!busy)
        finish_payload(endpoint);
    return !busy;
}

void endpoint_refuse_payload(struct endpoint *endpoint)
{
    do {
        endpoint->ledger.received++;
        endpoint->ledger.refused[REFUSE_SHUTDOWN]++;
    } while (next_entry(endpoint));
    finish_payload(endpoint);
}

static struct message_part kept(const struct kept_frame *frame)
{
    return (struct message_part){frame->bytes, frame->len};
}

/* What nobody should open is refused by its name; that it comes is told once an endpoint. */
static bool refuse_foreign(struct endpoint *endpoint, const struct message_part *payload)
{
    static const enum refuse_reason reasons[] = {
        [FOREIGN_PICKLE] = REFUSE_PICKLE,
        [FOREIGN_JAVA] = REFUSE_JAVA,
    };
    enum foreign foreign = foreign_of(payload->bytes, payload->len);

    if (foreign == FOREIGN_NONE)
        return false;
    endpoint->ledger.received++;
    if (endpoint->ledger.refused[reasons[foreign]]++ == 0)
        log_line(LOG_LEVEL_WARNING,
                 "endpoint '%s': a client sends %s, which are refused and never opened; let it "
                 "send JSON or text",
                 endpoint->conf->name, foreign_name(foreign));
    return true;
}

bool endpoint_take_payload(struct endpoint *endpoint, zmq_msg_t *payload)
{
    const struct endpoint_shared *shared = &endpoint->shared;
    struct message_parts parts = {.payload = {zmq_msg_data(payload), zmq_msg_size(payload)},
                                  .topic = kept(&endpoint->topic),
                                  .header = kept(&endpoint->header),
                                  .key = kept(&endpoint->key)};

    if (endpoint->conf->decode != CONF_DECODE_TEXT && refuse_foreign(endpoint, &parts.payload))
        return true;
    if (endpoint->stamp.in_use)
        parts.added = stamp_message(&endpoint->stamp, payload);
    if (census_is_on(shared->census))
        census_find_sender(shared->census, payload, endpoint->stamp.is_named, &endpoint->sender);
    else
        endpoint->sender.len = 0;
    endpoint->message = message_take(shared->messages, &parts);
    endpoint->entry = entry_take(shared->entries);
    must(endpoint->message && endpoint->entry); /* one of each for every endpoint */
    endpoint->message->received_ns = endpoint->received_ns;
    endpoint->cursor = (struct decode_cursor){0};
    endpoint->taken = 0;
    endpoint->ledger.bytes += parts.payload.len;
    must(next_entry(endpoint));
    if (!endpoint->stopped)
        return endpoint_offer_rest(endpoint);
    endpoint_refuse_payload(endpoint);
    return true;
}
