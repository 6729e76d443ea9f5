/* Two passes over the same pieces: how long, and the bytes. With the spans' bits
 * set both are straight: lengths are added, and short copies are whole vectors
 * whose surplus the next piece overwrites. */
#include <string.h>

#include "aggregate/format_pieces.h"
#include "conf/must.h"

enum { INDENT_LEN = sizeof FORMAT_INDENT - 1, CUT_MARK_LEN = sizeof CUT_MARK - 1 };

static size_t column_len(const char *base, struct span span)
{
    if (span.len == 0)
        return 1;
    if (span.solid)
        return span.len;
    return escape_len(ESCAPE_COLUMN, base + span.offset, span.len);
}

static char *column_write(char *to, const char *base, struct span span)
{
    if (span.len == 0) {
        *to = '-';
        return to + 1;
    }
    if (span.solid)
        return put_span(to, base, span);
    return escape_write(ESCAPE_COLUMN, to, base + span.offset, span.len);
}

/* ---- the message: in one line, or its first line here and the others behind ---- */

static size_t first_line(const struct format *format, const struct entry *entry, const char *base)
{
    const char *text = base + entry->text.offset;
    const char *newline = NULL;

    if (format->indent_newlines && !entry->text.clean)
        newline = memchr(text, '\n', entry->text.len);
    return newline ? (size_t)(newline - text) : entry->text.len;
}

size_t render_message_len(const struct format *format, const struct entry *entry, const char *base)
{
    size_t len = entry->cut ? CUT_MARK_LEN : 0;

    if (entry->text.len == 0)
        return len + 1;
    if (entry->text.clean)
        return len + entry->text.len;
    return len +
           escape_len(ESCAPE_MESSAGE, base + entry->text.offset, first_line(format, entry, base));
}

char *render_message(const struct format *format, const struct entry *entry, const char *base,
                     char *to)
{
    if (entry->text.len == 0)
        *to++ = '-';
    else if (entry->text.clean)
        to = put_span(to, base, entry->text);
    else
        to = escape_write(ESCAPE_MESSAGE, to, base + entry->text.offset,
                          first_line(format, entry, base));
    if (entry->cut) {
        memcpy(to, CUT_MARK, CUT_MARK_LEN);
        to += CUT_MARK_LEN;
    }
    return to;
}

/* The lines after the first. `at` is where the one before ended: at its newline. */
static size_t line_len_at(const struct entry *entry, const char *base, size_t at)
{
    const char *line = base + entry->text.offset + at;
    const char *newline = memchr(line, '\n', entry->text.len - at);

    return newline ? (size_t)(newline - line) : entry->text.len - at;
}

static size_t later_lines_len(const struct format *format, const struct entry *entry,
                              const char *base)
{
    const char *text = base + entry->text.offset;
    size_t at = first_line(format, entry, base), total = 0;

    while (at < entry->text.len) {
        size_t line_len = line_len_at(entry, base, ++at);

        total += INDENT_LEN + escape_len(ESCAPE_MESSAGE, text + at, line_len);
        at += line_len;
    }
    return total;
}

/* Each as `\n    ` and its text. */
static char *later_lines_write(const struct format *format, const struct entry *entry,
                               const char *base, char *to)
{
    const char *text = base + entry->text.offset;
    size_t at = first_line(format, entry, base);

    while (at < entry->text.len) {
        size_t line_len = line_len_at(entry, base, ++at);

        memcpy(to, FORMAT_INDENT, INDENT_LEN);
        to = escape_write(ESCAPE_MESSAGE, to + INDENT_LEN, text + at, line_len);
        at += line_len;
    }
    return to;
}

/* ---- fields -------------------------------------------------------------------- */

static size_t key_len(const char *base, struct span key)
{
    if (key.solid && key.quoteless)
        return key.len;
    return escape_len(ESCAPE_KEY, base + key.offset, key.len);
}

static size_t value_len(const char *base, struct span value)
{
    if (value.solid && value.quoteless)
        return value.len;
    return escape_len(ESCAPE_VALUE, base + value.offset, value.len);
}

size_t render_fields_len(const struct entry *entry, const char *base)
{
    size_t len = 0;

    for (unsigned i = 0; i < entry->field_count; i++)
        len += sizeof " =\"\"" - 1 + key_len(base, entry->fields[i].key) +
               value_len(base, entry->fields[i].value);
    return len;
}

static char *field_write(char *to, const char *base, const struct field *field)
{
    struct span key = field->key, value = field->value;

    *to++ = ' ';
    to = key.solid && key.quoteless ? put_span(to, base, key)
                                    : escape_write(ESCAPE_KEY, to, base + key.offset, key.len);
    *to++ = '=';
    *to++ = '"';
    to = value.solid && value.quoteless
             ? put_span(to, base, value)
             : escape_write(ESCAPE_VALUE, to, base + value.offset, value.len);
    *to++ = '"';
    return to;
}

char *render_fields(const struct entry *entry, const char *base, char *to)
{
    for (unsigned i = 0; i < entry->field_count; i++)
        to = field_write(to, base, &entry->fields[i]);
    return to;
}

/* The value of the field that a {fields.NAME} piece names; length 0 where there is none. */
static struct span named_field(const struct piece *piece, const struct entry *entry,
                               const char *base)
{
    for (unsigned i = 0; i < entry->field_count; i++) {
        struct span key = entry->fields[i].key;

        if (key.len == piece->len && memcmp(base + key.offset, piece->text, piece->len) == 0)
            return entry->fields[i].value;
    }
    return (struct span){.solid = 1};
}

/* ---- templates ----------------------------------------------------------------- */

