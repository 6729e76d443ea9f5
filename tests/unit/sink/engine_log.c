/* The engine of log files: all that was handed over arrives, in order; when a write fails,
 * nothing is lost, nothing is merged, and it is tried less and less often. What is done to
 * the file itself is tested in tests/unit/logfile. */
#include "tests/unit/sink/sink_rig.h"

#include <sys/resource.h>

static struct sink_rig t;
static struct rlimit sizes;

/* Files may grow to this size: the disk that is full, played by the kernel. */
static void limit_files(rlim_t bytes)
{
    struct rlimit few = {.rlim_cur = bytes, .rlim_max = sizes.rlim_max};

    assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
}

static void lift_limit(void)
{
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &sizes), 0);
}

static const struct sink_ledger *ledger(void)
{
    return outbox_ledger(t.sink.outbox);
}

static void run_until_down(void)
{
    while (t.sink.sink->state != SINK_DOWN)
        uv_run(&t.loop, UV_RUN_ONCE);
}

static void many_blocks_arrive_whole_and_in_order(void **state)
{
    enum { LEN = 1013, EACH = 60, ROUNDS = 20 };
    size_t len;
    const char *text;

    (void)state;
    rig_open_sink(&t, &t.sink);
    assert_ptr_equal(t.sink.sink->engine, &engine_log);
    for (unsigned i = 0; i < ROUNDS; i++) {
        while (!outbox_has_room(t.sink.outbox, LEN * EACH))
            uv_run(&t.loop, UV_RUN_ONCE);
        rig_add_numbered(&t.sink, EACH, LEN);
        sink_flush(t.sink.sink);
        assert_true(sink_ledger_balances(ledger()));
    }
    rig_run_until_drained(&t, &t.sink);
    text = rig_read_file(t.sink.path, &len);
    assert_int_equal(rig_check_numbered(text, len, LEN, 0), EACH * ROUNDS);
    assert_int_equal(ledger()->written, EACH * ROUNDS);
    assert_int_equal(ledger()->written_bytes, len);
}

/* The line goes on where it was cut. */
static void a_write_that_ends_in_the_middle_of_an_entry_is_taken_up_again(void **state)
{
    (void)state;
    rig_open_sink(&t, &t.sink);
    limit_files(10);
    rig_add(&t.sink, "first\n");
    rig_add(&t.sink, "second\n");
    rig_add(&t.sink, "third\n");
    sink_flush(t.sink.sink);
    run_until_down();
    assert_int_equal(sink_error(t.sink.sink), EFBIG);
    assert_int_equal(ledger()->written, 1);
    assert_int_equal(ledger()->queued, 2);
    assert_int_equal(ledger()->written_bytes, 10);
    lift_limit();
    rig_run_until_drained(&t, &t.sink);
    rig_check_file(t.sink.path, "first\nsecond\nthird\n");
    assert_int_equal(sink_error(t.sink.sink), 0);
    assert_int_equal(ledger()->written, 3);
}

static void a_file_that_takes_nothing_is_tried_less_and_less(void **state)
{
    (void)state;
    rig_write_file(t.sink.path, "full\n");
    rig_open_sink(&t, &t.sink);
    limit_files(5);
    rig_add(&t.sink, "waits\n");
    sink_flush(t.sink.sink);
    run_until_down();
    while (t.sink.sink->retry_ms < 800) {
        assert_int_equal(sink_error(t.sink.sink), EFBIG);
        uv_run(&t.loop, UV_RUN_ONCE);
    }
    lift_limit();
    rig_run_until_drained(&t, &t.sink);
    rig_check_file(t.sink.path, "full\nwaits\n");
}

static void what_comes_while_a_sink_is_down_waits_in_order(void **state)
{
    (void)state;
    rig_open_sink(&t, &t.sink);
    limit_files(0);
    rig_add(&t.sink, "1\n");
    sink_flush(t.sink.sink);
    run_until_down();
    rig_add(&t.sink, "2\n");
    sink_flush(t.sink.sink);
    assert_int_equal(t.sink.sink->state, SINK_DOWN); /* the retry has its own time */
    lift_limit();
    rig_add(&t.sink, "3\n");
    rig_run_until_drained(&t, &t.sink);
    rig_check_file(t.sink.path, "1\n2\n3\n");
}

static void a_close_waits_for_the_write_in_flight(void **state)
{
    size_t len;

    (void)state;
    rig_open_sink(&t, &t.sink);
    rig_add_numbered(&t.sink, 3000, 100);
    sink_flush(t.sink.sink);
    assert_true(ledger()->in_flight > 0);
    rig_close_sink(&t, &t.sink);
    assert_int_equal(ledger()->in_flight, 0);
    rig_read_file(t.sink.path, &len);
    assert_int_equal(len, ledger()->written_bytes);
    assert_int_equal(ledger()->written, 3000);
}

