/* RFC 5424 §6, from the version on:
 *
 *     1 2003-10-11T22:14:15.003Z host app 111 ID47 [id@32473 iut="3"] text
 *       time                     host app pid msgid  structured data
 *
 * Strict, but for lengths, and for nanoseconds. The process becomes the field `pid`; the
 * message's id is the topic, as which we write it, or a field where there is a topic frame.
 *
 * Structured data become fields called `id.name`; our own `fields@32473` holds what were
 * fields before, under their own names. A name that means something in JSON (see the keys
 * in docs/semantics.md) must not come out as that: it is `name.2`, as if it came second. */
#include "decode/json_names.h"
#include "decode/text_parts.h"

#define OUR_FIELDS "fields@32473"
#define SECOND     ".2"

/* ---- the header ---------------------------------------------------------------------------- */

static bool take_time(struct text_line *line)
{
    struct entry *entry = line->entry;
    const char *text;
    struct span word;

    if (!text_word(line, &word))
        return false;
    text = line->message->bytes + word.offset;
    if (word.len == 1 && *text == '-')
        return true;
    return word.len > CIVIL_ISO_LEN && text[10] == 'T' &&
           timestamp_parse(&line->decoder->times, text, word.len, &entry->time_ns,
                           &entry->time_digits);
}

/* A space and a word. */
static bool take_column(struct text_line *line, struct span *column_out)
{
    struct span word;

    if (!TEXT_TAKE(line, " ") || !text_word(line, &word))
        return false;
    *column_out = text_or_nil(line, word);
    return true;
}

static bool set_message_id(struct text_line *line, struct span id)
{
    if (line->entry->topic.len > 0)
        return id.len == 0 || TEXT_ADD(line, "msgid", id);
    line->entry->topic = id;
    return true;
}

static bool take_header(struct text_line *line)
{
    struct span process, id;

    return TEXT_TAKE(line, "1 ") && take_time(line) && take_column(line, &line->entry->host) &&
           take_column(line, &line->entry->app) && take_column(line, &process) &&
           take_column(line, &id) && (process.len == 0 || TEXT_ADD(line, "pid", process)) &&
           set_message_id(line, id);
}

/* ---- structured data ----------------------------------------------------------------------- */

/* SD-NAME: printable ASCII, neither space nor = ] and the quote. */
static bool take_name(struct text_line *line, struct span *name_out)
{
    unsigned seen;
    uint32_t begin = line->at;

    line->at = text_run(line, begin,
                        BYTE_SPACE | BYTE_ODD | BYTE_EQUALS | BYTE_BRACKET | BYTE_QUOTE, &seen);
    *name_out = text_span_of(begin, line->at, seen);
    return line->at > begin;
}

static bool is_escapable(char c)
{
    return c == '"' || c == '\\' || c == ']';
}

/* To where the value ends, its quote; whether anything in it is escaped, and what there is.
 * False: there is no end, or a bracket that must be escaped is not. */
static bool find_end(const struct text_line *line, uint32_t *end_out, bool *escaped_out,
                     unsigned *seen_out)
{
    const char *bytes = line->message->bytes;
    uint32_t at = line->at;
    unsigned seen;

    *escaped_out = false;
    *seen_out = 0;
    for (;;) {
        at = text_run(line, at, BYTE_QUOTE | BYTE_BRACKET | BYTE_BACKSLASH, &seen);
        *seen_out |= seen;
        if (at == line->end || bytes[at] == ']')
            return false;
        *end_out = at;
        if (bytes[at] == '"')
            return true;
        *seen_out |= BYTE_BACKSLASH;
        if (++at < line->end && is_escapable(bytes[at])) {
            *escaped_out = true;
            at++;
        }
    }
}

