/* outbox_policy.c - what a full outbox does, and where the notice of it stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/outbox.h"
#include "tests/unit/aggregate/misuse.h"

enum { CAP = BLOCK_CAP_MIN, QUOTA = 4, VECTORS = 8 };

#define AT     1795404852123456789 /* 2026-11-23T03:34:12.123456789Z */
#define NOTICE "--- logboom: sink s dropped "
#define WHEN   " 03:34:12.1–03:34:12.1, mostly app=shop\n"

static struct budget budget;
static struct pool *blocks;
static struct outbox *outbox;
static const struct sink_ledger *ledger;
static size_t longest;

static int with_an_outbox(void **state)
{
    struct err err;

    (void)state;
    budget_init(&budget, pool_bytes(block_slot_bytes(CAP), QUOTA));
    blocks = pool_new(&budget, BUDGET_BLOCKS, block_slot_bytes(CAP), QUOTA, &err);
    outbox = outbox_new(blocks, CAP, QUOTA);
    outbox_set_notices(outbox, NOTICE_TEXT, "s", false);
    ledger = outbox_ledger(outbox);
    longest = outbox_longest(outbox);
    return 0;
}

static void all_home(void)
{
    assert_true(sink_ledger_balances(ledger));
    outbox_drop_all(outbox, DROP_SHUTDOWN);
    outbox_free(&outbox);
    pool_free(&blocks);
    budget_fini(&budget);
}

static void add(uint64_t number, size_t len)
{
    char *to = outbox_add(outbox, len, number, AT);

    memset(to, 'x', len);
    to[0] = (char)('0' + number);
    to[len - 1] = '\n';
}

static void fill_up(void)
{
    for (unsigned i = 1; i <= QUOTA; i++)
        add(i, longest);
    assert_false(outbox_has_room(outbox, 1));
}

static void drop(unsigned count)
{
    while (count-- > 0)
        outbox_drop(outbox, AT, "shop", 4);
}

static size_t total(const struct iovec *vectors, unsigned count)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < count; i++)
        bytes += vectors[i].iov_len;
    return bytes;
}

/* Writes so many bytes of the oldest blocks; SIZE_MAX: all. Returns what they begin with, as
 * far as the longest that is compared; it lasts until the next call. */
static const char *write_some(unsigned blocks_max, size_t bytes)
{
    static char begin[512];
    struct iovec vectors[VECTORS];
    unsigned count = outbox_begin_write(outbox, vectors, blocks_max);
    size_t all = total(vectors, count), first = count ? vectors[0].iov_len : 0;

    assert_true(count > 0 && (bytes == SIZE_MAX || bytes <= all));
    memset(begin, 0, sizeof begin);
    memcpy(begin, vectors[0].iov_base, first < sizeof begin ? first : sizeof begin);
    outbox_wrote(outbox, bytes < all ? bytes : all);
    return begin;
}

static const char *write_block(void)
{
    return write_some(1, SIZE_MAX);
}

static void check_begins(const char *text, const char *expected)
{
    assert_memory_equal(text, expected, strlen(expected));
}

static void only_block_holds_back(void **state)
{
    (void)state;
    assert_true(outbox_holds_back(outbox));
    assert_false(outbox_make_room(outbox));
    outbox_set_policy(outbox, OUTBOX_DROP_NEWEST);
    assert_false(outbox_holds_back(outbox));
    assert_false(outbox_make_room(outbox));
    assert_stops(outbox_expire(outbox));
    outbox_set_policy(outbox, OUTBOX_DROP_OLDEST);
    assert_false(outbox_holds_back(outbox));
    all_home();
}

static void what_arrives_is_dropped_and_told_before_the_next_block(void **state)
{
    (void)state;
    outbox_set_policy(outbox, OUTBOX_DROP_NEWEST);
    fill_up();
    drop(3);
    assert_int_equal(ledger->offered, QUOTA + 3);
    assert_int_equal(ledger->dropped[DROP_FULL], 3);
    check_begins(write_block(), "1xx");
    assert_true(outbox_has_room(outbox, longest));
    add(8, longest);
    for (unsigned i = 2; i <= QUOTA; i++)
        write_block();
    assert_int_equal(ledger->notices, 0);
    check_begins(write_block(), NOTICE "3 entries (full)" WHEN "8xx");
    assert_int_equal(ledger->notices, 1);
    assert_int_equal(outbox_done_through(outbox, 8), 8);
    all_home();
}