static void what_came_after_the_last_write_is_dropped_when_a_sink_closes(void **state)
{
    (void)state;
    rig_open_sink(&t, &t.sink);
    rig_add(&t.sink, "in flight\n");
    sink_flush(t.sink.sink);
    rig_add(&t.sink, "late\n");
    rig_close_sink(&t, &t.sink);
    assert_int_equal(ledger()->written, 1);
    assert_int_equal(ledger()->dropped[DROP_SHUTDOWN], 1);
    rig_check_file(t.sink.path, "in flight\n");
}

static void what_a_close_drops_is_the_last_thing_in_the_file(void **state)
{
    (void)state;
    outbox_set_notices(t.sink.outbox, NOTICE_TEXT, "s", false);
    rig_open_sink(&t, &t.sink);
    rig_add(&t.sink, "in flight\n");
    sink_flush(t.sink.sink);
    rig_add(&t.sink, "late\n");
    rig_close_sink(&t, &t.sink);
    assert_int_equal(ledger()->notices, 1);
    rig_check_file(t.sink.path, "in flight\n"
                                "--- logboom: sink s dropped 1 entries (shutdown) "
                                "00:00:00.0–00:00:00.0\n");
    assert_int_equal(ledger()->written_bytes, strlen(rig_read_file(t.sink.path, NULL)));
}

static void a_close_after_a_failed_write_drops_the_rest(void **state)
{
    (void)state;
    rig_open_sink(&t, &t.sink);
    limit_files(4);
    rig_add(&t.sink, "one\ntwo\n");
    sink_flush(t.sink.sink);
    rig_close_sink(&t, &t.sink); /* the write fails while it waits */
    lift_limit();
    assert_int_equal(ledger()->dropped[DROP_SHUTDOWN], 1);
    assert_int_equal(ledger()->written_bytes, 4);
}

/* ---- rotating and reopening ------------------------------------------------------------------ */

