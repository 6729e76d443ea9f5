/* path_period.c - the date and the hour follow from a number. */
#include "aggregate/path_period.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NS_PER_S 1000000000LL

static void every_day_has_the_date_that_the_c_library_gives_it(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 100 * 366; day++) {
        time_t clock = (time_t)day * 86400 + 86399;
        struct path_period_text text;
        char date[32];

        strftime(date, sizeof date, "%Y-%m-%d", gmtime(&clock));
        assert_int_equal(path_period_at(PATH_PERIOD_DAY, false, clock * NS_PER_S), day);
        path_period_write(PATH_PERIOD_DAY, (uint32_t)day, &text);
        assert_memory_equal(text.date, date, PATH_DATE_LEN);
    }
}

static void hours_are_those_of_the_configured_zone(void **state)
{
    time_t clock = 1795404852; /* 2026-11-23T03:34:12Z */
    struct path_period_text text;

    (void)state;
    setenv("TZ", "XYZ+5:30", 1);
    tzset();
    path_period_write(PATH_PERIOD_HOUR, path_period_at(PATH_PERIOD_HOUR, true, clock * NS_PER_S),
                      &text);
    assert_memory_equal(text.date, "2026-11-22", PATH_DATE_LEN);
    assert_memory_equal(text.hour, "22", PATH_HOUR_LEN);
    path_period_write(PATH_PERIOD_HOUR, path_period_at(PATH_PERIOD_HOUR, false, clock * NS_PER_S),
                      &text);
    assert_memory_equal(text.date, "2026-11-23", PATH_DATE_LEN);
    assert_memory_equal(text.hour, "03", PATH_HOUR_LEN);
    setenv("TZ", "UTC", 1);
    tzset();
}

static void a_time_before_1970_is_of_the_first_period(void **state)
{
    (void)state;
    assert_int_equal(path_period_at(PATH_PERIOD_HOUR, false, -NS_PER_S), 0);
    assert_int_equal(path_period_at(PATH_PERIOD_HOUR, false, INT64_MIN), 0);
    assert_int_equal(path_period_at(PATH_PERIOD_HOUR, false, 3600 * NS_PER_S - 1), 0);
    assert_int_equal(path_period_at(PATH_PERIOD_HOUR, false, 3600 * NS_PER_S), 1);
    assert_int_equal(path_period_at(PATH_PERIOD_NONE, false, 3600 * NS_PER_S), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_has_the_date_that_the_c_library_gives_it),
        cmocka_unit_test(hours_are_those_of_the_configured_zone),
        cmocka_unit_test(a_time_before_1970_is_of_the_first_period),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
