/* outbox_notice.c - random streaks of each policy: whatever is missing in the output, a
 * notice at that very place says how many, and why; none is torn, lost or told twice. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/outbox.h"
#include "tests/unit/aggregate/dice.h"

enum { CAP = BLOCK_CAP_MIN, QUOTA = 4, VECTORS = 8, STEPS = 30000 };

static struct budget budget;
static struct pool *blocks;
static struct outbox *outbox;
static const struct sink_ledger *ledger;
static struct iovec vectors[VECTORS];

/* A reader at the other end, who reads lines. */
static struct {
    char line[CAP]; /* that is arriving */
    size_t len;
    uint64_t last;       /* the entry that arrived last */
    uint64_t told_since; /* by notices since then */
    uint64_t told[DROP_REASONS];
    uint64_t written, notices;
    uint64_t newest; /* offered */
    uint64_t done;
    size_t in_flight_bytes;
    unsigned in_flight_vectors;
} peer;

static void open_outbox(enum outbox_when_full policy, enum framing framing)
{
    struct err err;

    memset(&peer, 0, sizeof peer);
    budget_init(&budget, pool_bytes(block_slot_bytes(CAP), QUOTA));
    blocks = pool_new(&budget, BUDGET_BLOCKS, block_slot_bytes(CAP), QUOTA, &err);
    outbox = outbox_new(blocks, CAP, QUOTA);
    outbox_set_policy(outbox, policy);
    outbox_set_framing(outbox, framing);
    outbox_set_notices(outbox, NOTICE_TEXT, "s", false);
    ledger = outbox_ledger(outbox);
}

static void close_outbox(void)
{
    outbox_free(&outbox);
    pool_free(&blocks);
    budget_fini(&budget);
}

static size_t entry_len(uint64_t number)
{
    static const size_t lens[] = {
        24, 25, 1000, 5000, 30000, CAP - BLOCK_SPARE - sizeof(uint32_t) - FRAMING_HEAD_MAX};

    return lens[number * 2654435761u % 97 % 6];
}

static void add(uint64_t number)
{
    size_t len = entry_len(number);
    char *to =
        outbox_add(outbox, framing_len(outbox_framing(outbox), len), number, (int64_t)number);
    char *line = framing_begin(outbox_framing(outbox), to, len);

    memset(line, 'x', len);
    line[sprintf(line, "%" PRIu64, number)] = ':';
    line[len - 1] = '\n';
    framing_end(outbox_framing(outbox), line + len);
}

/* Whether these bytes are one frame; if so, they are a line from then on. */
static bool is_whole(char *bytes, size_t *len)
{
    size_t count;
    char *space;

    if (outbox_framing(outbox) != FRAMING_OCTET_COUNTED) {
        if (bytes[*len - 1] != (outbox_framing(outbox) == FRAMING_NUL ? '\0' : '\n'))
            return false;
        bytes[*len - 1] = '\n';
        return true;
    }
    space = memchr(bytes, ' ', *len);
    if (!space)
        return false;
    count = strtoul(bytes, NULL, 10);
    if (*len < (size_t)(space + 1 - bytes) + count)
        return false;
    memmove(bytes, space + 1, count);
    bytes[count] = '\n';
    *len = count + 1;
    return true;
}

static void read_notice(void)
{
    unsigned reason = 0;
    uint64_t count;
    char name[24];

    assert_int_equal(sscanf(peer.line,
                            "--- logboom: sink s dropped %" SCNu64 " entries (%23[a-z_])", &count,
                            name),
                     2);
    while (strcmp(drop_reason_name(reason), name) != 0)
        assert_true(++reason < DROP_REASONS);
    peer.told[reason] += count;
    peer.told_since += count;
    peer.notices++;
}

/* What is missing before this entry is what was told before it. */
static void read_entry(void)
{
    uint64_t number = strtoull(peer.line, NULL, 10);

    assert_int_equal(peer.len, entry_len(number));
    assert_int_equal(number, peer.last + peer.told_since + 1);
    peer.last = number;
    peer.told_since = 0;
    peer.written++;
}

static void receive(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        assert_true(peer.len < CAP);
        peer.line[peer.len++] = bytes[i];
        if (!is_whole(peer.line, &peer.len))
            continue;
        if (peer.line[0] == '-')
            read_notice();
        else
            read_entry();
        peer.len = 0;
    }
}

static void begin_write(void)
{
    peer.in_flight_vectors = outbox_begin_write(outbox, vectors, 1 + roll(VECTORS));
    for (unsigned i = 0; i < peer.in_flight_vectors; i++)
        peer.in_flight_bytes += vectors[i].iov_len;
}

