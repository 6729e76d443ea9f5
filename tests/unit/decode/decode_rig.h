/* decode_rig.h - what the tests of decoding share: a decoder with its pools, and what
 * holds for every entry, whatever it came from. */
#ifndef TESTS_UNIT_DECODE_RIG_H
#define TESTS_UNIT_DECODE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/escape.h"
#include "decode/decode.h"

/* What is read past a span by those who render it. */
enum { RIG_READ_AHEAD = 16, RIG_RECEIVED_NS = 1000000007 };

struct decode_rig {
    struct budget budget;
    struct message_pool *messages;
    struct entry_pool *entries;
    struct decoder *decoder;
    struct decode_rules rules;
    int64_t received_ns; /* of messages */

    /* the message in hand */
    struct message *message;
    struct entry *entry;
    struct decode_cursor cursor;
    uint32_t source_end; /* of the entry before */
};

static inline void rig_open(struct decode_rig *rig, size_t max_message, size_t max_entry)
{
    struct err err;

    memset(rig, 0, sizeof *rig);
    budget_init(&rig->budget, SIZE_MAX);
    rig->messages = message_pool_new(&rig->budget, max_message, 2, &err);
    rig->entries = entry_pool_new(&rig->budget, decode_fields_max(max_entry), 2, &err);
    rig->decoder = decoder_new(&rig->budget, max_message, &err);
    rig->rules.max_entry = max_entry;
    rig->received_ns = RIG_RECEIVED_NS;
    assert_true(rig->messages && rig->entries && rig->decoder);
}

static inline void rig_close(struct decode_rig *rig)
{
    decoder_free(&rig->decoder);
    entry_pool_free(&rig->entries);
    message_pool_free(&rig->messages);
    budget_fini(&rig->budget);
}

static inline void rig_begin(struct decode_rig *rig, const char *payload, size_t len,
                             const char *topic)
{
    struct message_parts parts = {.payload = {payload, len},
                                  .topic = {topic, topic ? strlen(topic) : 0}};

    rig->message = message_take(rig->messages, &parts);
    rig->entry = entry_take(rig->entries);
    assert_true(rig->message && rig->entry);
    rig->message->received_ns = rig->received_ns;
    rig->cursor = (struct decode_cursor){0};
    rig->source_end = 0;
}

static inline void rig_end(struct decode_rig *rig)
{
    entry_return(rig->entries, rig->entry);
    message_return(rig->message);
}

/* It lies in the message, and what its bits say of the bytes is true. */
static inline void rig_check_span(const struct decode_rig *rig, struct span span, char quote)
{
    const char *bytes = rig->message->bytes + span.offset;

    if (span.len == 0)
        return;
    assert_in_range((uint64_t)span.offset + span.len, 1, rig->message->cap - RIG_READ_AHEAD);
    if (span.clean)
        assert_int_equal(escape_len(ESCAPE_MESSAGE, bytes, span.len), span.len);
    if (span.solid)
        assert_int_equal(escape_len(ESCAPE_COLUMN, bytes, span.len), span.len);
    if (span.quoteless)
        assert_true(!memchr(bytes, '"', span.len) && !memchr(bytes, quote, span.len));
}

/* Sources follow one another within the payload, every other span lies in the message. */
static inline void rig_check_entry(struct decode_rig *rig)
{
    const struct entry *entry = rig->entry;

    rig_check_span(rig, entry->host, '"');
    rig_check_span(rig, entry->app, '"');
    rig_check_span(rig, entry->topic, '"');
    rig_check_span(rig, entry->text, '"');
    for (unsigned i = 0; i < entry->field_count; i++) {
        rig_check_span(rig, entry->fields[i].key, '=');
        rig_check_span(rig, entry->fields[i].value, '"');
    }
    assert_true(entry->field_count <= entry->field_max);
    assert_true(entry->source.offset >= rig->source_end);
    rig->source_end = entry->source.offset + entry->source.len;
    assert_in_range(rig->source_end, 0, rig->message->payload_len);
    assert_int_equal(entry->received_ns, rig->received_ns);
}

static inline bool rig_next(struct decode_rig *rig)
{
    if (!decode_next(rig->decoder, &rig->rules, &rig->cursor, rig->message, rig->entry))
        return false;
    rig_check_entry(rig);
    return true;
}

/* What an endpoint does while another one's message is parked: the decoder's index is
 * another message's afterwards. */
static inline void rig_decode_another(struct decode_rig *rig)
{
    static const char another[] = "{\"x\":[1,2,3]}\n{\"message\":\"\\u0041\"}\nno\n{}";
    struct message_parts parts = {.payload = {another, sizeof another - 1}};
    struct message *message = message_take(rig->messages, &parts);
    struct entry *entry = entry_take(rig->entries);
    struct decode_rules rules = {.max_entry = 100};
    struct decode_cursor cursor = {0};
    unsigned entry_count = 0;

    assert_true(message && entry);
    while (decode_next(rig->decoder, &rules, &cursor, message, entry))
        entry_count++;
    assert_int_equal(entry_count, 4);
    entry_return(rig->entries, entry);
    message_return(message);
}

static inline char *rig_put(char *to, const struct decode_rig *rig, struct span span)
{
    memcpy(to, rig->message->bytes + span.offset, span.len);
    return to + span.len;
}

#endif
