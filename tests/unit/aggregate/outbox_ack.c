/* outbox_ack.c - sent, acknowledged, lost and sent again: whatever happens on the way, each
 * entry is there or counted, and none is there twice that is not counted as resent. */
#include "aggregate/outbox_ack.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/dice.h"
#include "tests/unit/aggregate/latency_sum.h"
#include "tests/unit/aggregate/misuse.h"

enum { CAP = BLOCK_CAP_MIN, QUOTA = 6, VECTORS = 8, STEPS = 40000 };

static struct budget budget;
static struct pool *blocks;
static struct outbox *outbox;
static const struct sink_ledger *ledger;
static struct iovec vectors[VECTORS];

static void open_outbox(enum outbox_when_full policy)
{
    struct err err;

    budget_init(&budget, pool_bytes(block_slot_bytes(CAP), QUOTA));
    blocks = pool_new(&budget, BUDGET_BLOCKS, block_slot_bytes(CAP), QUOTA, &err);
    outbox = outbox_new(blocks, CAP, QUOTA);
    outbox_set_policy(outbox, policy);
    outbox_set_notices(outbox, NOTICE_TEXT, "s", false);
    ledger = outbox_ledger(outbox);
}

static int with_an_outbox(void **state)
{
    (void)state;
    open_outbox(OUTBOX_BLOCK);
    return 0;
}

/* The last step of each test. */
static void all_home(void)
{
    outbox_send_again(outbox);
    outbox_drop_all(outbox, DROP_SHUTDOWN);
    outbox_free(&outbox);
    assert_int_equal(pool_used(blocks), 0);
    pool_free(&blocks);
    budget_fini(&budget);
}

/* `7:xxxx\n`, its number and a filling. */
static void add(uint64_t number, size_t len)
{
    char *to;

    assert_true(outbox_has_room(outbox, len));
    to = outbox_add(outbox, len, number, (int64_t)number);
    memset(to, 'x', len);
    to[sprintf(to, "%" PRIu64, number)] = ':';
    to[len - 1] = '\n';
}

/* How many bytes would be sent. */
static size_t begin(void)
{
    unsigned count = outbox_begin_send(outbox, vectors, VECTORS);
    size_t bytes = 0;

    for (unsigned i = 0; i < count; i++)
        bytes += vectors[i].iov_len;
    return bytes;
}

static void check_counts(uint64_t queued, uint64_t in_flight, uint64_t written)
{
    assert_true(sink_ledger_balances(ledger));
    assert_int_equal(ledger->queued, queued);
    assert_int_equal(ledger->in_flight, in_flight);
    assert_int_equal(ledger->written, written);
}

static void what_is_sent_is_in_flight_until_it_is_acknowledged(void **state)
{
    (void)state;
    add(1, 10);
    add(2, 20);
    assert_true(outbox_has_unsent(outbox));
    assert_int_equal(begin(), 30);
    check_counts(2, 0, 0); /* nothing is sent yet */
    outbox_sent(outbox, 30);
    check_counts(0, 2, 0);
    assert_int_equal(outbox_unacked_bytes(outbox), 30);
    assert_false(outbox_has_unsent(outbox));
    assert_int_equal(begin(), 0);
    outbox_acked(outbox, 29);
    check_counts(0, 1, 1);
    assert_false(outbox_is_empty(outbox));
    assert_int_equal(outbox_done_through(outbox, 2), 0);
    outbox_acked(outbox, 1);
    check_counts(0, 0, 2);
    assert_true(outbox_is_empty(outbox));
    assert_int_equal(outbox_done_through(outbox, 2), 2);
    assert_int_equal(ledger->written_bytes, 30);
    assert_int_equal(ledger->resent, 0);
    all_home();
}

static void more_is_sent_while_nothing_is_acknowledged(void **state)
{
    (void)state;
    add(1, 10);
    begin();
    outbox_sent(outbox, 10);
    add(2, 10);
    assert_int_equal(begin(), 10);
    assert_memory_equal(vectors[0].iov_base, "2:", 2);
    outbox_sent(outbox, 4);
    assert_int_equal(begin(), 6);
    assert_memory_equal(vectors[0].iov_base, "xx", 2);
    check_counts(0, 2, 0);
    outbox_acked(outbox, 14);
    check_counts(0, 1, 1);
    outbox_sent(outbox, 6);
    outbox_acked(outbox, 6);
    check_counts(0, 0, 2);
    all_home();
}

/* Half of the quota is in flight; else small blocks would eat all of it. */
static void only_so_many_blocks_are_in_flight(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= QUOTA / 2; i++) {
        add(i, 10);
        assert_int_equal(begin(), 10);
        outbox_sent(outbox, 10);
    }
    for (unsigned i = QUOTA / 2 + 1; i <= 20; i++)
        add(i, 10);
    assert_int_equal(begin(), 0);
    assert_true(outbox_has_unsent(outbox));
    outbox_acked(outbox, 9);
    assert_int_equal(begin(), 0);
    outbox_acked(outbox, 1);
    assert_int_equal(begin(), (20 - QUOTA / 2) * 10); /* what came meanwhile is one block */
    all_home();
}

