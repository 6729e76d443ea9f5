/* rotated_name.c - names that sort by time; read as written, and nothing else is read. */
#include "logfile/rotated_name.h"

#include <setjmp.h>
#include <stdarg.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* 2026-11-25T21:18:28.123456Z */
#define TIME_US 1795641508123456ull

struct reading {
    const char *name;
    size_t base_len;
    uint64_t time_us;
    enum rotated_ending ending;
};

static const struct reading readable[] = {
    {"app.log@20261125T211828.123456Z", 7, TIME_US, ROTATED_PLAIN},
    {"app.log@20261125T211828.123456Z.zst", 7, TIME_US, ROTATED_ZSTD},
    {"app.log@20261125T211828.123456Z.gz", 7, TIME_US, ROTATED_GZIP},
    {"app.log@20261125T211828.123456Z.part", 7, TIME_US, ROTATED_PART},
    {"a@19700101T000000.000000Z", 1, 0, ROTATED_PLAIN},
    {"a@19700101T000000.000001Z", 1, 1, ROTATED_PLAIN},
    {"a@20240229T000000.000000Z", 1, 1709164800000000, ROTATED_PLAIN},
    {"a@99991231T235959.999999Z", 1, 253402300799999999, ROTATED_PLAIN},
    {"x@host.log@20261125T211828.123456Z", 10, TIME_US, ROTATED_PLAIN},
    {"@@20261125T211828.123456Z", 1, TIME_US, ROTATED_PLAIN},
};

static const char *const unreadable[] = {
    "",
    "@",
    "app.log",
    "app.log@",
    "app.log@notes",
    "@20261125T211828.123456Z",
    "app.log@20261125T211828.123456",
    "app.log@20261125T211828.123456z",
    "app.log@20261125T211828.123456Z.bak",
    "app.log@20261125T211828.123456Z.zst.part",
    "app.log@20261125T211828.123456Z.zs",
    "app.log@20261125T211828.123456Z.zstd",
    "app.log@20261125T211828.123456Z ",
    "app.log@20261125T211828.123456Z~",
    "app.log@20261125T211828.123456Z@",
    "app.log@20261125T211828,123456Z",
    "app.log@20261125 211828.123456Z",
    "app.log@2026112T2118280.123456Z",
    "app.log@+0261125T211828.123456Z",
    "app.log@2026-125T211828.123456Z",
    "app.log@20261125T 11828.123456Z",
    "app.log@20260229T000000.000000Z",
    "app.log@20260631T000000.000000Z",
    "app.log@20260600T000000.000000Z",
    "app.log@20260001T000000.000000Z",
    "app.log@20261301T000000.000000Z",
    "app.log@20261125T240000.000000Z",
    "app.log@20261125T236000.000000Z",
    "app.log@20261125T235960.000000Z",
    "app.log@19691231T235959.999999Z",
    "app.log@00000101T000000.000000Z",
};

static void what_is_written_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(readable); i++) {
        const struct reading *it = &readable[i];
        char base[64], made[NAME_MAX + 1];
        struct rotated_name rotated;

        assert_true(rotated_name_parse(it->name, &rotated));
        assert_int_equal(rotated.base_len, it->base_len);
        assert_true(rotated.time_us == it->time_us);
        assert_int_equal(rotated.ending, it->ending);
        snprintf(base, sizeof base, "%.*s", (int)it->base_len, it->name);
        assert_int_equal(rotated_name_make(base, it->time_us, made, NULL), 0);
        strcat(made, rotated_ending_text(it->ending));
        assert_string_equal(made, it->name);
    }
}

static void nothing_else_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(unreadable); i++) {
        struct rotated_name rotated = {77, 78, ROTATED_PART};

        if (rotated_name_parse(unreadable[i], &rotated))
            fail_msg("'%s' was read", unreadable[i]);
        assert_int_equal(rotated.base_len, 77);
        assert_true(rotated.time_us == 78);
    }
}

static void the_longest_name_fits_with_every_ending(void **state)
{
    char base[NAME_MAX + 1] = "", name[NAME_MAX + 1] = "untouched";
    struct rotated_name rotated;
    struct err err;

    (void)state;
    memset(base, 'x', ROTATED_BASE_MAX);
    assert_int_equal(rotated_name_make(base, TIME_US, name, &err), 0);
    strcat(name, rotated_ending_text(ROTATED_PART));
    assert_int_equal(strlen(name), NAME_MAX);
    assert_true(rotated_name_parse(name, &rotated));
    assert_int_equal(rotated.base_len, ROTATED_BASE_MAX);

    base[ROTATED_BASE_MAX] = 'x';
    strcpy(name, "untouched");
    errno = 0;
    assert_int_equal(rotated_name_make(base, TIME_US, name, &err), -1);
    assert_int_equal(errno, ENAMETOOLONG);
    assert_non_null(strstr(err.text, "has 227 bytes, above the 226"));
    assert_string_equal(name, "untouched");
}

