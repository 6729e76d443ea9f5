/* path_template.c - entries choose the path of their file, and cannot choose a bad one. */
#include "aggregate/path_template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/dice.h"
#include "tests/unit/aggregate/sample.h"

static struct sample sample;

enum { LONGEST_VALUE = 64, LONGEST_NAME = 222 }; /* as path_parts.h has them */

static struct path_template *made(const char *path)
{
    struct err err;
    struct path_template *template = path_template_new(path, false, &err);

    if (!template)
        fail_msg("%s", err.text);
    return template;
}

/* The label of the sample, as a string in static memory. */
static const char *labelled(const char *path)
{
    static char text[LABEL_MAX + 1];
    struct path_template *template = made(path);
    struct label label = path_template_render(template, sample.entry, sample.base);

    assert_true(label.len <= path_template_longest(template));
    memcpy(text, label.text, label.len);
    text[label.len] = '\0';
    path_template_free(&template);
    assert_null(template);
    return text;
}

static const char *host_as_file(const char *host, size_t len)
{
    sample_begin(&sample)->host = sample_bytes(&sample, host, len);
    return labelled("/x/{host}");
}

#define HOST_AS_FILE(text) host_as_file(text, sizeof(text) - 1)

static void every_part_of_an_entry_can_be_in_the_path(void **state)
{
    (void)state;
    sample_full(&sample);
    assert_string_equal(labelled("/v/{app}/{host}/{level}/{topic}/{date}/{hour}.log"),
                        "shop/web1/info/orders.eu/2026-11-23/03.log");
    assert_string_equal(labelled("/v/a{app}b{host}c"), "ashopbweb1c");
    assert_string_equal(labelled("{app}.log"), "shop.log");
}

static void what_an_entry_does_not_say_is_a_dash(void **state)
{
    (void)state;
    sample_begin(&sample)->level = LEVEL_NONE;
    assert_string_equal(labelled("{app}/{host}.{level}.{topic}"), "-/-.-.-");
}

static void values_are_made_safe(void **state)
{
    char longest[LONGEST_VALUE + 1];

    (void)state;
    assert_string_equal(HOST_AS_FILE("../../etc/passwd"), "_._.._etc_passwd");
    assert_string_equal(HOST_AS_FILE("."), "_");
    assert_string_equal(HOST_AS_FILE(".."), "_.");
    assert_string_equal(HOST_AS_FILE(".ssh"), "_ssh");
    assert_string_equal(HOST_AS_FILE("a/b"), "a_b");
    assert_string_equal(HOST_AS_FILE("a\0b\nc d"), "a_b_c_d");
    assert_string_equal(HOST_AS_FILE("caf\xc3\xa9"), "caf__");
    assert_string_equal(HOST_AS_FILE("x@20261125T211828.123456Z"), "x_20261125T211828.123456Z");
    assert_string_equal(HOST_AS_FILE("{host}*?"), "_host___");
    memset(longest, 'h', sizeof longest);
    assert_int_equal(strlen(host_as_file(longest, LONGEST_VALUE)), LONGEST_VALUE);
    assert_int_equal(strlen(host_as_file(longest, LONGEST_VALUE + 1)), LONGEST_VALUE);
}

static void no_value_leaves_its_place_whatever_it_is(void **state)
{
    struct path_template *template = made("/x/{host}/a{app}.log");

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        char bytes[100], name[LABEL_MAX + 1];
        size_t len = roll(sizeof bytes);
        struct entry *entry = sample_begin(&sample);
        struct label label;

        roll_bytes(bytes, len);
        entry->host = sample_bytes(&sample, bytes, len);
        entry->app = entry->host;
        label = path_template_render(template, entry, sample.base);
        memcpy(name, label.text, label.len);
        name[label.len] = '\0';
        assert_int_equal(strlen(name), label.len);
        assert_true(name[0] != '.' && strchr(name, '/') && !strchr(strchr(name, '/') + 1, '/'));
        assert_int_equal(
            strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-/"),
            label.len);
    }
    path_template_free(&template);
}

