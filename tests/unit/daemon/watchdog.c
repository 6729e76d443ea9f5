/* The watchdog: when the service manager may be told that we live, and when it must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* The daemon's objects hold a main and are not linked into tests. */
#include "daemon/watchdog.c"

enum { BEGIN_MS = 1000, STEP_MS = 1000 };

static const struct watchdog_look idle = {.moved = 7};
static const struct watchdog_look stuck = {.moved = 7, .waiting = true};
static const struct watchdog_look full = {.moved = 7, .waiting = true, .explained = true};

/* Looks every second for a while; how many of these looks saw life. */
static unsigned seconds_of_life(struct watchdog *watchdog, const struct watchdog_look *look,
                                uint64_t from_ms, unsigned seconds)
{
    unsigned alive = 0;

    for (unsigned i = 0; i < seconds; i++)
        alive += watchdog_sees_life(watchdog, look, from_ms + i * STEP_MS);
    return alive;
}

static void nothing_to_do_is_life(void **state)
{
    struct watchdog watchdog = {0};

    (void)state;
    assert_int_equal(seconds_of_life(&watchdog, &idle, BEGIN_MS, 1000), 1000);
}

static void a_sink_that_waits_explains_any_wait(void **state)
{
    struct watchdog watchdog = {0};

    (void)state;
    assert_int_equal(seconds_of_life(&watchdog, &full, BEGIN_MS, 1000), 1000);
}

/* The first look only sees that something moved since there was none. */
static void a_wait_that_nobody_explains_is_death_after_a_while(void **state)
{
    struct watchdog watchdog = {0};

    (void)state;
    assert_int_equal(seconds_of_life(&watchdog, &stuck, BEGIN_MS, 1000),
                     1 + WATCHDOG_PATIENCE_MS / STEP_MS);
}

static void whatever_moves_begins_it_anew(void **state)
{
    struct watchdog watchdog = {0};
    struct watchdog_look moved = stuck;
    uint64_t now_ms = BEGIN_MS;

    (void)state;
    for (unsigned i = 0; i < 100; i++, now_ms += WATCHDOG_PATIENCE_MS - STEP_MS) {
        assert_true(watchdog_sees_life(&watchdog, &moved, now_ms));
        moved.moved += i % 2; /* every second time it stands still */
    }
}

static void what_is_over_in_time_does_not_count(void **state)
{
    struct watchdog watchdog = {.moved = 7};

    (void)state;
    assert_true(watchdog_sees_life(&watchdog, &stuck, BEGIN_MS));
    assert_true(watchdog_sees_life(&watchdog, &full, BEGIN_MS + WATCHDOG_PATIENCE_MS - 1));
    assert_true(watchdog_sees_life(&watchdog, &stuck, BEGIN_MS + WATCHDOG_PATIENCE_MS));
    assert_false(watchdog_sees_life(&watchdog, &stuck, BEGIN_MS + 2 * WATCHDOG_PATIENCE_MS));
    assert_true(watchdog_sees_life(&watchdog, &idle, BEGIN_MS + 2 * WATCHDOG_PATIENCE_MS));
}

/* ---- who asks ---------------------------------------------------------------------------- */

static uint64_t interval(const char *period_us, const char *pid)
{
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    if (period_us)
        setenv("WATCHDOG_USEC", period_us, 1);
    if (pid)
        setenv("WATCHDOG_PID", pid, 1);
    return watchdog_interval_ms();
}

static void a_third_of_the_period_is_the_interval(void **state)
{
    char own[24], other[24];

    (void)state;
    snprintf(own, sizeof own, "%d", (int)getpid());
    snprintf(other, sizeof other, "%d", (int)getppid());
    assert_int_equal(interval("60000000", NULL), 20000);
    assert_int_equal(interval("60000000", own), 20000);
    assert_int_equal(interval("60000000", other), 0);
    assert_int_equal(interval(NULL, own), 0);
    assert_int_equal(interval("2000", own), 1); /* it is asked for, however often */
}

static void what_is_no_number_is_no_period(void **state)
{
    static const char *const wrong[] = {"", "0", "-1", "1s", " 5000000", "99999999999999999999999"};

    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(interval(wrong[i], NULL), 0);
    assert_int_equal(interval("60000000", "no number"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_to_do_is_life),
        cmocka_unit_test(a_sink_that_waits_explains_any_wait),
        cmocka_unit_test(a_wait_that_nobody_explains_is_death_after_a_while),
        cmocka_unit_test(whatever_moves_begins_it_anew),
        cmocka_unit_test(what_is_over_in_time_does_not_count),
        cmocka_unit_test(a_third_of_the_period_is_the_interval),
        cmocka_unit_test(what_is_no_number_is_no_period),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
