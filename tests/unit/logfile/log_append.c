/* log_append.c - what is written, into which file, and what others may do to it meanwhile. */
#include <sys/statvfs.h>

#include "tests/unit/logfile/log_rig.h"

static struct log_rig t;

static void move_away(const char *to)
{
    char from[512];

    strcpy(from, rig_path(&t, "a.log"));
    assert_int_equal(rename(from, rig_path(&t, to)), 0);
}

static void lines_are_appended_in_order(void **state)
{
    (void)state;
    rig_write(&t, "a.log", "old\n");
    rig_append_all(&t, "1\n2\n"); /* opens it as well */
    rig_append_all(&t, "3\n");
    rig_check(&t, "a.log", "old\n1\n2\n3\n");
    assert_int_equal(t.file.size_bytes, 10);
    rig_append_all(&t, "");
    rig_check(&t, "a.log", "old\n1\n2\n3\n");
}

/* ---- by size ------------------------------------------------------------------------------- */

static unsigned long size_of(const char *name)
{
    struct stat st;

    assert_int_equal(stat(rig_path(&t, name), &st), 0);
    return (unsigned long)st.st_size;
}

static void no_file_gets_larger_and_no_line_is_cut(void **state)
{
    char names[RIG_NAMES][256];
    unsigned count;

    (void)state;
    t.place.rotate_bytes = 10;
    rig_append_all(&t, "111\n222\n33\n"); /* 11 */
    rig_append_all(&t, "444\n");
    rig_append_all(&t, "555555555\n6\n");
    t.now_ns += SECOND;
    rig_append_all(&t, "7\n");
    assert_string_equal(rig_read_all(&t), "111\n222\n33\n444\n555555555\n6\n7\n");
    count = rig_list(&t, names);
    assert_int_equal(count, 4);
    assert_int_equal(t.news.rotated, 3);
    for (unsigned i = 0; i < count; i++)
        assert_in_range(size_of(names[i]), 1, 10);
    rig_check(&t, "a.log", "6\n7\n");
}

static void a_line_that_is_longer_has_a_file_of_its_own(void **state)
{
    char names[RIG_NAMES][256];

    (void)state;
    t.place.rotate_bytes = 8;
    rig_append_all(&t, "1\nlonger than a file may be\n2\n");
    assert_int_equal(rig_list(&t, names), 3);
    rig_check(&t, names[1], "1\n"); /* a.log, then by time */
    rig_check(&t, names[2], "longer than a file may be\n");
    rig_check(&t, "a.log", "2\n");
}

static void exactly_full_is_not_too_full(void **state)
{
    char names[RIG_NAMES][256];

    (void)state;
    t.place.rotate_bytes = 8;
    rig_append_all(&t, "111\n222\n");
    assert_int_equal(rig_list(&t, names), 1);
    rig_append_all(&t, "3\n");
    assert_int_equal(rig_list(&t, names), 2);
    rig_check(&t, "a.log", "3\n");
}

static void a_file_that_is_there_counts(void **state)
{
    (void)state;
    t.place.rotate_bytes = 8;
    rig_write(&t, "a.log", "much more than eight\n");
    rig_append_all(&t, "1\n");
    rig_check(&t, "a.log", "1\n");
    assert_int_equal(t.news.rotated, 1);
}

/* Lines of any length in files of any size: all are there once, in order, whole. */
static void whatever_the_sizes_each_line_is_there_once(void **state)
{
    static char text[8192], all[1 << 20];
    char names[RIG_NAMES][256];
    uint32_t random = 1;

    (void)state;
    for (unsigned round = 0; round < 12; round++) {
        size_t len = 0;

        t.place.rotate_bytes = 600 + random % 5000;
        for (unsigned i = 0; i < 40; i++) {
            random = random * 1664525 + 1013904223;
            memset(text + len, 'a' + (char)(i % 26), random >> 16 & 127);
            len += random >> 16 & 127;
            text[len++] = '\n';
        }
        text[len] = '\0';
        strcat(all, text);
        rig_append_all(&t, text);
        assert_in_range(size_of("a.log"), 1, t.place.rotate_bytes);
    }
    assert_string_equal(rig_read_all(&t), all);
    assert_int_equal(rig_list(&t, names), t.news.rotated + 1);
}