static void a_block_that_is_sent_in_part_goes_on_first(void **state)
{
    (void)state;
    add(1, 60000);
    add(2, 60000);
    assert_int_equal(begin(), 60000);
    outbox_sent(outbox, 59999);
    assert_true(outbox_has_sealed_unsent(outbox));
    assert_int_equal(begin(), 1); /* the open block fills on */
    outbox_sent(outbox, 1);
    assert_false(outbox_has_sealed_unsent(outbox));
    assert_int_equal(begin(), 60000);
    all_home();
}

static void after_a_break_all_that_was_not_acknowledged_is_sent_again(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 4; i++)
        add(i, 10);
    begin();
    outbox_sent(outbox, 35); /* the fourth in part */
    add(5, 10);
    outbox_acked(outbox, 15); /* the second in part */
    outbox_send_again(outbox);
    check_counts(4, 0, 1);
    assert_int_equal(outbox_unacked_bytes(outbox), 0);
    assert_int_equal(ledger->resent, 0); /* not yet */
    assert_int_equal(begin(), 30);
    assert_memory_equal(vectors[0].iov_base, "2:", 2);
    outbox_sent(outbox, 30);
    assert_int_equal(ledger->resent, 2); /* the second and the third */
    assert_int_equal(begin(), 10);
    outbox_sent(outbox, 10);
    outbox_acked(outbox, 40);
    check_counts(0, 0, 5);
    assert_int_equal(ledger->resent, 2);
    all_home();
}

static void each_time_that_it_is_sent_again_counts(void **state)
{
    (void)state;
    add(1, 10);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(begin(), 10);
        outbox_sent(outbox, 10);
        assert_int_equal(ledger->resent, i);
        outbox_send_again(outbox);
    }
    all_home();
}

/* What is on its way stays; what is behind it goes. After a break it may go, too. */
static void drop_oldest_leaves_alone_what_was_sent(void **state)
{
    (void)state;
    all_home();
    open_outbox(OUTBOX_DROP_OLDEST);
    for (unsigned i = 1; i <= QUOTA; i++)
        add(i, 60000);
    begin();
    outbox_sent(outbox, 60001);
    assert_true(outbox_make_room(outbox));
    check_counts(QUOTA - 3, 2, 0);
    assert_int_equal(ledger->dropped[DROP_FULL], 1);
    outbox_acked(outbox, 60001);
    begin();
    assert_int_equal(vectors[0].iov_len, 59999);
    outbox_sent(outbox, 59999);
    assert_true(begin() > 60000); /* a notice and the fourth */
    assert_memory_equal(vectors[0].iov_base, "--- logboom: sink s dropped 1 ", 30);
    outbox_send_again(outbox);
    while (outbox_make_room(outbox))
        ;
    check_counts(0, 0, 1);
    all_home();
}

static void it_has_caught_up_when_nothing_waits_to_be_sent(void **state)
{
    (void)state;
    add(1, 10);
    outbox_expire(outbox);
    begin();
    outbox_sent(outbox, 10);
    add(2, 10);
    outbox_acked(outbox, 5);
    assert_true(outbox_is_expired(outbox));
    begin();
    outbox_sent(outbox, 10);
    outbox_acked(outbox, 5);
    assert_false(outbox_is_expired(outbox));
    all_home();
}

static void what_was_never_sent_cannot_be_acknowledged(void **state)
{
    (void)state;
    add(1, 10);
    begin();
    assert_stops(outbox_acked(outbox, 1));
    outbox_sent(outbox, 5);
    assert_stops(outbox_acked(outbox, 6));
    assert_stops(outbox_drop_all(outbox, DROP_SHUTDOWN));
    all_home();
}

/* ---- a streak ------------------------------------------------------------------------------ */

enum { NUMBERS_MAX = STEPS + 1, PIPE_MAX = 400000 };

/* A connection, and a reader behind it who keeps what came whole. */
static struct {
    char pipe[PIPE_MAX]; /* sent and not arrived */
    size_t pipe_len;
    size_t unacked; /* arrived, which we have not been told */
    char line[CAP];
    size_t len;
    uint64_t last; /* on this connection; 0: nothing came yet */
    uint64_t told_since;
    uint64_t newest, repeated;
    bool received[NUMBERS_MAX];
} peer;

static size_t entry_len(uint64_t number)
{
    static const size_t lens[] = {24, 25, 1000, 5000, 30000, CAP - BLOCK_SPARE - sizeof(uint32_t)};

    return lens[number * 2654435761u % 97 % 6];
}

