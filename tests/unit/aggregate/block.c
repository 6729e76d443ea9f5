/* block.c - filled to the brim, with its ends in order; gaps added up. */
#include "aggregate/block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/dice.h"
#include "tests/unit/aggregate/misuse.h"

enum { CAP = BLOCK_CAP_MIN, ENTRIES_MAX = CAP / sizeof(uint32_t) };

static struct budget budget;
static struct pool *blocks;
static struct block *block;

static int with_a_block(void **state)
{
    struct err err;

    (void)state;
    budget_init(&budget, pool_bytes(block_slot_bytes(CAP), 1));
    blocks = pool_new(&budget, BUDGET_BLOCKS, block_slot_bytes(CAP), 1, &err);
    block = blocks ? block_take(blocks, CAP) : NULL;
    return block ? 0 : -1;
}

/* The last step of each test. */
static void all_home(void)
{
    block_return(blocks, block);
    pool_free(&blocks);
    budget_fini(&budget);
}

/* As a writer does: the entry, and anything in the spare bytes behind it. */
static void add(size_t len, uint64_t number)
{
    char *to = block_add(block, len, number, (int64_t)number * 10);

    memset(to, 'x', len + BLOCK_SPARE);
}

static void a_taken_block_is_empty_whatever_it_held(void **state)
{
    (void)state;
    add(100, 7);
    block->gaps.of[DROP_FULL].count = 3;
    assert_null(block_take(blocks, CAP)); /* there is only one */
    block_return(blocks, block);
    block = block_take(blocks, CAP);
    assert_int_equal(block->cap, CAP);
    assert_int_equal(block->len + block->entry_count + block->gaps.of[DROP_FULL].count, 0);
    assert_null(block->next);
    all_home();
}

static void the_longest_entry_fits_and_one_byte_more_does_not(void **state)
{
    size_t longest = block_longest(CAP);

    (void)state;
    assert_false(block_has_room(block, longest + 1));
    assert_stops(block_add(block, longest + 1, 1, 1));
    assert_true(block_has_room(block, longest));
    add(longest, 1);
    assert_int_equal(block_end(block, 0), longest);
    assert_false(block_has_room(block, 1));
    assert_false(block_has_room(block, 0));
    all_home();
}

static void the_rest_is_filled_exactly(void **state)
{
    size_t rest = block_longest(CAP) - 1000 - sizeof(uint32_t);

    (void)state;
    add(1000, 1);
    assert_false(block_has_room(block, rest + 1));
    assert_true(block_has_room(block, rest));
    add(rest, 2);
    assert_int_equal(block_end(block, 0), 1000);
    assert_int_equal(block_end(block, 1), 1000 + rest);
    all_home();
}

static void ends_and_bytes_never_meet(void **state)
{
    static uint32_t ends[ENTRIES_MAX];

    (void)state;
    for (size_t len; block_has_room(block, len = 1 + roll(12));) {
        add(len, block->entry_count + 1);
        ends[block->entry_count - 1] = block->len;
    }
    assert_true(block->entry_count > 1000);
    for (uint32_t i = 0; i < block->entry_count; i++)
        assert_int_equal(block_end(block, i), ends[i]);
    all_home();
}

static void a_block_knows_its_first_and_last(void **state)
{
    (void)state;
    for (uint64_t number = 5; number <= 9; number++)
        add(10, number);
    assert_int_equal(block->last_number, 9);
    assert_int_equal(block->first_received_ns, 50);
    assert_int_equal(block->last_received_ns, 90);
    assert_int_equal(block->entry_count, 5);
    assert_int_equal(block->len, 50);
    all_home();
}

static void entries_are_counted_up_to_any_byte(void **state)
{
    uint32_t whole = 0;

    (void)state;
    assert_int_equal(block_entries_until(block, 0), 0);
    for (unsigned i = 0; i < 300; i++)
        add(1 + roll(20), i + 1);
    for (uint32_t byte = 0; byte <= block->len; byte++) {
        while (whole < block->entry_count && block_end(block, whole) <= byte)
            whole++;
        assert_int_equal(block_entries_until(block, byte), whole);
    }
    assert_int_equal(whole, 300);
    all_home();
}

static void a_capacity_that_is_too_small_or_odd_stops_us(void **state)
{
    (void)state;
    assert_stops(block_take(blocks, BLOCK_CAP_MIN - 4));
    assert_stops(block_take(blocks, BLOCK_CAP_MIN + 2));
    assert_stops(block_take(blocks, (size_t)1 << 32));
    all_home();
}

static void a_gap_adds_up_from_the_first_to_the_last(void **state)
{
    struct gap gap = {0};

    (void)state;
    gap_add(&gap, DROP_SHUTDOWN, 0, 99, 99);
    assert_int_equal(gap.count + (uint64_t)gap.from_ns + (uint64_t)gap.to_ns, 0);
    gap_add(&gap, DROP_SHUTDOWN, 2, 10, 20);
    gap_add(&gap, DROP_SHUTDOWN, 0, 5, 50);
    gap_add(&gap, DROP_SHUTDOWN, 3, 30, 40);
    assert_int_equal(gap.count, 5);
    assert_int_equal(gap.from_ns, 10);
    assert_int_equal(gap.to_ns, 40);
    assert_int_equal(gap.reason, DROP_SHUTDOWN);
    all_home();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, with_a_block)
        TEST(a_taken_block_is_empty_whatever_it_held),
        TEST(the_longest_entry_fits_and_one_byte_more_does_not),
        TEST(the_rest_is_filled_exactly),
        TEST(ends_and_bytes_never_meet),
        TEST(a_block_knows_its_first_and_last),
        TEST(entries_are_counted_up_to_any_byte),
        TEST(a_capacity_that_is_too_small_or_odd_stops_us),
        TEST(a_gap_adds_up_from_the_first_to_the_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
