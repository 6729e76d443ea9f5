/* The engine of regular files: all that was handed over arrives, in order; when a write
 * fails, nothing is lost, nothing is merged, and it is tried less and less often. */
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
    assert_ptr_equal(t.sink.sink->engine, &engine_job);
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

static void a_full_device_keeps_everything_queued_and_is_asked_less_and_less(void **state)
{
    (void)state;
    t.sink.conf.path = (char *)(uintptr_t) "/dev/full";
    rig_open_sink(&t, &t.sink);
    rig_add(&t.sink, "one\n");
    rig_add(&t.sink, "two\n");
    sink_flush(t.sink.sink);
    assert_int_equal(ledger()->in_flight, 2);
    run_until_down();
    assert_int_equal(sink_error(t.sink.sink), ENOSPC);
    assert_true(t.sink.sink->fd >= 0); /* room may come where it is */
    assert_int_equal(ledger()->queued, 2);
    assert_int_equal(ledger()->written_bytes, 0);
    while (t.sink.sink->retry_ms < 800)
        uv_run(&t.loop, UV_RUN_ONCE);
    assert_int_equal(sink_error(t.sink.sink), ENOSPC);
    rig_close_sink(&t, &t.sink);
    assert_int_equal(ledger()->dropped[DROP_SHUTDOWN], 2);
}

/* The line that the limit cut is ended with a mark and comes again, whole. */
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
    rig_check_file(t.sink.path, "first\nseco \\[torn]\nsecond\nthird\n");
    assert_int_equal(sink_error(t.sink.sink), 0);
    assert_int_equal(ledger()->written, 3);
}

/* Opening goes well each time and writing never does: that is no recovery. */
static void a_file_that_opens_but_takes_nothing_is_tried_less_and_less(void **state)
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

/* fsync(2) says EINVAL there. */
static void a_device_is_written_and_closed_without_complaint(void **state)
{
    (void)state;
    t.sink.conf.path = (char *)(uintptr_t) "/dev/null";
    rig_open_sink(&t, &t.sink);
    rig_add_numbered(&t.sink, 500, 100);
    rig_run_until_drained(&t, &t.sink);
    assert_int_equal(ledger()->written, 500);
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
        TEST(a_full_device_keeps_everything_queued_and_is_asked_less_and_less),
        TEST(a_write_that_ends_in_the_middle_of_an_entry_is_taken_up_again),
        TEST(a_file_that_opens_but_takes_nothing_is_tried_less_and_less),
        TEST(what_comes_while_a_sink_is_down_waits_in_order),
        TEST(a_close_waits_for_the_write_in_flight),
        TEST(what_a_close_drops_is_the_last_thing_in_the_file),
        TEST(what_came_after_the_last_write_is_dropped_when_a_sink_closes),
        TEST(a_close_after_a_failed_write_drops_the_rest),
        TEST(a_device_is_written_and_closed_without_complaint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
