/* latency.c - which bucket an age falls into, at its edges. */
#include "aggregate/latency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct latency latency;

static int anew(void **state)
{
    (void)state;
    latency = (struct latency){.sum_us = 0};
    return 0;
}

static void the_bounds_grow(void **state)
{
    (void)state;
    for (unsigned i = 1; i < LATENCY_BUCKETS; i++)
        assert_true(latency_bounds_us[i] > latency_bounds_us[i - 1]);
}

static void a_bound_belongs_to_its_own_bucket(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
        int64_t bound_ns = (int64_t)latency_bounds_us[i] * 1000;

        latency_add(&latency, bound_ns, 3);
        latency_add(&latency, bound_ns + 1, 5);
    }
    assert_int_equal(latency.counts[0], 3);
    for (unsigned i = 1; i < LATENCY_BUCKETS; i++)
        assert_int_equal(latency.counts[i], 5 + 3);
    assert_int_equal(latency.counts[LATENCY_BUCKETS], 5);
}

static void the_sum_is_of_all_entries_and_rounds_up(void **state)
{
    (void)state;
    latency_add(&latency, 1500001, 10);
    latency_add(&latency, 2000, 1);
    assert_int_equal(latency.sum_us, 10 * 1501 + 2);
}

static void a_clock_that_was_set_back_counts_as_no_time(void **state)
{
    (void)state;
    latency_add(&latency, -1, 2);
    latency_add(&latency, INT64_MIN, 2);
    latency_add(&latency, 0, 2);
    assert_int_equal(latency.counts[0], 6);
    assert_int_equal(latency.sum_us, 0);
}

static void the_longest_age_is_above_all_bounds(void **state)
{
    (void)state;
    latency_add(&latency, INT64_MAX, 1);
    assert_int_equal(latency.counts[LATENCY_BUCKETS], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, anew)
        TEST(the_bounds_grow),
        TEST(a_bound_belongs_to_its_own_bucket),
        TEST(the_sum_is_of_all_entries_and_rounds_up),
        TEST(a_clock_that_was_set_back_counts_as_no_time),
        TEST(the_longest_age_is_above_all_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
