/* One JSON document becomes one entry. Strings without escapes stay where they are in
 * the message (views, not copies); the others are unescaped into its scratch area. What
 * becomes of each member is decode/record.c's. */
#include <string.h>

#include "aggregate/span.h"
#include "conf/must.h"
#include "decode/decode_parts.h"
#include "decode/json_walk.h"
#include "decode/record_add.h"

struct document {
    struct record record;
    struct json_walk walk;
    uint32_t base; /* where walk.text begins in the message */
};

/* A string that may have escapes: unescaped into the scratch area if it does. */
static bool unescape(struct document *document, uint32_t begin, uint32_t len, struct span *span_out)
{
    char *base = document->record.message->bytes;
    char *end, *to = base + document->record.scratch;

    *span_out = span_scan(base, begin, len);
    if (span_out->clean || !memchr(base + begin, '\\', len))
        return true;
    end = json_unescape(document->record.decoder->index, base + begin, to);
    if (!end)
        return false;
    *span_out = span_scan(base, document->record.scratch, (uint32_t)(end - to));
    document->record.scratch += (uint32_t)(end - to);
    return true;
}

/* The string token that comes next. */
static inline bool take_string(struct document *document, struct span *span_out)
{
    uint32_t begin, len;

    if (!json_walk_string(&document->walk, &begin, &len))
        return false;
    begin += document->base;
    if (!document->record.plain)
        return unescape(document, begin, len, span_out);
    /* No escapes, thus no quotes either. */
    *span_out = span_make(begin, len, SPAN_CLEAN | SPAN_QUOTELESS);
    return true;
}

/* JSON text without the white space between its tokens: the tokens' own strings hold
 * no control bytes, so afterwards none is left. */
static struct span compact(struct document *document, struct span literal)
{
    const char *from = document->record.message->bytes + literal.offset;
    char *to = document->record.message->bytes + document->record.scratch;
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
    literal = span_scan(document->record.message->bytes, document->record.scratch, len);
    document->record.scratch += len;
    return literal;
}

/* Any value but a string: as the text that it is. */
static bool take_literal(struct document *document, struct span *span_out)
{
    char *base = document->record.message->bytes;
    char first = json_walk_peek(&document->walk);
    uint32_t begin, len;

    document->walk.scratch = base + document->record.scratch;
    if (!json_walk_integer(&document->walk, &begin, &len) &&
        !json_walk_value(&document->walk, 1, &begin, &len))
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

static bool take_member(struct document *document)
{
    struct span key, value;

    if (!take_string(document, &key) || json_walk_peek(&document->walk) != ':')
        return false;
    document->walk.at++;
    return take_value(document, &value) && record_add(&document->record, key, value);
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

static uint32_t read_through(const struct record *record)
{
    const struct document *document =
        container_of((struct record *)(uintptr_t)record, struct document, record);
    const struct json_walk *walk = &document->walk;

    return walk->at < walk->count ? document->base + walk->tokens[walk->at]
                                  : record->message->payload_len;
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
                     uint32_t end, bool plain, bool gelf, struct entry *entry)
{
    struct document document;

    record_begin(&document.record, decoder, message, entry, read_through);
    document.record.plain = plain;
    if (gelf)
        record_company(&document.record)->gelf = true;
    document.base = cursor->base;
    begin_walk(&document.walk, decoder, cursor, message);
    if (!take_object(&document) || !ends_before(&document.walk, cursor->base, end) ||
        (document.record.odd && !record_finish(&document.record)))
        return false;
    cursor->token = document.walk.at;
    return true;
}
