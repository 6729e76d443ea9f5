#include "decode/decode.h"

#include <stdlib.h>
#include <string.h>

#include "conf/must.h"
#include "decode/decode_parts.h"
#include "decode/text_beginning.h"

struct decoder *decoder_new(struct budget *budget, size_t max_message, struct err *err)
{
    struct decoder *decoder = calloc(1, sizeof *decoder);

    must(decoder);
    decoder->budget = budget;
    decoder->index_bytes = json_index_bytes(max_message);
    if (!budget_claim(budget, BUDGET_PARSER, decoder->index_bytes)) {
        err_set(err, "memory.cap leaves no room for the parser, which needs %zu KiB",
                decoder->index_bytes / 1024);
        free(decoder);
        return NULL;
    }
    decoder->index = json_index_new(max_message);
    if (!decoder->index) {
        err_set(err, "cannot make the parser: out of memory");
        decoder_free(&decoder);
    }
    return decoder;
}

void decoder_free(struct decoder **decoder_address)
{
    struct decoder *decoder = *decoder_address;

    *decoder_address = NULL;
    if (!decoder)
        return;
    if (decoder->index)
        json_index_free(&decoder->index);
    budget_release(decoder->budget, BUDGET_PARSER, decoder->index_bytes);
    free(decoder);
}

/* The shortest field is `"":1,`. */
unsigned decode_fields_max(size_t max_entry)
{
    return (unsigned)(max_entry / 5 + 1);
}

/* Where the line that begins here ends: its newline, or the end of the payload. */
static uint32_t line_end(const struct message *message, uint32_t begin)
{
    const char *newline = memchr(message->bytes + begin, '\n', message->payload_len - begin);

    return newline ? (uint32_t)(newline - message->bytes) : message->payload_len;
}

/* The same without the CR of a CR LF. */
static uint32_t content_end(const struct message *message, uint32_t begin, uint32_t end)
{
    bool crlf = end < message->payload_len && end > begin && message->bytes[end - 1] == '\r';

    return crlf ? end - 1 : end;
}

uint32_t decode_payload_end(const struct message *message)
{
    uint32_t len = message->payload_len;

    return len > 0 && message->bytes[len - 1] == '\n' ? content_end(message, 0, len - 1) : len;
}

/* One line of the payload. */
struct line {
    uint32_t begin;
    uint32_t end;  /* of its content: without the newline, and the CR before it */
    uint32_t next; /* where the one after it begins */
    bool plain;    /* so is its content, see span_plain_len */
};

/* A newline is not plain, so one pass says of most lines both where they end and that they
 * are plain. */
static struct line line_at(const struct message *message, uint32_t begin)
{
    uint32_t left = message->payload_len - begin;
    uint32_t plain_end = begin + span_plain_len(message->bytes, begin, left);
    bool found = plain_end < message->payload_len && message->bytes[plain_end] == '\n';
    uint32_t end = found ? plain_end : line_end(message, plain_end);
    uint32_t stop = content_end(message, begin, end);

    return (struct line){begin, stop, end + 1, plain_end >= stop};
}

static bool is_blank(const struct message *message, uint32_t begin, uint32_t end)
{
    while (begin < end && (message->bytes[begin] == ' ' || message->bytes[begin] == '\t' ||
                           message->bytes[begin] == '\r'))
        begin++;
    return begin == end;
}

/* ---- text ------------------------------------------------------------------------ */

static void text_entry(struct decoder *decoder, const struct decode_rules *rules,
                       const struct decode_cursor *cursor, struct message *message, uint32_t begin,
                       uint32_t end, struct entry *entry)
{
    if (text_is_plain(rules, cursor, message->bytes + begin))
        decode_text(rules, message, begin, end, entry);
    else
        decode_text_line(decoder, rules, cursor, message, begin, end, entry);
}

static void next_line(struct decoder *decoder, const struct decode_rules *rules,
                      struct decode_cursor *cursor, struct message *message, struct entry *entry)
{
    uint32_t begin = cursor->at;
    uint32_t end = line_end(message, begin);

    cursor->at = end + 1;
    if (cursor->at >= message->payload_len)
        cursor->state = DECODE_END;
    text_entry(decoder, rules, cursor, message, begin, content_end(message, begin, end), entry);
}

