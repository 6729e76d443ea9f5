/* log.c - what stands on stderr after a sentence was logged. */
#include "conf/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { SHOWN_MAX = 16384 };

static int real_stderr;
static char shown[SHOWN_MAX];

/* stderr is a file of ours until shown_since gives it back. */
static void begin(void)
{
    int fd = memfd_create("stderr", MFD_CLOEXEC);

    assert_true(fd >= 0);
    real_stderr = dup(STDERR_FILENO);
    assert_true(dup2(fd, STDERR_FILENO) == STDERR_FILENO);
    close(fd);
}

static const char *shown_since(void)
{
    ssize_t len = pread(STDERR_FILENO, shown, sizeof shown - 1, 0);

    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    assert_true(len >= 0);
    shown[len] = '\0';
    return shown;
}

static void name_journal(unsigned long long inode_offset)
{
    struct stat status;
    char stream[64];

    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)status.st_dev,
             (unsigned long long)status.st_ino + inode_offset);
    setenv("JOURNAL_STREAM", stream, 1);
}

static int without_journal(void **state)
{
    (void)state;
    unsetenv("JOURNAL_STREAM");
    log_init();
    return 0;
}

static void say_each_level(void)
{
    log_line(LOG_LEVEL_ERROR, "no disk");
    log_line(LOG_LEVEL_WARNING, "little disk");
    log_line(LOG_LEVEL_NOTICE, "ready");
    log_line(LOG_LEVEL_INFO, "%d entries", 812);
}

static void warnings_and_errors_say_so_in_words(void **state)
{
    (void)state;
    begin();
    log_init();
    say_each_level();
    assert_string_equal(shown_since(),
                        "error: no disk\nwarning: little disk\nready\n812 entries\n");
}

static void the_journal_is_told_the_priority(void **state)
{
    (void)state;
    begin();
    name_journal(0);
    log_init();
    say_each_level();
    assert_string_equal(shown_since(), "<3>no disk\n<4>little disk\n<5>ready\n<6>812 entries\n");
}

static void a_journal_that_is_not_our_stderr_does_not_count(void **state)
{
    (void)state;
    begin();
    name_journal(1);
    log_init();
    log_line(LOG_LEVEL_NOTICE, "ready");
    setenv("JOURNAL_STREAM", "nonsense", 1);
    log_init();
    log_line(LOG_LEVEL_NOTICE, "ready");
    assert_string_equal(shown_since(), "ready\nready\n");
}

static void control_bytes_are_escaped_and_utf8_is_not(void **state)
{
    (void)state;
    begin();
    log_line(LOG_LEVEL_NOTICE, "a\nb\tc\x1b[31m\x7f → ü \xf0\x9f\x98\x80 \xff\xe2\x82 \xc2\x85");
    assert_string_equal(shown_since(), "a\\x0Ab\\x09c\\x1B[31m\\x7F → ü \xf0\x9f\x98\x80 "
                                       "\\xFF\\xE2\\x82 \\xC2\\x85\n");
}

static void a_sentence_too_long_is_cut_and_still_one_line(void **state)
{
    char sentence[4001];

    (void)state;
    memset(sentence, '\n', sizeof sentence - 1);
    sentence[sizeof sentence - 1] = '\0';
    begin();
    log_line(LOG_LEVEL_ERROR, "%s", sentence);
    shown_since();
    assert_in_range(strlen(shown), PIPE_BUF - strlen("\\x0A"), PIPE_BUF);
    assert_ptr_equal(strchr(shown, '\n'), shown + strlen(shown) - 1);
    assert_memory_equal(shown + strlen(shown) - 5, "\\x0A\n", 5);
}

/* stderr is a pipe that nobody reads, with so many bytes of room; the end to read from. */
static int begin_stuck(size_t room)
{
    static char filling[2 * PIPE_BUF];
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, sizeof filling), sizeof filling);
    assert_int_equal(write(ends[1], filling, sizeof filling - room), sizeof filling - room);
    real_stderr = dup(STDERR_FILENO);
    assert_true(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
    close(ends[1]);
    return ends[0];
}

