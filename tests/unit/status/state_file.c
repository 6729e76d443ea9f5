/* The state file: what the next start learns of a stop, a crash, and two daemons at once. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "status/state_file.h"

#define SECOND_NS INT64_C(1000000000)

static const int64_t BEGAN_NS = 1795000000 * SECOND_NS + 123456000;
static const int64_t ENDED_NS = 1795003600 * SECOND_NS;
static const char LEDGER[] = "ledger: endpoint apps: received=3\nledger: sink all: offered=3\n";

static char folder[64];

static int enter_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/logboom-state-XXXXXX");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static struct state_file *open_fine(struct state_record *record)
{
    struct err err = {.text = ""};
    struct state_file *file = state_file_open("state", record, &err);

    if (!file)
        fail_msg("%s", err.text);
    return file;
}

static void refuse(const char *path, const char *sentence)
{
    struct state_record record = {.running_pid = 17};
    struct err err;

    assert_null(state_file_open(path, &record, &err));
    assert_string_equal(err.text, sentence);
    assert_int_equal(record.running_pid, 17);
}

static void write_text(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");

    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static const char *read_text(const char *path)
{
    static char text[4096];
    FILE *in = fopen(path, "r");

    assert_non_null(in);
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    assert_int_equal(fclose(in), 0);
    return text;
}

/* One daemon from its start to its orderly stop. */
static void run_and_stop(const char *sentence)
{
    struct state_record record;
    struct state_file *file = open_fine(&record);
    struct err err;

    assert_int_equal(state_file_begin(file, BEGAN_NS, &err), 0);
    assert_int_equal(state_file_end(file, ENDED_NS, sentence, LEDGER, &err), 0);
    state_file_close(&file);
    assert_null(file);
}

static void the_first_start_learns_nothing(void **state)
{
    struct state_record record = {.running_pid = 17};
    struct state_file *file = open_fine(&record);

    (void)state;
    assert_int_equal(record.running_since_ns, 0);
    assert_int_equal(record.stopped_at_ns, 0);
    state_file_close(&file);
    file = open_fine(&record); /* an empty file is no problem either */
    assert_int_equal(record.stopped_at_ns, 0);
    state_file_close(&file);
}

static void a_stop_is_told_with_its_time_and_its_sentence(void **state)
{
    struct state_record record;
    struct state_file *file;

    (void)state;
    run_and_stop("lost 812 entries: sink all 812");
    file = open_fine(&record);
    assert_int_equal(record.running_since_ns, 0);
    assert_true(record.stopped_at_ns == ENDED_NS);
    assert_string_equal(record.sentence, "lost 812 entries: sink all 812");
    state_file_close(&file);
}

/* An operator looks into it while the daemon runs: the last ledger is there still. */
static void while_it_runs_the_last_stop_can_be_read(void **state)
{
    struct state_record record;
    struct state_file *file;
    char text[512];
    struct err err;

    (void)state;
    run_and_stop("lost nothing");
    file = open_fine(&record);
    assert_int_equal(state_file_begin(file, BEGAN_NS, &err), 0);
    snprintf(text, sizeof text,
             "logboomd state\nrunning: 2026-11-18T11:06:40.123456Z pid %ld\n"
             "stopped: 2026-11-18T12:06:40.000000Z lost nothing\n%s",
             (long)getpid(), LEDGER);
    assert_string_equal(read_text("state"), text);
    state_file_close(&file);
}

/* Nobody said goodbye; closing alone is what the kernel does for who was killed. */
static void a_crash_is_told_with_who_it_was(void **state)
{
    struct state_record record;
    struct state_file *file;
    struct err err;

    (void)state;
    run_and_stop("lost nothing");
    file = open_fine(&record);
    assert_int_equal(state_file_begin(file, BEGAN_NS, &err), 0);
    state_file_close(&file);
    file = open_fine(&record);
    assert_true(record.running_since_ns == BEGAN_NS);
    assert_int_equal(record.running_pid, getpid());
    assert_true(record.stopped_at_ns == ENDED_NS);
    state_file_close(&file);
}

/* Such as when an address is in use: the next start is told what this one would have been. */
static void a_start_that_fails_leaves_what_was_there(void **state)
{
    struct state_record record;
    struct state_file *file;

    (void)state;
    run_and_stop("lost nothing");
    file = open_fine(&record);
    state_file_close(&file);
    file = open_fine(&record);
    assert_string_equal(record.sentence, "lost nothing");
    state_file_close(&file);
}

static void two_daemons_cannot_share_one(void **state)
{
    static const char sentence[] = "the state file 'state' is another logboomd's, which is running";
    struct state_record record;
    struct state_file *file = open_fine(&record);
    struct err err;

    (void)state;
    refuse("state", sentence);
    assert_int_equal(state_file_begin(file, BEGAN_NS, &err), 0);
    refuse("state", sentence);
    assert_int_equal(state_file_end(file, ENDED_NS, "lost nothing", LEDGER, &err), 0);
    refuse("state", sentence);
    state_file_close(&file);
    file = open_fine(&record);
    state_file_close(&file);
}

