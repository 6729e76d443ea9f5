/* Repeats: each time of a sentence is either said or counted, and every count is told. */
#include "conf/log_repeats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WARNING = 4, ERROR = 3, BEGIN_MS = 5000 };

static struct log_repeats t;
static struct log_repeat told;

static int begin(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    return 0;
}

/* How many of these are said. */
static unsigned said(unsigned times, const char *text, uint64_t now_ms)
{
    unsigned admitted = 0;

    for (unsigned i = 0; i < times; i++)
        admitted += log_repeats_admit(&t, WARNING, text, now_ms);
    return admitted;
}

static void the_first_few_are_said_and_the_rest_is_counted(void **state)
{
    (void)state;
    assert_int_equal(said(100, "full", BEGIN_MS), LOG_REPEATS_SAID);
    assert_int_equal(log_repeats_waiting(&t), 1);
    assert_false(log_repeats_next(&t, false, BEGIN_MS + LOG_REPEATS_WINDOW_MS - 1, &told));
    assert_true(log_repeats_next(&t, false, BEGIN_MS + LOG_REPEATS_WINDOW_MS, &told));
    assert_string_equal(told.text, "full");
    assert_int_equal(told.counted, 100 - LOG_REPEATS_SAID);
    assert_int_equal(told.level, WARNING);
    assert_int_equal(log_repeats_waiting(&t), 0);
    assert_false(log_repeats_next(&t, true, BEGIN_MS + LOG_REPEATS_WINDOW_MS, &told));
}

/* It has not stopped: only its counts are told from now on. */
static void what_goes_on_is_not_said_again(void **state)
{
    uint64_t now_ms = BEGIN_MS;

    (void)state;
    said(100, "full", now_ms);
    for (unsigned i = 0; i < 5; i++) {
        now_ms += LOG_REPEATS_WINDOW_MS;
        assert_true(log_repeats_next(&t, false, now_ms, &told));
        assert_int_equal(said(10, "full", now_ms + 1), 0);
    }
    assert_int_equal(told.counted, 10);
}

static void what_has_stopped_is_said_again(void **state)
{
    uint64_t now_ms = BEGIN_MS + LOG_REPEATS_WINDOW_MS;

    (void)state;
    said(100, "full", BEGIN_MS);
    assert_true(log_repeats_next(&t, false, now_ms, &told));
    now_ms += LOG_REPEATS_WINDOW_MS;
    assert_int_equal(said(100, "full", now_ms), LOG_REPEATS_SAID);
}

static void another_sentence_or_level_is_another(void **state)
{
    (void)state;
    said(LOG_REPEATS_SAID, "full", BEGIN_MS);
    assert_int_equal(said(1, "full ", BEGIN_MS), 1);
    assert_true(log_repeats_admit(&t, ERROR, "full", BEGIN_MS));
    assert_int_equal(said(1, "full", BEGIN_MS), 0);
}

static void without_a_place_each_is_said(void **state)
{
    char text[LOG_REPEATS_TEXT_MAX + 1];

    (void)state;
    for (unsigned i = 0; i < LOG_REPEATS_SENTENCES; i++) {
        snprintf(text, sizeof text, "sentence %u", i);
        assert_int_equal(said(10, text, BEGIN_MS), LOG_REPEATS_SAID);
    }
    assert_int_equal(said(10, "one more", BEGIN_MS), 10);
    for (unsigned i = 0; i < LOG_REPEATS_SENTENCES; i++)
        assert_true(log_repeats_next(&t, true, BEGIN_MS, &told));
    assert_false(log_repeats_next(&t, true, BEGIN_MS, &told));
    assert_int_equal(said(10, "one more", BEGIN_MS + LOG_REPEATS_WINDOW_MS), LOG_REPEATS_SAID);
}

static void the_longest_that_has_a_place(void **state)
{
    char text[LOG_REPEATS_TEXT_MAX + 1];

    (void)state;
    memset(text, 'x', sizeof text);
    text[LOG_REPEATS_TEXT_MAX - 1] = '\0';
    assert_int_equal(said(10, text, BEGIN_MS), LOG_REPEATS_SAID);
    text[LOG_REPEATS_TEXT_MAX - 1] = 'x';
    text[LOG_REPEATS_TEXT_MAX] = '\0';
    assert_int_equal(said(10, text, BEGIN_MS), 10);
}

/* Of any streak: what was said and what was told is all there was. */
static void nothing_is_lost(void **state)
{
    uint64_t now_ms = BEGIN_MS, heard = 0, sent = 0;
    unsigned seed = 7;
    char text[16];

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        seed = seed * 1103515245 + 12345;
        now_ms += seed >> 16 & 63;
        snprintf(text, sizeof text, "%u", (seed >> 24) % 24);
        sent++;
        heard += log_repeats_admit(&t, WARNING, text, now_ms);
        while (log_repeats_next(&t, false, now_ms, &told))
            heard += told.counted;
        assert_true(t.count <= LOG_REPEATS_SENTENCES);
    }
    while (log_repeats_next(&t, true, now_ms, &told))
        heard += told.counted;
    assert_int_equal(heard, sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_first_few_are_said_and_the_rest_is_counted, begin),
        cmocka_unit_test_setup(what_goes_on_is_not_said_again, begin),
        cmocka_unit_test_setup(what_has_stopped_is_said_again, begin),
        cmocka_unit_test_setup(another_sentence_or_level_is_another, begin),
        cmocka_unit_test_setup(without_a_place_each_is_said, begin),
        cmocka_unit_test_setup(the_longest_that_has_a_place, begin),
        cmocka_unit_test_setup(nothing_is_lost, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