static void read_line(void)
{
    uint64_t number, count;

    if (sscanf(peer.line, "--- logboom: sink s dropped %" SCNu64, &count) == 1) {
        peer.told_since += count;
        return;
    }
    number = strtoull(peer.line, NULL, 10);
    assert_true(number > 0 && number <= peer.newest);
    assert_int_equal(peer.len, entry_len(number));
    if (peer.last > 0)
        assert_int_equal(number, peer.last + peer.told_since + 1);
    peer.repeated += peer.received[number];
    peer.received[number] = true;
    peer.last = number;
    peer.told_since = 0;
}

static void arrive(size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        peer.line[peer.len++] = peer.pipe[i];
        if (peer.pipe[i] == '\n') {
            read_line();
            peer.len = 0;
        }
    }
    peer.pipe_len -= bytes;
    peer.unacked += bytes;
    memmove(peer.pipe, peer.pipe + bytes, peer.pipe_len);
}

static void send_some(void)
{
    unsigned count = outbox_begin_send(outbox, vectors, 1 + roll(VECTORS));
    size_t sent = 0;

    for (unsigned i = 0; i < count; i++) {
        size_t room = PIPE_MAX - peer.pipe_len;
        size_t len = vectors[i].iov_len < room ? vectors[i].iov_len : room;

        if (roll(5) == 0)
            len = roll((uint32_t)len + 1);
        memcpy(peer.pipe + peer.pipe_len, vectors[i].iov_base, len);
        peer.pipe_len += len;
        sent += len;
        if (len < vectors[i].iov_len)
            break;
    }
    outbox_sent(outbox, sent);
}

static void break_off(void)
{
    arrive(roll((uint32_t)peer.pipe_len + 1));
    outbox_send_again(outbox);
    peer.pipe_len = peer.unacked = peer.len = 0;
    peer.last = peer.told_since = 0;
}

static void offer(void)
{
    uint64_t number = peer.newest + 1;
    bool has_room = outbox_has_room(outbox, entry_len(number));

    if (!has_room && outbox_holds_back(outbox))
        return;
    peer.newest = number;
    if (has_room || outbox_make_room(outbox))
        add(number, entry_len(number));
    else
        outbox_drop(outbox, (int64_t)number, "shop", 4);
}

static void take_a_step(void)
{
    size_t acked;

    if (roll(3) == 0) {
        offer();
    } else if (roll(3) == 0) {
        send_some();
    } else if (roll(2)) {
        arrive(roll((uint32_t)peer.pipe_len + 1));
    } else if (roll(100) == 0) {
        break_off();
    } else {
        acked = roll((uint32_t)peer.unacked + 1);
        outbox_acked(outbox, acked);
        peer.unacked -= acked;
    }
    assert_true(sink_ledger_balances(ledger));
    assert_int_equal(ledger->offered, peer.newest);
    assert_int_equal(outbox_unacked_bytes(outbox), peer.pipe_len + peer.unacked);
    assert_true(peer.repeated <= ledger->resent);
}

static uint64_t missing(void)
{
    uint64_t count = 0;

    for (uint64_t number = 1; number <= peer.newest; number++)
        count += !peer.received[number];
    return count;
}

static void run_streak(enum outbox_when_full policy)
{
    open_outbox(policy);
    memset(&peer, 0, sizeof peer);
    for (unsigned step = 0; step < STEPS; step++)
        take_a_step();
    while (!outbox_is_empty(outbox)) {
        send_some();
        arrive(peer.pipe_len);
        outbox_acked(outbox, peer.unacked);
        peer.unacked = 0;
    }
    assert_true(missing() <= sink_ledger_dropped(ledger));
    assert_true(ledger->resent > 100 && ledger->written > STEPS / 40);
    assert_int_equal(latency_sum(outbox_latency(outbox)), ledger->written);
    all_home();
}

static void whatever_happens_on_the_way_all_is_there_in_the_end(void **state)
{
    (void)state;
    run_streak(OUTBOX_BLOCK);
    assert_int_equal(missing(), 0);
    assert_true(peer.repeated > 0);
}

static void what_is_not_there_is_counted(void **state)
{
    (void)state;
    run_streak(OUTBOX_DROP_OLDEST);
    assert_true(missing() > 0);
    run_streak(OUTBOX_DROP_NEWEST);
    assert_true(missing() > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, with_an_outbox)
        TEST(what_is_sent_is_in_flight_until_it_is_acknowledged),
        TEST(more_is_sent_while_nothing_is_acknowledged),
        TEST(only_so_many_blocks_are_in_flight),
        TEST(a_block_that_is_sent_in_part_goes_on_first),
        TEST(after_a_break_all_that_was_not_acknowledged_is_sent_again),
        TEST(each_time_that_it_is_sent_again_counts),
        TEST(drop_oldest_leaves_alone_what_was_sent),
        TEST(it_has_caught_up_when_nothing_waits_to_be_sent),
        TEST(what_was_never_sent_cannot_be_acknowledged),
        cmocka_unit_test(whatever_happens_on_the_way_all_is_there_in_the_end),
        cmocka_unit_test(what_is_not_there_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