/* \" \\ \] without their backslash; any other backslash is one. */
static bool unescape(struct text_line *line, uint32_t begin, uint32_t end, struct span *value_out)
{
    const char *from = line->message->bytes;
    char *to = line->message->bytes + line->scratch;
    uint32_t len = 0;

    if (line->scratch + (end - begin) + MESSAGE_SPARE > line->message->cap)
        return false;
    for (uint32_t at = begin; at < end; at++) {
        if (from[at] == '\\' && at + 1 < end &&
            (from[at + 1] == '"' || from[at + 1] == '\\' || from[at + 1] == ']'))
            at++;
        to[len++] = from[at];
    }
    *value_out = text_span(line, line->scratch, line->scratch + len);
    line->scratch += len;
    return true;
}

static bool take_value(struct text_line *line, struct span *value_out)
{
    uint32_t begin = line->at, end;
    unsigned seen;
    bool escaped;

    if (!find_end(line, &end, &escaped, &seen))
        return false;
    line->at = end + 1;
    if (escaped)
        return unescape(line, begin, end, value_out);
    *value_out = seen & BYTE_ODD ? text_span(line, begin, end) : text_span_of(begin, end, seen);
    return true;
}

/* Two pieces as one name, with `between` in the middle, which is clean. */
static bool join(struct text_line *line, struct span first, const char *between,
                 uint32_t between_len, struct span second, struct span *name_out)
{
    char *base = line->message->bytes;
    uint32_t len = (uint32_t)first.len + between_len + (uint32_t)second.len;
    char *to = base + line->scratch;

    if (line->scratch + len + MESSAGE_SPARE > line->message->cap)
        return false;
    memcpy(to, base + first.offset, first.len);
    memcpy(to + first.len, between, between_len);
    memcpy(to + first.len + between_len, base + second.offset, second.len);
    *name_out = span_make(line->scratch, len,
                          first.word & second.word & (SPAN_CLEAN | SPAN_SOLID | SPAN_QUOTELESS));
    line->scratch += len;
    return true;
}

static bool add(struct text_line *line, struct span name, struct span value)
{
    struct span nothing = span_make(0, 0, SPAN_CLEAN | SPAN_SOLID | SPAN_QUOTELESS);

    if (json_name_is_taken(line->message->bytes + name.offset, name.len) &&
        !join(line, name, SECOND, sizeof SECOND - 1, nothing, &name))
        return false;
    return entry_add_field(line->entry, name, value);
}

static bool is_ours(const struct text_line *line, struct span id)
{
    return id.len == sizeof OUR_FIELDS - 1 &&
           memcmp(line->message->bytes + id.offset, OUR_FIELDS, id.len) == 0;
}

static bool take_parameter(struct text_line *line, struct span id, bool ours)
{
    struct span name, value;

    return take_name(line, &name) && TEXT_TAKE(line, "=\"") && take_value(line, &value) &&
           (ours || join(line, id, ".", 1, name, &name)) && add(line, name, value);
}

/* Behind its bracket. One without parameters is a field without a value. */
static bool take_element(struct text_line *line)
{
    struct span id;
    bool ours;

    if (!take_name(line, &id))
        return false;
    ours = is_ours(line, id);
    if (text_peek(line) == ']' && !ours && !add(line, id, (struct span){.offset = id.offset}))
        return false;
    while (TEXT_TAKE(line, " ")) {
        if (!take_parameter(line, id, ours))
            return false;
    }
    return TEXT_TAKE(line, "]");
}

static bool take_data(struct text_line *line)
{
    if (TEXT_TAKE(line, "-"))
        return true;
    if (text_peek(line) != '[')
        return false;
    while (TEXT_TAKE(line, "[")) {
        if (!take_element(line))
            return false;
    }
    return true;
}

/* ---- the message --------------------------------------------------------------------------- */

static bool take_message(struct text_line *line)
{
    if (line->at < line->end && !TEXT_TAKE(line, " "))
        return false;
    TEXT_TAKE(line, "\xef\xbb\xbf");
    return text_rest(line);
}

bool text_rfc5424(struct text_line *line)
{
    return take_header(line) && TEXT_TAKE(line, " ") && take_data(line) && take_message(line);
}
