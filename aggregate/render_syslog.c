/* One entry as a syslog message, without its framing.
 *
 *     <14>1 2026-11-23T03:34:12.123456Z web1 shop - orders.eu [fields@32473 user="ada"] order
 * placed <14>Nov 23 03:34:12 web1 shop: order placed user="ada"
 *
 * RFC 5424: the topic is the message's id; fields and our marks are structured data, under two
 * names, so that no client can set the marks. 32473 is the enterprise number that RFC 5612
 * keeps for whoever has none. Columns end where the RFC's limits are. The facility is user. */
#include <string.h>

#include "aggregate/format_pieces.h"

enum { HOST_MAX = 255, APP_MAX = 48, ID_MAX = 32, NAME_MAX_LEN = 32, TAG_MAX = 32 };
enum { DIGITS_MAX = 6, PRIORITY_LEN_MAX = 4 };

#define FIELDS_BEGIN "[fields@32473"
#define OURS_BEGIN   "[logboom@32473"
#define MALFORMED    " malformed=\"true\""
#define CUT          " cut=\"true\""
#define RECEIVED     " received=\""
#define SEQ          "\" seq=\""
#define PEER         "\" peer=\""
#define UID          "\" uid=\""
#define KEY          "\" key=\""

/* 8 times facility 1, and the severity. Who gives none has notice (RFC 3164 §4.3.3); below
 * debug there is none. */
static const char priorities[LEVEL_NONE + 1][PRIORITY_LEN_MAX + 1] = {
    [LEVEL_EMERG] = "<8>",  [LEVEL_ALERT] = "<9>",    [LEVEL_CRIT] = "<10>",
    [LEVEL_ERROR] = "<11>", [LEVEL_WARNING] = "<12>", [LEVEL_NOTICE] = "<13>",
    [LEVEL_INFO] = "<14>",  [LEVEL_DEBUG] = "<15>",   [LEVEL_TRACE] = "<15>",
    [LEVEL_NONE] = "<13>",
};

/* ---- columns, `-` where there is nothing --------------------------------------------------- */

static size_t column_fit(enum escape_style style, const char *base, struct span span, size_t room)
{
    return escape_fit(style, base + span.offset, span.len, room);
}

static size_t column_len(enum escape_style style, const char *base, struct span span, size_t room)
{
    if (span.len == 0)
        return 1;
    return escape_len(style, base + span.offset, column_fit(style, base, span, room));
}

static char *column_write(enum escape_style style, char *to, const char *base, struct span span,
                          size_t room)
{
    if (span.len == 0) {
        *to = '-';
        return to + 1;
    }
    return escape_write(style, to, base + span.offset, column_fit(style, base, span, room));
}

/* ---- RFC 5424 ---------------------------------------------------------------------------- */

static size_t parameter_len(const char *base, const struct field *field)
{
    return sizeof " =\"\"" - 1 + column_len(ESCAPE_SD_NAME, base, field->key, NAME_MAX_LEN) +
           escape_len(ESCAPE_SD_VALUE, base + field->value.offset, field->value.len);
}

static char *parameter_write(char *to, const char *base, const struct field *field)
{
    *to++ = ' ';
    to = column_write(ESCAPE_SD_NAME, to, base, field->key, NAME_MAX_LEN);
    *to++ = '=';
    *to++ = '"';
    to = escape_write(ESCAPE_SD_VALUE, to, base + field->value.offset, field->value.len);
    *to++ = '"';
    return to;
}

/* What is not known is left out; each begins with the quote that ends the one before it. */
static size_t origin_len(const struct format *format, const struct entry *entry, const char *base)
{
    size_t len = sizeof RECEIVED "\"" - 1 + arrival_len(format);

    if (entry->origin.seq)
        len += sizeof SEQ - 1 + seq_len(entry);
    if (entry->origin.peer.len)
        len +=
            sizeof PEER - 1 +
            escape_len(ESCAPE_SD_VALUE, base + entry->origin.peer.offset, entry->origin.peer.len);
    if (entry->origin.uid.len)
        len += sizeof UID - 1 +
               escape_len(ESCAPE_SD_VALUE, base + entry->origin.uid.offset, entry->origin.uid.len);
    if (entry->origin.key.len)
        len += sizeof KEY - 1 +
               escape_len(ESCAPE_SD_VALUE, base + entry->origin.key.offset, entry->origin.key.len);
    return len;
}

static char *origin_write(struct format *format, const struct entry *entry, const char *base,
                          char *to)
{
    to = arrival_write(format, entry, stpcpy(to, RECEIVED));
    if (entry->origin.seq)
        to = seq_write(entry, stpcpy(to, SEQ));
    if (entry->origin.peer.len)
        to = escape_write(ESCAPE_SD_VALUE, stpcpy(to, PEER), base + entry->origin.peer.offset,
                          entry->origin.peer.len);
    if (entry->origin.uid.len)
        to = escape_write(ESCAPE_SD_VALUE, stpcpy(to, UID), base + entry->origin.uid.offset,
                          entry->origin.uid.len);
    if (entry->origin.key.len)
        to = escape_write(ESCAPE_SD_VALUE, stpcpy(to, KEY), base + entry->origin.key.offset,
                          entry->origin.key.len);
    *to = '"';
    return to + 1;
}

static bool has_ours(const struct format *format, const struct entry *entry)
{
    return format->origin || entry->malformed || entry->cut;
}