/* ---- by time ------------------------------------------------------------------------------- */

static void the_boundary_begins_a_new_file(void **state)
{
    (void)state;
    t.place.rotate_every = LOG_PERIOD_HOUR;
    rig_append_all(&t, "noon\n");
    t.now_ns += 3600 * SECOND - 1;
    rig_append_all(&t, "nearly one\n");
    assert_int_equal(log_file_due_ns(&t.file, &t.place), t.now_ns + 1);
    t.now_ns++;
    rig_append_all(&t, "one\n");
    rig_check(&t, "a.log@20261125T130000.000000Z", "noon\nnearly one\n");
    rig_check(&t, "a.log", "one\n");
}

static void the_boundary_needs_no_line(void **state)
{
    (void)state;
    t.place.rotate_every = LOG_PERIOD_DAY;
    rig_append_all(&t, "25th\n");
    t.now_ns += 12 * 3600 * SECOND;
    rig_append_all(&t, "");
    rig_check(&t, "a.log@20261126T000000.000000Z", "25th\n");
    rig_check(&t, "a.log", "");
    t.now_ns += 24 * 3600 * SECOND;
    rig_append_all(&t, ""); /* nothing to put away */
    assert_int_equal(t.news.rotated, 1);
    rig_append_all(&t, "27th\n");
    assert_int_equal(log_file_due_ns(&t.file, &t.place), t.now_ns + 24 * 3600 * SECOND);
}

/* What was due at the old time is not waited for. */
static void a_clock_that_is_set_back_holds_nothing_up(void **state)
{
    (void)state;
    t.place.rotate_every = LOG_PERIOD_HOUR;
    t.place.sync_ms = 1000;
    rig_append_all(&t, "1\n");
    t.now_ns -= 24 * 3600 * SECOND;
    rig_append_all(&t, "2\n");
    assert_int_equal(log_file_due_ns(&t.file, &t.place), t.now_ns + SECOND);
    t.now_ns += SECOND;
    rig_append_all(&t, "");
    assert_int_equal(t.news.synced, 1);
    assert_int_equal(log_file_due_ns(&t.file, &t.place), NOON - 23 * 3600 * SECOND);
    t.now_ns = NOON - 23 * 3600 * SECOND;
    rig_append_all(&t, "3\n");
    assert_int_equal(t.news.rotated, 1);
    rig_check(&t, "a.log", "3\n");
}

static void a_clock_that_is_set_back_makes_no_pause_longer(void **state)
{
    (void)state;
    rig_append_all(&t, "1\n");
    move_away("a.log.1");
    assert_int_equal(symlink("nowhere", rig_path(&t, "a.log")), 0);
    rig_append_all(&t, "2\n");
    assert_int_equal(t.news.stuck, 1);
    unlink(rig_path(&t, "a.log"));
    t.now_ns -= 3600 * SECOND;
    rig_append_all(&t, "3\n");
    rig_check(&t, "a.log", "3\n");
}

/* ---- what others do ------------------------------------------------------------------------ */

static void a_moved_file_is_followed_by_a_new_one(void **state)
{
    (void)state;
    rig_append_all(&t, "old\n");
    move_away("a.log.1");
    rig_append_all(&t, "new\n");
    rig_check(&t, "a.log.1", "old\n");
    rig_check(&t, "a.log", "new\n");
    assert_int_equal(t.news.anew, 1);
}

static void a_deleted_file_comes_again(void **state)
{
    (void)state;
    rig_append_all(&t, "old\n");
    unlink(rig_path(&t, "a.log"));
    rig_append_all(&t, "new\n");
    rig_check(&t, "a.log", "new\n");
    unlink(rig_path(&t, "a.log"));
    rig_append_all(&t, "");
    rig_check(&t, "a.log", "");
    assert_int_equal(t.news.anew, 2);
}