/* Else a short entry would stand before the notice of what was sent before it. */
static void a_short_entry_does_not_slip_in_before_the_notice(void **state)
{
    (void)state;
    outbox_set_policy(outbox, OUTBOX_DROP_NEWEST);
    for (unsigned i = 1; i < QUOTA; i++)
        add(i, longest);
    add(QUOTA, 100);
    assert_true(outbox_has_room(outbox, 100));
    drop(1);
    assert_false(outbox_has_room(outbox, 100));
    all_home();
}

static void without_another_entry_the_notice_has_a_block_of_its_own(void **state)
{
    (void)state;
    outbox_set_policy(outbox, OUTBOX_DROP_NEWEST);
    fill_up();
    drop(2);
    for (unsigned i = 1; i <= QUOTA; i++)
        write_block();
    assert_false(outbox_is_empty(outbox));
    assert_int_equal(outbox_done_through(outbox, 6), 6);
    check_begins(write_block(), NOTICE "2 entries (full)" WHEN);
    assert_true(outbox_is_empty(outbox));
    assert_int_equal(ledger->written, QUOTA);
    assert_int_equal(ledger->queued_bytes, 0);
    assert_int_equal(pool_used(blocks), 0);
    all_home();
}

static void a_notice_alone_in_flight_is_a_write(void **state)
{
    struct iovec vectors[VECTORS];

    (void)state;
    outbox_set_policy(outbox, OUTBOX_DROP_NEWEST);
    fill_up();
    drop(2);
    write_some(VECTORS, SIZE_MAX);
    assert_false(outbox_is_writing(outbox));
    assert_int_equal(outbox_begin_write(outbox, vectors, VECTORS), 1);
    assert_int_equal(ledger->in_flight, 0);
    assert_true(outbox_is_writing(outbox));
    assert_stops(outbox_drop_all(outbox, DROP_SHUTDOWN));
    outbox_wrote(outbox, 0);
    assert_false(outbox_is_writing(outbox));
    all_home();
}

static void the_oldest_block_is_dropped_and_told_before_the_next_that_survives(void **state)
{
    (void)state;
    outbox_set_policy(outbox, OUTBOX_DROP_OLDEST);
    fill_up();
    assert_true(outbox_make_room(outbox));
    add(5, longest);
    assert_false(outbox_has_room(outbox, 1));
    assert_true(outbox_make_room(outbox));
    add(6, longest);
    assert_int_equal(ledger->dropped[DROP_FULL], 2);
    assert_int_equal(ledger->queued_bytes, QUOTA * longest);
    check_begins(write_block(), NOTICE "2 entries (full) 03:34:12.1–03:34:12.1\n3xx");
    check_begins(write_block(), "4xx");
    all_home();
}

static void what_is_in_flight_or_begun_is_not_dropped(void **state)
{
    struct iovec vectors[VECTORS];

    (void)state;
    outbox_set_policy(outbox, OUTBOX_DROP_OLDEST);
    fill_up();
    assert_int_equal(outbox_begin_write(outbox, vectors, VECTORS), QUOTA / 2);
    assert_true(outbox_make_room(outbox)); /* the third */
    outbox_wrote(outbox, 10);
    add(5, longest);
    assert_true(outbox_make_room(outbox)); /* the second: the first has begun */
    write_block();
    assert_int_equal(ledger->written, 1);
    check_begins(write_block(), NOTICE "2 entries (full) 03:34:12.1–03:34:12.1\n4xx");
    check_begins(write_block(), "5xx");
    assert_int_equal(ledger->written, 3);
    all_home();
}

static void the_only_block_may_be_in_flight_and_then_what_arrives_is_dropped(void **state)
{
    struct iovec vectors[VECTORS];
    struct outbox *small = outbox_new(blocks, CAP, 1);

    (void)state;
    outbox_set_policy(small, OUTBOX_DROP_OLDEST);
    memset(outbox_add(small, 10, 1, AT), 'x', 10);
    assert_int_equal(outbox_begin_write(small, vectors, VECTORS), 1);
    assert_false(outbox_make_room(small));
    outbox_drop(small, AT, "", 0);
    outbox_wrote(small, 10);
    assert_int_equal(outbox_ledger(small)->dropped[DROP_FULL], 1);
    assert_true(outbox_is_empty(small)); /* without notices there is nothing to tell */
    outbox_free(&small);
    all_home();
}