static void end_write(size_t bytes)
{
    size_t left = bytes;

    for (unsigned i = 0; i < peer.in_flight_vectors; i++) {
        size_t count = left < vectors[i].iov_len ? left : vectors[i].iov_len;

        receive(vectors[i].iov_base, count);
        left -= count;
    }
    peer.in_flight_bytes = 0;
    outbox_wrote(outbox, bytes);
}

/* As the aggregate does it, with a source that cannot wait in every third case. */
static void offer(void)
{
    uint64_t number = peer.newest + 1;
    size_t len = framing_len(outbox_framing(outbox), entry_len(number));
    bool has_room = outbox_has_room(outbox, len);

    if (!has_room && outbox_holds_back(outbox) && roll(3))
        return;
    peer.newest = number;
    if (has_room || outbox_make_room(outbox))
        add(number);
    else
        outbox_drop(outbox, (int64_t)number, "shop", 4);
}

static void check(void)
{
    uint64_t done = outbox_done_through(outbox, peer.newest);

    assert_true(sink_ledger_balances(ledger));
    assert_int_equal(ledger->offered, peer.newest);
    assert_int_equal(ledger->written, peer.written);
    assert_int_equal(ledger->notices, peer.notices);
    for (unsigned i = 0; i < DROP_REASONS; i++)
        assert_true(peer.told[i] <= ledger->dropped[i]);
    if (ledger->queued + ledger->in_flight == 0)
        assert_int_equal(ledger->queued_bytes, 0);
    assert_true(done >= peer.done && done <= peer.newest);
    peer.done = done;
}

static void take_a_step(void)
{
    if (roll(3))
        offer();
    else if (peer.in_flight_bytes)
        end_write(roll(3) ? peer.in_flight_bytes : roll((uint32_t)peer.in_flight_bytes + 1));
    else if (roll(20) == 0)
        outbox_rewind_entry(outbox), peer.len = 0; /* the peer reads on anew */
    else if (roll(500) == 0)
        outbox_drop_all(outbox, DROP_SHUTDOWN), peer.len = 0;
    else if (roll(50) == 0 && outbox_holds_back(outbox))
        outbox_expire(outbox);
    else
        begin_write();
}

static void write_all(void)
{
    if (peer.in_flight_bytes)
        end_write(peer.in_flight_bytes);
    while (!outbox_is_empty(outbox)) {
        begin_write();
        end_write(peer.in_flight_bytes);
    }
}

static void run_framed_streak(enum outbox_when_full policy, enum framing framing)
{
    open_outbox(policy, framing);
    for (unsigned step = 0; step < STEPS; step++) {
        take_a_step();
        check();
    }
    write_all();
    assert_int_equal(peer.last + peer.told_since, peer.newest);
    for (unsigned i = 0; i < DROP_REASONS; i++)
        assert_int_equal(peer.told[i], ledger->dropped[i]);
    assert_true(peer.written > STEPS / 20 && peer.notices > STEPS / 200);
    close_outbox();
}

static void run_streak(enum outbox_when_full policy)
{
    run_framed_streak(policy, FRAMING_LINES);
}

static void drop_newest_tells_every_gap_where_it_is(void **state)
{
    (void)state;
    run_streak(OUTBOX_DROP_NEWEST);
    assert_true(peer.told[DROP_FULL] > 0 && peer.told[DROP_SHUTDOWN] > 0);
}

static void drop_oldest_tells_every_gap_where_it_is(void **state)
{
    (void)state;
    run_streak(OUTBOX_DROP_OLDEST);
    assert_true(peer.told[DROP_FULL] > 0 && peer.told[DROP_SHUTDOWN] > 0);
}

static void block_tells_what_it_could_not_hold_back(void **state)
{
    (void)state;
    run_streak(OUTBOX_BLOCK);
    assert_true(peer.told[DROP_SUB_FULL] > 0 && peer.told[DROP_BLOCK_EXPIRED] > 0);
    assert_int_equal(peer.told[DROP_FULL], 0);
}

static void notices_are_whole_in_every_framing(void **state)
{
    (void)state;
    run_framed_streak(OUTBOX_DROP_OLDEST, FRAMING_NUL);
    run_framed_streak(OUTBOX_DROP_OLDEST, FRAMING_OCTET_COUNTED);
    run_framed_streak(OUTBOX_DROP_NEWEST, FRAMING_OCTET_COUNTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drop_newest_tells_every_gap_where_it_is),
        cmocka_unit_test(drop_oldest_tells_every_gap_where_it_is),
        cmocka_unit_test(block_tells_what_it_could_not_hold_back),
        cmocka_unit_test(notices_are_whole_in_every_framing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
