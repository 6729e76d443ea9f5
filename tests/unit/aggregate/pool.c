/* pool.c - slots: claimed at once, handed out, refused, and all home at the end. */
#include "aggregate/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/aggregate/dice.h"
#include "tests/unit/aggregate/misuse.h"

enum { SLOTS = 8, SLOT_BYTES = 100, STEPS = 20000 };

static struct budget budget;
static struct pool *pool;
static struct err err;

static int with_a_pool(void **state)
{
    (void)state;
    budget_init(&budget, pool_bytes(SLOT_BYTES, SLOTS));
    pool = pool_new(&budget, BUDGET_ENTRIES, SLOT_BYTES, SLOTS, &err);
    return pool ? 0 : -1;
}

/* The last step of each test: free stops us when something is out, fini when a byte
 * is still claimed. */
static void all_home(void)
{
    pool_free(&pool);
    budget_fini(&budget);
    assert_null(pool);
}

static void a_slot_is_rounded_up_to_the_alignment(void **state)
{
    (void)state;
    assert_int_equal(pool_slot_bytes(1), 64);
    assert_int_equal(pool_slot_bytes(64), 64);
    assert_int_equal(pool_slot_bytes(65), 128);
    assert_int_equal(budget.shares[BUDGET_ENTRIES].used_bytes,
                     SLOTS * (pool_slot_bytes(SLOT_BYTES) + sizeof(void *)));
    all_home();
}

static void a_budget_one_byte_short_makes_no_pool(void **state)
{
    struct budget small;

    (void)state;
    budget_init(&small, pool_bytes(1024, 8) - 1);
    assert_null(pool_new(&small, BUDGET_BLOCKS, 1024, 8, &err));
    assert_string_equal(err.text, "memory.cap leaves 8 KiB for blocks, which need 8 KiB");
    assert_int_equal(small.shares[BUDGET_BLOCKS].refused, 1);
    budget_fini(&small);
    all_home();
}

static void every_slot_can_be_taken_and_then_there_is_none(void **state)
{
    char *slots[SLOTS];

    (void)state;
    for (unsigned i = 0; i < SLOTS; i++) {
        slots[i] = pool_take(pool);
        assert_non_null(slots[i]);
        assert_int_equal((uintptr_t)slots[i] % 64, 0);
        memset(slots[i], (int)i, SLOT_BYTES);
        assert_int_equal(pool_used(pool), i + 1);
    }
    assert_null(pool_take(pool));
    assert_null(pool_take(pool));
    assert_int_equal(pool_refused(pool), 2);
    assert_int_equal(pool_used(pool), pool_capacity(pool));
    for (unsigned i = 0; i < SLOTS; i++) {
        for (unsigned byte = 0; byte < SLOT_BYTES; byte++)
            assert_int_equal(slots[i][byte], i); /* none lies in another */
        pool_return(pool, slots[i]);
    }
    assert_int_equal(pool_used(pool), 0);
    assert_int_equal(pool_peak(pool), SLOTS);
    all_home();
}

static void a_returned_slot_can_be_taken_again(void **state)
{
    void *slots[SLOTS], *again;

    (void)state;
    for (unsigned i = 0; i < SLOTS; i++)
        slots[i] = pool_take(pool);
    assert_null(pool_take(pool));
    pool_return(pool, slots[3]);
    again = pool_take(pool);
    assert_non_null(again);
    slots[3] = again;
    for (unsigned i = 0; i < SLOTS; i++)
        pool_return(pool, slots[i]);
    all_home();
}

static void the_sums_hold_after_every_step_of_a_random_streak(void **state)
{
    unsigned char *taken[SLOTS];
    unsigned count = 0, peak = 0;
    unsigned long refused = 0;

    (void)state;
    for (unsigned step = 0; step < STEPS; step++) {
        if (roll(2)) {
            unsigned char *slot = pool_take(pool);

            assert_int_equal(slot != NULL, count < SLOTS);
            refused += !slot;
            if (slot) {
                memset(slot, (int)(step & 255), SLOT_BYTES);
                taken[count++] = slot;
            }
        } else if (count) {
            unsigned which = roll(count);

            assert_int_equal(taken[which][0], taken[which][SLOT_BYTES - 1]);
            pool_return(pool, taken[which]);
            taken[which] = taken[--count];
        }
        peak = count > peak ? count : peak;
        assert_int_equal(pool_used(pool), count);
        assert_int_equal(pool_peak(pool), peak);
        assert_int_equal(pool_refused(pool), refused);
    }
    while (count)
        pool_return(pool, taken[--count]);
    all_home();
}