static size_t piece_len(const struct format *format, const struct piece *piece,
                        const struct entry *entry, const char *base)
{
    switch (piece->kind) {
    case PIECE_LITERAL:
    case PIECE_TIME:
        break; /* not among the varying ones */
    case PIECE_HOST:
        return column_len(base, entry->host);
    case PIECE_APP:
        return column_len(base, entry->app);
    case PIECE_LEVEL:
        return level_name(entry->level)->len;
    case PIECE_TOPIC:
        return column_len(base, entry->topic);
    case PIECE_MESSAGE:
        return render_message_len(format, entry, base);
    case PIECE_FIELDS:
        return render_fields_len(entry, base);
    case PIECE_RECEIVED:
        return arrival_len(format);
    case PIECE_SEQ:
        return seq_len(entry);
    case PIECE_PEER:
        return column_len(base, entry->origin.peer);
    case PIECE_UID:
        return column_len(base, entry->origin.uid);
    case PIECE_KEY:
        return column_len(base, entry->origin.key);
    case PIECE_FIELD:
        return column_len(base, named_field(piece, entry, base));
    }
    must(!"a piece whose length is fixed");
    return 0;
}

static char *piece_write(struct format *format, const struct piece *piece,
                         const struct entry *entry, const char *base, char *to)
{
    const struct level_name *level;

    switch (piece->kind) {
    case PIECE_LITERAL:
        memcpy(to, piece->text, sizeof piece->text);
        return to + piece->len;
    case PIECE_TIME:
        return timestamp_write(&format->clock, to, entry->time_ns, entry->time_digits);
    case PIECE_HOST:
        return column_write(to, base, entry->host);
    case PIECE_APP:
        return column_write(to, base, entry->app);
    case PIECE_LEVEL:
        level = level_name(entry->level);
        memcpy(to, level->text, LEVEL_NAME_PADDED);
        return to + level->len;
    case PIECE_TOPIC:
        return column_write(to, base, entry->topic);
    case PIECE_MESSAGE:
        return render_message(format, entry, base, to);
    case PIECE_FIELDS:
        return render_fields(entry, base, to);
    case PIECE_RECEIVED:
        return arrival_write(format, entry, to);
    case PIECE_SEQ:
        return seq_write(entry, to);
    case PIECE_PEER:
        return column_write(to, base, entry->origin.peer);
    case PIECE_UID:
        return column_write(to, base, entry->origin.uid);
    case PIECE_KEY:
        return column_write(to, base, entry->origin.key);
    case PIECE_FIELD:
        return column_write(to, base, named_field(piece, entry, base));
    }
    must(!"a piece of no kind");
    return to;
}

static bool has_later_lines(const struct format *format, const struct entry *entry)
{
    return format->indent_newlines && !entry->text.clean;
}

static size_t template_len(struct format *format, const struct entry *entry, const char *base)
{
    size_t len = format->fixed_len;

    if (format->time_count > 0)
        len += format->time_count * timestamp_len(&format->clock, entry->time_digits);
    for (unsigned i = 0; i < format->varying_count; i++)
        len += piece_len(format, &format->pieces[format->varying[i]], entry, base);
    if (has_later_lines(format, entry))
        len += later_lines_len(format, entry, base);
    return len;
}

static char *template_write(struct format *format, const struct entry *entry, const char *base,
                            char *to)
{
    for (unsigned i = 0; i < format->piece_count; i++)
        to = piece_write(format, &format->pieces[i], entry, base, to);
    if (has_later_lines(format, entry))
        to = later_lines_write(format, entry, base, to);
    *to = '\n';
    return to + 1;
}

/* ---- raw ----------------------------------------------------------------------- */

static size_t raw_len(struct format *format, const struct entry *entry, const char *base)
{
    (void)format;
    return escape_len(ESCAPE_RAW, base + entry->source.offset, entry->source.len) +
           (entry->cut ? CUT_MARK_LEN : 0) + 1;
}

static char *raw_write(struct format *format, const struct entry *entry, const char *base, char *to)
{
    (void)format;
    to = escape_write(ESCAPE_RAW, to, base + entry->source.offset, entry->source.len);
    if (entry->cut) {
        memcpy(to, CUT_MARK, CUT_MARK_LEN);
        to += CUT_MARK_LEN;
    }
    *to = '\n';
    return to + 1;
}

/* ---- the doors ----------------------------------------------------------------- */

const struct renderer renderers[FORMAT_KINDS] = {
    [FORMAT_TEMPLATE] = {NULL, template_len, template_write, ESCAPE_MESSAGE, ESCAPE_MESSAGE, false},
    [FORMAT_JSON] = {"json", json_len, json_write, ESCAPE_JSON, ESCAPE_JSON, true},
    [FORMAT_RAW] = {"raw", raw_len, raw_write, ESCAPE_RAW, ESCAPE_RAW, false},
    [FORMAT_LOGFMT] = {"logfmt", logfmt_len, logfmt_write, ESCAPE_JSON, ESCAPE_JSON, false},
    [FORMAT_RFC5424] = {"rfc5424", rfc5424_len, rfc5424_write, ESCAPE_HEADER, ESCAPE_MESSAGE, true},
    [FORMAT_RFC3164] = {"rfc3164", rfc3164_len, rfc3164_write, ESCAPE_TAG, ESCAPE_MESSAGE, false},
};

/* A template is what most sinks have, and its call can be inlined. */
size_t format_len(struct format *format, const struct entry *entry, const char *base)
{
    if (format->kind == FORMAT_TEMPLATE)
        return template_len(format, entry, base);
    return renderers[format->kind].len(format, entry, base);
}

char *format_write(struct format *format, const struct entry *entry, const char *base, char *to)
{
    if (format->kind == FORMAT_TEMPLATE)
        return template_write(format, entry, base, to);
    return renderers[format->kind].write(format, entry, base, to);
}