static void whole_text(struct decoder *decoder, const struct decode_rules *rules,
                       struct decode_cursor *cursor, struct message *message, struct entry *entry)
{
    cursor->state = DECODE_END;
    text_entry(decoder, rules, cursor, message, 0, decode_payload_end(message), entry);
}

/* From the beginning, as the endpoint splits it. */
static void text(struct decoder *decoder, const struct decode_rules *rules,
                 struct decode_cursor *cursor, struct message *message, struct entry *entry)
{
    cursor->at = 0;
    cursor->state = DECODE_LINES;
    if (rules->split == CONF_SPLIT_LINES)
        next_line(decoder, rules, cursor, message, entry);
    else
        whole_text(decoder, rules, cursor, message, entry);
}

/* ---- JSON ------------------------------------------------------------------------ */

/* Indexes the payload from `base` on; what is not even a row of tokens is read with
 * care, line by line. */
static void index_from(struct decoder *decoder, struct decode_cursor *cursor,
                       const struct message *message, uint32_t base)
{
    bool built =
        json_index_build(decoder->index, message->bytes + base, message->payload_len - base);

    cursor->state = built ? DECODE_BATCH : DECODE_CAREFUL;
    cursor->base = base;
    cursor->token = 0;
    cursor->build = ++decoder->build;
}

/* Makes the tokens of the line from begin to end those that come next. False: the line
 * has none that could be a document's. */
static bool index_line(struct decoder *decoder, struct decode_cursor *cursor,
                       const struct message *message, uint32_t begin, uint32_t end)
{
    uint32_t count;
    const uint32_t *tokens;

    if (cursor->state == DECODE_CAREFUL) {
        cursor->base = begin;
        cursor->token = 0;
        cursor->build = ++decoder->build;
        return json_index_build(decoder->index, message->bytes + begin, end - begin);
    }
    if (cursor->build != decoder->build) /* another message was indexed meanwhile */
        index_from(decoder, cursor, message, begin);
    tokens = json_index_tokens(decoder->index, &count);
    while (cursor->token < count && cursor->base + tokens[cursor->token] < begin)
        cursor->token++;
    return true;
}

static void decode_line(struct decoder *decoder, const struct decode_rules *rules,
                        struct decode_cursor *cursor, struct message *message,
                        const struct line *line, struct entry *entry)
{
    uint32_t len = line->end - line->begin;

    entry_reset(entry, message);
    if (len <= rules->max_entry && index_line(decoder, cursor, message, line->begin, line->end) &&
        decode_document(decoder, cursor, message, line->end, line->plain,
                        rules->decode == CONF_DECODE_GELF, entry)) {
        entry->source = span_make(line->begin, len, 0);
        return;
    }
    decode_text(rules, message, line->begin, line->end, entry);
    entry->malformed = true;
}

static bool next_document(struct decoder *decoder, const struct decode_rules *rules,
                          struct decode_cursor *cursor, struct message *message,
                          struct entry *entry)
{
    struct line line;

    do {
        if (cursor->at >= message->payload_len)
            return false;
        line = line_at(message, cursor->at);
        cursor->at = line.next;
    } while (is_blank(message, line.begin, line.end));
    decode_line(decoder, rules, cursor, message, &line, entry);
    return true;
}

/* Whether the first line is a document, so that the payload is NDJSON. Fills the entry
 * if so; one too long for an entry is then text. */
static bool first_document(struct decoder *decoder, const struct decode_rules *rules,
                           struct decode_cursor *cursor, struct message *message,
                           const struct line *line, struct entry *entry)
{
    if (!index_line(decoder, cursor, message, 0, line->end))
        return false;
    if (line->end > rules->max_entry) {
        if (!decode_is_document(decoder, cursor, message, line->end))
            return false;
        decode_text(rules, message, 0, line->end, entry);
        entry->malformed = true;
    } else {
        if (!decode_document(decoder, cursor, message, line->end, line->plain,
                             rules->decode == CONF_DECODE_GELF, entry))
            return false;
        entry->source = span_make(0, line->end, 0);
    }
    cursor->at = line->next;
    return true;
}

