/* labelled.c - blocks whose entries say which file they go to. */
#include "aggregate/labelled.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/misuse.h"

enum { CAP = BLOCK_CAP_MIN, SLOT = sizeof(struct labelled_slot) };

static struct budget budget;
static struct pool *blocks;
static struct block *block;

static int with_a_block(void **state)
{
    struct err err;

    (void)state;
    budget_init(&budget, pool_bytes(block_slot_bytes(CAP), 1));
    blocks = pool_new(&budget, BUDGET_BLOCKS, block_slot_bytes(CAP), 1, &err);
    block = block_take(blocks, CAP);
    labelled_begin(block);
    return 0;
}

static int block_goes_home(void **state)
{
    (void)state;
    block_return(blocks, block);
    pool_free(&blocks);
    budget_fini(&budget);
    return 0;
}

static struct label name(const char *text, uint32_t period)
{
    return (struct label){.period = period, .len = (uint32_t)strlen(text), .text = text};
}

static void add(const char *label_text, uint32_t period, const char *line)
{
    struct label label = name(label_text, period);
    size_t len = strlen(line);

    memcpy(labelled_add(block, &label, len, block->entry_count + 1, 1000 + block->entry_count),
           line, len);
}

static void check_entry(uint32_t i, const char *label_text, uint32_t period, const char *line)
{
    const struct labelled_slot *slot = labelled_slot(block, i);
    struct label label = labelled_label(block, i);

    assert_int_equal(label.len, strlen(label_text));
    assert_memory_equal(label.text, label_text, label.len);
    assert_int_equal(label.period, period);
    assert_int_equal(slot->end - slot->begin, strlen(line));
    assert_memory_equal(labelled_at(block, slot->begin), line, strlen(line));
    assert_int_equal(slot->begin, labelled_line_begin(block, i));
}

static void entries_keep_their_labels_and_lines(void **state)
{
    (void)state;
    add("a", 7, "one\n");
    add("bb/c", 7, "two, longer\n");
    add("a", 7, "\n");
    add("a", 8, "four\n");
    check_entry(1, "a", 7, "one\n");
    check_entry(2, "bb/c", 7, "two, longer\n");
    check_entry(3, "a", 7, "\n");
    check_entry(4, "a", 8, "four\n");
    assert_int_equal(block->entry_count, 4);
    assert_int_equal(block->first_received_ns, 1000);
    assert_int_equal(block->last_received_ns, 1003);
    assert_int_equal(block->last_number, 4);
}

static void a_label_like_the_one_before_costs_nothing(void **state)
{
    (void)state;
    add("a.log", 1, "one\n");
    assert_int_equal(block->len, LABELLED_HEAD_BYTES + 5 + 4);
    add("a.log", 1, "two\n");
    assert_int_equal(block->len, LABELLED_HEAD_BYTES + 5 + 4 + 4);
    assert_int_equal(labelled_slot(block, 1)->label, labelled_slot(block, 2)->label);
    check_entry(2, "a.log", 1, "two\n");
    add("b.log", 1, "three\n");
    add("a.log", 1, "four\n"); /* only the one just before is looked at */
    assert_int_not_equal(labelled_slot(block, 4)->label, labelled_slot(block, 1)->label);
}

static void the_longest_entry_fits_and_no_byte_more(void **state)
{
    static const char text[] = "some/path";
    struct label label = name(text, 0);
    size_t longest = labelled_longest(CAP, label.len);

    (void)state;
    assert_true(labelled_has_room(block, label.len, longest));
    assert_false(labelled_has_room(block, label.len, longest + 1));
    memset(labelled_add(block, &label, longest, 1, 1), 'x', longest + BLOCK_SPARE);
    assert_int_equal(labelled_slot(block, 1)->end - labelled_slot(block, 1)->begin, longest);
    assert_memory_equal(labelled_label(block, 1).text, text, label.len);
}

static void adding_without_room_is_our_mistake(void **state)
{
    struct label label = name("x", 0);

    (void)state;
    assert_stops(labelled_add(block, &label, labelled_longest(CAP, 1) + 1, 1, 1));
}

static void what_is_left_follows_from_where_lines_begin(void **state)
{
    struct labelled_rest rest;

    (void)state;
    add("a", 0, "one\n");
    add("b", 0, "three\n");
    add("b", 0, "x\n");
    rest = labelled_rest(block);
    assert_true(rest.entries == 3 && rest.bytes == 12 && !rest.torn);
    labelled_slot(block, 2)->begin += 6; /* done, before the first */
    rest = labelled_rest(block);
    assert_true(rest.entries == 2 && rest.bytes == 6 && !rest.torn);
    labelled_slot(block, 1)->begin += 1;
    rest = labelled_rest(block);
    assert_true(rest.entries == 2 && rest.bytes == 5 && rest.torn);
    assert_true(labelled_is_torn(block, 1) && !labelled_is_torn(block, 2));
    labelled_slot(block, 1)->begin = labelled_line_begin(block, 1);
    assert_false(labelled_rest(block).torn);
}

static void notices_are_lines_of_slot_0(void **state)
{
    static const char text[] = "first\nsecond\n";
    struct labelled_slot *slot = labelled_slot(block, 0);

    (void)state;
    assert_int_equal(slot->begin, slot->end);
    block->notice_len = sizeof text - 1;
    memcpy(block_wire(block), text, sizeof text - 1);
    slot->begin = slot->end - block->notice_len;
    assert_memory_equal(labelled_at(block, slot->begin), text, sizeof text - 1);
    assert_false(labelled_is_torn(block, 0));
    slot->begin += 8;
    assert_true(labelled_is_torn(block, 0));
    assert_int_equal(labelled_line_begin(block, 0), slot->begin - 2);
    slot->begin -= 2;
    assert_false(labelled_is_torn(block, 0));
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, with_a_block, block_goes_home)
    const struct CMUnitTest tests[] = {
        TEST(entries_keep_their_labels_and_lines),
        TEST(a_label_like_the_one_before_costs_nothing),
        TEST(the_longest_entry_fits_and_no_byte_more),
        TEST(adding_without_room_is_our_mistake),
        TEST(what_is_left_follows_from_where_lines_begin),
        TEST(notices_are_lines_of_slot_0),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
