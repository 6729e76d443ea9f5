/* Places count on for ever; a place modulo the room is where it lies. A record lies in one piece:
 * where it would not fit before the end of the room, a hole is left there, and it begins at the
 * next round. */
#include "aggregate/recent.h"

#include <stdlib.h>
#include <string.h>

#include "conf/must.h"

struct slot {
    uint64_t next; /* the place behind this record */
    struct recent_record record;
};

/* In `next` of a hole, which has nothing else: at least eight bytes there are. */
#define HOLE (UINT64_C(1) << 63)

enum {
    PARTS_MAX = MESSAGE_TOPIC_MAX + MESSAGE_HEADER_MAX + MESSAGE_KEY_MAX + MESSAGE_ADDED_MAX,
    ALIGN = sizeof(uint64_t)
};

struct recent {
    struct budget *budget;
    size_t keep_bytes; /* the longest payload; 0: none */
    size_t room;
    uint64_t oldest, end; /* places; at `end` the next record or hole begins */
    uint64_t count;
    char *bytes;
};

static size_t aligned(size_t len)
{
    return (len + ALIGN - 1) / ALIGN * ALIGN;
}

size_t recent_bytes(size_t keep_bytes)
{
    return aligned(keep_bytes) + aligned(sizeof(struct slot) + PARTS_MAX);
}

struct recent *recent_new(struct budget *budget, size_t keep_bytes, struct err *err)
{
    struct recent *recent;

    if (!budget_claim(budget, BUDGET_RECENT, recent_bytes(keep_bytes))) {
        err_set(err, "memory.cap has no room for 'recent'");
        return NULL;
    }
    recent = calloc(1, sizeof *recent);
    must(recent);
    recent->budget = budget;
    recent->keep_bytes = keep_bytes;
    recent->room = recent_bytes(keep_bytes);
    recent->bytes = malloc(recent->room);
    must(recent->bytes);
    return recent;
}

void recent_free(struct recent **recent_at)
{
    struct recent *recent = *recent_at;

    *recent_at = NULL;
    if (!recent)
        return;
    budget_release(recent->budget, BUDGET_RECENT, recent->room);
    free(recent->bytes);
    free(recent);
}

void recent_stop(struct recent *recent)
{
    recent->keep_bytes = 0;
    recent->oldest = recent->end;
}

static struct slot *slot_at(const struct recent *recent, uint64_t place)
{
    return (struct slot *)(void *)(recent->bytes + place % recent->room);
}

/* ---- adding ------------------------------------------------------------------------------ */

static size_t slot_bytes(const struct message *message)
{
    return aligned(sizeof(struct slot) + message->payload_len + message->topic.len +
                   message->header.len + message->key.len + message->added.len);
}

/* Where a record of so many bytes goes, after those in its way have gone. */
static uint64_t make_place(struct recent *recent, size_t bytes)
{
    uint64_t place = recent->end, left = recent->room - place % recent->room;

    if (left < bytes)
        place += left;
    while (recent->oldest < recent->end && recent->oldest + recent->room < place + bytes)
        recent->oldest = slot_at(recent, recent->oldest)->next & ~HOLE;
    if (recent->oldest == recent->end)
        recent->oldest = place;
    else if (left < bytes)
        slot_at(recent, recent->end)->next = place | HOLE;
    return place;
}

static char *put(char *to, const struct message *message, struct span span)
{
    memcpy(to, message->bytes + span.offset, span.len);
    return to + span.len;
}

/* Most messages have nothing beside their payload. */
static void put_parts(char *to, const struct message *message)
{
    to = put(to, message, message->topic);
    to = put(to, message, message->header);
    to = put(to, message, message->key);
    put(to, message, message->added);
}

static void fill(struct recent_record *record, const struct message *message)
{
    record->received_ns = message->received_ns;
    record->payload_len = message->payload_len;
    record->topic_len = message->topic.len;
    record->header_len = message->header.len;
    record->key_len = message->key.len;
    record->added_len = message->added.len;
    record->topic_cut = message->topic_cut;
    record->header_lost = message->header_lost;
    memcpy(record->bytes, message->bytes, message->payload_len);
    if (record->topic_len | record->header_len | record->key_len | record->added_len)
        put_parts(record->bytes + message->payload_len, message);
}

void recent_add(struct recent *recent, const struct message *message,
                const struct recent_origin *origin, uint32_t skip, uint32_t count)
{
    size_t bytes = slot_bytes(message);

    if (message->payload_len <= recent->keep_bytes) {
        uint64_t place = make_place(recent, bytes);
        struct slot *slot = slot_at(recent, place);

        recent->end = place + bytes;
        slot->next = recent->end;
        slot->record.source = origin->source;
        slot->record.first = recent->count;
        slot->record.count = count;
        slot->record.skip = skip;
        slot->record.origin_peer = origin->peer;
        slot->record.origin_uid = origin->uid;
        fill(&slot->record, message);
    }
    recent->count += count;
}

void recent_forget(struct recent *recent, const void *source)
{
    struct recent_cursor cursor = recent_oldest(recent);

    while (recent_look(recent, &cursor)) {
        struct slot *slot = slot_at(recent, cursor.at);

        if (slot->record.source == source)
            slot->record.source = NULL;
        recent_step(recent, &cursor);
    }
}

/* ---- reading ----------------------------------------------------------------------------- */

uint64_t recent_count(const struct recent *recent)
{
    return recent->count;
}

struct recent_cursor recent_oldest(const struct recent *recent)
{
    return (struct recent_cursor){recent->oldest};
}

struct recent_cursor recent_newest(const struct recent *recent)
{
    return (struct recent_cursor){recent->end};
}

const struct recent_record *recent_look(const struct recent *recent, struct recent_cursor *cursor)
{
    if (cursor->at < recent->oldest)
        cursor->at = recent->oldest;
    if (cursor->at < recent->end && slot_at(recent, cursor->at)->next & HOLE)
        cursor->at = slot_at(recent, cursor->at)->next & ~HOLE;
    return cursor->at < recent->end ? &slot_at(recent, cursor->at)->record : NULL;
}

void recent_step(const struct recent *recent, struct recent_cursor *cursor)
{
    must(cursor->at >= recent->oldest && cursor->at < recent->end);
    cursor->at = slot_at(recent, cursor->at)->next;
}

struct message_parts recent_parts(const struct recent_record *record)
{
    const char *topic = record->bytes + record->payload_len;
    const char *header = topic + record->topic_len;
    const char *key = header + record->header_len;
    const char *added = key + record->key_len;

    return (struct message_parts){.payload = {record->bytes, record->payload_len},
                                  .topic = {topic, record->topic_len},
                                  .header = {header, record->header_len},
                                  .key = {key, record->key_len},
                                  .added = {added, record->added_len}};
}
