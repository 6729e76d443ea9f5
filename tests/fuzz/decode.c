/* decode.c - any bytes as a message: entries that are whole, in order and on one line.
 *
 * The first three bytes choose the rules and the topic, the rest is the payload. What must
 * hold for every entry: sources cover all of the payload but white space and line ends;
 * spans lie in the message and their bits are true; every format writes what it said and
 * one line end; the json output is a document that names no key of ours twice; and the
 * same comes out when another message is decoded in between. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/escape.h"
#include "aggregate/format.h"
#include "conf/must.h"
#include "decode/decode.h"
#include "decode/json_walk.h"
#include "decode/msgpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { MAX_MESSAGE = 8 * 1024, RENDERED_MAX = 64 * 1024, FORMATS = 8 };

#define RECEIVED_NS 1795404852000000000LL /* in November 2026 */

static struct {
    struct budget budget;
    struct message_pool *messages;
    struct entry_pool *entries;
    struct decoder *decoder;
    struct json_index *judge;
    struct format *formats[FORMATS];
    char *rendered, *again;
    char *scratch;
} f;

/* One decoding, which others may interrupt. */
struct reading {
    struct decode_rules rules;
    struct decode_cursor cursor;
    struct message *message;
    struct entry *entry;
    bool is_packed; /* events in MessagePack */
};

static void open_all(void)
{
    static const char *const formats[FORMATS] = {
        "json",   "raw",     "text",    "line",
        "logfmt", "rfc5424", "rfc3164", "{topic} {fields.a} {message}{fields}"};
    struct format_options options = {.local_time = false};
    struct err err;

    budget_init(&f.budget, SIZE_MAX);
    f.messages = message_pool_new(&f.budget, MAX_MESSAGE, 3, &err);
    f.entries = entry_pool_new(&f.budget, decode_fields_max(MAX_MESSAGE), 3, &err);
    f.decoder = decoder_new(&f.budget, MAX_MESSAGE, &err);
    f.judge = json_index_new(RENDERED_MAX);
    for (unsigned i = 0; i < FORMATS; i++)
        f.formats[i] = format_new(formats[i], &options, &err);
    f.rendered = malloc(RENDERED_MAX + FORMAT_SPARE);
    f.again = malloc(RENDERED_MAX + FORMAT_SPARE);
    f.scratch = malloc(RENDERED_MAX + 64);
    must(f.messages && f.entries && f.decoder && f.judge && f.rendered && f.again && f.scratch);
}

static struct reading begin(const uint8_t *rules, const uint8_t *payload, size_t len)
{
    static const char topics[4][16] = {"orders.new\xff\n", "rails:17", "a.ERROR.b", "LOG/STATUS"};
    static const enum conf_decode words[8] = {
        CONF_DECODE_AUTO,    CONF_DECODE_JSON,    CONF_DECODE_TEXT, CONF_DECODE_GELF,
        CONF_DECODE_RFC5424, CONF_DECODE_RFC3164, CONF_DECODE_AUTO, CONF_DECODE_MSGPACK};
    static const size_t max_entries[] = {MAX_MESSAGE, MAX_MESSAGE, 16, 40};
    size_t header_len = rules[0] & 16 ? (len < 32 ? len : 32) : 0; /* CMDP's */
    struct reading reading = {
        .rules = {.decode = words[rules[0] % 4 + (rules[0] & 8 ? 4u : 0u)],
                  .split = rules[0] & 4 ? CONF_SPLIT_LINES : CONF_SPLIT_NONE,
                  .max_entry = max_entries[rules[1] % 4]},
        .message = message_take(
            f.messages, &(struct message_parts){.payload = {payload, len},
                                                .topic = {topics[rules[2] / 16 % 4], rules[2] % 16},
                                                .header = {payload, header_len}}),
        .entry = entry_take(f.entries),
    };

    must(reading.message && reading.entry);
    reading.message->received_ns = RECEIVED_NS;
    return reading;
}

static bool next(struct reading *reading)
{
    if (!decode_next(f.decoder, &reading->rules, &reading->cursor, reading->message,
                     reading->entry))
        return false;
    reading->is_packed |= reading->cursor.state == DECODE_MSGPACK ||
                          msgpack_may_begin(reading->message->bytes[reading->entry->source.offset]);
    return true;
}

static void end(struct reading *reading)
{
    entry_return(f.entries, reading->entry);
    message_return(reading->message);
}

/* ---- what holds for an entry ------------------------------------------------------------- */

static void check_span(const struct reading *reading, struct span span, char quote)
{
    const char *bytes = reading->message->bytes + span.offset;

    if (span.len == 0)
        return;
    must((uint64_t)span.offset + span.len + 16 <= reading->message->cap);
    must(!span.clean || escape_len(ESCAPE_MESSAGE, bytes, span.len) == span.len);
    must(!span.solid || escape_len(ESCAPE_COLUMN, bytes, span.len) == span.len);
    must(!span.quoteless || (!memchr(bytes, '"', span.len) && !memchr(bytes, quote, span.len)));
}

static void check_spans(const struct reading *reading)
{
    const struct entry *entry = reading->entry;

    check_span(reading, entry->host, '"');
    check_span(reading, entry->app, '"');
    check_span(reading, entry->topic, '"');
    check_span(reading, entry->text, '"');
    check_span(reading, entry->source, '"');
    for (unsigned i = 0; i < entry->field_count; i++) {
        check_span(reading, entry->fields[i].key, '=');
        check_span(reading, entry->fields[i].value, '"');
    }
}