/* Both twins: what is out keeps its bytes, what is home can be taken again. */
static void giving_back_changes_nothing_but_what_is_resident(void **state)
{
    unsigned char *taken[SLOTS + 1]; /* the last one is never there */
    unsigned count = 0;

    (void)state;
    pool_give_back(pool);
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned what = roll(5);

        if (what < 2 && (taken[count] = pool_take(pool))) {
            memset(taken[count], (int)(step & 255), SLOT_BYTES);
            count++;
        } else if (what < 4 && count) {
            unsigned which = roll(count);

            for (unsigned byte = 1; byte < SLOT_BYTES; byte++)
                assert_int_equal(taken[which][byte], taken[which][0]);
            pool_return(pool, taken[which]);
            taken[which] = taken[--count];
        } else if (what == 4) {
            pool_give_back(pool);
        }
        assert_int_equal(pool_used(pool), count);
        for (unsigned i = 1; i < count; i++)
            assert_ptr_not_equal(taken[i], taken[i - 1]);
    }
    while (count)
        pool_return(pool, taken[--count]);
    all_home();
}

static void no_pool_can_be_freed(void **state)
{
    struct pool *none = NULL;

    (void)state;
    pool_free(&none);
    assert_null(none);
    all_home();
}

static void a_slot_that_is_out_and_a_slot_that_is_not_stop_us(void **state)
{
    void *slot = pool_take(pool);

    (void)state;
    assert_stops(pool_free(&pool));
    pool_return(pool, slot);
    assert_stops(pool_return(pool, slot));
    assert_stops(pool_new(&budget, BUDGET_ENTRIES, 0, 1, &err));
    assert_stops(pool_new(&budget, BUDGET_ENTRIES, 1, 0, &err));
    all_home();
}

/* ---- what only the carved twin promises ----------------------------------------- */

#ifndef LOGBOOM_SAN
static void the_slot_returned_last_is_taken_first(void **state)
{
    void *one = pool_take(pool), *two = pool_take(pool);

    (void)state;
    pool_return(pool, one);
    pool_return(pool, two);
    assert_ptr_equal(pool_take(pool), two);
    assert_ptr_equal(pool_take(pool), one);
    pool_return(pool, two);
    pool_return(pool, one);
    all_home();
}

enum { LARGE_BYTES = 10 * 4096 + 64 }; /* slots that begin in the middle of a page */

static unsigned resident_pages(void *slot, size_t bytes)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = (uintptr_t)slot & ~(page - 1);
    unsigned char present[64];
    size_t pages = ((uintptr_t)slot + bytes - begin + page - 1) / page;
    unsigned count = 0;

    assert_true(pages <= sizeof present);
    assert_int_equal(mincore((void *)begin, pages * page, present), 0);
    for (size_t i = 0; i < pages; i++)
        count += present[i] & 1;
    return count;
}

static void pages_of_slots_that_are_home_are_gone(void **state)
{
    struct budget large_budget;
    struct pool *large;
    char *slots[3], before[LARGE_BYTES];

    (void)state;
    budget_init(&large_budget, pool_bytes(LARGE_BYTES, 3));
    large = pool_new(&large_budget, BUDGET_BLOCKS, LARGE_BYTES, 3, &err);
    assert_non_null(large);
    for (unsigned i = 0; i < 3; i++) {
        slots[i] = pool_take(large);
        memset(slots[i], 'a' + (int)i, LARGE_BYTES);
    }
    memset(before, 'b', LARGE_BYTES);
    pool_return(large, slots[0]);
    pool_return(large, slots[2]);
    assert_true(resident_pages(slots[0], LARGE_BYTES) >= 10);
    pool_give_back(large);
    assert_true(resident_pages(slots[0], LARGE_BYTES) <= 2); /* those it shares with others */
    assert_true(resident_pages(slots[2], LARGE_BYTES) <= 2);
    assert_true(resident_pages(slots[1], LARGE_BYTES) >= 10);
    assert_memory_equal(slots[1], before, LARGE_BYTES);

    assert_ptr_equal(pool_take(large), slots[2]); /* still the last that came home */
    memset(slots[2], 'c', LARGE_BYTES);
    pool_return(large, slots[2]);
    pool_give_back(large); /* again, although it was given back before */
    assert_true(resident_pages(slots[2], LARGE_BYTES) <= 2);

    pool_return(large, slots[1]);
    pool_give_back(large);
    for (unsigned i = 0; i < 3; i++) /* all are home: the edges are gone, too, but the list's */
        assert_true(resident_pages(slots[i], LARGE_BYTES) <= (i == 2));
    pool_free(&large);
    budget_fini(&large_budget);
    all_home();
}

