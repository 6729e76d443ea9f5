/* log_file.c - opening one file of a place: torn lines, what is remembered, and what time
 * makes due. */
#include "tests/unit/logfile/log_rig.h"

static struct log_rig t;

static void opens(void)
{
    if (rig_open_file(&t, "a.log") < 0)
        fail_msg("%s", t.err.text);
}

static void opens_again(void)
{
    log_file_close(&t.file);
    opens();
}

static void set_mtime(const char *name, int64_t time_ns)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time_ns / SECOND}};

    assert_int_equal(utimensat(AT_FDCWD, rig_path(&t, name), times, 0), 0);
}

static unsigned rotated_files(void)
{
    char names[RIG_NAMES][256];
    unsigned count = rig_list(&t, names), rotated = 0;

    for (unsigned i = 0; i < count; i++)
        rotated += strchr(names[i], '@') != NULL;
    return rotated;
}

static void a_torn_line_is_ended_with_a_mark(void **state)
{
    (void)state;
    rig_write(&t, "a.log", "whole\ntor");
    opens();
    rig_check(&t, "a.log", "whole\ntor \\[torn]\n");
    assert_int_equal(t.news.torn, 1);
    assert_int_equal(t.file.size_bytes, 18);
    opens_again();
    rig_check(&t, "a.log", "whole\ntor \\[torn]\n");
    assert_int_equal(t.news.torn, 1);
}

static void a_file_that_ends_well_is_left_alone(void **state)
{
    (void)state;
    opens();
    rig_check(&t, "a.log", "");
    rig_write(&t, "a.log", "\n");
    opens_again();
    rig_check(&t, "a.log", "\n");
    rig_write(&t, "a.log", "xy");
    opens_again();
    rig_check(&t, "a.log", "xy \\[torn]\n");
    assert_int_equal(t.news.torn, 1);
}

/* The limit on file sizes plays the disk that is nearly full. */
static void a_mark_that_does_not_fit_is_finished_later(void **state)
{
    (void)state;
    rig_write(&t, "a.log", "torn");
    rig_limit_sizes(&t, 7);
    assert_int_equal(rig_open_file(&t, "a.log"), -1);
    assert_int_equal(errno, EFBIG);
    assert_non_null(strstr(t.err.text, "unfinished"));
    assert_false(log_file_is_open(&t.file));
    rig_lift_limit(&t);
    rig_check(&t, "a.log", "torn \\[");
    opens();
    rig_check(&t, "a.log", "torn \\[ \\[torn]\n");
}

/* Nobody can tell how the last line ends, so nothing is added. */
static void a_file_that_cannot_be_read_is_still_appended_to(void **state)
{
    (void)state;
    if (geteuid() == 0)
        skip();
    rig_write(&t, "a.log", "torn");
    chmod(rig_path(&t, "a.log"), 0200);
    opens();
    chmod(rig_path(&t, "a.log"), 0600);
    rig_check(&t, "a.log", "torn");
}

/* A file that is as we left it is not read again; here nobody has torn its line but us. */
static void what_is_as_it_was_left_is_not_looked_into(void **state)
{
    (void)state;
    opens();
    assert_int_equal(write(t.file.fd, "half", 4), 4);
    t.file.size_bytes = 4;
    t.file.in_line = true;
    opens_again();
    rig_check(&t, "a.log", "half");
    assert_true(t.file.in_line);
    log_file_close(&t.file);
    rig_write(&t, "a.log", "half of it");
    opens();
    rig_check(&t, "a.log", "half of it \\[torn]\n");
    assert_false(t.file.in_line);
}

