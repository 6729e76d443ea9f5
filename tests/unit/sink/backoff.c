/* backoff.c - waits double up to the most, and differ from one waiter to the next. */
#include "sink/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct backoff backoff;

static void each_wait_is_between_half_of_it_and_the_whole(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        uint64_t whole_ms = 100;

        backoff_init(&backoff, 100, 30000, seed);
        for (unsigned i = 0; i < 12; i++) {
            uint64_t ms = backoff_next(&backoff);

            assert_in_range(ms, whole_ms / 2, whole_ms);
            whole_ms = whole_ms * 2 < 30000 ? whole_ms * 2 : 30000;
        }
    }
}

static void all_of_the_range_is_used(void **state)
{
    bool seen[101] = {false};

    (void)state;
    for (uint64_t seed = 0; seed < 5000; seed++) {
        backoff_init(&backoff, 100, 30000, seed);
        seen[backoff_next(&backoff)] = true;
    }
    for (unsigned ms = 0; ms <= 100; ms++)
        assert_int_equal(seen[ms], ms >= 50);
}

static void after_a_reset_it_begins_anew(void **state)
{
    (void)state;
    backoff_init(&backoff, 100, 30000, 7);
    for (unsigned i = 0; i < 6; i++)
        backoff_next(&backoff);
    assert_in_range(backoff_next(&backoff), 3200, 6400);
    backoff_reset(&backoff);
    assert_in_range(backoff_next(&backoff), 50, 100);
    assert_in_range(backoff_next(&backoff), 100, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wait_is_between_half_of_it_and_the_whole),
        cmocka_unit_test(all_of_the_range_is_used),
        cmocka_unit_test(after_a_reset_it_begins_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
