/* outbox_batch.c - entries in flight to many files, done in any order. */
#include "aggregate/outbox_batch.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/misuse.h"

enum { CAP = BLOCK_CAP_MIN, QUOTA = 4, LABEL_ROOM = 16 };

static struct budget budget;
static struct pool *blocks;
static struct outbox *outbox;
static const struct sink_ledger *ledger;
static struct block *batch[QUOTA];
static uint64_t newest;

static int with_an_outbox(void **state)
{
    struct err err;

    (void)state;
    budget_init(&budget, pool_bytes(block_slot_bytes(CAP), QUOTA));
    blocks = pool_new(&budget, BUDGET_BLOCKS, block_slot_bytes(CAP), QUOTA, &err);
    outbox = outbox_new(blocks, CAP, QUOTA);
    outbox_label_entries(outbox, LABEL_ROOM);
    ledger = outbox_ledger(outbox);
    newest = 0;
    return 0;
}

static int all_go_home(void **state)
{
    (void)state;
    outbox_drop_all(outbox, DROP_SHUTDOWN);
    assert_true(sink_ledger_balances(ledger));
    outbox_free(&outbox);
    assert_int_equal(pool_used(blocks), 0);
    pool_free(&blocks);
    budget_fini(&budget);
    return 0;
}

static void add_long(const char *text, size_t len)
{
    struct label label = {.len = (uint32_t)strlen(text), .text = text};

    assert_true(outbox_has_room(outbox, len));
    newest++;
    memset(outbox_add_labelled(outbox, &label, len, newest, (int64_t)newest), 'x', len);
}

static void add(const char *text)
{
    add_long(text, 10);
}

/* So long that each has a block of its own. */
static void add_block(const char *text)
{
    add_long(text, CAP / 2);
}

static void write_some(struct block *block, uint32_t entry, uint32_t bytes)
{
    labelled_slot(block, entry)->begin += bytes;
}

static void write_whole(struct block *block, uint32_t entry)
{
    labelled_slot(block, entry)->begin = labelled_slot(block, entry)->end;
}

static void lines_are_done_in_any_order(void **state)
{
    (void)state;
    add("a");
    add("b");
    add("a");
    assert_int_equal(ledger->queued, 3);
    assert_int_equal(ledger->queued_bytes, 30);
    assert_int_equal(outbox_begin_batch(outbox, batch, QUOTA), 1);
    assert_true(outbox_is_writing(outbox));
    assert_true(ledger->queued == 0 && ledger->in_flight == 3);
    write_whole(batch[0], 1);
    write_whole(batch[0], 3);
    outbox_end_batch(outbox, 20);
    assert_false(outbox_is_writing(outbox));
    assert_true(ledger->written == 2 && ledger->queued == 1 && ledger->in_flight == 0);
    assert_true(ledger->queued_bytes == 10 && ledger->written_bytes == 20);
    assert_int_equal(outbox_done_through(outbox, newest), 0);
    assert_int_equal(outbox_begin_batch(outbox, batch, QUOTA), 1);
    assert_int_equal(labelled_label(batch[0], 2).text[0], 'b');
    write_whole(batch[0], 2);
    outbox_end_batch(outbox, 10);
    assert_true(outbox_is_empty(outbox));
    assert_int_equal(outbox_done_through(outbox, newest), 3);
    assert_int_equal(pool_used(blocks), 0);
}

static void a_block_that_is_done_goes_home_before_older_ones(void **state)
{
    (void)state;
    add_block("a");
    add_block("b");
    add_block("a");
    assert_int_equal(outbox_begin_batch(outbox, batch, QUOTA), 3);
    write_whole(batch[1], 1);
    outbox_end_batch(outbox, CAP / 2);
    assert_int_equal(pool_used(blocks), 2);
    assert_int_equal(outbox_done_through(outbox, newest), 0);
    assert_int_equal(outbox_begin_batch(outbox, batch, QUOTA), 2);
    write_whole(batch[0], 1);
    outbox_end_batch(outbox, CAP / 2);
    assert_int_equal(outbox_done_through(outbox, newest), 1);
    assert_int_equal(outbox_begin_batch(outbox, batch, QUOTA), 1);
    write_whole(batch[0], 1);
    outbox_end_batch(outbox, CAP / 2);
    assert_int_equal(outbox_done_through(outbox, newest), 3);
}

static void what_arrives_meanwhile_waits_for_the_next_batch(void **state)
{
    (void)state;
    add("a");
    assert_int_equal(outbox_begin_batch(outbox, batch, QUOTA), 1);
    add("b");
    write_whole(batch[0], 1);
    outbox_end_batch(outbox, 10);
    assert_true(ledger->written == 1 && ledger->queued == 1);
    assert_int_equal(outbox_done_through(outbox, newest), 1);
}

