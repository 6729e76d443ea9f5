/* One JSON document becomes one entry. Strings without escapes stay where they are in
 * the message (views, not copies); the others are unescaped into its scratch area.
 *
 * The first known key of each meaning fills that part of the entry; what repeats it,
 * or would stand beside our own key of that name in JSON output, goes to the fields as
 * `key.2`. Unknown keys are fields, values other than strings as the JSON they are. */
#include <stdio.h>
#include <string.h>

#include "aggregate/span.h"
#include "conf/must.h"
#include "decode/decode_parts.h"
#include "decode/json_walk.h"

enum part {
    PART_TIME,
    PART_LEVEL,
    PART_MESSAGE,
    PART_HOST,
    PART_APP,
    PART_TOPIC,
    PART_OURS,
    PART_NONE
};

struct document {
    struct decoder *decoder;
    struct message *message;
    struct entry *entry;
    struct json_walk walk;
    uint32_t base;            /* where walk.text begins in the message */
    bool plain;               /* printable ASCII without a backslash, all of it */
    uint32_t scratch;         /* the next free byte of the scratch area */
    unsigned seen[PART_NONE]; /* how often each part was named */
};

static bool is(const char *key, const char *word, size_t len)
{
    return memcmp(key, word, len) == 0;
}

/* Which part of an entry a key names. By length first: one comparison or two a key. */
static enum part part_of(const char *key, size_t len)
{
    switch (len) {
    case 2:
        return is(key, "ts", 2) ? PART_TIME : PART_NONE;
    case 3:
        return is(key, "msg", 3)   ? PART_MESSAGE
               : is(key, "app", 3) ? PART_APP
               : is(key, "lvl", 3) ? PART_LEVEL
                                   : PART_NONE;
    case 4:
        return is(key, "time", 4) ? PART_TIME : is(key, "host", 4) ? PART_HOST : PART_NONE;
    case 5:
        return is(key, "level", 5) ? PART_LEVEL : is(key, "topic", 5) ? PART_TOPIC : PART_NONE;
    case 7:
        return is(key, "message", 7) ? PART_MESSAGE : is(key, "service", 7) ? PART_APP : PART_NONE;
    case 8:
        return is(key, "severity", 8)   ? PART_LEVEL
               : is(key, "hostname", 8) ? PART_HOST
               : is(key, "_logboom", 8) ? PART_OURS
                                        : PART_NONE;
    case 9:
        return is(key, "timestamp", 9) ? PART_TIME : PART_NONE;
    case 10:
        return is(key, "@timestamp", 10) ? PART_TIME : PART_NONE;
    default:
        return PART_NONE;
    }
}

bool decode_key_has_meaning(const char *key, size_t len)
{
    return part_of(key, len) != PART_NONE;
}

/* Whether the scratch area has room for len bytes that the document itself does not
 * pay for: unescaping never lengthens a string, so what is unread needs at most its own
 * length, up to the payload's end, since a document that fails may be read past its line. */
static bool has_room(const struct document *document, size_t len)
{
    const struct json_walk *walk = &document->walk;
    const struct message *message = document->message;
    size_t read =
        walk->at < walk->count ? document->base + walk->tokens[walk->at] : message->payload_len;

    return document->scratch + len + (message->payload_len - read) + MESSAGE_SPARE <= message->cap;
}

/* Copies bytes to the scratch area; they may lie in the message. */
static struct span to_scratch(struct document *document, const char *bytes, uint32_t len)
{
    struct span span = {.offset = document->scratch, .len = len};

    must(document->scratch + len + MESSAGE_SPARE <= document->message->cap);
    memcpy(document->message->bytes + document->scratch, bytes, len);
    document->scratch += len;
    return span;
}

/* A string that may have escapes: unescaped into the scratch area if it does. */
static bool unescape(struct document *document, uint32_t begin, uint32_t len, struct span *span_out)
{
    char *base = document->message->bytes;
    char *end, *to = base + document->scratch;

    *span_out = span_scan(base, begin, len);
    if (span_out->clean || !memchr(base + begin, '\\', len))
        return true;
    end = json_unescape(document->decoder->index, base + begin, to);
    if (!end)
        return false;
    *span_out = span_scan(base, document->scratch, (uint32_t)(end - to));
    document->scratch += (uint32_t)(end - to);
    return true;
}