static void end_stuck(int from)
{
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(from);
}

/* Were it to wait, it would do so for ever. */
static void the_longest_line_fits_where_a_pipe_has_room(void **state)
{
    char sentence[4001];
    int from, waiting = 0;

    (void)state;
    memset(sentence, '\n', sizeof sentence - 1);
    sentence[sizeof sentence - 1] = '\0';
    from = begin_stuck(PIPE_BUF);
    alarm(30);
    log_line(LOG_LEVEL_INFO, "%s", sentence);
    alarm(0);
    assert_int_equal(ioctl(from, FIONREAD, &waiting), 0);
    end_stuck(from);
    assert_true(waiting > PIPE_BUF);
}

static void a_reader_who_does_not_come_is_waited_for_once(void **state)
{
    enum { LINES = 500 };
    struct timespec begin, end;
    int from;

    (void)state;
    from = begin_stuck(0);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (unsigned i = 0; i < LINES; i++)
        log_line(LOG_LEVEL_INFO, "line %u", i);
    clock_gettime(CLOCK_MONOTONIC, &end);
    end_stuck(from);
    assert_true(end.tv_sec - begin.tv_sec < LINES / 100 - 1);
}

static void what_is_less_grave_than_wanted_is_not_said(void **state)
{
    enum log_level level = LOG_LEVEL_INFO;

    (void)state;
    assert_true(log_level_parse("warning", &level));
    assert_int_equal(level, LOG_LEVEL_WARNING);
    assert_false(log_level_parse("warn", &level));
    assert_false(log_level_parse("", &level));
    assert_int_equal(level, LOG_LEVEL_WARNING);
    begin();
    log_set_level(level);
    say_each_level();
    log_set_level(LOG_LEVEL_INFO);
    assert_string_equal(shown_since(), "error: no disk\nwarning: little disk\n");
}

static void repeats_are_counted_and_told_at_the_end(void **state)
{
    (void)state;
    begin();
    for (unsigned i = 0; i < 100; i++) {
        log_line(LOG_LEVEL_WARNING, "sink %s: full", "all");
        log_line(LOG_LEVEL_INFO, "asked for");
    }
    assert_true(log_repeats_wait());
    log_tell_repeats(false); /* not yet */
    log_tell_repeats(true);
    assert_false(log_repeats_wait());
    log_tell_repeats(true);
    shown_since();
    assert_non_null(strstr(shown, "\nwarning: the same 95 times more: sink all: full\n"));
    for (char *line = strtok(shown, "\n"); line; line = strtok(NULL, "\n"))
        assert_true(strcmp(line, "asked for") == 0 || strstr(line, "sink all: full"));
}

static void errno_stays_as_it_was(void **state)
{
    (void)state;
    begin();
    errno = ENOSPC;
    log_line(LOG_LEVEL_NOTICE, "%s", strerror(errno));
    assert_int_equal(errno, ENOSPC);
    assert_string_equal(shown_since(), "No space left on device\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(warnings_and_errors_say_so_in_words, without_journal),
        cmocka_unit_test_setup(the_journal_is_told_the_priority, without_journal),
        cmocka_unit_test_setup(a_journal_that_is_not_our_stderr_does_not_count, without_journal),
        cmocka_unit_test_setup(control_bytes_are_escaped_and_utf8_is_not, without_journal),
        cmocka_unit_test_setup(a_sentence_too_long_is_cut_and_still_one_line, without_journal),
        cmocka_unit_test_setup(the_longest_line_fits_where_a_pipe_has_room, without_journal),
        cmocka_unit_test_setup(a_reader_who_does_not_come_is_waited_for_once, without_journal),
        cmocka_unit_test_setup(what_is_less_grave_than_wanted_is_not_said, without_journal),
        cmocka_unit_test_setup(repeats_are_counted_and_told_at_the_end, without_journal),
        cmocka_unit_test_setup(errno_stays_as_it_was, without_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
