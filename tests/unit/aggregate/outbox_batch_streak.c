/* outbox_batch_streak.c - a random streak of adds, batches that go path by path and stop
 * anywhere, files that are replaced, and drops: each line arrives whole, once and in its
 * file's order, or is counted; and so is each notice. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/outbox_batch.h"
#include "tests/unit/aggregate/dice.h"
#include "tests/unit/aggregate/latency_sum.h"

enum { CAP = BLOCK_CAP_MIN, QUOTA = 6, FILES = 5, STEPS = 30000 };

static struct budget budget;
static struct pool *blocks;
static struct outbox *outbox;
static const struct sink_ledger *ledger;
static struct block *batch[QUOTA];
static unsigned batch_count;

/* What has arrived; file FILES is where notices go. */
static struct {
    uint64_t newest; /* given to the outbox, or dropped on arrival */
    uint64_t written;
    uint64_t batch_bytes;
    uint64_t told; /* drops, by notices that have arrived whole */
    uint64_t notices;
    uint64_t last[FILES];
    char partial[FILES + 1][CAP];
    size_t partial_len[FILES + 1];
    bool seen[STEPS + 1];
} world;

static size_t entry_len(uint64_t number)
{
    static const size_t lens[] = {24, 25, 100, 1000, 30000, CAP - 1200};

    return lens[number * 2654435761u % 97 % 6];
}

static unsigned file_of(uint64_t number)
{
    return (unsigned)(number * 40503u % 1009 % FILES);
}

static void write_entry(char *to, uint64_t number)
{
    size_t len = entry_len(number), head = (size_t)sprintf(to, "%" PRIu64 ":", number);

    memset(to + head, 'x', len - head - 1);
    to[len - 1] = '\n';
}

/* ---- files --------------------------------------------------------------------------------- */

static void line_has_arrived(unsigned file)
{
    static char line[CAP];
    uint64_t number = strtoull(world.partial[file], NULL, 10);

    assert_int_equal(file_of(number), file);
    assert_int_equal(world.partial_len[file], entry_len(number));
    write_entry(line, number);
    assert_memory_equal(world.partial[file], line, entry_len(number));
    assert_true(number > world.last[file] && !world.seen[number]);
    world.last[file] = number;
    world.seen[number] = true;
    world.written++;
}

static void notice_has_arrived(void)
{
    unsigned long count;

    world.partial[FILES][world.partial_len[FILES]] = '\0';
    assert_int_equal(
        sscanf(world.partial[FILES], "--- logboom: sink all dropped %lu entries", &count), 1);
    world.told += count;
    world.notices++;
}

static void receive(unsigned file, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        world.partial[file][world.partial_len[file]++] = bytes[i];
        if (bytes[i] != '\n')
            continue;
        if (file == FILES)
            notice_has_arrived();
        else
            line_has_arrived(file);
        world.partial_len[file] = 0;
    }
    world.batch_bytes += len;
}

/* Writes of one line all or a part; false: a part. */
static bool write_slot(struct block *block, uint32_t i, unsigned file)
{
    struct labelled_slot *slot = labelled_slot(block, i);
    uint32_t count;

    if (labelled_is_torn(block, i) && roll(4) == 0) { /* somebody has replaced the file */
        world.partial_len[file] = 0;
        slot->begin = labelled_line_begin(block, i);
    }
    count = slot->end - slot->begin;
    if (roll(12) == 0)
        count = roll(count);
    receive(file, labelled_at(block, slot->begin), count);
    slot->begin += count;
    return slot->begin == slot->end;
}

static unsigned file_of_slot(const struct block *block, uint32_t i)
{
    return i == 0 ? FILES : (unsigned)(labelled_label(block, i).text[0] - 'a');
}

static void write_file(unsigned file)
{
    for (unsigned b = 0; b < batch_count; b++) {
        for (uint32_t i = 0; i <= batch[b]->entry_count; i++) {
            const struct labelled_slot *slot = labelled_slot(batch[b], i);

            if (slot->begin == slot->end || file_of_slot(batch[b], i) != file)
                continue;
            if (!write_slot(batch[b], i, file))
                return;
        }
    }
}

/* ---- what happens -------------------------------------------------------------------------- */

static void add_one(void)
{
    uint64_t number = world.newest + 1;
    char text[FILES + 2];
    struct label label = {.len = file_of(number) + 1, .text = text};

    memset(text, (int)('a' + file_of(number)), sizeof text);
    if (outbox_has_room(outbox, entry_len(number)) || outbox_make_room(outbox))
        write_entry(outbox_add_labelled(outbox, &label, entry_len(number), number, 1), number);
    else
        outbox_drop(outbox, 1, "app", 3);
    world.newest = number;
}

static void begin(void)
{
    batch_count = outbox_begin_batch(outbox, batch, 1 + roll(QUOTA));
    world.batch_bytes = 0;
}

static void end(void)
{
    unsigned first = roll(FILES + 1);

    for (unsigned i = 0; i <= FILES; i++) {
        if (roll(4))
            write_file((first + i) % (FILES + 1));
    }
    outbox_end_batch(outbox, world.batch_bytes);
    batch_count = 0;
}

static void check(void)
{
    static uint64_t done_before;
    uint64_t done = outbox_done_through(outbox, world.newest);

    assert_true(sink_ledger_balances(ledger));
    assert_int_equal(ledger->offered, world.newest);
    assert_int_equal(ledger->written, world.written);
    assert_int_equal(latency_sum(outbox_latency(outbox)), ledger->written);
    assert_int_equal(ledger->notices, world.notices);
    assert_true(done >= done_before);
    assert_true(world.told <= sink_ledger_dropped(ledger));
    done_before = done;
}

static void finish(void)
{
    uint64_t arrived = 0;

    while (!outbox_is_empty(outbox)) {
        begin();
        for (unsigned file = 0; file <= FILES; file++)
            write_file(file);
        outbox_end_batch(outbox, world.batch_bytes);
        batch_count = 0;
    }
    check();
    for (uint64_t number = 1; number <= world.newest; number++)
        arrived += world.seen[number];
    assert_int_equal(arrived, ledger->written);
    assert_int_equal(ledger->written + ledger->dropped[DROP_FULL], world.newest);
    assert_int_equal(world.told, ledger->dropped[DROP_FULL]);
    assert_int_equal(ledger->queued_bytes, 0);
    assert_int_equal(outbox_done_through(outbox, world.newest), world.newest);
}

static void every_line_arrives_once_in_its_file_or_is_counted(void **state)
{
    struct err err;

    (void)state;
    budget_init(&budget, pool_bytes(block_slot_bytes(CAP), QUOTA));
    blocks = pool_new(&budget, BUDGET_BLOCKS, block_slot_bytes(CAP), QUOTA, &err);
    outbox = outbox_new(blocks, CAP, QUOTA);
    outbox_label_entries(outbox, FILES);
    outbox_set_policy(outbox, OUTBOX_DROP_OLDEST);
    outbox_set_notices(outbox, NOTICE_TEXT, "all", false);
    ledger = outbox_ledger(outbox);
    while (world.newest < STEPS) {
        if (roll(3))
            add_one();
        else if (batch_count)
            end();
        else
            begin();
        check();
    }
    if (batch_count)
        end();
    finish();
    assert_true(world.written > STEPS / 4 && ledger->dropped[DROP_FULL] > STEPS / 20);
    outbox_free(&outbox);
    pool_free(&blocks);
    budget_fini(&budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_arrives_once_in_its_file_or_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