/* The string token that comes next. */
static inline bool take_string(struct document *document, struct span *span_out)
{
    uint32_t begin, len;

    if (!json_walk_string(&document->walk, &begin, &len))
        return false;
    begin += document->base;
    if (!document->plain)
        return unescape(document, begin, len, span_out);
    /* No escapes, thus no quotes either. */
    *span_out = span_make(begin, len, SPAN_CLEAN | SPAN_QUOTELESS);
    return true;
}

/* JSON text without the white space between its tokens: the tokens' own strings hold
 * no control bytes, so afterwards none is left. */
static struct span compact(struct document *document, struct span literal)
{
    const char *from = document->message->bytes + literal.offset;
    char *to = document->message->bytes + document->scratch;
    bool in_string = false;
    uint32_t len = 0;

    for (uint32_t i = 0; i < literal.len; i++) {
        if (from[i] == '"')
            in_string = !in_string;
        if (!in_string && (from[i] == ' ' || from[i] == '\t' || from[i] == '\n' || from[i] == '\r'))
            continue;
        to[len++] = from[i];
        if (in_string && from[i] == '\\')
            to[len++] = from[++i];
    }
    literal = span_scan(document->message->bytes, document->scratch, len);
    document->scratch += len;
    return literal;
}

/* Any value but a string: as the text that it is. */
static bool take_literal(struct document *document, struct span *span_out)
{
    char *base = document->message->bytes;
    char first = json_walk_peek(&document->walk);
    uint32_t begin, len;

    document->walk.scratch = base + document->scratch;
    if (!json_walk_value(&document->walk, 1, &begin, &len))
        return false;
    begin += document->base;
    *span_out = span_make(begin, len, SPAN_CLEAN | SPAN_SOLID | SPAN_QUOTELESS);
    if (first == '{' || first == '[') { /* numbers and words have nothing that matters */
        *span_out = span_scan(base, begin, len);
        if (!span_out->clean)
            *span_out = compact(document, *span_out);
    }
    span_out->word |= SPAN_LITERAL;
    return true;
}

static bool take_value(struct document *document, struct span *span_out)
{
    return json_walk_peek(&document->walk) == '"' ? take_string(document, span_out)
                                                  : take_literal(document, span_out);
}

/* A string of a plain document was taken unseen: here are the bits that matter where it
 * stands in a column or between quotes. */
static struct span look_closely(const struct document *document, struct span span)
{
    if (!document->plain || span.literal)
        return span;
    return span_of_plain(document->message->bytes, span.offset, span.len);
}

/* False: no room for one more. */
static bool add_field(struct document *document, struct span key, struct span value)
{
    const char *base = document->message->bytes;

    key = document->plain ? span_of_plain_key(base, key.offset, key.len)
                          : span_scan_key(base, key.offset, key.len);
    return entry_add_field(document->entry, key, look_closely(document, value));
}

/* The nth of its name, if that is not 1: as `name.N`. */
static bool add_numbered_field(struct document *document, struct span key, struct span value,
                               unsigned nth)
{
    uint32_t key_len = key.len;
    char suffix[16];
    int suffix_len;

    if (nth == 1)
        return add_field(document, key, value);
    suffix_len = snprintf(suffix, sizeof suffix, ".%u", nth);
    if (!has_room(document, key_len + (size_t)suffix_len))
        return false;
    key = to_scratch(document, document->message->bytes + key.offset, key_len);
    to_scratch(document, suffix, (uint32_t)suffix_len);
    key = span_make(key.offset, key_len + (uint32_t)suffix_len, 0);
    return add_field(document, key, value);
}

static bool set_time(struct document *document, struct span value)
{
    struct entry *entry = document->entry;
    const char *text = document->message->bytes + value.offset;

    return value.literal
               ? timestamp_parse_epoch(text, value.len, &entry->time_ns, &entry->time_digits)
               : timestamp_parse(&document->decoder->times, text, value.len, &entry->time_ns,
                                 &entry->time_digits);
}

static bool set_level(struct document *document, struct span value)
{
    if (!value.literal)
        document->entry->level =
            (uint8_t)level_parse(document->message->bytes + value.offset, value.len);
    return document->entry->level != LEVEL_NONE;
}