static void a_deleted_folder_comes_again(void **state)
{
    char folder[128];

    (void)state;
    snprintf(folder, sizeof folder, "%sdeeper/", t.folder);
    log_place_close(&t.place);
    t.place.folder = folder;
    assert_int_equal(log_place_open(&t.place, &t.err), 0);
    rig_append_all(&t, "old\n");
    rename(rig_path(&t, "deeper"), rig_path(&t, "away"));
    assert_int_equal(log_place_look(&t.place, &t.err), 0);
    rig_append_all(&t, "new\n");
    rig_check(&t, "away/a.log", "old\n");
    rig_check(&t, "deeper/a.log", "new\n");
    assert_int_equal(log_place_look(&t.place, &t.err), 0);
    rig_append_all(&t, "newer\n");
    assert_int_equal(t.news.anew, 1);
}

/* logrotate's copytruncate: what was written lies in the copy; we go on from the begin. */
static void a_file_that_was_cut_is_appended_to(void **state)
{
    (void)state;
    t.place.rotate_bytes = 12;
    rig_append_all(&t, "123456\n");
    assert_int_equal(truncate(rig_path(&t, "a.log"), 0), 0);
    rig_append_all(&t, "234567\n");
    rig_check(&t, "a.log", "234567\n");
    assert_int_equal(t.file.size_bytes, 7);
    assert_int_equal(t.news.rotated, 0);
}

static void where_the_new_file_cannot_be_had_the_old_one_goes_on(void **state)
{
    (void)state;
    rig_append_all(&t, "1\n");
    move_away("a.log.1");
    assert_int_equal(symlink("nowhere", rig_path(&t, "a.log")), 0);
    rig_append_all(&t, "2\n");
    rig_append_all(&t, "3\n");
    assert_int_equal(t.news.stuck, 1); /* tried once a second */
    assert_non_null(strstr(t.news.why.text, "symbolic link"));
    t.now_ns += SECOND;
    rig_append_all(&t, "4\n");
    assert_int_equal(t.news.stuck, 2);
    unlink(rig_path(&t, "a.log"));
    assert_int_equal(t.news.found, 0);
    t.append.reopen = true; /* whoever asks need not wait */
    rig_append_all(&t, "5\n");
    rig_check(&t, "a.log.1", "1\n2\n3\n4\n");
    rig_check(&t, "a.log", "5\n");
}

static void a_file_that_comes_back_is_found_again(void **state)
{
    char away[512];

    (void)state;
    rig_append_all(&t, "1\n");
    move_away("a.log.1");
    assert_int_equal(mkdir(rig_path(&t, "a.log"), 0700), 0);
    rig_append_all(&t, "2\n");
    assert_int_equal(t.news.stuck, 1);
    rmdir(rig_path(&t, "a.log"));
    strcpy(away, rig_path(&t, "a.log.1"));
    assert_int_equal(rename(away, rig_path(&t, "a.log")), 0);
    rig_append_all(&t, "3\n");
    rig_append_all(&t, "4\n");
    assert_int_equal(t.news.found, 1);
    assert_int_equal(t.news.anew, 0);
    rig_check(&t, "a.log", "1\n2\n3\n4\n");
}

/* What is written to a file without a name is lost as soon as it is closed. */
static void a_deleted_file_is_not_written_on_where_there_is_no_new_one(void **state)
{
    (void)state;
    rig_append_all(&t, "1\n");
    unlink(rig_path(&t, "a.log"));
    assert_int_equal(symlink("nowhere", rig_path(&t, "a.log")), 0);
    rig_append(&t, "2\n");
    assert_int_equal(t.append.error, ELOOP);
    assert_int_equal(t.append.written_bytes, 0);
    assert_non_null(strstr(t.append.why.text, "symbolic link"));
    assert_false(log_file_is_open(&t.file));
    assert_int_equal(t.news.stuck, 0);
    unlink(rig_path(&t, "a.log"));
    rig_append_all(&t, "2\n");
    rig_check(&t, "a.log", "2\n");
}

static void a_moved_file_is_given_up_when_it_is_deleted(void **state)
{
    (void)state;
    rig_append_all(&t, "1\n");
    move_away("a.log.1");
    assert_int_equal(symlink("nowhere", rig_path(&t, "a.log")), 0);
    rig_append_all(&t, "2\n");
    unlink(rig_path(&t, "a.log.1"));
    rig_append(&t, "3\n"); /* at once, not after the pause */
    assert_int_equal(t.append.error, ELOOP);
}

/* ---- a line in two writes ------------------------------------------------------------------ */