static void without_address_space_nothing_stays_claimed(void **state)
{
    struct budget endless;

    (void)state;
    budget_init(&endless, SIZE_MAX);
    assert_null(pool_new(&endless, BUDGET_BLOCKS, (size_t)1 << 50, 1, &err));
    assert_non_null(strstr(err.text, "cannot map 1099511627776 KiB for blocks: "));
    budget_fini(&endless);
    all_home();
}

static void a_stranger_is_no_slot(void **state)
{
    void *slot = pool_take(pool);

    (void)state;
    assert_stops(pool_return(pool, (char *)slot + SLOTS * pool_slot_bytes(SLOT_BYTES)));
    assert_stops(pool_return(pool, (char *)slot - 1));
    pool_return(pool, slot);
    all_home();
}
#endif

/* Of a budget that has room for one slot more. */
static void a_pool_grows_as_far_as_the_budget_goes_and_shrinks_to_what_is_out(void **state)
{
    struct budget larger;
    struct pool *growing;
    void *slots[3];

    (void)state;
    budget_init(&larger, pool_bytes(SLOT_BYTES, 3));
    growing = pool_new_growing(&larger, BUDGET_BLOCKS, SLOT_BYTES, 2, 100, &err);
    assert_non_null(growing);
    slots[0] = pool_take(growing);
    slots[1] = pool_take(growing);
    assert_null(pool_take(growing));
    assert_false(pool_set_count(growing, 4));
    assert_int_equal(pool_capacity(growing), 2);
    assert_true(pool_set_count(growing, 3));
    slots[2] = pool_take(growing);
    assert_non_null(slots[2]);
    memset(slots[2], 'x', SLOT_BYTES);
    assert_null(pool_take(growing));
    pool_return(growing, slots[0]);
    pool_return(growing, slots[2]);
    assert_stops(pool_set_count(growing, 0));
    assert_true(pool_set_count(growing, 1));
    assert_null(pool_take(growing)); /* though some are home */
    assert_int_equal(larger.used_bytes, pool_bytes(SLOT_BYTES, 1));
    pool_return(growing, slots[1]);
    assert_true(pool_set_count(growing, 0));
    pool_free(&growing);
    budget_fini(&larger);
    all_home();
}

static void without_addresses_it_does_not_grow(void **state)
{
    (void)state;
    assert_false(pool_set_count(pool, SLOTS + 1));
    assert_int_equal(pool_capacity(pool), SLOTS);
    all_home();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, with_a_pool)
        TEST(a_slot_is_rounded_up_to_the_alignment),
        TEST(a_budget_one_byte_short_makes_no_pool),
        TEST(every_slot_can_be_taken_and_then_there_is_none),
        TEST(a_returned_slot_can_be_taken_again),
        TEST(the_sums_hold_after_every_step_of_a_random_streak),
        TEST(giving_back_changes_nothing_but_what_is_resident),
        TEST(no_pool_can_be_freed),
        TEST(a_pool_grows_as_far_as_the_budget_goes_and_shrinks_to_what_is_out),
        TEST(without_addresses_it_does_not_grow),
        TEST(a_slot_that_is_out_and_a_slot_that_is_not_stop_us),
#ifndef LOGBOOM_SAN
        TEST(the_slot_returned_last_is_taken_first),
        TEST(pages_of_slots_that_are_home_are_gone),
        TEST(without_address_space_nothing_stays_claimed),
        TEST(a_stranger_is_no_slot),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
