/* aggregate_labels.c - entries of a sink with many files carry the path of theirs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/aggregate.h"
#include "aggregate/outbox_batch.h"
#include "tests/unit/aggregate/rendered.h"

enum { CAP = BLOCK_CAP_MIN, QUOTA = 3 };

static struct budget budget;
static struct pool *blocks;
static struct aggregate *aggregate;
static struct endpoint_ledger endpoint;
static struct outbox *outbox;
static struct format *format;
static struct path_template *paths;

static int with_a_labelled_route(void **state)
{
    struct err err;

    (void)state;
    budget_init(&budget, pool_bytes(block_slot_bytes(CAP), QUOTA));
    blocks = pool_new(&budget, BUDGET_BLOCKS, block_slot_bytes(CAP), QUOTA, &err);
    aggregate = aggregate_new();
    outbox = outbox_new(blocks, CAP, QUOTA);
    format = made("{message}");
    paths = path_template_new("/x/{host}.log", false, &err);
    outbox_label_entries(outbox, path_template_longest(paths));
    aggregate_add_route(aggregate, outbox, format);
    aggregate_label_route(aggregate, paths);
    return 0;
}

static int all_home(void **state)
{
    (void)state;
    aggregate_free(&aggregate);
    outbox_drop_all(outbox, DROP_SHUTDOWN);
    outbox_free(&outbox);
    format_free(&format);
    path_template_free(&paths);
    pool_free(&blocks);
    budget_fini(&budget);
    return 0;
}

static enum offered offer(const char *host, const char *text, size_t text_len)
{
    struct entry *entry = sample_begin(&sample);

    entry->host = sample_str(&sample, host);
    entry->text = sample_bytes(&sample, text, text_len);
    return aggregate_offer(aggregate, entry, sample.base, &endpoint);
}

static void check_slot(const struct block *block, uint32_t i, const char *path, const char *line)
{
    const struct labelled_slot *slot = labelled_slot(block, i);
    struct label label = labelled_label(block, i);

    assert_int_equal(label.len, strlen(path));
    assert_memory_equal(label.text, path, label.len);
    assert_int_equal(slot->end - slot->begin, strlen(line));
    assert_memory_equal(labelled_at(block, slot->begin), line, strlen(line));
}

static void each_entry_carries_its_path(void **state)
{
    struct block *batch[QUOTA];

    (void)state;
    assert_int_equal(offer("a/b", "one", 3), AGGREGATE_TAKEN);
    assert_int_equal(offer("", "two", 3), AGGREGATE_TAKEN);
    assert_int_equal(offer("a:b", "three", 5), AGGREGATE_TAKEN);
    assert_int_equal(outbox_begin_batch(outbox, batch, QUOTA), 1);
    check_slot(batch[0], 1, "a_b.log", "one\n");
    check_slot(batch[0], 2, "-.log", "two\n");
    check_slot(batch[0], 3, "a_b.log", "three\n");
    outbox_end_batch(outbox, 0);
}

static void an_entry_longer_than_a_block_is_cut_beside_its_label(void **state)
{
    static char text[2 * CAP];
    struct block *batch[QUOTA];
    const struct labelled_slot *slot;

    (void)state;
    memset(text, 't', sizeof text);
    assert_int_equal(offer("web", text, sizeof text), AGGREGATE_TAKEN);
    assert_int_equal(outbox_ledger(outbox)->cut, 1);
    outbox_begin_batch(outbox, batch, QUOTA);
    slot = labelled_slot(batch[0], 1);
    assert_in_range(slot->end - slot->begin, outbox_longest(outbox) - 1, outbox_longest(outbox));
    assert_memory_equal(labelled_at(batch[0], slot->end - 8), " \\[cut]\n", 8);
    outbox_end_batch(outbox, 0);
}

static void a_full_outbox_holds_back_before_anything_is_rendered(void **state)
{
    static char text[CAP / 2];
    uint64_t taken = 0;

    (void)state;
    memset(text, 't', sizeof text);
    while (offer("web", text, sizeof text) == AGGREGATE_TAKEN)
        taken++;
    assert_int_equal(taken, QUOTA);
    assert_int_equal(outbox_ledger(outbox)->offered, QUOTA);
    assert_int_equal(aggregate_busy_route(aggregate), 0);
}

static void every_block_is_filled_up_to_the_room_of_one_entry(void **state)
{
    struct block *batch[QUOTA];
    uint32_t slots;

    (void)state;
    while (offer("web", "0123456789", 10) == AGGREGATE_TAKEN)
        ;
    assert_int_equal(outbox_begin_batch(outbox, batch, QUOTA), QUOTA);
    slots = (batch[0]->entry_count + 1) * (uint32_t)sizeof(struct labelled_slot);
    assert_true(CAP - batch[0]->len - slots < 200); /* room for the longest label is kept */
    assert_true(CAP - batch[0]->len - slots >= BLOCK_SPARE);
    outbox_end_batch(outbox, 0);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, with_a_labelled_route, all_home)
    const struct CMUnitTest tests[] = {
        TEST(each_entry_carries_its_path),
        TEST(an_entry_longer_than_a_block_is_cut_beside_its_label),
        TEST(a_full_outbox_holds_back_before_anything_is_rendered),
        TEST(every_block_is_filled_up_to_the_room_of_one_entry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
