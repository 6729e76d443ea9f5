/* replay.c - what an endpoint took is there once more, entry by entry, with all that it added; and
 * what it took by other rules than it has now is never read. */
#include "ingest/replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/endpoint_parts.h"

enum { MAX_MESSAGE = 16 * 1024, FIELDS = 32 };

static struct {
    struct budget budget;
    struct message_pool *messages;
    struct decoder *decoder;
    struct recent *recent;
    struct replay *replay;
    struct conf_pair pairs[2];
    struct conf_ingest conf;
    struct endpoint endpoint;
} t;

static int begin(void **state)
{
    struct err err;

    (void)state;
    memset(&t, 0, sizeof t);
    budget_init(&t.budget, SIZE_MAX);
    t.messages = message_pool_new(&t.budget, MAX_MESSAGE, 1, &err);
    t.decoder = decoder_new(&t.budget, MAX_MESSAGE, &err);
    t.recent = recent_new(&t.budget, MAX_MESSAGE, &err);
    t.replay = replay_new(&t.budget, MAX_MESSAGE, FIELDS, t.decoder, &err);
    t.conf = (struct conf_ingest){.split = CONF_SPLIT_LINES, .max_entry.bytes = MAX_MESSAGE};
    t.conf.fields.items = t.pairs;
    t.endpoint.conf = &t.conf;
    t.endpoint.shared.recent = t.recent;
    endpoint_renew(&t.endpoint);
    return 0;
}

static int end(void **state)
{
    (void)state;
    replay_free(&t.replay);
    recent_free(&t.recent);
    decoder_free(&t.decoder);
    message_pool_free(&t.messages);
    budget_fini(&t.budget);
    return 0;
}

static void add_field(const char *name, const char *value)
{
    t.pairs[t.conf.fields.count++] =
        (struct conf_pair){(char *)(uintptr_t)name, (char *)(uintptr_t)value};
}

/* So many entries were taken of this message, behind so many others. */
static void take(const char *payload, const char *key, uint32_t skip, uint32_t count)
{
    const struct stamp *stamp = &t.endpoint.stamp;
    const struct message_parts parts = {.payload = {payload, strlen(payload)},
                                        .key = {key, strlen(key)},
                                        .added = {stamp->bytes, stamp->same_len}};
    struct message *message = message_take(t.messages, &parts);

    recent_add(t.recent, message, &(struct recent_origin){.source = &t.endpoint}, skip, count);
    message_return(message);
}

static const struct recent_record *newest(void)
{
    struct recent_cursor cursor = recent_oldest(t.recent);
    const struct recent_record *record, *last = NULL;

    while ((record = recent_look(t.recent, &cursor))) {
        last = record;
        recent_step(t.recent, &cursor);
    }
    return last;
}

static void assert_span(const char *base, struct span span, const char *expected)
{
    assert_int_equal(span.len, strlen(expected));
    assert_memory_equal(base + span.offset, expected, span.len);
}

static const struct entry *assert_next(const char *message)
{
    const char *base;
    const struct entry *entry = replay_next(t.replay, &base);

    assert_non_null(entry);
    assert_span(base, entry->text, message);
    return entry;
}

static void assert_no_more(void)
{
    const char *base;

    assert_null(replay_next(t.replay, &base));
}

static void each_entry_is_there_once(void **state)
{
    (void)state;
    take("one\n{\"message\":\"two\"}\nthree\n", "", 0, 3);
    for (int i = 0; i < 2; i++) {
        replay_begin(t.replay, newest());
        assert_next("one");
        assert_next("{\"message\":\"two\"}");
        assert_next("three");
        assert_no_more();
        assert_no_more();
    }
}

static void what_was_not_taken_is_not_there(void **state)
{
    (void)state;
    take("one\ntwo\nthree\nfour\n", "", 1, 2);
    replay_begin(t.replay, newest());
    assert_next("two");
    assert_next("three");
    assert_no_more();
}

static void another_message_may_come_in_the_middle(void **state)
{
    (void)state;
    take("{\"message\":\"a\"}\n{\"message\":\"b\"}\n", "", 0, 2);
    replay_begin(t.replay, newest());
    assert_next("a");
    take("{\"message\":\"c\"}", "", 0, 1);
    assert_next("b");
    replay_begin(t.replay, newest());
    assert_next("c");
    assert_no_more();
}

static void the_key_and_the_fields_are_there(void **state)
{
    const struct entry *entry;
    const char *base;

    (void)state;
    add_field("zone", "north");
    endpoint_renew(&t.endpoint);
    take("hello", "the key", 0, 1);
    replay_begin(t.replay, newest());
    entry = replay_next(t.replay, &base);
    assert_non_null(entry);
    assert_int_equal(entry->field_count, 2);
    assert_span(base, entry->fields[0].key, "key");
    assert_span(base, entry->fields[0].value, "the key");
    assert_span(base, entry->fields[1].key, "zone");
    assert_span(base, entry->fields[1].value, "north");
}

static void the_same_rules_forget_nothing(void **state)
{
    (void)state;
    add_field("zone", "north");
    endpoint_renew(&t.endpoint);
    take("one\ntwo", "", 0, 2);
    endpoint_renew(&t.endpoint);
    assert_ptr_equal(newest()->source, &t.endpoint);
}

static void assert_forgets(void)
{
    take("one\ntwo", "", 0, 2);
    assert_ptr_equal(newest()->source, &t.endpoint);
    endpoint_renew(&t.endpoint);
    assert_null(newest()->source);
}

static void other_rules_forget_what_was_taken(void **state)
{
    (void)state;
    t.conf.split = CONF_SPLIT_NONE;
    assert_forgets();
    t.conf.decode = CONF_DECODE_JSON;
    assert_forgets();
    t.conf.max_entry.bytes = 1024;
    assert_forgets();
    add_field("ab", "c");
    assert_forgets();
    t.conf.fields.count = 0;
    add_field("a", "bc"); /* the same bytes */
    assert_forgets();
    t.conf.fields.count = 0;
    assert_forgets();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_entry_is_there_once, begin, end),
        cmocka_unit_test_setup_teardown(what_was_not_taken_is_not_there, begin, end),
        cmocka_unit_test_setup_teardown(another_message_may_come_in_the_middle, begin, end),
        cmocka_unit_test_setup_teardown(the_key_and_the_fields_are_there, begin, end),
        cmocka_unit_test_setup_teardown(the_same_rules_forget_nothing, begin, end),
        cmocka_unit_test_setup_teardown(other_rules_forget_what_was_taken, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