static void the_base_is_what_no_entry_chooses(void **state)
{
    (void)state;
    assert_int_equal(path_template_base_len("/var/log/{host}.log"), strlen("/var/log/"));
    assert_int_equal(path_template_base_len("/var/log/a{host}/x"), strlen("/var/log/"));
    assert_int_equal(path_template_base_len("/{host}"), 1);
    assert_int_equal(path_template_base_len("{host}/x/y"), 0);
    assert_int_equal(path_template_base_len("run/{date}/x"), strlen("run/"));
    assert_int_equal(path_template_base_len("/var/log/all.log"), strlen("/var/log/"));
    assert_int_equal(path_template_base_len("all.log"), 0);
}

static void a_pattern_stands_for_all_of_its_paths(void **state)
{
    char pattern[LABEL_MAX + 1];
    char path[LABEL_MAX + 8];

    (void)state;
    assert_true(path_template_pattern("/var/log/{host}/a{app}-{date}.log", pattern));
    assert_string_equal(pattern, "*/a*-\1\1\1\1-\1\1-\1\1.log");
    assert_true(path_template_pattern("{hour}/{app}", pattern));
    assert_string_equal(pattern, "\1\1/*");
    assert_true(path_template_pattern("/var/log/all.log", pattern));
    assert_string_equal(pattern, "all.log");
    assert_true(path_template_pattern("{}{host}{app}", pattern));
    assert_string_equal(pattern, "{}**");
    assert_false(path_template_pattern("/x/{host}*", pattern));
    assert_false(path_template_pattern("/x/{host}\1", pattern));
    memset(path, 'p', sizeof path);
    path[LABEL_MAX] = '\0';
    assert_true(path_template_pattern(path, pattern));
    path[LABEL_MAX] = 'p';
    path[LABEL_MAX + 1] = '\0';
    assert_false(path_template_pattern(path, pattern));
}

static void a_date_says_how_long_a_name_lasts(void **state)
{
    (void)state;
    assert_int_equal(path_template_lasts("/x/{app}.log"), PATH_LASTS);
    assert_int_equal(path_template_lasts("/x/{hour}.log"), PATH_LASTS);
    assert_int_equal(path_template_lasts("/x/{date}.log"), PATH_LASTS_A_DAY);
    assert_int_equal(path_template_lasts("/x/{hour}/{date}.log"), PATH_LASTS_AN_HOUR);
}

static void other_braces_stand_for_themselves(void **state)
{
    (void)state;
    assert_true(path_template_is_one("/x/{app}"));
    assert_true(path_template_is_one("/x/{nonsense}"));
    assert_false(path_template_is_one("/x/app"));
    assert_false(path_template_is_one("/x/{}"));
    assert_false(path_template_is_one("/x/{a/b}"));
    assert_false(path_template_is_one("/x/}a{"));
    sample_full(&sample);
    assert_string_equal(labelled("{}{{app}}{"), "{}{shop}{");
}

static void check_refused(const char *path, const char *sentence)
{
    struct err err;

    assert_null(path_template_new(path, false, &err));
    assert_string_equal(err.text, sentence);
}

/* A name that the longest app makes so long. */
static void check_longest_name(size_t len, bool fits)
{
    char path[512] = "/x/{app}";
    struct path_template *template;
    struct err err;

    memset(path + strlen(path), 'p', len - LONGEST_VALUE);
    template = path_template_new(path, false, &err);
    assert_int_equal(template != NULL, fits);
    if (!fits)
        assert_non_null(strstr(err.text, "could make a name of more than 222 bytes"));
    path_template_free(&template);
}

static void a_path_that_cannot_be_right_is_refused(void **state)
{
    char path[4096];

    (void)state;
    check_refused("/x/{hots}", "a path has no '{hots}'; did you mean '{host}'?");
    check_refused("/x/{message}", "a path has no '{message}'; there are {app} {host} {level} "
                                  "{topic} {date} and {hour}");
    check_refused("/x/{app}/", "'{app}/' names a folder; name a file in it");
    check_refused("/x/{app}/../y", "'{app}/../y' has an empty folder, '.' or '..' behind its "
                                   "first placeholder");
    check_refused("/x/{app}//y", "'{app}//y' has an empty folder, '.' or '..' behind its "
                                 "first placeholder");
    check_longest_name(LONGEST_NAME, true);
    check_longest_name(LONGEST_NAME + 1, false);
    strcpy(path, "{app}");
    while (strlen(path) < 1024)
        strcat(path, "/0123456789");
    assert_null(path_template_new(path, false, NULL));
}