/* A dropped block hands on what it had to tell itself. */
static void a_gap_of_a_dropped_block_is_told_by_the_next(void **state)
{
    (void)state;
    fill_up();
    drop(2); /* sub_full */
    write_block();
    outbox_set_policy(outbox, OUTBOX_DROP_OLDEST);
    add(7, longest);                                          /* behind the gap */
    while (outbox_ledger(outbox)->dropped[DROP_FULL] < QUOTA) /* 2, 3, 4 and 7 */
        assert_true(outbox_make_room(outbox));
    add(8, 10);
    check_begins(write_block(), NOTICE "4 entries (full) 03:34:12.1–03:34:12.1\n" NOTICE
                                       "2 entries (sub_full)" WHEN "8");
    assert_int_equal(ledger->notices, 2);
    all_home();
}

static void a_notice_in_part_goes_on_or_is_sent_whole_and_grows_no_more(void **state)
{
    static const char first[] = NOTICE "4 entries (full) 03:34:12.1–03:34:12.1\n";
    static const char second[] = NOTICE "2 entries (sub_full)" WHEN;

    (void)state;
    fill_up();
    drop(2);
    outbox_set_policy(outbox, OUTBOX_DROP_OLDEST);
    while (ledger->dropped[DROP_FULL] < QUOTA)
        assert_true(outbox_make_room(outbox));
    add(7, 10);
    write_some(1, 5);
    check_begins(write_some(1, 0), first + 5);
    assert_false(outbox_make_room(outbox)); /* it has begun */
    outbox_rewind_entry(outbox);
    check_begins(write_some(1, sizeof first + 3), first);
    assert_int_equal(ledger->notices, 1);
    outbox_rewind_entry(outbox); /* the first was told */
    check_begins(write_some(1, sizeof second - 1), second);
    assert_int_equal(ledger->notices, 2);
    check_begins(write_some(1, 4), "7");
    outbox_rewind_entry(outbox); /* an entry in part: no notice comes again */
    check_begins(write_block(), "7");
    assert_int_equal(ledger->notices, 2);
    assert_true(outbox_is_empty(outbox));
    all_home();
}

static void a_sink_that_blocked_for_too_long_drops_until_it_has_caught_up(void **state)
{
    (void)state;
    fill_up();
    drop(1);
    outbox_expire(outbox);
    assert_false(outbox_holds_back(outbox));
    drop(2);
    assert_int_equal(ledger->dropped[DROP_SUB_FULL], 1);
    assert_int_equal(ledger->dropped[DROP_BLOCK_EXPIRED], 2);
    write_some(VECTORS, QUOTA * longest - 1);
    assert_true(outbox_is_expired(outbox)); /* not all of it was moved */
    write_some(VECTORS, 1);
    assert_true(outbox_holds_back(outbox));
    check_begins(write_block(),
                 NOTICE "2 entries (block_expired)" WHEN NOTICE "1 entries (sub_full)" WHEN);
    all_home();
}

/* An operator's word: nothing waits, nothing is held back, and one notice tells of it. */
static void what_an_operator_does_not_want_is_dropped(void **state)
{
    struct gaps recent;

    (void)state;
    fill_up();
    outbox_set_drops_all(outbox, true);
    assert_int_equal(ledger->dropped[DROP_OPERATOR], QUOTA);
    assert_int_equal(ledger->queued, 0);
    assert_int_equal(pool_used(blocks), 0);
    assert_false(outbox_has_room(outbox, 1));
    assert_false(outbox_holds_back(outbox));
    assert_false(outbox_make_room(outbox));
    drop(2);
    assert_true(outbox_is_empty(outbox)); /* no notice a turn */
    assert_true(outbox_take_recent(outbox, &recent));
    assert_int_equal(recent.of[DROP_OPERATOR].count, QUOTA + 2);
    assert_false(outbox_take_recent(outbox, &recent));
    outbox_set_drops_all(outbox, false);
    assert_true(outbox_has_room(outbox, longest));
    assert_false(outbox_is_empty(outbox));
    add(9, longest);
    check_begins(write_block(), NOTICE "6 entries (operator) 03:34:12.1–03:34:12.1\n9xx");
    assert_true(sink_ledger_balances(ledger));
    all_home();
}

static void what_a_write_has_begun_is_dropped_when_it_comes_back(void **state)
{
    struct iovec vectors[VECTORS];

    (void)state;
    outbox_set_policy(outbox, OUTBOX_DROP_OLDEST);
    fill_up();
    outbox_begin_write(outbox, vectors, 1);
    outbox_set_drops_all(outbox, true);
    assert_int_equal(ledger->dropped[DROP_OPERATOR], QUOTA - 1);
    assert_false(outbox_make_room(outbox));
    outbox_wrote(outbox, 0);
    assert_int_equal(ledger->queued, 1);
    outbox_drop_waiting(outbox);
    assert_int_equal(ledger->queued, 0);
    outbox_set_drops_all(outbox, false);
    add(9, longest);
    outbox_begin_write(outbox, vectors, 1);
    outbox_wrote(outbox, NOTICES_ROOM); /* the notice, and a part of the line */
    outbox_set_drops_all(outbox, true);
    assert_int_equal(ledger->queued, 1); /* which must not be left like this */
    all_home();
}

