/* outbox.c - entries wait, fly, arrive in part, fly again or are dropped. */
#include "aggregate/outbox.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "conf/nanoseconds.h"
#include "tests/unit/aggregate/latency_sum.h"
#include "tests/unit/aggregate/misuse.h"

enum { CAP = BLOCK_CAP_MIN, QUOTA = 4, VECTORS = 8 };

static struct budget budget;
static struct pool *blocks;
static struct outbox *outbox;
static const struct sink_ledger *ledger;
static struct iovec vectors[VECTORS];

static int with_an_outbox(void **state)
{
    struct err err;

    (void)state;
    budget_init(&budget, pool_bytes(block_slot_bytes(CAP), QUOTA));
    blocks = pool_new(&budget, BUDGET_BLOCKS, block_slot_bytes(CAP), QUOTA, &err);
    outbox = outbox_new(blocks, CAP, QUOTA);
    ledger = outbox_ledger(outbox);
    return 0;
}

/* The last step of each test. */
static void all_home(void)
{
    outbox_drop_all(outbox, DROP_SHUTDOWN);
    outbox_free(&outbox);
    assert_null(outbox);
    pool_free(&blocks);
    budget_fini(&budget);
}

/* Entries are `7:xxxx\n`, their number and a filling. */
static size_t write_entry(char *to, uint64_t number, size_t len)
{
    size_t head = (size_t)sprintf(to, "%" PRIu64 ":", number);

    memset(to + head, 'x', len - head - 1);
    to[len - 1] = '\n';
    return len;
}

static void add(uint64_t number, size_t len)
{
    assert_true(outbox_has_room(outbox, len));
    write_entry(outbox_add(outbox, len, number, (int64_t)number * 10), number, len);
}

static size_t take(unsigned max)
{
    unsigned count = outbox_begin_write(outbox, vectors, max);
    size_t bytes = 0;

    assert_true(count <= max);
    for (unsigned i = 0; i < count; i++)
        bytes += vectors[i].iov_len;
    return bytes;
}

static void a_new_outbox_is_empty(void **state)
{
    (void)state;
    assert_true(outbox_is_empty(outbox));
    assert_false(outbox_has_sealed(outbox));
    assert_int_equal(outbox_begin_write(outbox, vectors, VECTORS), 0);
    assert_int_equal(outbox_done_through(outbox, 77), 77);
    outbox_rewind_entry(outbox);
    outbox_drop_all(outbox, DROP_SHUTDOWN);
    assert_int_equal(ledger->dropped[DROP_SHUTDOWN], 0);
    all_home();
}

static void what_is_added_is_taken_and_written(void **state)
{
    (void)state;
    add(1, 10);
    add(2, 20);
    assert_false(outbox_has_sealed(outbox));
    assert_int_equal(ledger->queued, 2);
    assert_int_equal(outbox_done_through(outbox, 2), 0);
    assert_int_equal(take(VECTORS), 30);
    assert_memory_equal(vectors[0].iov_base, "1:xxxxxxx\n2:xxxx", 16);
    assert_int_equal(ledger->in_flight, 2);
    assert_false(outbox_is_empty(outbox));
    outbox_wrote(outbox, 30);
    assert_true(outbox_is_empty(outbox));
    assert_int_equal(ledger->written, 2);
    assert_int_equal(ledger->written_bytes, 30);
    assert_int_equal(ledger->queued_bytes + ledger->queued + ledger->in_flight, 0);
    assert_int_equal(pool_used(blocks), 0);
    all_home();
}

static void while_a_write_is_in_flight_the_next_block_fills(void **state)
{
    (void)state;
    add(1, 10);
    assert_int_equal(take(VECTORS), 10);
    add(2, 10);
    add(3, 10);
    outbox_wrote(outbox, 10);
    assert_int_equal(outbox_done_through(outbox, 3), 1);
    assert_int_equal(take(VECTORS), 20);
    outbox_wrote(outbox, 20);
    assert_int_equal(outbox_done_through(outbox, 3), 3);
    all_home();
}

static void a_quota_of_longest_entries_fits_and_no_byte_more(void **state)
{
    size_t longest = outbox_longest(outbox);

    (void)state;
    assert_false(outbox_has_room(outbox, longest + 1));
    for (unsigned i = 0; i < QUOTA; i++)
        add(i + 1, longest);
    assert_true(outbox_has_sealed(outbox));
    assert_false(outbox_has_room(outbox, 1));
    assert_stops(outbox_add(outbox, 1, 9, 9));
    assert_int_equal(take(1), longest);
    assert_false(outbox_has_room(outbox, 1)); /* in flight is not gone */
    outbox_wrote(outbox, longest - 1);
    assert_false(outbox_has_room(outbox, 1)); /* nor is it in part */
    assert_int_equal(take(1), 1);
    outbox_wrote(outbox, 1);
    assert_true(outbox_has_room(outbox, longest));
    all_home();
}

static void the_open_block_has_room_when_the_quota_is_used_up(void **state)
{
    size_t longest = outbox_longest(outbox), rest = longest - 100 - sizeof(uint32_t);

    (void)state;
    for (unsigned i = 0; i < QUOTA - 1; i++)
        add(i + 1, longest);
    add(QUOTA, 100);
    assert_false(outbox_has_room(outbox, rest + 1));
    assert_true(outbox_has_room(outbox, rest));
    add(QUOTA + 1, rest);
    assert_false(outbox_has_room(outbox, 1));
    all_home();
}

