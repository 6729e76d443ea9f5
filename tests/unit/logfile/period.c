/* period.c - hours and days, in UTC and where clocks are changed. */
#include "logfile/period.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define SECOND 1000000000ll

/* `2026-11-25 12:34:56` in UTC, in nanoseconds. */
static int64_t utc(const char *text)
{
    struct tm tm = {0};

    assert_non_null(strptime(text, "%Y-%m-%d %H:%M:%S", &tm));
    return (int64_t)timegm(&tm) * SECOND;
}

static void check(const char *moment, enum log_period every, bool local, const char *begin,
                  const char *end)
{
    struct period period = period_around(utc(moment), every, local);

    assert_int_equal(period.begin_ns, utc(begin));
    assert_int_equal(period.end_ns, utc(end));
    period = period_around(period.begin_ns, every, local);
    assert_int_equal(period.begin_ns, utc(begin));
    period = period_around(period.end_ns - 1, every, local);
    assert_int_equal(period.end_ns, utc(end));
    period = period_around(period.end_ns, every, local);
    assert_int_equal(period.begin_ns, utc(end));
}

static void be_in(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

static void without_a_period_nothing_ends(void **state)
{
    struct period all = period_around(utc("2026-11-25 12:34:56"), LOG_PERIOD_NONE, true);

    (void)state;
    assert_true(all.begin_ns == INT64_MIN && all.end_ns == INT64_MAX);
}

static void in_utc_all_are_alike(void **state)
{
    (void)state;
    be_in("Europe/Berlin"); /* no matter */
    check("2026-11-25 12:34:56", LOG_PERIOD_HOUR, false, "2026-11-25 12:00:00",
          "2026-11-25 13:00:00");
    check("2026-11-25 23:59:59", LOG_PERIOD_DAY, false, "2026-11-25 00:00:00",
          "2026-11-26 00:00:00");
    check("2026-12-31 23:00:00", LOG_PERIOD_HOUR, false, "2026-12-31 23:00:00",
          "2027-01-01 00:00:00");
    check("1969-12-31 23:30:00", LOG_PERIOD_HOUR, false, "1969-12-31 23:00:00",
          "1970-01-01 00:00:00");
}

static void a_local_day_begins_at_midnight(void **state)
{
    (void)state;
    be_in("CET-1CEST,M3.5.0,M10.5.0/3");
    check("2026-11-25 23:30:00", LOG_PERIOD_DAY, true, "2026-11-25 23:00:00",
          "2026-11-26 23:00:00");
    check("2026-11-25 22:30:00", LOG_PERIOD_DAY, true, "2026-11-24 23:00:00",
          "2026-11-25 23:00:00");
}

static void the_days_on_which_clocks_change_are_shorter_and_longer(void **state)
{
    (void)state;
    be_in("CET-1CEST,M3.5.0,M10.5.0/3");
    check("2026-03-29 12:00:00", LOG_PERIOD_DAY, true, "2026-03-28 23:00:00",
          "2026-03-29 22:00:00");
    check("2026-10-25 12:00:00", LOG_PERIOD_DAY, true, "2026-10-24 22:00:00",
          "2026-10-25 23:00:00");
}

/* At 01:00 it is 00:00 again, as in Havana: the day begins with the first of both. And at 00:00
 * it is 01:00, so that the day has no midnight. */
static void a_midnight_that_comes_twice_is_the_first(void **state)
{
    (void)state;
    be_in("CST5CDT,M3.2.0/0,M11.1.0/1");
    check("2026-10-31 12:00:00", LOG_PERIOD_DAY, true, "2026-10-31 04:00:00",
          "2026-11-01 04:00:00");
    check("2026-11-01 04:30:00", LOG_PERIOD_DAY, true, "2026-11-01 04:00:00",
          "2026-11-02 05:00:00");
    check("2026-11-01 05:30:00", LOG_PERIOD_DAY, true, "2026-11-01 04:00:00",
          "2026-11-02 05:00:00");
    check("2026-03-08 12:00:00", LOG_PERIOD_DAY, true, "2026-03-08 05:00:00",
          "2026-03-09 04:00:00");
}

/* 02:30 comes twice; each of both hours is one of its own. */
static void the_hour_that_comes_twice_is_two(void **state)
{
    (void)state;
    be_in("CET-1CEST,M3.5.0,M10.5.0/3");
    check("2026-10-25 00:30:00", LOG_PERIOD_HOUR, true, "2026-10-25 00:00:00",
          "2026-10-25 01:00:00");
    check("2026-10-25 01:30:00", LOG_PERIOD_HOUR, true, "2026-10-25 01:00:00",
          "2026-10-25 02:00:00");
}

static void zones_may_be_off_by_parts_of_an_hour(void **state)
{
    (void)state;
    be_in("NPT-5:45");
    check("2026-11-25 12:30:00", LOG_PERIOD_HOUR, true, "2026-11-25 12:15:00",
          "2026-11-25 13:15:00");
    check("2026-11-25 12:30:00", LOG_PERIOD_DAY, true, "2026-11-24 18:15:00",
          "2026-11-25 18:15:00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_period_nothing_ends),
        cmocka_unit_test(in_utc_all_are_alike),
        cmocka_unit_test(a_local_day_begins_at_midnight),
        cmocka_unit_test(the_days_on_which_clocks_change_are_shorter_and_longer),
        cmocka_unit_test(a_midnight_that_comes_twice_is_the_first),
        cmocka_unit_test(the_hour_that_comes_twice_is_two),
        cmocka_unit_test(zones_may_be_off_by_parts_of_an_hour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
