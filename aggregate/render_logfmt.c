/* One entry as key=value pairs, as logrus, slog and Grafana's readers have them: bare where
 * that is no doubt, else between quotes and escaped as in JSON. What only we may say stands
 * at the end, as words without a value: a field of a client always has one. */
#include <string.h>

#include "aggregate/format_pieces.h"

#define KEY_TIME    "time="
#define KEY_LEVEL   " level="
#define KEY_HOST    " host="
#define KEY_APP     " app="
#define KEY_TOPIC   " topic="
#define KEY_MESSAGE " msg="
#define MALFORMED   " malformed"
#define CUT         " cut"

static bool is_bare(const char *base, struct span span)
{
    return span.len > 0 && span.solid && span.quoteless &&
           !memchr(base + span.offset, '=', span.len);
}

static size_t value_len(const char *base, struct span span)
{
    return is_bare(base, span) ? span.len
                               : 2 + escape_len(ESCAPE_JSON, base + span.offset, span.len);
}

static char *value_write(struct format *format, char *to, const char *base, struct span span)
{
    if (is_bare(base, span))
        return put_span(to, base, span);
    *to++ = '"';
    to = escape_write_json(ESCAPE_JSON, to, base + span.offset, span.len, &format->has_replaced);
    *to++ = '"';
    return to;
}

static size_t column_len(const char *base, struct span span, size_t key_len)
{
    return span.len ? key_len + value_len(base, span) : 0;
}

static char *column_write(struct format *format, char *to, const char *base, struct span span,
                          const char *key)
{
    return span.len ? value_write(format, stpcpy(to, key), base, span) : to;
}

/* A name that is empty would end the pair before it. */
static size_t name_len(const char *base, struct span key)
{
    return key.len ? escape_len(ESCAPE_KEY, base + key.offset, key.len) : 1;
}

static char *name_write(char *to, const char *base, struct span key)
{
    if (key.len)
        return escape_write(ESCAPE_KEY, to, base + key.offset, key.len);
    *to = '_';
    return to + 1;
}

size_t logfmt_len(struct format *format, const struct entry *entry, const char *base)
{
    size_t len = sizeof KEY_TIME - 1 + timestamp_len(&format->clock, entry->time_digits);

    if (entry->level != LEVEL_NONE)
        len += sizeof KEY_LEVEL - 1 + level_name(entry->level)->len;
    len += column_len(base, entry->host, sizeof KEY_HOST - 1);
    len += column_len(base, entry->app, sizeof KEY_APP - 1);
    len += column_len(base, entry->topic, sizeof KEY_TOPIC - 1);
    len += sizeof KEY_MESSAGE - 1 + value_len(base, entry->text);
    for (unsigned i = 0; i < entry->field_count; i++)
        len += sizeof " =" - 1 + name_len(base, entry->fields[i].key) +
               value_len(base, entry->fields[i].value);
    len += entry->malformed ? sizeof MALFORMED - 1 : 0;
    len += entry->cut ? sizeof CUT - 1 : 0;
    return len + sizeof "\n" - 1;
}

char *logfmt_write(struct format *format, const struct entry *entry, const char *base, char *to)
{
    to = timestamp_write(&format->clock, stpcpy(to, KEY_TIME), entry->time_ns, entry->time_digits);
    if (entry->level != LEVEL_NONE)
        to = stpcpy(stpcpy(to, KEY_LEVEL), level_name(entry->level)->text);
    to = column_write(format, to, base, entry->host, KEY_HOST);
    to = column_write(format, to, base, entry->app, KEY_APP);
    to = column_write(format, to, base, entry->topic, KEY_TOPIC);
    to = value_write(format, stpcpy(to, KEY_MESSAGE), base, entry->text);
    for (unsigned i = 0; i < entry->field_count; i++) {
        *to++ = ' ';
        to = name_write(to, base, entry->fields[i].key);
        *to++ = '=';
        to = value_write(format, to, base, entry->fields[i].value);
    }
    to = entry->malformed ? stpcpy(to, MALFORMED) : to;
    to = entry->cut ? stpcpy(to, CUT) : to;
    *to = '\n';
    return end_of_json(format, to + 1);
}