#define MIDNIGHT (SAMPLE_TIME_NS / 1000000000 / 86400 * 86400 + 86400) /* behind the sample */

/* ---- time ---------------------------------------------------------------------------------- */

static struct label label_at(struct path_template *template, int64_t seconds)
{
    sample.entry->received_ns = seconds * 1000000000;
    return path_template_render(template, sample.entry, sample.base);
}

#define CHECK_LABEL(label, expected)                                                               \
    do {                                                                                           \
        assert_int_equal((label).len, strlen(expected));                                           \
        assert_memory_equal((label).text, expected, (label).len);                                  \
    } while (0)

static void the_date_is_that_of_arrival_and_moves_on_at_midnight(void **state)
{
    struct path_template *template = made("{date}");
    uint32_t period;

    (void)state;
    sample_begin(&sample)->time_ns = 0; /* what the client says does not count */
    CHECK_LABEL(label_at(template, MIDNIGHT - 1), "2026-11-23");
    period = label_at(template, MIDNIGHT - 1).period;
    CHECK_LABEL(label_at(template, MIDNIGHT), "2026-11-24");
    assert_int_equal(label_at(template, MIDNIGHT).period, period + 1);
    assert_int_equal(path_template_period(template, MIDNIGHT * 1000000000 - 1), period);
    assert_int_equal(path_template_period(template, MIDNIGHT * 1000000000), period + 1);
    path_template_free(&template);
}

static void an_arrival_that_is_told_late_does_not_turn_the_clock_back(void **state)
{
    struct path_template *template = made("{date}T{hour}");

    (void)state;
    sample_begin(&sample);
    CHECK_LABEL(label_at(template, MIDNIGHT), "2026-11-24T00");
    CHECK_LABEL(label_at(template, MIDNIGHT - 1), "2026-11-24T00");
    CHECK_LABEL(label_at(template, MIDNIGHT - 10), "2026-11-24T00");
    CHECK_LABEL(label_at(template, MIDNIGHT - 11), "2026-11-23T23");
    CHECK_LABEL(label_at(template, MIDNIGHT + 3599), "2026-11-24T00");
    CHECK_LABEL(label_at(template, MIDNIGHT + 3600), "2026-11-24T01");
    path_template_free(&template);
}

static void without_time_in_the_path_there_is_one_period(void **state)
{
    struct path_template *template = made("{host}");

    (void)state;
    sample_begin(&sample);
    assert_int_equal(label_at(template, 1).period, 0);
    assert_int_equal(label_at(template, 2000000000).period, 0);
    path_template_free(&template);
}

static void what_has_no_file_of_its_own_goes_to_other(void **state)
{
    struct path_template *template = made("/v/{host}-{level}/{app}{topic}.{date}.{hour}.log");
    char to[LABEL_MAX];
    struct label label;
    size_t len;

    (void)state;
    sample_begin(&sample);
    label = path_template_render(template, sample.entry, sample.base);
    len = path_template_other(template, label.period, to);
    assert_int_equal(len, strlen("_other-_other/_other_other.2026-11-23.03.log"));
    assert_memory_equal(to, "_other-_other/_other_other.2026-11-23.03.log", len);
    path_template_free(&template);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_of_an_entry_can_be_in_the_path),
        cmocka_unit_test(what_an_entry_does_not_say_is_a_dash),
        cmocka_unit_test(values_are_made_safe),
        cmocka_unit_test(no_value_leaves_its_place_whatever_it_is),
        cmocka_unit_test(the_base_is_what_no_entry_chooses),
        cmocka_unit_test(a_pattern_stands_for_all_of_its_paths),
        cmocka_unit_test(a_date_says_how_long_a_name_lasts),
        cmocka_unit_test(other_braces_stand_for_themselves),
        cmocka_unit_test(a_path_that_cannot_be_right_is_refused),
        cmocka_unit_test(the_date_is_that_of_arrival_and_moves_on_at_midnight),
        cmocka_unit_test(an_arrival_that_is_told_late_does_not_turn_the_clock_back),
        cmocka_unit_test(without_time_in_the_path_there_is_one_period),
        cmocka_unit_test(what_has_no_file_of_its_own_goes_to_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