/* Around events in MessagePack stand tags and options, which are no event's. */
static void check_skipped(const struct reading *reading, uint32_t from, uint32_t to)
{
    must(from <= to && to <= reading->message->payload_len);
    if (reading->is_packed)
        return;
    for (; from < to; from++)
        must(strchr(" \t\r\n", reading->message->bytes[from]) && reading->message->bytes[from]);
}

/* `covered` is the end of the source before; after an entry that was cut anything may
 * have been left out. */
static uint32_t check_source(const struct reading *reading, uint32_t covered, bool after_cut)
{
    struct span source = reading->entry->source;

    must(source.offset >= covered);
    if (!after_cut)
        check_skipped(reading, covered, source.offset);
    return source.offset + source.len;
}

/* ---- what holds for a line ------------------------------------------------------------------ */

static void count_ours(const struct json_walk *walk, uint32_t begin, uint32_t len, unsigned *counts)
{
    static const char *const ours[] = {"time", "message", "_logboom"};

    for (unsigned i = 0; i < 3; i++)
        counts[i] += strlen(ours[i]) == len && memcmp(walk->text + begin, ours[i], len) == 0;
}

/* One object, and each of our keys at most once at its top. */
static void check_json(size_t len)
{
    struct json_walk walk = {.index = f.judge, .text = f.rendered, .scratch = f.scratch};
    unsigned counts[3] = {0};
    uint32_t begin, span_len;

    f.rendered[len] = '\0'; /* which begins no token */
    must(json_index_build(f.judge, f.rendered, len));
    walk.tokens = json_index_tokens(f.judge, &walk.count);
    must(json_walk_value(&walk, 0, &begin, &span_len) && walk.at == walk.count && begin == 0);
    for (walk.at = 1; json_walk_string(&walk, &begin, &span_len); walk.at++) {
        count_ours(&walk, begin, span_len, counts);
        walk.at++;
        must(json_walk_value(&walk, 1, &begin, &span_len));
    }
    must(counts[0] == 1 && counts[1] == 1 && counts[2] <= 1);
}

/* The years that a time can have and still be read again. */
static bool year_is_readable(int64_t time_ns)
{
    return time_ns > -9214560000LL * 1000000000 && time_ns < 9214646400LL * 1000000000;
}

/* Our own output is a document for us, and says the same. */
static void check_reading_back(const struct reading *reading, size_t len)
{
    const struct entry *entry = reading->entry;
    static const uint8_t rules[3] = {0};
    struct reading back;

    if (len > MAX_MESSAGE || !year_is_readable(entry->time_ns))
        return;
    back = begin(rules, (const uint8_t *)f.rendered, len);
    must(next(&back));
    must(!back.entry->malformed && !back.entry->cut);
    must(back.entry->time_ns / 1000 == entry->time_ns / 1000);
    must(back.entry->level == entry->level);
    must(back.entry->app.len == 0 || entry->app.len > 0);
    if (entry->text.clean) {
        must(back.entry->text.len == entry->text.len);
        must(memcmp(back.message->bytes + back.entry->text.offset,
                    reading->message->bytes + entry->text.offset, entry->text.len) == 0);
    }
    must(!next(&back));
    end(&back);
}

static void check_rendering(const struct reading *reading, unsigned i)
{
    const char *base = reading->message->bytes;
    size_t len = format_len(f.formats[i], reading->entry, base);

    must(len > 0 && len <= RENDERED_MAX);
    must(format_write(f.formats[i], reading->entry, base, f.rendered) == f.rendered + len);
    must(memchr(f.rendered, '\n', len) == f.rendered + len - 1);
    if (i == 0) {
        check_json(len);
        check_reading_back(reading, len);
    }
}

/* ---- two readings side by side ------------------------------------------------------------ */

static void check_same(const struct reading *a, const struct reading *b)
{
    size_t len = format_len(f.formats[2], a->entry, a->message->bytes);

    must(format_len(f.formats[2], b->entry, b->message->bytes) == len);
    format_write(f.formats[2], a->entry, a->message->bytes, f.rendered);
    format_write(f.formats[2], b->entry, b->message->bytes, f.again);
    must(memcmp(f.rendered, f.again, len) == 0);
    must(a->entry->source.offset == b->entry->source.offset);
    must(a->entry->source.len == b->entry->source.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct reading reading, other;
    uint32_t covered = 0;
    bool after_cut = false;

    if (len < 3 || len > 3 + MAX_MESSAGE)
        return 0;
    if (!f.messages)
        open_all();
    reading = begin(data, data + 3, len - 3);
    other = begin(data, data + 3, len - 3);
    while (next(&reading)) {
        must(next(&other)); /* each finds the index moved by the other */
        check_same(&reading, &other);
        check_spans(&reading);
        covered = check_source(&reading, covered, after_cut);
        after_cut = reading.entry->cut;
        for (unsigned i = 0; i < FORMATS; i++)
            check_rendering(&reading, i);
    }
    must(!next(&other));
    if (!after_cut)
        check_skipped(&reading, covered, reading.message->payload_len);
    end(&reading);
    end(&other);
    return 0;
}
