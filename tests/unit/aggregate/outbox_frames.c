/* outbox_frames.c - a write in flight is its frames, one behind the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/outbox.h"

enum { CAP = BLOCK_CAP_MIN, QUOTA = 4, MANY = 4000 };

static struct budget budget;
static struct pool *blocks;
static struct outbox *outbox;
static struct iovec vectors[QUOTA], frames[MANY];
static uint64_t newest;

static int with_an_outbox(void **state)
{
    struct err err;

    (void)state;
    newest = 0;
    budget_init(&budget, pool_bytes(block_slot_bytes(CAP), QUOTA));
    blocks = pool_new(&budget, BUDGET_BLOCKS, block_slot_bytes(CAP), QUOTA, &err);
    outbox = outbox_new(blocks, CAP, QUOTA);
    return 0;
}

static int all_home(void **state)
{
    (void)state;
    outbox_drop_all(outbox, DROP_SHUTDOWN);
    outbox_free(&outbox);
    pool_free(&blocks);
    budget_fini(&budget);
    return 0;
}

/* `3:xxx\n`, with all of this length. */
static void add(size_t len)
{
    char *to = outbox_add(outbox, len, ++newest, 1);

    memset(to, 'x', len);
    to[sprintf(to, "%u", (unsigned)newest)] = ':';
    to[len - 1] = '\n';
}

static void nothing_in_flight_has_no_frames(void **state)
{
    (void)state;
    add(10);
    assert_int_equal(outbox_frames(outbox, frames, MANY), 0);
}

static void each_entry_is_one_over_all_blocks(void **state)
{
    size_t at = 0;
    unsigned block = 0;

    (void)state;
    for (unsigned i = 0; i < 3000; i++)
        add(20 + i % 60);
    assert_true(outbox_begin_write(outbox, vectors, QUOTA) > 2);
    assert_int_equal(outbox_frames(outbox, frames, MANY), 3000);
    for (unsigned i = 0; i < 3000; i++) {
        assert_ptr_equal(frames[i].iov_base, (char *)vectors[block].iov_base + at);
        assert_int_equal(frames[i].iov_len, 20 + i % 60);
        at += frames[i].iov_len;
        if (at == vectors[block].iov_len) {
            block++;
            at = 0;
        }
    }
    assert_int_equal(outbox_frames(outbox, frames, 7), 7);
    outbox_wrote(outbox, 0);
}

static void they_go_on_where_the_last_write_ended(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        add(10);
    outbox_begin_write(outbox, vectors, QUOTA);
    outbox_wrote(outbox, 23);
    outbox_begin_write(outbox, vectors, QUOTA);
    assert_int_equal(outbox_frames(outbox, frames, MANY), 3);
    assert_int_equal(frames[0].iov_len, 7); /* the rest of one */
    assert_memory_equal(frames[1].iov_base, "4:", 2);
    outbox_wrote(outbox, 27);
}

static void notices_are_frames_too(void **state)
{
    (void)state;
    outbox_set_policy(outbox, OUTBOX_DROP_NEWEST);
    outbox_set_notices(outbox, NOTICE_TEXT, "s", false);
    add(10);
    outbox_drop(outbox, 1, "a", 1);
    add(10);
    outbox_begin_write(outbox, vectors, QUOTA);
    assert_int_equal(outbox_frames(outbox, frames, MANY), 3);
    assert_memory_equal(frames[0].iov_base, "1:", 2);
    assert_memory_equal(frames[1].iov_base, "--- logboom: sink s dropped 1 ", 30);
    assert_memory_equal(frames[2].iov_base, "2:", 2);
    outbox_wrote(outbox, 10);
    outbox_begin_write(outbox, vectors, QUOTA);
    assert_int_equal(outbox_frames(outbox, frames, 1), 1);
    outbox_wrote(outbox, frames[0].iov_len);
    assert_int_equal(outbox_ledger(outbox)->notices, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, with_an_outbox, all_home)
        TEST(nothing_in_flight_has_no_frames),
        TEST(each_entry_is_one_over_all_blocks),
        TEST(they_go_on_where_the_last_write_ended),
        TEST(notices_are_frames_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
