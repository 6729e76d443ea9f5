/* Fluentd's events in MessagePack become entries. A payload is one of
 *
 *     [tag, time, {…}]  [tag, [[time, {…}], …]]  [tag, bytes of [time, {…}] …]
 *     [[tag, time, {…}], …]                       as fluent-plugin-zmq-pub sends many
 *     {…}                                         a record alone
 *
 * with an option behind the first three, and a key and a space in front of all of it where
 * that plugin sends it. A payload is walked once before it is believed; what is not wholly one
 * of these is text. The members of a record then are JSON's, by the same names. */
#include <string.h>

#include "conf/must.h"
#include "decode/decode_parts.h"
#include "decode/msgpack.h"
#include "decode/record_add.h"

/* What stands one behind the other in what is left. */
enum items { ITEMS_RECORD, ITEMS_TIMED, ITEMS_TAGGED };

struct event {
    struct msgpack_value tag;  /* MSGPACK_NIL: none */
    struct msgpack_value time; /* MSGPACK_NIL: none */
    struct msgpack_reader record;
};

static uint32_t offset_of(const struct message *message, const char *at)
{
    return (uint32_t)(at - message->bytes);
}

static struct msgpack_reader reader_at(const struct message *message, uint32_t begin, uint32_t end)
{
    return (struct msgpack_reader){message->bytes + begin, message->bytes + end};
}

/* ---- shapes ------------------------------------------------------------------------- */

static bool is_text(const struct msgpack_value *value)
{
    return value->type == MSGPACK_TEXT || value->type == MSGPACK_BYTES;
}

static bool read_time(struct msgpack_reader *reader, struct event *event)
{
    int64_t time_ns;
    uint8_t digits;

    return msgpack_read(reader, &event->time) && msgpack_time(&event->time, &time_ns, &digits);
}

static bool read_record(struct msgpack_reader *reader, struct event *event)
{
    struct msgpack_value map;

    event->record = *reader;
    return msgpack_read(&(struct msgpack_reader){reader->at, reader->end}, &map) &&
           map.type == MSGPACK_MAP && msgpack_skip(reader);
}

static bool read_list(struct msgpack_reader *reader, uint32_t least, uint32_t most,
                      uint32_t *count_out)
{
    struct msgpack_value list;

    if (!msgpack_read(reader, &list) || list.type != MSGPACK_LIST || list.count < least ||
        list.count > most)
        return false;
    *count_out = list.count;
    return true;
}

/* One item, whatever it is called for. */
static bool read_item(struct msgpack_reader *reader, enum items items, struct event *event)
{
    uint32_t count;

    event->tag.type = event->time.type = MSGPACK_NIL;
    if (items == ITEMS_RECORD)
        return read_record(reader, event);
    if (items == ITEMS_TIMED)
        return read_list(reader, 2, 2, &count) && read_time(reader, event) &&
               read_record(reader, event);
    return read_list(reader, 3, 4, &count) && msgpack_read(reader, &event->tag) &&
           is_text(&event->tag) && read_time(reader, event) && read_record(reader, event) &&
           (count == 3 || msgpack_skip(reader));
}

/* One record and nothing behind it. Its first key is a text, which there must be: else it could
 * be a line of some old alphabet, in which every letter behind the first is a number. */
static bool is_record(struct msgpack_reader reader)
{
    struct msgpack_reader inside = reader;
    struct msgpack_value map, key;
    struct event event;

    return msgpack_read(&inside, &map) && msgpack_read(&inside, &key) && is_text(&key) &&
           read_record(&reader, &event) && reader.at == reader.end;
}

/* From here to the end items of one kind, at least one. */
static bool all_are(struct msgpack_reader reader, enum items items)
{
    struct event event;

    if (reader.at == reader.end)
        return false;
    while (reader.at < reader.end)
        if (!read_item(&reader, items, &event))
            return false;
    return true;
}

/* The option behind the entries: whether they are compressed, of which nothing is made. */
static bool says_compressed(struct msgpack_reader option)
{
    static const char word[] = "compressed";
    struct msgpack_value map, key;

    if (!msgpack_read(&option, &map) || map.type != MSGPACK_MAP)
        return false;
    for (uint32_t i = 0; i < map.count; i++) {
        if (!msgpack_read(&option, &key) ||
            (is_text(&key) && key.len == sizeof word - 1 && memcmp(key.bytes, word, key.len) == 0))
            return true;
        if (!msgpack_skip(&option))
            return true;
    }
    return false;
}

/* `[tag, entries, option]`: the entries, packed or listed, are all that is left then. */
static bool find_entries(struct msgpack_reader *reader)
{
    struct msgpack_reader rest = *reader, entries;
    struct msgpack_value tag, value;
    const char *entries_end;
    uint32_t count;

    if (!read_list(&rest, 2, 3, &count) || !msgpack_read(&rest, &tag) || !is_text(&tag))
        return false;
    entries = rest;
    if (!msgpack_skip(&rest))
        return false;
    entries_end = rest.at;
    if (count == 3 && (says_compressed(rest) || !msgpack_skip(&rest)))
        return false;
    if (rest.at != reader->end || !msgpack_read(&entries, &value) ||
        (!is_text(&value) && value.type != MSGPACK_LIST))
        return false;
    *reader = is_text(&value) ? (struct msgpack_reader){value.bytes, value.bytes + value.len}
                              : (struct msgpack_reader){entries.at, entries_end};
    return true;
}