static size_t ours_len(const struct format *format, const struct entry *entry, const char *base)
{
    return sizeof OURS_BEGIN "]" - 1 + (format->origin ? origin_len(format, entry, base) : 0) +
           (entry->malformed ? sizeof MALFORMED - 1 : 0) + (entry->cut ? sizeof CUT - 1 : 0);
}

static char *ours_write(struct format *format, const struct entry *entry, const char *base,
                        char *to)
{
    to = stpcpy(to, OURS_BEGIN);
    to = format->origin ? origin_write(format, entry, base, to) : to;
    to = entry->malformed ? stpcpy(to, MALFORMED) : to;
    to = entry->cut ? stpcpy(to, CUT) : to;
    *to = ']';
    return to + 1;
}

static bool has_data(const struct format *format, const struct entry *entry)
{
    return entry->field_count > 0 || has_ours(format, entry);
}

static size_t data_len(const struct format *format, const struct entry *entry, const char *base)
{
    size_t len = 0;

    if (!has_data(format, entry))
        return 1;
    if (entry->field_count > 0)
        len += sizeof FIELDS_BEGIN "]" - 1;
    for (unsigned i = 0; i < entry->field_count; i++)
        len += parameter_len(base, &entry->fields[i]);
    return len + (has_ours(format, entry) ? ours_len(format, entry, base) : 0);
}

static char *data_write(struct format *format, const struct entry *entry, const char *base,
                        char *to)
{
    if (!has_data(format, entry))
        return stpcpy(to, "-");
    if (entry->field_count > 0) {
        to = stpcpy(to, FIELDS_BEGIN);
        for (unsigned i = 0; i < entry->field_count; i++)
            to = parameter_write(to, base, &entry->fields[i]);
        *to++ = ']';
    }
    return has_ours(format, entry) ? ours_write(format, entry, base, to) : to;
}

/* Nothing at all where it is empty: MSG may be. */
static size_t text_len(const char *base, struct span text)
{
    return text.clean ? text.len : escape_len(ESCAPE_MESSAGE, base + text.offset, text.len);
}

static char *text_write(char *to, const char *base, struct span text)
{
    return text.clean ? put_span(to, base, text)
                      : escape_write(ESCAPE_MESSAGE, to, base + text.offset, text.len);
}

/* TIME-SECFRAC ends at the microsecond. */
static uint8_t time_digits(const struct entry *entry)
{
    return entry->time_digits < DIGITS_MAX ? entry->time_digits : DIGITS_MAX;
}

size_t rfc5424_len(struct format *format, const struct entry *entry, const char *base)
{
    size_t len = strlen(priorities[entry->level]) + sizeof "1  " - 1;

    len += timestamp_len(&format->clock, time_digits(entry));
    len += column_len(ESCAPE_HEADER, base, entry->host, HOST_MAX) + 1;
    len += column_len(ESCAPE_HEADER, base, entry->app, APP_MAX) + sizeof " - " - 1;
    len += column_len(ESCAPE_HEADER, base, entry->topic, ID_MAX) + 1;
    return len + data_len(format, entry, base) + 1 + text_len(base, entry->text) + sizeof "\n" - 1;
}

char *rfc5424_write(struct format *format, const struct entry *entry, const char *base, char *to)
{
    to = stpcpy(stpcpy(to, priorities[entry->level]), "1 ");
    to = timestamp_write(&format->clock, to, entry->time_ns, time_digits(entry));
    *to++ = ' ';
    to = column_write(ESCAPE_HEADER, to, base, entry->host, HOST_MAX);
    *to++ = ' ';
    to = column_write(ESCAPE_HEADER, to, base, entry->app, APP_MAX);
    to = stpcpy(to, " - ");
    to = column_write(ESCAPE_HEADER, to, base, entry->topic, ID_MAX);
    *to++ = ' ';
    to = data_write(format, entry, base, to);
    *to++ = ' ';
    to = text_write(to, base, entry->text);
    *to = '\n';
    return to + 1;
}

/* ---- RFC 3164 ---------------------------------------------------------------------------- */

/* It has no sign for a host that is not known, and receivers take a `-` for the tag; so there
 * it is the machine that sends (§4.2: who adds the host of a message that has none). */
static size_t host_len(const struct format *format, const struct entry *entry, const char *base)
{
    return entry->host.len ? column_len(ESCAPE_HEADER, base, entry->host, HOST_MAX)
                           : strlen(format->own_host);
}

static char *host_write(const struct format *format, const struct entry *entry, const char *base,
                        char *to)
{
    return entry->host.len ? column_write(ESCAPE_HEADER, to, base, entry->host, HOST_MAX)
                           : stpcpy(to, format->own_host);
}

size_t rfc3164_len(struct format *format, const struct entry *entry, const char *base)
{
    size_t len = strlen(priorities[entry->level]) + TIMESTAMP_BSD_LEN + 1;

    len += host_len(format, entry, base) + 1;
    len += column_len(ESCAPE_TAG, base, entry->app, TAG_MAX) + sizeof ": " - 1;
    return len + render_message_len(format, entry, base) + render_fields_len(entry, base) +
           sizeof "\n" - 1;
}

char *rfc3164_write(struct format *format, const struct entry *entry, const char *base, char *to)
{
    to = timestamp_write_bsd(&format->clock, stpcpy(to, priorities[entry->level]), entry->time_ns);
    *to++ = ' ';
    to = host_write(format, entry, base, to);
    *to++ = ' ';
    to = column_write(ESCAPE_TAG, to, base, entry->app, TAG_MAX);
    to = stpcpy(to, ": ");
    to = render_message(format, entry, base, to);
    to = render_fields(entry, base, to);
    *to = '\n';
    return to + 1;
}