static void a_partial_write_goes_on_where_it_ended(void **state)
{
    (void)state;
    add(1, 10);
    add(2, 10);
    add(3, 10);
    take(VECTORS);
    outbox_wrote(outbox, 15);
    assert_int_equal(ledger->written, 1);
    assert_int_equal(ledger->queued, 2);
    assert_int_equal(ledger->queued_bytes, 15);
    assert_int_equal(take(VECTORS), 15);
    assert_int_equal(ledger->in_flight, 2);
    outbox_wrote(outbox, 0);
    assert_int_equal(take(VECTORS), 15);
    assert_memory_equal(vectors[0].iov_base, "xxxx\n3:xx", 9);
    outbox_wrote(outbox, 15);
    assert_int_equal(ledger->written, 3);
    all_home();
}

static void after_a_break_the_entry_begun_is_sent_whole(void **state)
{
    (void)state;
    add(1, 10);
    add(2, 10);
    add(3, 10);
    take(VECTORS);
    outbox_wrote(outbox, 15);
    outbox_rewind_entry(outbox);
    assert_int_equal(ledger->queued_bytes, 20);
    assert_int_equal(take(VECTORS), 20);
    assert_memory_equal(vectors[0].iov_base, "2:xx", 4);
    outbox_wrote(outbox, 10);
    outbox_rewind_entry(outbox); /* nothing is begun */
    assert_int_equal(take(VECTORS), 10);
    outbox_wrote(outbox, 10);
    assert_int_equal(ledger->written, 3);
    assert_int_equal(ledger->written_bytes, 35);
    all_home();
}

/* Entries were received at 10 ns and 20 ns of 1970, so all bounds are behind them. */
static void what_is_written_counts_with_the_age_of_the_oldest_in_its_block(void **state)
{
    const struct latency *latency = outbox_latency(outbox);
    int64_t now_ns = clock_nanoseconds(CLOCK_REALTIME);

    (void)state;
    add(1, 10);
    add(2, 10);
    take(VECTORS);
    outbox_wrote(outbox, 15);
    assert_int_equal(latency->counts[LATENCY_BUCKETS], 1);
    assert_int_equal(latency_sum(latency), 1);
    assert_in_range(latency->sum_us, (uint64_t)now_ns / 1000, (uint64_t)now_ns / 1000 + 60000000);
    write_entry(outbox_add(outbox, 10, 3, now_ns + 60000000000), 3, 10); /* behind the clock */
    take(VECTORS);
    outbox_wrote(outbox, 15);
    assert_int_equal(latency->counts[LATENCY_BUCKETS], 2);
    assert_int_equal(latency->counts[0], 1);
    all_home();
}

static void what_is_dropped_has_no_age(void **state)
{
    (void)state;
    add(1, 10);
    outbox_drop_all(outbox, DROP_FULL);
    assert_int_equal(latency_sum(outbox_latency(outbox)), 0);
    all_home();
}

static void what_is_dropped_is_counted(void **state)
{
    (void)state;
    add(1, 10);
    add(2, 10);
    take(VECTORS);
    outbox_wrote(outbox, 15);
    add(3, 10);
    outbox_drop_all(outbox, DROP_SHUTDOWN);
    assert_int_equal(ledger->dropped[DROP_SHUTDOWN], 2); /* the one begun among them */
    assert_int_equal(ledger->queued + ledger->queued_bytes, 0);
    assert_true(outbox_is_empty(outbox));
    assert_int_equal(outbox_done_through(outbox, 3), 3);
    all_home();
}

static void misuse_stops_us(void **state)
{
    struct outbox *none = NULL;

    (void)state;
    outbox_free(&none);
    assert_stops(outbox_new(blocks, CAP, 0));
    assert_stops(outbox_begin_write(outbox, vectors, 0));
    assert_stops(outbox_wrote(outbox, 1));
    add(1, 10);
    assert_stops(outbox_free(&outbox));
    take(VECTORS);
    assert_stops(outbox_begin_write(outbox, vectors, VECTORS));
    assert_stops(outbox_wrote(outbox, 11));
    assert_stops(outbox_rewind_entry(outbox));
    assert_stops(outbox_drop_all(outbox, DROP_SHUTDOWN));
    outbox_wrote(outbox, 10);
    all_home();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, with_an_outbox)
        TEST(a_new_outbox_is_empty),
        TEST(what_is_added_is_taken_and_written),
        TEST(while_a_write_is_in_flight_the_next_block_fills),
        TEST(a_quota_of_longest_entries_fits_and_no_byte_more),
        TEST(the_open_block_has_room_when_the_quota_is_used_up),
        TEST(a_partial_write_goes_on_where_it_ended),
        TEST(after_a_break_the_entry_begun_is_sent_whole),
        TEST(what_is_written_counts_with_the_age_of_the_oldest_in_its_block),
        TEST(what_is_dropped_has_no_age),
        TEST(what_is_dropped_is_counted),
        TEST(misuse_stops_us),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