/* Where the items are, and which. */
static bool find_items(struct msgpack_reader *reader, enum items *items_out)
{
    struct msgpack_reader inside = *reader;
    uint32_t count;

    *items_out = ITEMS_RECORD;
    if (is_record(inside))
        return true;
    *items_out = ITEMS_TAGGED;
    if (all_are(inside, ITEMS_TAGGED))
        return true;
    if (read_list(&inside, 1, UINT32_MAX, &count) && all_are(inside, ITEMS_TAGGED)) {
        *reader = inside;
        return true;
    }
    *items_out = ITEMS_TIMED;
    return find_entries(reader) && all_are(*reader, ITEMS_TIMED);
}

/* ---- one entry ------------------------------------------------------------------------- */

/* The next value: a string where it stands, anything else as the JSON that it would be. */
static bool take_value(struct record *record, struct msgpack_reader *reader, struct span *span_out)
{
    struct message *message = record->message;
    struct msgpack_reader ahead = *reader;
    struct msgpack_value value;
    size_t len;

    if (!msgpack_read(&ahead, &value))
        return false;
    if (is_text(&value)) {
        *reader = ahead;
        *span_out = span_scan(message->bytes, offset_of(message, value.bytes), value.len);
        return true;
    }
    len = msgpack_to_json(reader, message->bytes + record->scratch,
                          message->cap - MESSAGE_SPARE - record->scratch);
    if (len == 0)
        return false;
    *span_out = span_scan(message->bytes, record->scratch, (uint32_t)len);
    span_out->word |= SPAN_LITERAL;
    record->scratch += (uint32_t)len;
    return true;
}

static bool take_members(struct record *record, struct msgpack_reader *reader)
{
    struct msgpack_value map;
    struct span key, value;

    if (!msgpack_read(reader, &map))
        return false;
    for (uint32_t i = 0; i < map.count; i++) {
        if (!take_value(record, reader, &key) || !take_value(record, reader, &value))
            return false;
        key.word &= ~SPAN_LITERAL;
        if (!record_add(record, key, value))
            return false;
    }
    return !record->odd || record_finish(record);
}

/* A tag is a topic, unless the client sent one. */
static bool add_tag(struct record *record, const struct msgpack_value *tag)
{
    struct message *message = record->message;
    struct span span, key;

    if (tag->type == MSGPACK_NIL)
        return true;
    span = span_scan(message->bytes, offset_of(message, tag->bytes), tag->len);
    if (record->seen[PART_TOPIC]++ == 0) {
        record->entry->topic = span;
        return true;
    }
    if (!record_has_room(record, sizeof "tag"))
        return false;
    key = record_to_scratch(record, "tag", sizeof "tag" - 1);
    return record_add_field(record, key, span);
}

static bool fill(struct decoder *decoder, struct message *message, struct event *event,
                 struct entry *entry)
{
    struct record record;

    entry_reset(entry, message);
    record_begin(&record, decoder, message, entry, record_all_is_read);
    if (event->time.type != MSGPACK_NIL) {
        msgpack_time(&event->time, &entry->time_ns, &entry->time_digits);
        record.seen[PART_TIME] = 1;
    }
    return add_tag(&record, &event->tag) && take_members(&record, &event->record);
}

/* The tag in front of entries that have only a time: the first of the payload's list. */
static void find_tag(const struct message *message, uint32_t list, struct msgpack_value *tag_out)
{
    struct msgpack_reader reader = reader_at(message, list, message->payload_len);
    uint32_t count;

    if (!read_list(&reader, 2, 3, &count) || !msgpack_read(&reader, tag_out) || !is_text(tag_out))
        tag_out->type = MSGPACK_NIL;
}

void decode_msgpack_next(struct decoder *decoder, const struct decode_rules *rules,
                         struct decode_cursor *cursor, struct message *message, struct entry *entry)
{
    struct msgpack_reader reader = reader_at(message, cursor->at, cursor->base);
    uint32_t begin = cursor->at;
    struct event event;

    must(read_item(&reader, (enum items)cursor->token, &event)); /* it was, when we began */
    if (cursor->token == ITEMS_TIMED)
        find_tag(message, cursor->list, &event.tag);
    cursor->at = offset_of(message, reader.at);
    cursor->state = cursor->at == cursor->base ? DECODE_END : DECODE_MSGPACK;
    if (cursor->at - begin <= rules->max_entry && fill(decoder, message, &event, entry)) {
        entry->source = span_make(begin, cursor->at - begin, 0);
        return;
    }
    decode_text(rules, message, begin, cursor->at, entry);
    entry->malformed = true;
}

/* The longest key that fluent-plugin-zmq-pub's payloads may begin with. */
enum { KEY_MAX = 255 };

/* Behind a word and a space, or 0. */
static uint32_t find_behind_key(const struct message *message)
{
    uint32_t most = message->payload_len < KEY_MAX ? message->payload_len : KEY_MAX;

    for (uint32_t i = 0; i < most; i++) {
        unsigned char byte = (unsigned char)message->bytes[i];

        if (byte == ' ' && i > 0)
            return i + 1;
        if (byte <= ' ' || byte >= 0x7f)
            return 0;
    }
    return 0;
}

bool decode_msgpack(struct decode_cursor *cursor, const struct message *message)
{
    uint32_t begin = msgpack_may_begin(message->bytes[0]) ? 0 : find_behind_key(message);
    struct msgpack_reader reader = reader_at(message, begin, message->payload_len);
    enum items items;

    if (begin == message->payload_len || !msgpack_may_begin(message->bytes[begin]) ||
        !find_items(&reader, &items))
        return false;
    cursor->list = begin;
    cursor->at = offset_of(message, reader.at);
    cursor->base = offset_of(message, reader.end);
    cursor->token = (uint32_t)items;
    cursor->state = DECODE_MSGPACK;
    return true;
}