static void the_last_words_tell_what_was_dropped_at_the_end(void **state)
{
    const char *words = NULL;
    size_t len;

    (void)state;
    assert_int_equal(outbox_last_words(outbox, &words), 0);
    outbox_set_policy(outbox, OUTBOX_DROP_NEWEST);
    fill_up();
    drop(2);
    write_some(1, 7);
    outbox_drop_all(outbox, DROP_SHUTDOWN);
    assert_int_equal(ledger->dropped[DROP_SHUTDOWN], QUOTA);
    len = outbox_last_words(outbox, &words);
    check_begins(words, " \\[torn]\n" NOTICE "4 entries (shutdown) 03:34:12.1–03:34:12.1\n" NOTICE
                        "2 entries (full)" WHEN);
    assert_int_equal(words[len - 1], '\n');
    assert_int_equal(ledger->notices, 0);
    outbox_said_last_words(outbox);
    assert_int_equal(ledger->notices, 2);
    assert_int_equal(outbox_last_words(outbox, &words), 0);
    all_home();
}

/* ---- while it runs ------------------------------------------------------------------------- */

static void a_quota_is_never_below_what_is_held(void **state)
{
    (void)state;
    add(1, longest);
    add(2, longest);
    assert_int_equal(outbox_held_blocks(outbox), 2);
    assert_stops(outbox_set_quota(outbox, 1));
    outbox_set_quota(outbox, 2);
    assert_false(outbox_has_room(outbox, 1));
    outbox_set_quota(outbox, 3);
    assert_int_equal(outbox_quota(outbox), 3);
    assert_true(outbox_has_room(outbox, longest));
    all_home();
}

static void another_policy_holds_at_once(void **state)
{
    (void)state;
    fill_up();
    outbox_expire(outbox);
    outbox_set_policy(outbox, OUTBOX_DROP_NEWEST);
    assert_false(outbox_is_expired(outbox));
    drop(1);
    assert_int_equal(ledger->dropped[DROP_FULL], 1);
    outbox_set_policy(outbox, OUTBOX_BLOCK);
    assert_true(outbox_holds_back(outbox));
    all_home();
}

/* In the queue, and behind it. What is in flight is written as it is. */
static void without_notices_what_was_dropped_is_not_told_any_more(void **state)
{
    struct iovec vectors[VECTORS];

    (void)state;
    outbox_set_policy(outbox, OUTBOX_DROP_OLDEST);
    fill_up();
    assert_true(outbox_make_room(outbox));
    drop(1);
    outbox_set_notices(outbox, NOTICE_NONE, "s", false);
    while (!outbox_is_empty(outbox)) {
        unsigned count = outbox_begin_write(outbox, vectors, VECTORS);

        assert_int_equal(total(vectors, count), count * longest);
        outbox_wrote(outbox, total(vectors, count));
    }
    assert_int_equal(ledger->notices, 0);
    all_home();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, with_an_outbox)
        TEST(only_block_holds_back),
        TEST(what_arrives_is_dropped_and_told_before_the_next_block),
        TEST(a_short_entry_does_not_slip_in_before_the_notice),
        TEST(without_another_entry_the_notice_has_a_block_of_its_own),
        TEST(a_notice_alone_in_flight_is_a_write),
        TEST(the_oldest_block_is_dropped_and_told_before_the_next_that_survives),
        TEST(what_is_in_flight_or_begun_is_not_dropped),
        TEST(the_only_block_may_be_in_flight_and_then_what_arrives_is_dropped),
        TEST(a_gap_of_a_dropped_block_is_told_by_the_next),
        TEST(a_notice_in_part_goes_on_or_is_sent_whole_and_grows_no_more),
        TEST(a_sink_that_blocked_for_too_long_drops_until_it_has_caught_up),
        TEST(what_an_operator_does_not_want_is_dropped),
        TEST(what_a_write_has_begun_is_dropped_when_it_comes_back),
        TEST(the_last_words_tell_what_was_dropped_at_the_end),
        TEST(a_quota_is_never_below_what_is_held),
        TEST(another_policy_holds_at_once),
        TEST(without_notices_what_was_dropped_is_not_told_any_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
