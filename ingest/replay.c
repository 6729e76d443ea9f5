#include "ingest/replay.h"

#include <stdlib.h>

#include "conf/must.h"
#include "ingest/endpoint_parts.h"

struct replay {
    struct message_pool *messages; /* of one */
    struct entry_pool *entries;
    struct decoder *decoder;
    struct message *message; /* NULL: none is begun */
    struct entry *entry;
    struct decode_cursor cursor;
    struct endpoint *endpoint;
    struct span origin_peer, origin_uid;
    uint32_t left;
};

size_t replay_message_bytes(size_t max_message)
{
    return message_pool_bytes(max_message, 1);
}

size_t replay_entry_bytes(unsigned field_max)
{
    return entry_pool_bytes(field_max, 1);
}

struct replay *replay_new(struct budget *budget, size_t max_message, unsigned field_max,
                          struct decoder *decoder, struct err *err)
{
    struct replay *replay = calloc(1, sizeof *replay);

    must(replay);
    replay->decoder = decoder;
    replay->messages = message_pool_new(budget, max_message, 1, err);
    if (replay->messages)
        replay->entries = entry_pool_new(budget, field_max, 1, err);
    if (!replay->entries)
        replay_free(&replay);
    return replay;
}

static void end(struct replay *replay)
{
    if (!replay->message)
        return;
    message_return(replay->message);
    entry_return(replay->entries, replay->entry);
    replay->message = NULL;
}

void replay_free(struct replay **replay_at)
{
    struct replay *replay = *replay_at;

    *replay_at = NULL;
    if (!replay)
        return;
    end(replay);
    if (replay->entries)
        entry_pool_free(&replay->entries);
    if (replay->messages)
        message_pool_free(&replay->messages);
    free(replay);
}

static bool next(struct replay *replay)
{
    struct message *message = replay->message;
    struct stamp *stamp = &replay->endpoint->stamp;

    if (!decode_next(replay->decoder, &replay->endpoint->rules, &replay->cursor, message,
                     replay->entry))
        return false;
    if (message->key.len > 0)
        entry_add_field(replay->entry, message->key_name, message->key);
    if (stamp->in_use)
        stamp_again(stamp, replay->origin_peer, replay->origin_uid, message, replay->entry);
    return true;
}

void replay_begin(struct replay *replay, const struct recent_record *record)
{
    struct message_parts parts = recent_parts(record);

    must(record->source);
    end(replay);
    replay->endpoint = (struct endpoint *)(uintptr_t)record->source;
    replay->message = message_take(replay->messages, &parts);
    replay->entry = entry_take(replay->entries);
    must(replay->message && replay->entry);
    replay->message->received_ns = record->received_ns;
    replay->message->topic_cut = record->topic_cut;
    replay->message->header_lost = record->header_lost;
    replay->origin_peer = record->origin_peer;
    replay->origin_uid = record->origin_uid;
    replay->cursor = (struct decode_cursor){0};
    replay->left = record->count;
    for (uint32_t i = 0; i < record->skip; i++)
        next(replay);
}

const struct entry *replay_next(struct replay *replay, const char **base_out)
{
    if (replay->left == 0 || !next(replay))
        return NULL;
    replay->left--;
    *base_out = replay->message->bytes;
    return replay->entry;
}
