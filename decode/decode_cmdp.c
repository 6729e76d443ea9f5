/* CMDP, Constellation's monitoring protocol: beside topic and text stands a header in
 * MessagePack, `"CMDP\x01", sender, time, {tags}`. The text of a metric (topic STAT/…) is
 * MessagePack, too, and is shown as JSON. */
#include <string.h>

#include "decode/decode_parts.h"
#include "decode/msgpack.h"
#include "decode/record.h"

static struct span view(const struct message *message, const struct msgpack_value *text)
{
    return span_scan(message->bytes, (uint32_t)(text->bytes - message->bytes), text->len);
}

static bool is_text(const struct msgpack_value *value)
{
    return value->type == MSGPACK_TEXT;
}

/* The values of a reader up to its end, with spaces between. */
static bool show_values(struct record *record, struct msgpack_reader reader, struct span *span_out)
{
    struct message *message = record->message;
    uint32_t begin = record->scratch;

    while (reader.at < reader.end) {
        size_t len;

        if (!record_has_room(record, 1))
            return false;
        if (record->scratch > begin)
            record_to_scratch(record, " ", 1);
        len = msgpack_to_json(&reader, message->bytes + record->scratch,
                              message->cap - MESSAGE_SPARE - record->scratch);
        if (len == 0)
            return false;
        record->scratch += (uint32_t)len;
    }
    *span_out = span_scan(message->bytes, begin, record->scratch - begin);
    return true;
}

/* A name that means something in JSON must not come out as that: it is `name.2`, as if it came
 * second. */
static bool add_field(struct record *record, const struct msgpack_value *name, struct span value)
{
    unsigned nth = json_name_is_taken(name->bytes, name->len) ? 2 : 1;

    return record_add_numbered(record, view(record->message, name), value, nth);
}

static bool add_tag(struct record *record, struct msgpack_reader *reader)
{
    struct msgpack_reader one;
    struct msgpack_value key, value;
    struct span shown;

    if (!msgpack_read(reader, &key) || !is_text(&key))
        return false;
    one = *reader;
    if (!msgpack_skip(reader))
        return false;
    if (msgpack_read(&(struct msgpack_reader){one.at, one.end}, &value) && is_text(&value))
        return add_field(record, &key, view(record->message, &value));
    one.end = reader->at;
    if (!show_values(record, one, &shown))
        return false;
    shown.word |= SPAN_LITERAL;
    return add_field(record, &key, shown);
}

/* Nanoseconds, or one of MessagePack's own times. */
static bool set_time(const struct msgpack_value *value, struct entry *entry)
{
    if (value->type != MSGPACK_UINT)
        return msgpack_time(value, &entry->time_ns, &entry->time_digits);
    if (value->uint > INT64_MAX)
        return false;
    entry->time_ns = (int64_t)value->uint;
    entry->time_digits = 9;
    return true;
}

static bool read_header(struct record *record)
{
    struct message *message = record->message;
    struct entry *entry = record->entry;
    struct msgpack_reader reader = {message->bytes + message->header.offset,
                                    message->bytes + message->header.offset + message->header.len};
    struct msgpack_value mark, sender, time, tags;

    if (!msgpack_read(&reader, &mark) || !msgpack_read(&reader, &sender) || !is_text(&sender) ||
        !msgpack_read(&reader, &time) || !set_time(&time, entry) || !msgpack_read(&reader, &tags) ||
        tags.type != MSGPACK_MAP)
        return false;
    entry->app = view(message, &sender);
    for (uint32_t i = 0; i < tags.count; i++)
        if (!add_tag(record, &reader))
            return false;
    return true;
}

static bool is_metric(const struct message *message)
{
    return message->topic.len > 5 &&
           memcmp(message->bytes + message->topic.offset, "STAT/", 5) == 0;
}

void decode_cmdp(struct decoder *decoder, const struct decode_rules *rules,
                 struct decode_cursor *cursor, struct message *message, struct entry *entry)
{
    struct record record;
    struct span metric;

    cursor->state = DECODE_END;
    decode_text(rules, message, 0, decode_payload_end(message), entry);
    record_begin(&record, decoder, message, entry, record_all_is_read);
    if (message->header_lost || !read_header(&record))
        entry->malformed = true;
    if (is_metric(message) &&
        show_values(&record,
                    (struct msgpack_reader){message->bytes, message->bytes + message->payload_len},
                    &metric))
        entry->text = metric;
}
