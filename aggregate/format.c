#include "aggregate/format.h"

#include <stdlib.h>
#include <string.h>

#include "aggregate/format_pieces.h"
#include "conf/must.h"
#include "conf/suggest.h"

static const char *const piece_names[] = {
    [PIECE_LITERAL] = "",        [PIECE_TIME] = "time",     [PIECE_HOST] = "host",
    [PIECE_APP] = "app",         [PIECE_LEVEL] = "level",   [PIECE_TOPIC] = "topic",
    [PIECE_MESSAGE] = "message", [PIECE_FIELDS] = "fields", [PIECE_RECEIVED] = "received",
    [PIECE_SEQ] = "seq",         [PIECE_PEER] = "peer",     [PIECE_UID] = "uid",
    [PIECE_KEY] = "key",
};

enum { PIECE_NAMES = sizeof piece_names / sizeof piece_names[0] };

static const char field_prefix[] = "fields.";

/* The two formats that are templates by name. */
static const char text_template[] = "{time} {host} {app} {level}: {message}{fields}";
static const char line_template[] = "[{time}] {level}: {message}";

static struct piece *add_piece(struct format *format, enum piece_kind kind, struct err *err)
{
    struct piece *piece;

    if (format->piece_count == PIECES_MAX) {
        err_set(err, "the template has more than %d parts", PIECES_MAX);
        return NULL;
    }
    piece = &format->pieces[format->piece_count++];
    piece->kind = kind;
    piece->len = 0;
    return piece;
}

static int add_literal_byte(struct format *format, char byte, struct err *err)
{
    struct piece *last = format->piece_count ? &format->pieces[format->piece_count - 1] : NULL;

    if ((unsigned char)byte < 0x20 || byte == 0x7f)
        return err_set(err, "a template cannot hold control characters or line ends");
    if (!last || last->kind != PIECE_LITERAL || last->len == sizeof last->text)
        last = add_piece(format, PIECE_LITERAL, err);
    if (!last)
        return -1;
    last->text[last->len++] = byte;
    return 0;
}

static int add_field_piece(struct format *format, const char *name, size_t len, struct err *err)
{
    struct piece *piece;

    if (len == 0 || len > sizeof piece->text)
        return err_set(err, "a field's name in a template has 1 to %zu bytes; '%.*s' has %zu",
                       sizeof piece->text, (int)(len < 64 ? len : 64), name, len);
    piece = add_piece(format, PIECE_FIELD, err);
    if (!piece)
        return -1;
    memcpy(piece->text, name, len);
    piece->len = (unsigned)len;
    return 0;
}

static int unknown_name(const char *name, size_t len, struct err *err)
{
    char word[SUGGEST_WORD_MAX];
    const char *nearest = suggest_nearest_part(name, len, piece_names + 1, PIECE_NAMES - 1, word);

    if (nearest)
        return err_set(err, "the template has no '{%s}'; did you mean '{%s}'?", word, nearest);
    return err_set(
        err,
        "the template has no '{%s}'; there are {time} {host} {app} {level} {topic} "
        "{message} {fields} {received} {seq} {peer} {uid} {key}, and {fields.NAME} for a "
        "field that clients send",
        word);
}

/* `name` is what stands between the braces. */
static int add_name(struct format *format, const char *name, size_t len, struct err *err)
{
    size_t prefix_len = sizeof field_prefix - 1;

    for (unsigned kind = PIECE_TIME; kind < PIECE_NAMES; kind++) {
        if (strlen(piece_names[kind]) == len && memcmp(piece_names[kind], name, len) == 0)
            return add_piece(format, (enum piece_kind)kind, err) ? 0 : -1;
    }
    if (len > prefix_len && memcmp(name, field_prefix, prefix_len) == 0)
        return add_field_piece(format, name + prefix_len, len - prefix_len, err);
    return unknown_name(name, len, err);
}