/* Fills the disk after so many bytes of "first\nsecond\n". */
static void write_a_part(rlim_t bytes)
{
    rig_limit_sizes(&t, bytes);
    rig_append(&t, "first\nsecond\n");
    rig_lift_limit(&t);
    assert_int_equal(t.append.error, EFBIG);
    assert_int_equal(t.append.written_bytes, bytes);
    assert_non_null(strstr(t.append.why.text, "a.log"));
}

static void what_does_not_fit_goes_on_where_it_ended(void **state)
{
    (void)state;
    write_a_part(10);
    assert_true(t.file.in_line);
    rig_append_all(&t, "nd\n");
    assert_false(t.file.in_line);
    rig_check(&t, "a.log", "first\nsecond\n");
}

static void a_write_that_ends_with_a_line_is_not_in_one(void **state)
{
    (void)state;
    write_a_part(6);
    assert_false(t.file.in_line);
    rig_append_all(&t, "second\n");
    rig_check(&t, "a.log", "first\nsecond\n");
}

static void a_line_is_not_put_away_in_parts(void **state)
{
    char names[RIG_NAMES][256];

    (void)state;
    write_a_part(10);
    t.place.rotate_bytes = 11;
    t.place.rotate_every = LOG_PERIOD_HOUR;
    t.file.period_end_ns = t.now_ns;
    rig_append_all(&t, "nd\nthird\n");
    assert_int_equal(rig_list(&t, names), 2);
    rig_check(&t, names[1], "first\nsecond\n");
    rig_check(&t, "a.log", "third\n");
}

/* Its part is gone with the file, so the line is asked for again, from its begin. */
static void a_line_whose_file_is_gone_begins_anew(void **state)
{
    (void)state;
    write_a_part(10);
    move_away("a.log.1");
    rig_append(&t, "nd\n");
    assert_true(t.append.begin_anew);
    assert_int_equal(t.append.written_bytes, 0);
    assert_int_equal(t.append.error, 0);
    rig_append_all(&t, "second\n");
    rig_check(&t, "a.log.1", "first\nseco \\[torn]\n");
    rig_check(&t, "a.log", "second\n");
}

static void a_line_in_a_file_that_was_cut_begins_anew(void **state)
{
    (void)state;
    write_a_part(10);
    assert_int_equal(truncate(rig_path(&t, "a.log"), 0), 0);
    rig_append(&t, "nd\n");
    assert_true(t.append.begin_anew);
    rig_append_all(&t, "second\n");
    rig_check(&t, "a.log", "second\n");
}

static void a_line_that_somebody_wrote_behind_begins_anew(void **state)
{
    FILE *other;

    (void)state;
    write_a_part(10);
    other = fopen(rig_path(&t, "a.log"), "a");
    fputs("!", other);
    fclose(other);
    rig_append(&t, "nd\n");
    assert_true(t.append.begin_anew);
    rig_append_all(&t, "second\n");
    rig_check(&t, "a.log", "first\nseco! \\[torn]\nsecond\n");
}

static void a_line_goes_on_in_a_file_that_was_closed(void **state)
{
    (void)state;
    write_a_part(10);
    log_file_close(&t.file);
    rig_append_all(&t, "nd\n");
    rig_check(&t, "a.log", "first\nsecond\n");
    assert_int_equal(t.news.torn, 0);
}

/* ---- lines of which somebody else knows the ends ------------------------------------------- */

/* Every 4 bytes. */
static size_t end_of_four(const void *context, size_t from, size_t limit)
{
    size_t end = limit / 4 * 4;

    (void)context;
    return end > from ? end : from / 4 * 4 + 4;
}

static void lines_are_cut_where_the_caller_says(void **state)
{
    char names[RIG_NAMES][256];
    struct iovec vectors[2] = {{(char *)(uintptr_t) "\n11\n\n22\n\n", 9},
                               {(char *)(uintptr_t) "33\n\n44\n\n55\n", 11}};

    (void)state;
    t.place.rotate_bytes = 11;
    t.append = (struct log_append){
        .vectors = vectors, .count = 2, .line_end = end_of_four, .now_ns = t.now_ns};
    log_file_append(&t.file, &t.place, "a.log", &t.append, &t.news);
    assert_int_equal(t.append.written_bytes, 20);
    assert_int_equal(rig_list(&t, names), 3);
    rig_check(&t, names[1], "\n11\n\n22\n");
    rig_check(&t, names[2], "\n33\n\n44\n");
    rig_check(&t, "a.log", "\n55\n");
}

