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
#define MALFORMED   "\"malformed\":true"
#define CUT         "\"cut\":true"

/* A short constant, copied as such. */
#define PUT(to, constant)                                                                          \
    (memcpy((to), (constant), sizeof(constant) - 1), (to) + sizeof(constant) - 1)

static size_t string_len(const char *base, struct span span)
{
    if (span.clean && span.quoteless)
        return span.len;
    return escape_len(ESCAPE_JSON, base + span.offset, span.len);
}

static char *string_write(char *to, const char *base, struct span span)
{
    if (span.clean && span.quoteless)
        return put_span(to, base, span);
    return escape_write(ESCAPE_JSON, to, base + span.offset, span.len);
}

static size_t value_len(const char *base, struct span value)
{
    if (!value.literal)
        return 2 + string_len(base, value);
    return value.clean ? value.len
                       : escape_len(ESCAPE_JSON_LITERAL, base + value.offset, value.len);
}

static char *value_write(char *to, const char *base, struct span value)
{
    if (value.literal)
        return value.clean ? put_span(to, base, value)
                           : escape_write(ESCAPE_JSON_LITERAL, to, base + value.offset, value.len);
    *to++ = '"';
    to = string_write(to, base, value);
    *to++ = '"';
    return to;
}

static size_t column_len(const char *base, struct span span, size_t key_len)
{
    return span.len ? key_len + string_len(base, span) : 0;
}

static size_t ours_len(const struct entry *entry)
{
    if (!entry->malformed && !entry->cut)
        return 0;
    return sizeof OURS - 1 + (entry->malformed ? sizeof MALFORMED - 1 : 0) +
           (entry->malformed && entry->cut ? 1 : 0) + (entry->cut ? sizeof CUT - 1 : 0) + 1;
}

static char *ours_write(const struct entry *entry, char *to)
{
    if (!entry->malformed && !entry->cut)
        return to;
    to = PUT(to, OURS);
    if (entry->malformed)
        to = PUT(to, MALFORMED);
    if (entry->malformed && entry->cut)
        *to++ = ',';
    if (entry->cut)
        to = PUT(to, CUT);
    *to++ = '}';
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
    return len + ours_len(entry) + sizeof "}\n" - 1;
}

static char *fields_write(const struct entry *entry, const char *base, char *to)
{
    for (unsigned i = 0; i < entry->field_count; i++) {
        to = PUT(to, ",\"");
        to = string_write(to, base, entry->fields[i].key);
        to = PUT(to, "\":");
        to = value_write(to, base, entry->fields[i].value);
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
        to = string_write(PUT(to, KEY_HOST), base, entry->host);
    if (entry->app.len)
        to = string_write(PUT(to, KEY_APP), base, entry->app);
    if (entry->topic.len)
        to = string_write(PUT(to, KEY_TOPIC), base, entry->topic);
    to = string_write(PUT(to, KEY_MESSAGE), base, entry->text);
    *to++ = '"';
    to = fields_write(entry, base, to);
    to = ours_write(entry, to);
    return PUT(to, "}\n");
}
