/* record_add.h - the way that every member of every document goes, inline: called as
 * functions these cost a tenth of all decoding. For decode_json.c and record.c. */
#ifndef DECODE_RECORD_ADD_H
#define DECODE_RECORD_ADD_H

#include "decode/record.h"

/* A string of a plain document was taken unseen: here are the bits that matter where it
 * stands in a column or between quotes. */
static inline struct span record_look_closely(const struct record *record, struct span span)
{
    if (!record->plain || span.literal)
        return span;
    return span_of_plain(record->message->bytes, span.offset, span.len);
}

static inline bool record_fill_time(struct record *record, struct span value)
{
    struct entry *entry = record->entry;

    return (!value.literal && timestamp_parse(&record->decoder->times, record_bytes(record, value),
                                              value.len, &entry->time_ns, &entry->time_digits)) ||
           record_set_epoch(record, value);
}

static inline bool record_fill_level(struct record *record, struct span value)
{
    enum level level =
        value.literal ? LEVEL_NONE : level_parse(record_bytes(record, value), value.len);

    record->entry->level = (uint8_t)level;
    return level != LEVEL_NONE || record_set_odd_level(record, value);
}

/* null says that there is none; containers are no names. */
static inline bool record_fill_column(const struct record *record, struct span *column,
                                      struct span value)
{
    if (record_is_nameless(record, value))
        return false;
    value.word &= ~SPAN_LITERAL;
    *column = record_look_closely(record, value);
    return true;
}

static inline bool record_fill(struct record *record, enum part part, struct span value)
{
    struct entry *entry = record->entry;

    switch ((int)part) {
    case PART_TIME:
        return record_fill_time(record, value);
    case PART_LEVEL:
        return record_fill_level(record, value);
    case PART_MESSAGE:
        value.word &= ~SPAN_LITERAL;
        entry->text = value;
        return true;
    case PART_HOST:
        return record_fill_column(record, &entry->host, value);
    case PART_APP:
        return record_fill_column(record, &entry->app, value);
    case PART_TOPIC:
        return record_fill_column(record, &entry->topic, value);
    default:
        return false;
    }
}

/* Adds a member. False: no room for one more field, or for its name. */
static inline bool record_add(struct record *record, struct span key, struct span value)
{
    enum part part = json_name_part(record_bytes(record, key), key.len);

    if (part == PART_NONE)
        return record_add_field(record, key, value);
    if (part >= PARTS)
        return record_add_odd(record, part, key, value);
    return (record->seen[part]++ == 0 && record_fill(record, part, value)) ||
           record_add_beside(record, part, key, value);
}

#endif