/* ---- room ---------------------------------------------------------------------------------- */

static void below_min_free_it_is_as_on_a_full_disk(void **state)
{
    struct statvfs vfs;

    (void)state;
    rig_append_all(&t, "1\n");
    assert_int_equal(statvfs(t.folder, &vfs), 0);
    t.place.min_free_bytes = (uint64_t)vfs.f_blocks * vfs.f_frsize + 1;
    rig_append(&t, "2\n");
    assert_int_equal(t.append.error, ENOSPC);
    assert_int_equal(t.append.written_bytes, 0);
    assert_non_null(strstr(t.append.why.text, "min_free"));
    rig_append_all(&t, ""); /* nothing to write: nothing to refuse */
    t.place.min_free_bytes = 1;
    rig_append_all(&t, "2\n");
    rig_check(&t, "a.log", "1\n2\n");
}

/* ---- durable ------------------------------------------------------------------------------- */

static void each_append_is_synced_or_the_first_after_a_while(void **state)
{
    (void)state;
    rig_append_all(&t, "1\n");
    assert_int_equal(t.news.synced, 0);
    t.place.sync_ms = LOG_SYNC_EACH;
    rig_append_all(&t, "2\n");
    rig_append_all(&t, "3\n");
    assert_int_equal(t.news.synced, 2);
    rig_append_all(&t, ""); /* all is on the disk */
    assert_int_equal(t.news.synced, 2);
    t.place.sync_ms = 1000;
    rig_append_all(&t, "4\n");
    t.now_ns += SECOND - 1;
    rig_append_all(&t, "5\n");
    assert_int_equal(t.news.synced, 2);
    t.now_ns += 1;
    rig_append_all(&t, "");
    assert_int_equal(t.news.synced, 3);
}

static void what_is_left_behind_is_synced_first(void **state)
{
    (void)state;
    t.place.sync_ms = 1000;
    t.place.rotate_bytes = 4;
    rig_append_all(&t, "111\n222\n");
    assert_int_equal(t.news.synced, 1);
    move_away("a.log.1");
    rig_append_all(&t, "333\n");
    assert_int_equal(t.news.synced, 2);
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
        TEST(lines_are_appended_in_order),
        TEST(no_file_gets_larger_and_no_line_is_cut),
        TEST(a_line_that_is_longer_has_a_file_of_its_own),
        TEST(exactly_full_is_not_too_full),
        TEST(a_file_that_is_there_counts),
        TEST(whatever_the_sizes_each_line_is_there_once),
        TEST(the_boundary_begins_a_new_file),
        TEST(the_boundary_needs_no_line),
        TEST(a_clock_that_is_set_back_holds_nothing_up),
        TEST(a_clock_that_is_set_back_makes_no_pause_longer),
        TEST(a_moved_file_is_followed_by_a_new_one),
        TEST(a_deleted_file_comes_again),
        TEST(a_deleted_folder_comes_again),
        TEST(a_file_that_was_cut_is_appended_to),
        TEST(where_the_new_file_cannot_be_had_the_old_one_goes_on),
        TEST(a_file_that_comes_back_is_found_again),
        TEST(a_deleted_file_is_not_written_on_where_there_is_no_new_one),
        TEST(a_moved_file_is_given_up_when_it_is_deleted),
        TEST(what_does_not_fit_goes_on_where_it_ended),
        TEST(a_write_that_ends_with_a_line_is_not_in_one),
        TEST(a_line_is_not_put_away_in_parts),
        TEST(a_line_whose_file_is_gone_begins_anew),
        TEST(a_line_in_a_file_that_was_cut_begins_anew),
        TEST(a_line_that_somebody_wrote_behind_begins_anew),
        TEST(a_line_goes_on_in_a_file_that_was_closed),
        TEST(lines_are_cut_where_the_caller_says),
        TEST(below_min_free_it_is_as_on_a_full_disk),
        TEST(each_append_is_synced_or_the_first_after_a_while),
        TEST(what_is_left_behind_is_synced_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