/* One document over several lines. */
static bool whole_document(struct decoder *decoder, const struct decode_rules *rules,
                           struct decode_cursor *cursor, struct message *message,
                           struct entry *entry)
{
    uint32_t end = decode_payload_end(message);

    entry_reset(entry, message);
    cursor->token = 0;
    if (cursor->state == DECODE_CAREFUL || end > rules->max_entry ||
        !decode_document(decoder, cursor, message, message->payload_len, false,
                         rules->decode == CONF_DECODE_GELF, entry))
        return false;
    entry->source = span_make(0, end, 0);
    cursor->state = DECODE_END;
    return true;
}

/* False: it is no JSON. */
static bool begin_json(struct decoder *decoder, const struct decode_rules *rules,
                       struct decode_cursor *cursor, struct message *message, struct entry *entry)
{
    struct line line = line_at(message, 0);

    index_from(decoder, cursor, message, 0);
    entry_reset(entry, message);
    return first_document(decoder, rules, cursor, message, &line, entry) ||
           (line.next <= message->payload_len &&
            whole_document(decoder, rules, cursor, message, entry));
}

/* Whether it must be JSON. */
static bool wants_json(const struct decode_rules *rules)
{
    return rules->decode == CONF_DECODE_JSON || rules->decode == CONF_DECODE_GELF;
}

static bool reads_msgpack(const struct decode_rules *rules)
{
    return rules->decode == CONF_DECODE_AUTO || rules->decode == CONF_DECODE_MSGPACK;
}

/* No MessagePack of those forms is clean as text: its first byte, also behind a key, begins no
 * character of UTF-8, or what follows it continues none. */
static bool may_be_msgpack(const struct entry *text)
{
    return !text->text.clean || text->cut;
}

static void text_or_msgpack(struct decoder *decoder, const struct decode_rules *rules,
                            struct decode_cursor *cursor, struct message *message,
                            struct entry *entry)
{
    text(decoder, rules, cursor, message, entry);
    if (reads_msgpack(rules) && may_be_msgpack(entry) && decode_msgpack(cursor, message))
        decode_msgpack_next(decoder, rules, cursor, message, entry);
}

/* ---- the door -------------------------------------------------------------------- */

static void begin(struct decoder *decoder, const struct decode_rules *rules,
                  struct decode_cursor *cursor, struct message *message, struct entry *entry)
{
    bool reads_json = rules->decode == CONF_DECODE_AUTO || wants_json(rules);
    bool looks_like_json = reads_json && message->payload_len > 0 && message->bytes[0] == '{';

    cursor->level = LEVEL_NONE;
    if (message->topic.len > 0)
        decode_topic(cursor, message);
    if (message->header.len > 0 || message->header_lost) {
        decode_cmdp(decoder, rules, cursor, message, entry);
    } else if (!looks_like_json) {
        text_or_msgpack(decoder, rules, cursor, message, entry);
    } else if (!begin_json(decoder, rules, cursor, message, entry)) {
        text(decoder, rules, cursor, message, entry);
        entry->malformed = true;
    }
}

static bool next(struct decoder *decoder, const struct decode_rules *rules,
                 struct decode_cursor *cursor, struct message *message, struct entry *entry)
{
    switch (cursor->state) {
    case DECODE_BEGIN:
        begin(decoder, rules, cursor, message, entry);
        return true;
    case DECODE_BATCH:
    case DECODE_CAREFUL:
        return next_document(decoder, rules, cursor, message, entry);
    case DECODE_LINES:
        next_line(decoder, rules, cursor, message, entry);
        return true;
    case DECODE_MSGPACK:
        decode_msgpack_next(decoder, rules, cursor, message, entry);
        return true;
    case DECODE_END:
        return false;
    }
    return false;
}

bool decode_next(struct decoder *decoder, const struct decode_rules *rules,
                 struct decode_cursor *cursor, struct message *message, struct entry *entry)
{
    if (!next(decoder, rules, cursor, message, entry))
        return false;
    if (entry->level == LEVEL_NONE && cursor->level != LEVEL_NONE)
        decode_add_level(message, entry, cursor->level);
    return true;
}