/* Somebody gave the path to another daemon, or put an old copy back. */
static void a_file_that_took_the_name_is_left_alone(void **state)
{
    struct state_record record;
    struct state_file *file = open_fine(&record);
    struct err err;

    (void)state;
    assert_int_equal(state_file_begin(file, BEGAN_NS, &err), 0);
    assert_int_equal(unlink("state"), 0);
    write_text("state", "another\n");
    assert_int_equal(state_file_end(file, ENDED_NS, "lost nothing", LEDGER, &err), -1);
    assert_string_equal(err.text, "the state file 'state' is another one now; it is left as it is");
    assert_string_equal(read_text("state"), "another\n");
    state_file_close(&file);
}

static void one_that_was_removed_is_made_again(void **state)
{
    struct state_record record;
    struct state_file *file = open_fine(&record);
    struct err err;

    (void)state;
    assert_int_equal(unlink("state"), 0);
    assert_int_equal(state_file_end(file, ENDED_NS, "lost nothing", LEDGER, &err), 0);
    state_file_close(&file);
    file = open_fine(&record);
    assert_string_equal(record.sentence, "lost nothing");
    state_file_close(&file);
}

static void what_is_not_ours_is_never_replaced(void **state)
{
    (void)state;
    write_text("passwd", "root:x:0:0:root:/root:/bin/sh\n");
    refuse("passwd", "'passwd' is no state file of logboomd; it is left as it is");
    assert_int_equal(errno, 0);
    assert_string_equal(read_text("passwd"), "root:x:0:0:root:/root:/bin/sh\n");
    assert_int_equal(symlink("passwd", "link"), 0);
    refuse("link", "cannot open the state file 'link': Too many levels of symbolic links");
    assert_int_equal(link("passwd", "second"), 0);
    refuse("second", "the state file 'second' must be a regular file with one name");
    assert_int_equal(mkfifo("fifo", 0600), 0);
    refuse("fifo", "the state file 'fifo' must be a regular file with one name");
    refuse("no/state", "cannot open the state file 'no/state': No such file or directory");
    assert_int_equal(errno, ENOENT);
}

/* A folder where the next file would be made: as a disk that takes nothing. */
static void what_cannot_be_written_changes_nothing(void **state)
{
    struct state_record record;
    struct state_file *file;
    struct err err;

    (void)state;
    run_and_stop("lost nothing");
    file = open_fine(&record);
    assert_int_equal(mkdir("state.next", 0700), 0);
    assert_int_equal(state_file_begin(file, BEGAN_NS, &err), -1);
    assert_string_equal(err.text, "cannot write the state file 'state': File exists");
    assert_int_equal(rmdir("state.next"), 0);
    state_file_close(&file);
    file = open_fine(&record);
    assert_int_equal(record.running_since_ns, 0);
    assert_string_equal(record.sentence, "lost nothing");
    state_file_close(&file);
}

/* The disk has room for a name, and not for all that belongs to it. */
static void what_is_written_in_half_is_taken_away(void **state)
{
    struct rlimit full = {.rlim_cur = 32}, before;
    struct state_record record;
    struct state_file *file = open_fine(&record);
    struct err err;

    (void)state;
    assert_int_equal(state_file_begin(file, BEGAN_NS, &err), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    full.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    assert_int_equal(state_file_end(file, ENDED_NS, "lost nothing", LEDGER, &err), -1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_string_equal(err.text, "cannot write the state file 'state': File too large");
    assert_int_equal(access("state.next", F_OK), -1);
    state_file_close(&file);
    file = open_fine(&record);
    assert_true(record.running_since_ns == BEGAN_NS);
    state_file_close(&file);
}

/* Half a file cannot come from us, but from an editor. */
static void damage_is_read_as_far_as_it_goes(void **state)
{
    static const char *const texts[] = {
        "logboomd state\n",
        "logboomd state\nrunning: ",
        "logboomd state\nrunning: yesterday pid 3\n",
        "logboomd state\nrunning: 2026-11-18T13:06:40.123456Z\n",
        "logboomd state\nstopped: 2026-11-18T13:06:40.123456Z\n",
        "logboomd state\nledger: stopped: 2026-11-18T13:06:40.123456Z lost nothing\n",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct state_record record;
        struct state_file *file;

        write_text("state", texts[i]);
        file = open_fine(&record);
        assert_int_equal(record.stopped_at_ns, 0);
        assert_int_equal(record.running_pid, 0);
        state_file_close(&file);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_folder, leave_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_start_learns_nothing),
        TEST(a_stop_is_told_with_its_time_and_its_sentence),
        TEST(while_it_runs_the_last_stop_can_be_read),
        TEST(a_crash_is_told_with_who_it_was),
        TEST(a_start_that_fails_leaves_what_was_there),
        TEST(two_daemons_cannot_share_one),
        TEST(a_file_that_took_the_name_is_left_alone),
        TEST(one_that_was_removed_is_made_again),
        TEST(what_is_not_ours_is_never_replaced),
        TEST(what_cannot_be_written_changes_nothing),
        TEST(what_is_written_in_half_is_taken_away),
        TEST(damage_is_read_as_far_as_it_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