static void only_a_regular_file_will_do(void **state)
{
    int reader;

    (void)state;
    assert_int_equal(mkfifo(rig_path(&t, "a.log"), 0600), 0);
    reader = open(rig_path(&t, "a.log"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_int_equal(rig_open_file(&t, "a.log"), -1);
    assert_int_equal(errno, EINVAL);
    assert_non_null(strstr(t.err.text, "no regular file"));
    assert_false(log_file_is_open(&t.file));
    close(reader);
}

/* ---- time ---------------------------------------------------------------------------------- */

static void what_is_of_yesterday_is_put_away_at_open(void **state)
{
    (void)state;
    t.place.rotate_every = LOG_PERIOD_DAY;
    rig_write(&t, "a.log", "yesterday\n");
    set_mtime("a.log", NOON - 12 * 3600 * SECOND - SECOND);
    opens();
    assert_int_equal(t.news.rotated, 1);
    rig_check(&t, "a.log@20261125T120000.000000Z", "yesterday\n");
    rig_check(&t, "a.log", "");
    assert_int_equal(t.file.size_bytes, 0);
}

static void what_is_of_today_goes_on(void **state)
{
    (void)state;
    t.place.rotate_every = LOG_PERIOD_DAY;
    rig_write(&t, "a.log", "today\n");
    set_mtime("a.log", NOON - 12 * 3600 * SECOND);
    opens();
    assert_int_equal(t.news.rotated, 0);
    assert_int_equal(log_file_due_ns(&t.file, &t.place), NOON + 12 * 3600 * SECOND);
    set_mtime("a.log", NOON + 48 * 3600 * SECOND); /* the clock was set back */
    opens_again();
    assert_int_equal(log_file_due_ns(&t.file, &t.place), NOON + 12 * 3600 * SECOND);
    assert_int_equal(rotated_files(), 0);
}

static void an_empty_file_of_yesterday_is_todays(void **state)
{
    (void)state;
    t.place.rotate_every = LOG_PERIOD_DAY;
    rig_write(&t, "a.log", "");
    set_mtime("a.log", NOON - 48 * 3600 * SECOND);
    opens();
    assert_int_equal(rotated_files(), 0);
    assert_int_equal(log_file_due_ns(&t.file, &t.place), INT64_MAX); /* nothing in it */
}

/* The line is marked first, so that what is put away ends well. */
static void a_torn_line_of_yesterday_is_put_away_with_its_mark(void **state)
{
    (void)state;
    t.place.rotate_every = LOG_PERIOD_HOUR;
    rig_write(&t, "a.log", "torn");
    set_mtime("a.log", NOON - SECOND);
    opens();
    rig_check(&t, "a.log@20261125T120000.000000Z", "torn \\[torn]\n");
    rig_check(&t, "a.log", "");
}

static void an_interval_makes_a_sync_due(void **state)
{
    (void)state;
    t.place.sync_ms = 1500;
    opens();
    assert_int_equal(log_file_due_ns(&t.file, &t.place), INT64_MAX);
    rig_append_all(&t, "line\n");
    assert_int_equal(log_file_due_ns(&t.file, &t.place), NOON + SECOND * 3 / 2);
    assert_int_equal(log_file_sync(&t.file), 0);
    assert_int_equal(log_file_due_ns(&t.file, &t.place), INT64_MAX);
    log_file_close(&t.file);
    assert_int_equal(log_file_due_ns(&t.file, &t.place), INT64_MAX);
}

static int open_all(void **state)
{
    (void)state;
    rig_open(&t);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    rig_close(&t);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_torn_line_is_ended_with_a_mark),
        TEST(a_file_that_ends_well_is_left_alone),
        TEST(a_mark_that_does_not_fit_is_finished_later),
        TEST(a_file_that_cannot_be_read_is_still_appended_to),
        TEST(what_is_as_it_was_left_is_not_looked_into),
        TEST(only_a_regular_file_will_do),
        TEST(what_is_of_yesterday_is_put_away_at_open),
        TEST(what_is_of_today_goes_on),
        TEST(an_empty_file_of_yesterday_is_todays),
        TEST(a_torn_line_of_yesterday_is_put_away_with_its_mark),
        TEST(an_interval_makes_a_sync_due),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
