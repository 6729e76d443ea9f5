#include "decode/record_add.h"

#include <stdio.h>
#include <string.h>

#include "aggregate/level_dialects.h"
#include "conf/must.h"

uint32_t record_all_is_read(const struct record *record)
{
    return record->message->payload_len;
}

bool record_has_room(const struct record *record, size_t len)
{
    const struct message *message = record->message;
    size_t unread = message->payload_len - record->read_through(record);

    return record->scratch + len + unread + MESSAGE_SPARE <= message->cap;
}

struct span record_to_scratch(struct record *record, const char *bytes, uint32_t len)
{
    struct span span = span_make(record->scratch, len, 0);

    must(record->scratch + len + MESSAGE_SPARE <= record->message->cap);
    memcpy(record->message->bytes + record->scratch, bytes, len);
    record->scratch += len;
    return span;
}

bool record_add_field(struct record *record, struct span key, struct span value)
{
    const char *base = record->message->bytes;

    key = record->plain ? span_of_plain_key(base, key.offset, key.len)
                        : span_scan_key(base, key.offset, key.len);
    return entry_add_field(record->entry, key, record_look_closely(record, value));
}

bool record_add_numbered(struct record *record, struct span key, struct span value, unsigned nth)
{
    uint32_t key_len = key.len;
    char suffix[16];
    int suffix_len;

    if (nth == 1)
        return record_add_field(record, key, value);
    suffix_len = snprintf(suffix, sizeof suffix, ".%u", nth);
    if (!record_has_room(record, key_len + (size_t)suffix_len))
        return false;
    key = record_to_scratch(record, record_bytes(record, key), key_len);
    record_to_scratch(record, suffix, (uint32_t)suffix_len);
    key = span_make(key.offset, key_len + (uint32_t)suffix_len, 0);
    return record_add_field(record, key, value);
}

bool record_set_epoch(struct record *record, struct span value)
{
    struct entry *entry = record->entry;
    const char *text = record_bytes(record, value);

    return (value.literal || timestamp_looks_like_epoch(text, value.len)) &&
           timestamp_parse_epoch(text, value.len, &entry->time_ns, &entry->time_digits);
}

bool record_set_odd_level(struct record *record, struct span value)
{
    if (value.literal)
        return false;
    record->entry->level = (uint8_t)level_parse_dialect(record_bytes(record, value), value.len);
    return record->entry->level != LEVEL_NONE;
}

bool record_set_part(struct record *record, enum part part, struct span value)
{
    return record_fill(record, part, value);
}

/* A second level counts where the first was a number: words are surer. */
static bool is_surer_level(struct record *record, enum part part, struct span value)
{
    return part == PART_LEVEL && record->odd && record->company.number.value.len > 0 &&
           record->entry->level == LEVEL_NONE && record_fill_level(record, value);
}

/* What the first value of a part says although it is not of its kind. */
static void look_again(struct record *record, enum part part, struct span key, struct span value)
{
    unsigned number;

    if (part == PART_LEVEL) {
        if (level_read_number(record_bytes(record, value), value.len, &number))
            record_keep(record, &record_company(record)->number, value, record_next_place(record));
    } else if (part == PART_TIME) {
        record->entry->malformed = true;
        record->seen[part] += key.len == 4;
    } else if (part == PART_OURS) {
        record->seen[part] = 2;
    } else if ((part == PART_HOST || part == PART_APP) && record_is_object(record, value)) {
        record->seen[part] = 0;
        record_look_inside(record, key, value);
        record->seen[part]++;
    }
}

bool record_add_beside(struct record *record, enum part part, struct span key, struct span value)
{
    if (record->seen[part] == 1)
        look_again(record, part, key, value);
    else if (is_surer_level(record, part, value))
        return true;
    return record_add_numbered(record, key, value, record->seen[part]);
}

bool record_add_part(struct record *record, enum part part, struct span key, struct span value)
{
    return (record->seen[part]++ == 0 && record_fill(record, part, value)) ||
           record_add_beside(record, part, key, value);
}