static int compile(struct format *format, const char *text, struct err *err)
{
    while (*text) {
        if ((*text == '{' || *text == '}') && text[1] == *text) {
            if (add_literal_byte(format, *text, err) < 0)
                return -1;
            text += 2;
        } else if (*text == '{') {
            const char *end = strchr(text, '}');

            if (!end)
                return err_set(err, "the template's '%.20s' has no closing '}'", text);
            if (add_name(format, text + 1, (size_t)(end - text - 1), err) < 0)
                return -1;
            text = end + 1;
        } else if (*text == '}') {
            return err_set(err, "the template has a '}' without '{'; write '}}' for the character");
        } else if (add_literal_byte(format, *text++, err) < 0) {
            return -1;
        }
    }
    if (format->piece_count == 0)
        return err_set(err, "the template is empty");
    return 0;
}

/* After compile: the parts of every length that need no entry. */
static void sum_up(struct format *format)
{
    format->fixed_len = sizeof "\n" - 1;
    for (unsigned i = 0; i < format->piece_count; i++) {
        if (format->pieces[i].kind == PIECE_LITERAL)
            format->fixed_len += format->pieces[i].len;
        else if (format->pieces[i].kind == PIECE_TIME)
            format->time_count++;
        else
            format->varying[format->varying_count++] = (unsigned char)i;
    }
}

static int compile_named(struct format *format, const char *text, struct err *err)
{
    for (unsigned kind = FORMAT_TEMPLATE + 1; kind < FORMAT_KINDS; kind++) {
        if (strcmp(text, renderers[kind].name) == 0) {
            format->kind = (enum format_kind)kind;
            return 0;
        }
    }
    if (strcmp(text, "text") == 0)
        return compile(format, text_template, err);
    if (strcmp(text, "line") == 0)
        return compile(format, line_template, err);
    if (!strchr(text, '{'))
        return err_set(err,
                       "'%s' is no format; there are text, line, json, logfmt, rfc5424, rfc3164, "
                       "raw and templates such as '{time} {message}'",
                       text);
    return compile(format, text, err);
}

/* Without the message's first line there is nothing to indent the others under. */
static bool shows_message(const struct format *format)
{
    for (unsigned i = 0; i < format->piece_count; i++) {
        if (format->pieces[i].kind == PIECE_MESSAGE)
            return true;
    }
    return false;
}

static struct format *format_make(const char *text, const struct format_options *options,
                                  int (*compile_text)(struct format *format, const char *text,
                                                      struct err *err),
                                  struct err *err)
{
    struct format *format = calloc(1, sizeof *format);

    must(format);
    if (compile_text(format, text, err) < 0) {
        format_free(&format);
        return NULL;
    }
    format->indent_newlines = options->indent_newlines && shows_message(format);
    format->origin = options->origin;
    format->not_utf8 = &format->not_utf8_here;
    sum_up(format);
    own_host(format->own_host);
    timestamp_writer_init(&format->clock,
                          options->local_time && !renderers[format->kind].always_utc);
    format->arrivals = format->clock;
    return format;
}

struct format *format_new(const char *text, const struct format_options *options, struct err *err)
{
    return format_make(text, options, compile_named, err);
}

/* A topic is short, however long the entry is. */
static int compile_topic(struct format *format, const char *text, struct err *err)
{
    if (compile(format, text, err) < 0)
        return -1;
    for (unsigned i = 0; i < format->piece_count; i++) {
        if (format->pieces[i].kind == PIECE_MESSAGE || format->pieces[i].kind == PIECE_FIELDS)
            return err_set(err,
                           "a topic has no '{%s}'; there are {time} {host} {app} {level} "
                           "{topic} and {fields.NAME}",
                           piece_names[format->pieces[i].kind]);
    }
    return 0;
}

struct format *format_new_topic(const char *text, const struct format_options *options,
                                struct err *err)
{
    return format_make(text, options, compile_topic, err);
}

void format_free(struct format **format)
{
    free(*format);
    *format = NULL;
}

void format_count_not_utf8(struct format *format, uint64_t *counter)
{
    format->not_utf8 = counter;
}

bool format_asks_origin(const struct format *format)
{
    bool asks = format->origin;

    for (unsigned i = 0; i < format->piece_count; i++) {
        enum piece_kind kind = format->pieces[i].kind;

        asks |= kind == PIECE_SEQ || kind == PIECE_PEER || kind == PIECE_UID || kind == PIECE_KEY;
    }
    return asks;
}
