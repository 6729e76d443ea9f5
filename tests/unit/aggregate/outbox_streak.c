/* outbox_streak.c - a random streak of adds, writes in part, breaks and drops: always
 * counted, never torn, never twice. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/outbox.h"
#include "tests/unit/aggregate/dice.h"
#include "tests/unit/aggregate/latency_sum.h"

enum { CAP = BLOCK_CAP_MIN, QUOTA = 4, VECTORS = 8, STEPS = 30000 };

static struct budget budget;
static struct pool *blocks;
static struct outbox *outbox;
static const struct sink_ledger *ledger;
static struct iovec vectors[VECTORS];

static void open_outbox(void)
{
    struct err err;

    budget_init(&budget, pool_bytes(block_slot_bytes(CAP), QUOTA));
    blocks = pool_new(&budget, BUDGET_BLOCKS, block_slot_bytes(CAP), QUOTA, &err);
    outbox = outbox_new(blocks, CAP, QUOTA);
    ledger = outbox_ledger(outbox);
}

static void close_outbox(void)
{
    outbox_drop_all(outbox, DROP_SHUTDOWN);
    outbox_free(&outbox);
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

/* A reader at the other end, who knows what should come. */
static struct {
    char partial[CAP]; /* of the line that is arriving */
    size_t partial_len;
    uint64_t newest; /* given to the outbox */
    uint64_t next;   /* to arrive whole */
    uint64_t written, dropped;
    size_t in_flight_bytes;
    unsigned in_flight_vectors;
} peer;

static size_t entry_len(uint64_t number)
{
    static const size_t lens[] = {24, 25, 100, 1000, 30000, CAP - BLOCK_SPARE - sizeof(uint32_t)};

    return lens[number * 2654435761u % 97 % 6];
}

static void receive(const char *bytes, size_t len)
{
    static char line[CAP];

    while (len > 0) {
        size_t missing = entry_len(peer.next) - peer.partial_len;
        size_t count = len < missing ? len : missing;

        memcpy(peer.partial + peer.partial_len, bytes, count);
        peer.partial_len += count;
        bytes += count;
        len -= count;
        if (count == missing) {
            write_entry(line, peer.next, peer.partial_len);
            assert_memory_equal(peer.partial, line, peer.partial_len);
            peer.partial_len = 0;
            peer.next++;
            peer.written++;
        }
    }
}

static void write_some(void)
{
    size_t bytes = roll(3) ? peer.in_flight_bytes : roll((uint32_t)peer.in_flight_bytes + 1);
    size_t left = bytes;

    for (unsigned i = 0; i < peer.in_flight_vectors; i++) {
        size_t count = left < vectors[i].iov_len ? left : vectors[i].iov_len;

        receive(vectors[i].iov_base, count);
        left -= count;
    }
    outbox_wrote(outbox, bytes);
    peer.in_flight_bytes = 0;
}

static void take_some(void)
{
    unsigned count = outbox_begin_write(outbox, vectors, 1 + roll(VECTORS));

    peer.in_flight_vectors = count;
    for (unsigned i = 0; i < count; i++)
        peer.in_flight_bytes += vectors[i].iov_len;
    assert_int_equal(count > 0, ledger->in_flight > 0);
}

static void drop(void)
{
    uint64_t waiting = peer.newest - (peer.next - 1);

    outbox_drop_all(outbox, DROP_SHUTDOWN);
    peer.dropped += waiting;
    assert_int_equal(ledger->dropped[DROP_SHUTDOWN], peer.dropped);
    peer.next = peer.newest + 1;
    peer.partial_len = 0;
}

static void check(void)
{
    static uint64_t done_before;
    uint64_t done = outbox_done_through(outbox, peer.newest);
    uint64_t waiting = peer.newest - (peer.next - 1), bytes = 0;

    for (uint64_t number = peer.next; number <= peer.newest; number++)
        bytes += entry_len(number);
    assert_true(sink_ledger_balances(ledger));
    assert_int_equal(ledger->offered, peer.newest);
    assert_int_equal(ledger->written, peer.written);
    assert_int_equal(latency_sum(outbox_latency(outbox)), ledger->written);
    assert_int_equal(sink_ledger_dropped(ledger), peer.dropped);
    assert_int_equal(ledger->queued + ledger->in_flight, waiting);
    assert_int_equal(ledger->queued_bytes + peer.partial_len, bytes);
    assert_int_equal(outbox_is_empty(outbox), waiting == 0);
    assert_true(done < peer.next && done >= done_before);
    assert_true(waiting > 0 || done == peer.newest);
    done_before = done;
}

static void every_line_arrives_once_or_is_counted_whatever_happens(void **state)
{
    (void)state;
    open_outbox();
    peer.next = 1;
    for (unsigned step = 0; step < STEPS; step++) {
        size_t len = entry_len(peer.newest + 1);

        if (roll(3) && outbox_has_room(outbox, len)) {
            peer.newest++;
            write_entry(outbox_add(outbox, len, peer.newest, 0), peer.newest, len);
        } else if (peer.in_flight_bytes) {
            write_some();
        } else if (roll(20) == 0) {
            outbox_rewind_entry(outbox); /* the peer reads on anew */
            peer.partial_len = 0;
        } else if (roll(200) == 0) {
            drop();
        } else {
            take_some();
        }
        check();
    }
    assert_true(peer.written > STEPS / 4 && peer.dropped > 0);
    if (peer.in_flight_bytes)
        write_some();
    close_outbox();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_arrives_once_or_is_counted_whatever_happens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