static void a_line_goes_on_in_its_middle(void **state)
{
    (void)state;
    add("a");
    outbox_begin_batch(outbox, batch, QUOTA);
    write_some(batch[0], 1, 4);
    outbox_end_batch(outbox, 4);
    assert_true(ledger->queued == 1 && ledger->queued_bytes == 6);
    outbox_begin_batch(outbox, batch, QUOTA);
    assert_true(labelled_is_torn(batch[0], 1));
    assert_int_equal(labelled_slot(batch[0], 1)->end - labelled_slot(batch[0], 1)->begin, 6);
    write_whole(batch[0], 1);
    outbox_end_batch(outbox, 6);
    assert_true(ledger->written == 1 && ledger->queued_bytes == 0 && ledger->written_bytes == 10);
}

static void a_line_whose_file_is_gone_begins_anew(void **state)
{
    (void)state;
    add("a");
    outbox_begin_batch(outbox, batch, QUOTA);
    write_some(batch[0], 1, 4);
    outbox_end_batch(outbox, 4);
    outbox_begin_batch(outbox, batch, QUOTA);
    labelled_slot(batch[0], 1)->begin = labelled_line_begin(batch[0], 1);
    outbox_end_batch(outbox, 0);
    assert_true(ledger->queued == 1 && ledger->queued_bytes == 10);
    outbox_begin_batch(outbox, batch, QUOTA);
    write_whole(batch[0], 1);
    outbox_end_batch(outbox, 10);
    assert_true(ledger->written == 1 && ledger->queued_bytes == 0 && ledger->written_bytes == 14);
}

/* ---- drops --------------------------------------------------------------------------------- */

static void fill(void)
{
    for (unsigned i = 0; i < QUOTA; i++)
        add_block("a");
    assert_false(outbox_has_room(outbox, CAP / 2));
}

static void the_oldest_block_goes_but_none_in_flight(void **state)
{
    (void)state;
    outbox_set_policy(outbox, OUTBOX_DROP_OLDEST);
    fill();
    assert_int_equal(outbox_begin_batch(outbox, batch, QUOTA), QUOTA / 2);
    assert_true(outbox_make_room(outbox));
    assert_true(outbox_make_room(outbox));
    assert_false(outbox_make_room(outbox));
    assert_true(ledger->dropped[DROP_FULL] == 2 && ledger->in_flight == 2);
    write_whole(batch[0], 1);
    write_whole(batch[1], 1);
    outbox_end_batch(outbox, CAP);
    assert_true(ledger->written == 2);
}

static void a_block_that_is_done_in_part_loses_the_rest(void **state)
{
    (void)state;
    outbox_set_policy(outbox, OUTBOX_DROP_OLDEST);
    add("a");
    add("b");
    outbox_begin_batch(outbox, batch, QUOTA);
    write_whole(batch[0], 2);
    outbox_end_batch(outbox, 10);
    assert_true(outbox_make_room(outbox));
    assert_true(ledger->written == 1 && ledger->dropped[DROP_FULL] == 1);
    assert_true(ledger->queued == 0 && ledger->queued_bytes == 0);
}

static void a_block_with_half_a_line_is_not_dropped(void **state)
{
    (void)state;
    outbox_set_policy(outbox, OUTBOX_DROP_OLDEST);
    fill();
    outbox_begin_batch(outbox, batch, QUOTA);
    write_some(batch[1], 1, 1);
    outbox_end_batch(outbox, 1);
    assert_true(outbox_make_room(outbox));
    assert_int_equal(outbox_begin_batch(outbox, batch, QUOTA), 2);
    assert_true(labelled_is_torn(batch[0], 1)); /* what was before it is gone */
    outbox_end_batch(outbox, 0);
    assert_true(outbox_make_room(outbox) && outbox_make_room(outbox));
    assert_false(outbox_make_room(outbox));
    assert_int_equal(ledger->dropped[DROP_FULL], 3);
}

static void an_expired_outbox_has_caught_up_when_all_is_done(void **state)
{
    (void)state;
    add("a");
    add("b");
    outbox_expire(outbox);
    outbox_begin_batch(outbox, batch, QUOTA);
    write_whole(batch[0], 1);
    outbox_end_batch(outbox, 10);
    assert_true(outbox_is_expired(outbox));
    outbox_begin_batch(outbox, batch, QUOTA);
    write_whole(batch[0], 2);
    outbox_end_batch(outbox, 10);
    assert_false(outbox_is_expired(outbox));
}

/* ---- notices ------------------------------------------------------------------------------- */

static int with_notices(void **state)
{
    with_an_outbox(state);
    outbox_set_policy(outbox, OUTBOX_DROP_OLDEST);
    outbox_set_notices(outbox, NOTICE_TEXT, "all", false);
    return 0;
}

static void check_notice(struct block *block, const char *beginning)
{
    const struct labelled_slot *slot = labelled_slot(block, 0);

    assert_true(slot->end > slot->begin);
    assert_memory_equal(labelled_at(block, slot->begin), beginning, strlen(beginning));
    assert_int_equal(*labelled_at(block, slot->end - 1), '\n');
}