/* null says that there is none; containers are no names. */
static bool set_column(const struct document *document, struct span *column, struct span value)
{
    char first = document->message->bytes[value.offset];

    if (value.literal && (first == 'n' || first == '{' || first == '['))
        return false;
    value.word &= ~SPAN_LITERAL;
    *column = look_closely(document, value);
    return true;
}

/* Fills the part; false: the value is not of its kind and stays a field. */
static bool set_part(struct document *document, enum part part, struct span value)
{
    struct entry *entry = document->entry;

    switch (part) {
    case PART_TIME:
        if (set_time(document, value))
            return true;
        entry->malformed = true;
        return false;
    case PART_LEVEL:
        return set_level(document, value);
    case PART_MESSAGE:
        value.word &= ~SPAN_LITERAL;
        entry->text = value;
        return true;
    case PART_HOST:
        return set_column(document, &entry->host, value);
    case PART_APP:
        return set_column(document, &entry->app, value);
    case PART_TOPIC:
        return set_column(document, &entry->topic, value);
    case PART_OURS:
    case PART_NONE:
        return false;
    }
    return false;
}

static bool add_member(struct document *document, struct span key, struct span value)
{
    const char *name = document->message->bytes + key.offset;
    enum part part = part_of(name, key.len);
    bool ours_in_json;

    if (part == PART_NONE)
        return add_field(document, key, value);
    if (document->seen[part]++ == 0 && set_part(document, part, value))
        return true;
    ours_in_json = part == PART_OURS || (part == PART_TIME && key.len == 4);
    if (document->seen[part] == 1 && ours_in_json)
        document->seen[part] = 2;
    return add_numbered_field(document, key, value, document->seen[part]);
}

static bool take_member(struct document *document)
{
    struct span key, value;

    if (!take_string(document, &key) || json_walk_peek(&document->walk) != ':')
        return false;
    document->walk.at++;
    return take_value(document, &value) && add_member(document, key, value);
}

static bool take_object(struct document *document)
{
    struct json_walk *walk = &document->walk;
    char next;

    if (json_walk_peek(walk) != '{')
        return false;
    walk->at++;
    if (json_walk_peek(walk) == '}') {
        walk->at++;
        return true;
    }
    do {
        if (!take_member(document))
            return false;
        next = json_walk_peek(walk);
        walk->at++;
    } while (next == ',');
    return next == '}';
}

/* Between the last token that was used and `end` there is no other one. */
static bool ends_before(const struct json_walk *walk, uint32_t base, uint32_t end)
{
    return base + walk->tokens[walk->at - 1] < end &&
           (walk->at == walk->count || base + walk->tokens[walk->at] >= end);
}

/* Filled where it stays: a copy would be read before its pieces have been written. */
static void begin_walk(struct json_walk *walk, const struct decoder *decoder,
                       const struct decode_cursor *cursor, struct message *message)
{
    walk->index = decoder->index;
    walk->text = message->bytes + cursor->base;
    walk->tokens = json_index_tokens(decoder->index, &walk->count);
    walk->at = cursor->token;
    walk->scratch = message->bytes + message->scratch_offset;
}

bool decode_is_document(const struct decoder *decoder, const struct decode_cursor *cursor,
                        struct message *message, uint32_t end)
{
    struct json_walk walk;
    uint32_t begin, len;

    begin_walk(&walk, decoder, cursor, message);
    return json_walk_peek(&walk) == '{' && json_walk_value(&walk, 0, &begin, &len) &&
           ends_before(&walk, cursor->base, end);
}

bool decode_document(struct decoder *decoder, struct decode_cursor *cursor, struct message *message,
                     uint32_t end, bool plain, struct entry *entry)
{
    struct document document = {
        .decoder = decoder,
        .message = message,
        .entry = entry,
        .base = cursor->base,
        .plain = plain,
        .scratch = message->scratch_offset,
        .seen = {[PART_TOPIC] = message->topic.len > 0},
    };

    begin_walk(&document.walk, decoder, cursor, message);
    if (!take_object(&document) || !ends_before(&document.walk, cursor->base, end))
        return false;
    cursor->token = document.walk.at;
    return true;
}
