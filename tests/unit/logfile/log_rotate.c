/* log_rotate.c - names, and what becomes of the file when a step of rotating fails. */
#include <sys/syscall.h>

#include "tests/unit/logfile/log_rig.h"

static struct log_rig t;

/* What stands in for renameat2(2): refuses flags, as old file systems do, or does something
 * before it. */
static unsigned refused_flags;
static int refusal;
static void (*before_rename)(void);

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    if (before_rename)
        before_rename();
    if (flags & refused_flags) {
        errno = refusal;
        return -1;
    }
    return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

static unsigned names_now(char names[RIG_NAMES][256])
{
    return rig_list(&t, names);
}

static void rotate_each_line(void)
{
    t.place.rotate_bytes = 4;
}

static void names_sort_by_time_even_if_the_clock_does_not_go(void **state)
{
    char names[RIG_NAMES][256];

    (void)state;
    rotate_each_line();
    rig_append_all(&t, "111\n222\n333\n");
    t.now_ns -= 3600 * SECOND;
    rig_append_all(&t, "444\n");
    assert_string_equal(rig_read_all(&t), "111\n222\n333\n444\n");
    assert_int_equal(names_now(names), 4);
    assert_string_equal(names[1], "a.log@20261125T120000.000000Z");
    assert_string_equal(names[2], "a.log@20261125T120000.000001Z");
    assert_string_equal(names[3], "a.log@20261125T120000.000002Z");
}

static void what_an_earlier_run_has_put_away_comes_before(void **state)
{
    (void)state;
    rotate_each_line();
    rig_write(&t, "a.log@20270101T000000.000000Z.zst", "later, by its clock\n");
    rig_append_all(&t, "111\n222\n");
    rig_check(&t, "a.log@20270101T000000.000001Z", "111\n");
}

/* What is remembered of the folder does not hide what was put away since, by a file that is not
 * remembered any more. */
static void a_clock_that_is_set_back_is_seen_by_a_file_that_was_forgotten(void **state)
{
    char names[RIG_NAMES][256];

    (void)state;
    rotate_each_line();
    rig_write(&t, "b.log@20261125T115900.000000Z", "another\n");
    rig_append_all(&t, "111\n222\n");
    log_file_close(&t.file);
    log_file_init(&t.file);
    t.now_ns -= 30 * SECOND;
    rig_append_all(&t, "333\n");
    assert_int_equal(names_now(names), 4);
    assert_string_equal(names[1], "a.log@20261125T120000.000000Z");
    assert_string_equal(names[2], "a.log@20261125T120000.000001Z");
    rig_check(&t, names[2], "222\n");
}

static void a_name_that_is_taken_is_left_alone(void **state)
{
    (void)state;
    rotate_each_line();
    rig_append_all(&t, "111\n222\n"); /* from here on the newest name is known */
    assert_int_equal(mkdir(rig_path(&t, "a.log@20261125T120000.000001Z"), 0700), 0);
    rig_append_all(&t, "333\n");
    rig_check(&t, "a.log@20261125T120000.000002Z", "222\n");
}

static void a_file_in_a_folder_is_put_away_beside_it(void **state)
{
    struct iovec vector = {(char *)(uintptr_t) "222\n", 4};

    (void)state;
    rotate_each_line();
    assert_int_equal(mkdir(rig_path(&t, "one"), 0700), 0);
    rig_write(&t, "one/a.log", "111\n");
    t.append = (struct log_append){.vectors = &vector, .count = 1, .now_ns = t.now_ns};
    log_file_append(&t.file, &t.place, "one/a.log", &t.append, &t.news);
    assert_int_equal(t.append.error, 0);
    rig_check(&t, "one/a.log@20261125T120000.000000Z", "111\n");
    rig_check(&t, "one/a.log", "222\n");
}

