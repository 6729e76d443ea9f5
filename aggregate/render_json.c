/* One entry as one JSON object on one line, written straight into the block: our own
 * keys first, then the client's fields in their order, last what only we may say. */
#include <string.h>

#include "aggregate/format_pieces.h"

#define KEY_TIME    "{\"time\":\""
#define KEY_LEVEL   "\",\"level\":\""
#define KEY_HOST    "\",\"host\":\""
#define KEY_APP     "\",\"app\":\""
#define KEY_TOPIC   "\",\"topic\":\""
#define KEY_MESSAGE "\",\"message\":\""
#define OURS        ",\"_logboom\":{"

/* What stands in ours, each with a comma behind it, of which the last becomes the brace. */
#define RECEIVED  "\"received\":\""
#define SEQ       "\"seq\":"
#define PEER      "\"peer\":\""
#define UID       "\"uid\":"
#define KEY       "\"key\":\""
#define MALFORMED "\"malformed\":true,"
#define CUT       "\"cut\":true,"

/* A short constant, copied as such. */
#define PUT(to, constant)                                                                          \
    (memcpy((to), (constant), sizeof(constant) - 1), (to) + sizeof(constant) - 1)

static size_t string_len(const char *base, struct span span)
{
    if (span.clean && span.quoteless)
        return span.len;
    return escape_len(ESCAPE_JSON, base + span.offset, span.len);
}

static char *string_write(struct format *format, char *to, const char *base, struct span span)
{
    if (span.clean && span.quoteless)
        return put_span(to, base, span);
    return escape_write_json(ESCAPE_JSON, to, base + span.offset, span.len, &format->has_replaced);
}

static size_t value_len(const char *base, struct span value)
{
    if (!value.literal)
        return 2 + string_len(base, value);
    return value.clean ? value.len
                       : escape_len(ESCAPE_JSON_LITERAL, base + value.offset, value.len);
}

static char *value_write(struct format *format, char *to, const char *base, struct span value)
{
    if (value.literal)
        return value.clean ? put_span(to, base, value)
                           : escape_write(ESCAPE_JSON_LITERAL, to, base + value.offset, value.len);
    *to++ = '"';
    to = string_write(format, to, base, value);
    *to++ = '"';
    return to;
}

static size_t column_len(const char *base, struct span span, size_t key_len)
{
    return span.len ? key_len + string_len(base, span) : 0;
}

/* What is not known is left out. */
static size_t origin_len(const struct format *format, const struct entry *entry, const char *base)
{
    size_t len = sizeof RECEIVED "\"," - 1 + arrival_len(format);

    if (entry->origin.seq)
        len += sizeof SEQ "," - 1 + seq_len(entry);
    if (entry->origin.peer.len)
        len += sizeof PEER "\"," - 1 + string_len(base, entry->origin.peer);
    if (entry->origin.uid.len)
        len += sizeof UID "," - 1 + string_len(base, entry->origin.uid);
    if (entry->origin.key.len)
        len += sizeof KEY "\"," - 1 + string_len(base, entry->origin.key);
    return len;
}

static char *origin_write(struct format *format, const struct entry *entry, const char *base,
                          char *to)
{
    to = arrival_write(format, entry, PUT(to, RECEIVED));
    to = PUT(to, "\",");
    if (entry->origin.seq) {
        to = seq_write(entry, PUT(to, SEQ));
        *to++ = ',';
    }
    if (entry->origin.peer.len) {
        to = string_write(format, PUT(to, PEER), base, entry->origin.peer);
        to = PUT(to, "\",");
    }
    if (entry->origin.uid.len) {
        to = string_write(format, PUT(to, UID), base, entry->origin.uid);
        *to++ = ',';
    }
    if (entry->origin.key.len) {
        to = string_write(format, PUT(to, KEY), base, entry->origin.key);
        to = PUT(to, "\",");
    }
    return to;
}

static bool has_ours(const struct format *format, const struct entry *entry)
{
    return format->origin || entry->malformed || entry->cut;
}

static size_t ours_len(const struct format *format, const struct entry *entry, const char *base)
{
    if (!has_ours(format, entry))
        return 0;
    return sizeof OURS - 1 + (format->origin ? origin_len(format, entry, base) : 0) +
           (entry->malformed ? sizeof MALFORMED - 1 : 0) + (entry->cut ? sizeof CUT - 1 : 0);
}

static char *ours_write(struct format *format, const struct entry *entry, const char *base,
                        char *to)
{
    if (!has_ours(format, entry))
        return to;
    to = PUT(to, OURS);
    if (format->origin)
        to = origin_write(format, entry, base, to);
    if (entry->malformed)
        to = PUT(to, MALFORMED);
    if (entry->cut)
        to = PUT(to, CUT);
    to[-1] = '}';
    return to;
}

size_t json_len(struct format *format, const struct entry *entry, const char *base)
{
    size_t len = sizeof KEY_TIME - 1 + timestamp_len(&format->clock, entry->time_digits);

    if (entry->level != LEVEL_NONE)
        len += sizeof KEY_LEVEL - 1 + level_name(entry->level)->len;
    len += column_len(base, entry->host, sizeof KEY_HOST - 1);
    len += column_len(base, entry->app, sizeof KEY_APP - 1);
    len += column_len(base, entry->topic, sizeof KEY_TOPIC - 1);
    len += sizeof KEY_MESSAGE - 1 + string_len(base, entry->text) + 1;
    for (unsigned i = 0; i < entry->field_count; i++)
        len += sizeof ",\"\":" - 1 + string_len(base, entry->fields[i].key) +
               value_len(base, entry->fields[i].value);
    return len + ours_len(format, entry, base) + sizeof "}\n" - 1;
}

static char *fields_write(struct format *format, const struct entry *entry, const char *base,
                          char *to)
{
    for (unsigned i = 0; i < entry->field_count; i++) {
        to = PUT(to, ",\"");
        to = string_write(format, to, base, entry->fields[i].key);
        to = PUT(to, "\":");
        to = value_write(format, to, base, entry->fields[i].value);
    }
    return to;
}

char *json_write(struct format *format, const struct entry *entry, const char *base, char *to)
{
    to = PUT(to, KEY_TIME);
    to = timestamp_write(&format->clock, to, entry->time_ns, entry->time_digits);
    if (entry->level != LEVEL_NONE) {
        const struct level_name *level = level_name(entry->level);

        to = PUT(to, KEY_LEVEL);
        memcpy(to, level->text, sizeof level->text);
        to += level->len;
    }
    if (entry->host.len)
        to = string_write(format, PUT(to, KEY_HOST), base, entry->host);
    if (entry->app.len)
        to = string_write(format, PUT(to, KEY_APP), base, entry->app);
    if (entry->topic.len)
        to = string_write(format, PUT(to, KEY_TOPIC), base, entry->topic);
    to = string_write(format, PUT(to, KEY_MESSAGE), base, entry->text);
    *to++ = '"';
    to = fields_write(format, entry, base, to);
    to = ours_write(format, entry, base, to);
    return end_of_json(format, PUT(to, "}\n"));
}