static const char *rotated(unsigned index, char path[512])
{
    struct dirent **names;
    int count = scandir(t.folder, &names, NULL, alphasort);
    unsigned seen = 0;

    path[0] = '\0';
    for (int i = 0; i < count; i++) {
        if (strchr(names[i]->d_name, '@') && seen++ == index)
            snprintf(path, 512, "%s/%s", t.folder, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return path;
}

static void remove_rotated(void)
{
    char path[512];

    while (*rotated(0, path))
        unlink(path);
}

/* Entries of 100 bytes, blocks of 64 KiB, files of 10,000 bytes: many in one write. */
static void rotation_cuts_between_entries(void **state)
{
    enum { LEN = 100, COUNT = 3000, EACH = 100 };
    char path[512];
    size_t len = 0;
    unsigned i;

    (void)state;
    t.sink.conf.rotate.size.bytes = LEN * EACH + LEN / 2;
    rig_open_sink(&t, &t.sink);
    rig_add_numbered(&t.sink, COUNT, LEN);
    rig_run_until_drained(&t, &t.sink);
    for (i = 0; *rotated(i, path); i++) {
        const char *text = rig_read_file(path, &len);

        assert_int_equal(rig_check_numbered(text, len, LEN, i * EACH), EACH);
    }
    assert_int_equal(i, COUNT / EACH - 1);
    assert_int_equal(rig_check_numbered(rig_read_file(t.sink.path, &len), len, LEN, i * EACH),
                     EACH);
    assert_int_equal(ledger()->written, COUNT);
    remove_rotated();
}

/* No entry comes; the timer alone brings the job. */
static void a_quiet_file_is_put_away_at_the_boundary(void **state)
{
    char path[512];

    (void)state;
    t.sink.conf.rotate.every = CONF_EVERY_HOURLY;
    rig_open_sink(&t, &t.sink);
    rig_add(&t.sink, "last hour\n");
    rig_run_until_drained(&t, &t.sink);
    t.sink.sink->file.log.period_end_ns = sink_now_ns() + 20 * 1000 * 1000;
    sink_watch_log(t.sink.sink);
    while (!*rotated(0, path))
        uv_run(&t.loop, UV_RUN_ONCE);
    rig_check_file(path, "last hour\n");
    rig_add(&t.sink, "this hour\n");
    rig_run_until_drained(&t, &t.sink);
    rig_check_file(t.sink.path, "this hour\n");
    remove_rotated();
}

/* The timer is never set for longer than a minute; here it is at its end. */
static void a_clock_that_was_set_back_brings_a_job(void **state)
{
    int64_t hour_ns = 3600 * 1000000000ll;
    struct log_file *file;

    (void)state;
    t.sink.conf.rotate.every = CONF_EVERY_HOURLY;
    rig_open_sink(&t, &t.sink);
    rig_add(&t.sink, "of another day\n");
    rig_run_until_drained(&t, &t.sink);
    while (t.sink.sink->state != SINK_IDLE)
        uv_run(&t.loop, UV_RUN_ONCE);
    file = &t.sink.sink->file.log;
    file->period_begin_ns += 24 * hour_ns;
    file->period_end_ns += 24 * hour_ns;
    sink_watch_log(t.sink.sink);
    t.sink.sink->armed_ns += 24 * hour_ns;
    uv_timer_start(&t.sink.sink->chores, t.sink.sink->chores.timer_cb, 0, 0);
    while (t.sink.sink->state != SINK_IDLE || file->period_begin_ns > sink_now_ns())
        uv_run(&t.loop, UV_RUN_ONCE);
    assert_true(t.sink.sink->due_ns <= sink_now_ns() + hour_ns);
}

static void what_waits_for_its_sync_gets_it_without_an_entry(void **state)
{
    (void)state;
    t.sink.conf.sync.ms = 20;
    rig_open_sink(&t, &t.sink);
    rig_add(&t.sink, "line\n");
    rig_run_until_drained(&t, &t.sink);
    while (t.sink.sink->state != SINK_IDLE || t.sink.sink->file.log.unsynced_since_ns > 0)
        uv_run(&t.loop, UV_RUN_ONCE);
    assert_int_equal(t.sink.sink->news.synced, 1);
}

/* The part that the limit let through is in the file that was moved; there it gets its mark,
 * and the new file has the entry whole. */
static void an_entry_whose_begin_was_moved_away_is_sent_again(void **state)
{
    char away[512];

    (void)state;
    rig_open_sink(&t, &t.sink);
    limit_files(10);
    rig_add(&t.sink, "first\n");
    rig_add(&t.sink, "second\n");
    sink_flush(t.sink.sink);
    run_until_down();
    lift_limit();
    snprintf(away, sizeof away, "%s/away", t.folder);
    rename(t.sink.path, away);
    rig_run_until_drained(&t, &t.sink);
    rig_check_file(away, "first\nseco \\[torn]\n");
    rig_check_file(t.sink.path, "second\n");
    assert_int_equal(ledger()->written, 2);
    unlink(away);
}

/* Opening may take its time, so it stays the job's, whatever was wrong. */
static void what_cannot_be_opened_is_not_tried_on_the_loop(void **state)
{
    char path[128];

    (void)state;
    snprintf(path, sizeof path, "%s/deeper/a.log", t.folder);
    t.sink.conf.path = path;
    rig_open_sink(&t, &t.sink);
    unlink(path);
    *strrchr(path, '/') = '\0';
    assert_int_equal(rmdir(path), 0);
    rig_write_file(path, "no folder");
    rig_add(&t.sink, "waits\n");
    sink_flush(t.sink.sink);
    run_until_down();
    assert_ptr_equal(t.sink.sink->engine, &engine_log);
    unlink(path);
    rig_run_until_drained(&t, &t.sink);
    path[strlen(path)] = '/';
    rig_check_file(path, "waits\n");
    unlink(path);
    *strrchr(path, '/') = '\0';
    assert_int_equal(rmdir(path), 0);
    t.sink.conf.path = t.sink.path;
}

/* What is no log file any more has another engine. */
static void a_fifo_in_its_place_is_written_by_another_engine(void **state)
{
    int reader;

    (void)state;
    rig_open_sink(&t, &t.sink);
    unlink(t.sink.path);
    assert_int_equal(mkfifo(t.sink.path, 0600), 0);
    reader = open(t.sink.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    rig_add(&t.sink, "waits\n");
    rig_run_until_drained(&t, &t.sink);
    assert_ptr_equal(t.sink.sink->engine, &engine_poll);
    rig_close_sink(&t, &t.sink);
    close(reader);
}

static int open_all(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &sizes);
    rig_open(&t);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    lift_limit();
    rig_close(&t);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(many_blocks_arrive_whole_and_in_order),
        TEST(a_write_that_ends_in_the_middle_of_an_entry_is_taken_up_again),
        TEST(a_file_that_takes_nothing_is_tried_less_and_less),
        TEST(what_comes_while_a_sink_is_down_waits_in_order),
        TEST(a_close_waits_for_the_write_in_flight),
        TEST(what_a_close_drops_is_the_last_thing_in_the_file),
        TEST(what_came_after_the_last_write_is_dropped_when_a_sink_closes),
        TEST(a_close_after_a_failed_write_drops_the_rest),
        TEST(rotation_cuts_between_entries),
        TEST(a_quiet_file_is_put_away_at_the_boundary),
        TEST(a_clock_that_was_set_back_brings_a_job),
        TEST(what_waits_for_its_sync_gets_it_without_an_entry),
        TEST(what_cannot_be_opened_is_not_tried_on_the_loop),
        TEST(a_fifo_in_its_place_is_written_by_another_engine),
        TEST(an_entry_whose_begin_was_moved_away_is_sent_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
