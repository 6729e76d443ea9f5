/* outbox_lines.c - where the write in flight may be cut, compared with a count by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/outbox.h"
#include "conf/must.h"

enum { CAP = BLOCK_CAP_MIN, QUOTA = 4, VECTORS = 8, ENDS_MAX = 4096 };

static struct budget budget;
static struct pool *blocks;
static struct outbox *outbox;
static size_t ends[ENDS_MAX]; /* of all lines, from the begin of the first */
static unsigned end_count;
static size_t base; /* what of that is written */
static uint64_t number;

static int with_an_outbox(void **state)
{
    struct err err;

    (void)state;
    budget_init(&budget, pool_bytes(block_slot_bytes(CAP), QUOTA));
    blocks = pool_new(&budget, BUDGET_BLOCKS, block_slot_bytes(CAP), QUOTA, &err);
    outbox = outbox_new(blocks, CAP, QUOTA);
    end_count = 0;
    base = 0;
    number = 0;
    return 0;
}

static int all_home(void **state)
{
    (void)state;
    if (outbox_is_writing(outbox))
        outbox_wrote(outbox, 0);
    outbox_drop_all(outbox, DROP_SHUTDOWN);
    outbox_free(&outbox);
    pool_free(&blocks);
    budget_fini(&budget);
    return 0;
}

static void know_end(size_t len)
{
    must(end_count < ENDS_MAX);
    ends[end_count] = (end_count ? ends[end_count - 1] : 0) + len;
    end_count++;
}

/* An entry with a newline in its middle, at which nothing may be cut. */
static void add(size_t len)
{
    char *to;

    assert_true(outbox_has_room(outbox, len));
    to = outbox_add(outbox, len, ++number, 1);
    memset(to, 'x', len);
    to[len / 2] = to[len - 1] = '\n';
    know_end(len);
}

static size_t begin_write(void)
{
    struct iovec vectors[VECTORS];
    unsigned count = outbox_begin_write(outbox, vectors, VECTORS);
    size_t bytes = 0;

    for (unsigned i = 0; i < count; i++)
        bytes += vectors[i].iov_len;
    return bytes;
}

static void check(size_t from, size_t limit)
{
    size_t wanted = 0;

    for (unsigned i = 0; i < end_count; i++) {
        size_t end = ends[i] - base;

        if (ends[i] <= base || end <= from)
            continue;
        if (end > limit && wanted > 0)
            break;
        wanted = end;
        if (end > limit)
            break;
    }
    if (outbox_line_end(outbox, from, limit) != wanted)
        fail_msg("from %zu to %zu: %zu, not %zu", from, limit, outbox_line_end(outbox, from, limit),
                 wanted);
}

static void check_all(size_t total)
{
    uint32_t random = 5;

    for (unsigned i = 0; i < 5000; i++) {
        size_t from = (random >> 8) % total, limit;

        random = random * 1664525 + 1013904223;
        limit = from + (random >> 8) % (i % 2 ? 200 : total - from);
        limit = limit < total ? limit : total;
        check(from, limit);
        random = random * 1664525 + 1013904223;
    }
    for (unsigned i = 0; i < end_count; i++) {
        size_t end = ends[i] - base;

        if (ends[i] <= base)
            continue;
        check(end - 1, end);
        check(end - 1, end - 1);
        if (end < total) {
            check(end, end);
            check(end, end + 1);
        }
    }
}

static void one_block_is_cut_at_the_end_of_any_entry(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 300; i++)
        add(3 + i % 97);
    check_all(begin_write());
}

static void several_blocks_are_cut_anywhere(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 160; i++)
        add(1000 + i);
    check_all(begin_write());
}

static void what_was_written_before_does_not_count(void **state)
{
    size_t written = 70000 + 77;

    (void)state;
    for (unsigned i = 0; i < 160; i++)
        add(1000 + i);
    begin_write();
    outbox_wrote(outbox, written);
    base = written;
    check_all(begin_write());
}

/* Notices are lines, too; each reason has one of its own. */
static void notices_are_lines(void **state)
{
    size_t total;
    struct iovec vectors[VECTORS];
    unsigned count;
    const char *at;

    (void)state;
    outbox_set_notices(outbox, NOTICE_TEXT, "s", false);
    outbox_drop(outbox, 1, "app", 3);
    outbox_set_policy(outbox, OUTBOX_DROP_NEWEST);
    outbox_drop(outbox, 2, "app", 3);
    for (unsigned i = 0; i < 10; i++)
        add(100);
    count = outbox_begin_write(outbox, vectors, VECTORS);
    assert_int_equal(count, 1);
    total = vectors[0].iov_len;
    end_count = 0;
    at = vectors[0].iov_base;
    for (unsigned i = 0; i < 2; i++) {
        const char *end = memchr(at, '\n', total);

        assert_memory_equal(at, "--- ", 4);
        know_end((size_t)(end + 1 - at));
        at = end + 1;
    }
    for (unsigned i = 0; i < 10; i++)
        know_end(100);
    assert_int_equal(ends[end_count - 1], total);
    check_all(total);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_an_outbox, all_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_block_is_cut_at_the_end_of_any_entry),
        TEST(several_blocks_are_cut_anywhere),
        TEST(what_was_written_before_does_not_count),
        TEST(notices_are_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
