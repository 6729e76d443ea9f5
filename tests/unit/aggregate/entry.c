/* entry.c - empty, filled, full, and emptied again. */
#include "aggregate/entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/misuse.h"

enum { FIELDS = 5, COUNT = 3 };

static struct budget budget;
static struct entry_pool *pool;
static struct err err;

static int with_a_pool(void **state)
{
    (void)state;
    budget_init(&budget, entry_pool_bytes(FIELDS, COUNT));
    pool = entry_pool_new(&budget, FIELDS, COUNT, &err);
    return pool ? 0 : -1;
}

/* The last step of each test: free stops us when something is out, fini when a byte
 * is still claimed. */
static void all_home(void)
{
    entry_pool_free(&pool);
    budget_fini(&budget);
    assert_null(pool);
}

static struct span at(uint32_t offset)
{
    return (struct span){.offset = offset, .len = 1};
}

static void a_taken_entry_is_empty_whatever_its_slot_held(void **state)
{
    struct message nothing = {0};
    struct entry *entry = entry_take(pool);

    (void)state;
    memset(entry, 0xff, sizeof *entry);
    entry_return(pool, entry);
    entry = entry_take(pool);
    for (unsigned twice = 0; twice < 2; twice++) {
        assert_int_equal(entry->level, LEVEL_NONE);
        assert_int_equal(entry->time_digits, 6);
        assert_int_equal(entry->field_count, 0);
        assert_int_equal(entry->field_max, FIELDS);
        assert_int_equal(entry->text.len + entry->host.len + entry->app.len, 0);
        assert_int_equal(entry->topic.len + entry->source.len, 0);
        assert_int_equal(entry->origin.seq + entry->origin.peer.len + entry->origin.uid.len, 0);
        assert_false(entry->malformed || entry->cut);
        entry_reset(entry, &nothing);
    }
    entry_return(pool, entry);
    all_home();
}

static void a_reset_entry_has_what_its_message_says_and_nothing_else(void **state)
{
    const struct message message = {.received_ns = 42, .topic = {.offset = 7, .len = 3}};
    struct entry *entry = entry_take(pool);

    (void)state;
    entry->level = LEVEL_ALERT;
    entry->malformed = entry->cut = true;
    entry->time_digits = 9;
    entry->host = entry->app = entry->text = entry->source = at(1);
    assert_true(entry_add_field(entry, at(1), at(2)));
    entry_reset(entry, &message);
    assert_int_equal(entry->received_ns, 42);
    assert_int_equal(entry->time_ns, 42);
    assert_int_equal(entry->time_digits, 6);
    assert_int_equal(entry->level, LEVEL_NONE);
    assert_int_equal(entry->topic.offset, 7);
    assert_int_equal(entry->topic.len, 3);
    assert_int_equal(entry->host.len + entry->app.len + entry->text.len + entry->source.len, 0);
    assert_int_equal(entry->field_count, 0);
    assert_int_equal(entry->field_max, FIELDS);
    assert_false(entry->malformed || entry->cut);
    entry_return(pool, entry);
    all_home();
}

static void a_cut_topic_makes_an_entry_malformed(void **state)
{
    const struct message message = {.topic_cut = true};
    struct entry *entry = entry_take(pool);

    (void)state;
    entry_reset(entry, &message);
    assert_true(entry->malformed);
    entry_return(pool, entry);
    all_home();
}

static void fields_keep_their_order_and_one_too_many_is_left_out(void **state)
{
    struct entry *entry = entry_take(pool);

    (void)state;
    for (unsigned i = 0; i < FIELDS; i++)
        assert_true(entry_add_field(entry, at(i), at(100 + i)));
    assert_false(entry_add_field(entry, at(77), at(77)));
    assert_int_equal(entry->field_count, FIELDS);
    for (unsigned i = 0; i < FIELDS; i++) {
        assert_int_equal(entry->fields[i].key.offset, i);
        assert_int_equal(entry->fields[i].value.offset, 100 + i);
    }
    entry_return(pool, entry);
    all_home();
}

static void when_all_are_taken_there_is_none(void **state)
{
    struct entry *entries[COUNT];

    (void)state;
    for (unsigned i = 0; i < COUNT; i++) {
        entries[i] = entry_take(pool);
        assert_non_null(entries[i]);
    }
    assert_null(entry_take(pool));
    for (unsigned i = 0; i < COUNT; i++)
        entry_return(pool, entries[i]);
    all_home();
}

static void entries_without_fields_take_none(void **state)
{
    struct entry_pool *bare;
    struct budget small;
    struct entry *entry;

    (void)state;
    budget_init(&small, entry_pool_bytes(0, 1));
    bare = entry_pool_new(&small, 0, 1, &err);
    entry = entry_take(bare);
    assert_false(entry_add_field(entry, at(1), at(2)));
    entry_return(bare, entry);
    entry_pool_free(&bare);
    budget_fini(&small);
    all_home();
}

static void a_budget_one_byte_short_makes_no_pool(void **state)
{
    struct budget small;

    (void)state;
    budget_init(&small, entry_pool_bytes(FIELDS, COUNT) - 1);
    err.text[0] = '\0';
    assert_null(entry_pool_new(&small, FIELDS, COUNT, &err));
    assert_non_null(strstr(err.text, "for entries"));
    budget_fini(&small);
    all_home();
}

static void a_pool_is_not_freed_under_its_entries(void **state)
{
    struct entry *entry = entry_take(pool);

    (void)state;
    assert_stops(entry_pool_free(&pool));
    entry_return(pool, entry);
    all_home();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, with_a_pool)
        TEST(a_taken_entry_is_empty_whatever_its_slot_held),
        TEST(a_reset_entry_has_what_its_message_says_and_nothing_else),
        TEST(a_cut_topic_makes_an_entry_malformed),
        TEST(fields_keep_their_order_and_one_too_many_is_left_out),
        TEST(when_all_are_taken_there_is_none),
        TEST(entries_without_fields_take_none),
        TEST(a_budget_one_byte_short_makes_no_pool),
        TEST(a_pool_is_not_freed_under_its_entries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