static void a_drop_is_told_in_front_of_the_block_behind_it(void **state)
{
    (void)state;
    fill();
    assert_true(outbox_make_room(outbox));
    outbox_begin_batch(outbox, batch, QUOTA);
    check_notice(batch[0], "--- logboom: sink all dropped 1 entries (full)");
    assert_int_equal(labelled_slot(batch[1], 0)->begin, labelled_slot(batch[1], 0)->end);
    write_whole(batch[0], 0);
    outbox_end_batch(outbox, 50);
    assert_int_equal(ledger->notices, 1);
    outbox_begin_batch(outbox, batch, QUOTA);
    assert_int_equal(labelled_slot(batch[0], 0)->begin, labelled_slot(batch[0], 0)->end);
    outbox_end_batch(outbox, 0);
}

static void what_is_dropped_while_a_notice_waits_is_added_to_it(void **state)
{
    (void)state;
    fill();
    assert_true(outbox_make_room(outbox));
    outbox_begin_batch(outbox, batch, QUOTA);
    write_whole(batch[0], 1); /* but not the notice */
    outbox_end_batch(outbox, CAP / 2);
    assert_int_equal(pool_used(blocks), 3);
    assert_true(outbox_make_room(outbox)); /* drops no entry, hands the notice on */
    assert_int_equal(ledger->dropped[DROP_FULL], 1);
    assert_true(outbox_make_room(outbox));
    outbox_begin_batch(outbox, batch, QUOTA);
    check_notice(batch[0], "--- logboom: sink all dropped 2 entries (full)");
    outbox_end_batch(outbox, 0);
}

static void a_notice_that_has_begun_stays_as_it_is(void **state)
{
    struct block *second;

    (void)state;
    fill();
    outbox_begin_batch(outbox, batch, QUOTA);
    second = batch[1];
    outbox_end_batch(outbox, 0);
    second->gaps.of[DROP_FULL] = (struct gap){.count = 7, .reason = DROP_FULL};
    outbox_begin_batch(outbox, batch, QUOTA);
    write_some(second, 0, 9);
    outbox_end_batch(outbox, 9);
    assert_true(outbox_make_room(outbox)); /* the first: not told by the second */
    assert_int_equal(second->gaps.of[DROP_FULL].count, 7);
    outbox_begin_batch(outbox, batch, QUOTA);
    check_notice(second, "om: sink all dropped 7 entries (full)");
    check_notice(batch[1], "--- logboom: sink all dropped 1 entries (full)");
    write_whole(second, 0);
    write_whole(second, 1);
    outbox_end_batch(outbox, 50);
    assert_int_equal(ledger->notices, 1);
}

static void drops_that_nobody_follows_have_a_block_of_their_own(void **state)
{
    (void)state;
    add("a");
    assert_true(outbox_make_room(outbox));
    assert_false(outbox_is_empty(outbox));
    assert_int_equal(outbox_begin_batch(outbox, batch, QUOTA), 1);
    assert_int_equal(batch[0]->entry_count, 0);
    check_notice(batch[0], "--- logboom: sink all dropped 1 entries (full)");
    write_whole(batch[0], 0);
    outbox_end_batch(outbox, 50);
    assert_true(outbox_is_empty(outbox));
}

static void misuse_is_noticed(void **state)
{
    struct label label = {.len = LABEL_ROOM + 1, .text = "0123456789abcdefg"};

    (void)state;
    assert_stops(outbox_add_labelled(outbox, &label, 10, 1, 1));
    assert_stops(outbox_end_batch(outbox, 0));
    add("a");
    assert_stops(outbox_label_entries(outbox, 8));
    outbox_begin_batch(outbox, batch, QUOTA);
    assert_stops(outbox_begin_batch(outbox, batch, QUOTA));
    outbox_end_batch(outbox, 0);
}

int main(void)
{
#define TEST(test)   cmocka_unit_test_setup_teardown(test, with_an_outbox, all_go_home)
#define NOTICE(test) cmocka_unit_test_setup_teardown(test, with_notices, all_go_home)
    const struct CMUnitTest tests[] = {
        TEST(lines_are_done_in_any_order),
        TEST(a_block_that_is_done_goes_home_before_older_ones),
        TEST(what_arrives_meanwhile_waits_for_the_next_batch),
        TEST(a_line_goes_on_in_its_middle),
        TEST(a_line_whose_file_is_gone_begins_anew),
        TEST(the_oldest_block_goes_but_none_in_flight),
        TEST(a_block_that_is_done_in_part_loses_the_rest),
        TEST(a_block_with_half_a_line_is_not_dropped),
        TEST(an_expired_outbox_has_caught_up_when_all_is_done),
        NOTICE(a_drop_is_told_in_front_of_the_block_behind_it),
        NOTICE(what_is_dropped_while_a_notice_waits_is_added_to_it),
        NOTICE(a_notice_that_has_begun_stays_as_it_is),
        NOTICE(drops_that_nobody_follows_have_a_block_of_their_own),
        TEST(misuse_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