static void what_was_put_away_has_the_modes_and_the_new_one_too(void **state)
{
    struct stat st;

    (void)state;
    t.place.modes.file = 0600;
    rotate_each_line();
    rig_append_all(&t, "111\n222\n");
    assert_int_equal(stat(rig_path(&t, "a.log"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void each_rotation_is_told(void **state)
{
    struct caretaker *caretaker = caretaker_new(1, 0, NULL);
    struct ward_options options = {.name = "all", .folder = "/nowhere", .pattern = "x"};

    (void)state;
    assert_non_null(caretaker);
    t.place.ward = caretaker_add(caretaker, &options, NULL);
    rotate_each_line();
    rig_append_all(&t, "111\n222\n333\n");
    assert_int_equal(caretaker_counts(t.place.ward).rotated, 2);
    t.place.ward = NULL;
    assert_true(caretaker_free(&caretaker, 10000));
}

/* ---- what fails ---------------------------------------------------------------------------- */

static void the_name_always_leads_to_a_file(void)
{
    struct stat st;

    assert_int_equal(stat(rig_path(&t, "a.log"), &st), 0);
}

static void at_no_moment_there_is_no_file(void **state)
{
    (void)state;
    before_rename = the_name_always_leads_to_a_file;
    rotate_each_line();
    rig_append_all(&t, "111\n222\n");
    the_name_always_leads_to_a_file();
    assert_int_equal(t.news.rotated, 1);
}

static void without_an_exchange_it_is_renamed(void **state)
{
    (void)state;
    rotate_each_line();
    refused_flags = RENAME_EXCHANGE;
    rig_append_all(&t, "111\n222\n");
    refused_flags = RENAME_EXCHANGE | RENAME_NOREPLACE;
    rig_append_all(&t, "333\n");
    rig_check(&t, "a.log@20261125T120000.000000Z", "111\n");
    rig_check(&t, "a.log@20261125T120000.000001Z", "222\n");
    rig_check(&t, "a.log", "333\n");
    assert_int_equal(t.news.rotated, 2);
    assert_int_equal(t.news.stuck, 0);
}

static void where_nothing_can_be_made_the_file_goes_on(void **state)
{
    char names[RIG_NAMES][256];
    struct rlimit files, few;

    (void)state;
    rotate_each_line();
    rig_append_all(&t, "111\n222\n");
    getrlimit(RLIMIT_NOFILE, &files);
    few = (struct rlimit){.rlim_cur = 0, .rlim_max = files.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    rig_append_all(&t, "333\n444\n");
    rig_append_all(&t, "555\n");
    setrlimit(RLIMIT_NOFILE, &files);
    assert_int_equal(t.news.stuck, 1);
    assert_non_null(strstr(t.news.why.text, "cannot rotate"));
    assert_non_null(strstr(t.news.why.text, strerror(EMFILE)));
    rig_check(&t, "a.log", "222\n333\n444\n555\n");
    t.now_ns += SECOND;
    rig_append_all(&t, "666\n");
    rig_check(&t, "a.log", "666\n");
    assert_int_equal(names_now(names), 3);
    rig_check(&t, names[2], "222\n333\n444\n555\n");
}

/* Whoever waits for what is due does not wake up again and again. */
static void what_cannot_be_put_away_is_due_again_in_a_second(void **state)
{
    (void)state;
    t.place.rotate_every = LOG_PERIOD_HOUR;
    rig_append_all(&t, "111\n");
    assert_int_equal(log_file_due_ns(&t.file, &t.place), NOON + 3600 * SECOND);
    t.now_ns += 3600 * SECOND;
    refused_flags = RENAME_EXCHANGE;
    refusal = EACCES;
    rig_append_all(&t, "");
    assert_int_equal(t.news.stuck, 1);
    assert_int_equal(log_file_due_ns(&t.file, &t.place), t.now_ns + SECOND);
    t.now_ns += SECOND;
    refused_flags = 0;
    rig_append_all(&t, "");
    assert_int_equal(t.news.rotated, 1);
}

static void a_name_too_long_to_be_put_away_stays(void **state)
{
    struct iovec vector = {(char *)(uintptr_t) "222\n", 4};
    char name[241];

    (void)state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    rotate_each_line();
    rig_write(&t, name, "111\n");
    t.append = (struct log_append){.vectors = &vector, .count = 1, .now_ns = t.now_ns};
    log_file_append(&t.file, &t.place, name, &t.append, &t.news);
    assert_int_equal(t.append.error, 0);
    assert_int_equal(t.news.stuck, 1);
    rig_check(&t, name, "111\n222\n");
}

/* logrotate is quicker by a moment. */
static void somebody_moves_it(void)
{
    char from[512];

    strcpy(from, rig_path(&t, "a.log"));
    assert_int_equal(rename(from, rig_path(&t, "a.log.1")), 0);
    before_rename = NULL;
}

static void a_file_that_is_moved_meanwhile_is_not_put_away(void **state)
{
    char names[RIG_NAMES][256];

    (void)state;
    rotate_each_line();
    rig_append_all(&t, "111\n");
    before_rename = somebody_moves_it;
    rig_append_all(&t, "222\n");
    rig_append_all(&t, "333\n");
    rig_check(&t, "a.log.1", "111\n222\n");
    rig_check(&t, "a.log", "333\n");
    assert_int_equal(names_now(names), 2);
    assert_int_equal(t.news.stuck, 0);
}

static int open_all(void **state)
{
    (void)state;
    refused_flags = 0;
    refusal = EINVAL;
    before_rename = NULL;
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
        TEST(names_sort_by_time_even_if_the_clock_does_not_go),
        TEST(what_an_earlier_run_has_put_away_comes_before),
        TEST(a_clock_that_is_set_back_is_seen_by_a_file_that_was_forgotten),
        TEST(a_name_that_is_taken_is_left_alone),
        TEST(a_file_in_a_folder_is_put_away_beside_it),
        TEST(what_was_put_away_has_the_modes_and_the_new_one_too),
        TEST(each_rotation_is_told),
        TEST(at_no_moment_there_is_no_file),
        TEST(without_an_exchange_it_is_renamed),
        TEST(where_nothing_can_be_made_the_file_goes_on),
        TEST(what_cannot_be_put_away_is_due_again_in_a_second),
        TEST(a_name_too_long_to_be_put_away_stays),
        TEST(a_file_that_is_moved_meanwhile_is_not_put_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
