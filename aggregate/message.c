#include "aggregate/message.h"

#include <stdlib.h>
#include <string.h>

#include "aggregate/span.h"
#include "conf/must.h"

enum { SMALLEST_PAYLOAD = 1024, CLASS_GROWTH = 8, CLASSES_MAX = 8 };

struct message_pool {
    unsigned class_count;
    struct {
        size_t max_payload;
        struct pool *slots;
    } classes[CLASSES_MAX];
};

static const char key_name[] = "key";

/* Unescaping never lengthens a string, so the scratch area is as long as the payload. */
static size_t slot_bytes(size_t max_payload)
{
    return sizeof(struct message) + max_payload + MESSAGE_SPARE + MESSAGE_TOPIC_MAX +
           MESSAGE_HEADER_MAX + sizeof key_name + MESSAGE_KEY_MAX + MESSAGE_ADDED_MAX +
           max_payload + MESSAGE_SPARE;
}

/* The payload that the class after this one holds. */
static size_t next_class(size_t max_payload, size_t limit)
{
    return max_payload * CLASS_GROWTH < limit ? max_payload * CLASS_GROWTH : limit;
}

static size_t first_class(size_t limit)
{
    return limit < SMALLEST_PAYLOAD ? limit : SMALLEST_PAYLOAD;
}

size_t message_pool_bytes(size_t max_payload, unsigned message_count)
{
    size_t bytes = 0;
    size_t class_payload = first_class(max_payload);

    for (;;) {
        bytes += pool_bytes(slot_bytes(class_payload), message_count);
        if (class_payload == max_payload)
            return bytes;
        class_payload = next_class(class_payload, max_payload);
    }
}

struct message_pool *message_pool_new(struct budget *budget, size_t max_payload,
                                      unsigned message_count, struct err *err)
{
    struct message_pool *pool = calloc(1, sizeof *pool);
    size_t class_payload = first_class(max_payload);

    must(pool && max_payload <= SPAN_LEN_MAX);
    for (;;) {
        unsigned i = pool->class_count;

        must(i < CLASSES_MAX);
        pool->classes[i].max_payload = class_payload;
        pool->classes[i].slots =
            pool_new(budget, BUDGET_MESSAGES, slot_bytes(class_payload), message_count, err);
        if (!pool->classes[i].slots) {
            message_pool_free(&pool);
            return NULL;
        }
        pool->class_count++;
        if (class_payload == max_payload)
            return pool;
        class_payload = next_class(class_payload, max_payload);
    }
}

void message_pool_free(struct message_pool **pool_address)
{
    struct message_pool *pool = *pool_address;

    *pool_address = NULL;
    if (!pool)
        return;
    for (unsigned i = 0; i < pool->class_count; i++)
        pool_free(&pool->classes[i].slots);
    free(pool);
}

static void *take_slot(struct message_pool *pool, size_t payload_len, struct pool **home_out,
                       size_t *max_payload_out)
{
    for (unsigned i = 0; i < pool->class_count; i++) {
        if (payload_len <= pool->classes[i].max_payload) {
            *home_out = pool->classes[i].slots;
            *max_payload_out = pool->classes[i].max_payload;
            return pool_take(pool->classes[i].slots);
        }
    }
    must(!"a payload longer than the pool was made for");
    return NULL;
}

/* Topic and header go into the room before the scratch area, which begins behind them. */
static struct span keep(struct message *message, const void *bytes, size_t len)
{
    struct span kept = span_make(message->scratch_offset, (uint32_t)len, 0);

    if (len)
        memcpy(message->bytes + kept.offset, bytes, len);
    message->scratch_offset += (uint32_t)len;
    return kept;
}

static void keep_topic(struct message *message, const struct message_part *topic)
{
    message->topic_cut = topic->len > MESSAGE_TOPIC_MAX;
    message->topic =
        keep(message, topic->bytes, message->topic_cut ? MESSAGE_TOPIC_MAX : topic->len);
    if (message->topic.len)
        message->topic = span_scan(message->bytes, message->topic.offset, message->topic.len);
}

static void keep_header(struct message *message, const struct message_part *header)
{
    message->header_lost = header->len > MESSAGE_HEADER_MAX;
    message->header = keep(message, header->bytes, message->header_lost ? 0 : header->len);
}

static void keep_key(struct message *message, const struct message_part *key)
{
    message->key = message->key_name = (struct span){0};
    if (key->len == 0)
        return;
    message->key_name = keep(message, key_name, sizeof key_name - 1);
    message->key =
        keep(message, key->bytes, key->len > MESSAGE_KEY_MAX ? MESSAGE_KEY_MAX : key->len);
    message->key_name =
        span_scan_key(message->bytes, message->key_name.offset, message->key_name.len);
    message->key = span_scan(message->bytes, message->key.offset, message->key.len);
}

struct message *message_take(struct message_pool *pool, const struct message_parts *parts)
{
    size_t payload_len = parts->payload.len;
    struct pool *home;
    size_t max_payload;
    struct message *message = take_slot(pool, payload_len, &home, &max_payload);

    if (!message)
        return NULL;
    message->home = home;
    message->payload_len = (uint32_t)payload_len;
    message->received_ns = 0;
    message->cap = (uint32_t)(slot_bytes(max_payload) - sizeof *message);
    if (payload_len)
        memcpy(message->bytes, parts->payload.bytes, payload_len);
    memset(message->bytes + payload_len, 0, MESSAGE_SPARE);
    message->scratch_offset = message->payload_len + MESSAGE_SPARE;
    keep_topic(message, &parts->topic);
    keep_header(message, &parts->header);
    keep_key(message, &parts->key);
    must(parts->added.len <= MESSAGE_ADDED_MAX);
    message->added = keep(message, parts->added.bytes, parts->added.len);
    return message;
}

void message_return(struct message *message)
{
    pool_return(message->home, message);
}

void message_pool_give_back(struct message_pool *pool)
{
    for (unsigned i = 0; i < pool->class_count; i++)
        pool_give_back(pool->classes[i].slots);
}

unsigned message_pool_used(const struct message_pool *pool)
{
    unsigned used = 0;

    for (unsigned i = 0; i < pool->class_count; i++)
        used += pool_used(pool->classes[i].slots);
    return used;
}