static void after_the_year_9999_there_is_no_name(void **state)
{
    char name[NAME_MAX + 1];
    struct err err;

    (void)state;
    assert_int_equal(rotated_name_make("a", 253402300799999999, name, &err), 0);
    assert_int_equal(rotated_name_make("a", 253402300800000000, name, &err), -1);
    assert_int_equal(errno, EOVERFLOW);
    assert_int_equal(rotated_name_make("a", UINT64_MAX, name, &err), -1);
}

static void the_next_time_is_later_than_the_last(void **state)
{
    (void)state;
    assert_true(rotated_name_next(TIME_US, 0) == TIME_US);
    assert_true(rotated_name_next(TIME_US, TIME_US - 1) == TIME_US);
    assert_true(rotated_name_next(TIME_US, TIME_US) == TIME_US + 1);
    assert_true(rotated_name_next(TIME_US - 3600, TIME_US) == TIME_US + 1);
}

/* Each day until the year 9999, and the last moment of each. */
static void every_day_is_read_as_it_is_written(void **state)
{
    char name[NAME_MAX + 1];
    struct rotated_name rotated;

    (void)state;
    for (uint64_t day = 0; day < 253402300800 / 86400; day++) {
        uint64_t time_us = (day + 1) * 86400 * 1000000 - 1;

        assert_int_equal(rotated_name_make("a", time_us, name, NULL), 0);
        assert_true(rotated_name_parse(name, &rotated));
        assert_true(rotated.time_us == time_us);
    }
}

/* Names of the same base sort as their times do. */
static void names_sort_by_time(void **state)
{
    static const uint64_t times[] = {0,       1,           999999,      1000000,
                                     TIME_US, TIME_US + 1, 2 * TIME_US, 10 * TIME_US};
    char before[NAME_MAX + 1] = "", name[NAME_MAX + 1];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        assert_int_equal(rotated_name_make("app.log", times[i], name, NULL), 0);
        assert_true(strcmp(before, name) < 0);
        strcpy(before, name);
    }
}

static void touch(int directory_fd, const char *name)
{
    int fd = openat(directory_fd, name, O_CREAT | O_EXCL | O_WRONLY, 0600);

    assert_true(fd >= 0);
    close(fd);
}

static void the_newest_is_found_whatever_its_ending(void **state)
{
    static const char *const names[] = {"app.log",
                                        "app.log@20261125T211828.123454Z.gz",
                                        "app.log@20261125T211828.123456Z.part",
                                        "app.log@20261125T211828.123455Z",
                                        "app.log@20261126T211828.123456Z.bak",
                                        "app.log2@20271125T211828.123456Z",
                                        "ap.log@20281125T211828.123456Z"};
    char folder[] = "/tmp/logboom-unit-XXXXXX";
    uint64_t newest_us = 7;
    int fd;

    (void)state;
    assert_non_null(mkdtemp(folder));
    fd = open(folder, O_PATH | O_DIRECTORY);
    assert_int_equal(rotated_name_newest(fd, "app.log", &newest_us), 0);
    assert_true(newest_us == 0);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        touch(fd, names[i]);
    assert_int_equal(rotated_name_newest(fd, "app.log", &newest_us), 0);
    assert_true(newest_us == TIME_US);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_int_equal(unlinkat(fd, names[i], 0), 0);
    close(fd);
    assert_int_equal(rotated_name_newest(fd, "app.log", &newest_us), -1);
    assert_int_equal(errno, EBADF);
    assert_true(newest_us == TIME_US);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(nothing_else_is_read),
        cmocka_unit_test(the_longest_name_fits_with_every_ending),
        cmocka_unit_test(after_the_year_9999_there_is_no_name),
        cmocka_unit_test(the_next_time_is_later_than_the_last),
        cmocka_unit_test(every_day_is_read_as_it_is_written),
        cmocka_unit_test(names_sort_by_time),
        cmocka_unit_test(the_newest_is_found_whatever_its_ending),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
