/* oldest.c - whatever comes in whatever order, the oldest few are kept. */
#include "logfile/oldest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/aggregate/dice.h"

enum { FILES = 200 };

static int by_time(const void *a, const void *b)
{
    const struct dated *one = a, *other = b;

    return (one->time_us > other->time_us) - (one->time_us < other->time_us);
}

static void check(unsigned room, unsigned files, unsigned times)
{
    struct dated all[FILES], kept[FILES];
    struct oldest oldest;

    oldest_init(&oldest, kept, room);
    for (unsigned i = 0; i < files; i++) {
        all[i].time_us = roll(times);
        all[i].bytes = all[i].time_us * 2;
        oldest_add(&oldest, all[i]);
        assert_int_equal(oldest.count, i + 1 < room ? i + 1 : room);
    }
    oldest_sort(&oldest);
    qsort(all, files, sizeof *all, by_time);
    for (unsigned i = 0; i < oldest.count; i++) {
        assert_true(kept[i].time_us == all[i].time_us);
        assert_true(kept[i].bytes == 2 * kept[i].time_us);
    }
}

static void the_oldest_are_kept_in_order(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 300; round++)
        check(1 + roll(20), roll(FILES), 1 + roll(1000));
}

static void room_for_one_keeps_the_oldest(void **state)
{
    (void)state;
    check(1, FILES, 1000);
    check(1, 1, 1000);
    check(FILES, FILES, 1000);
    check(5, 0, 1000);
    check(5, FILES, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_are_kept_in_order),
        cmocka_unit_test(room_for_one_keeps_the_oldest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
