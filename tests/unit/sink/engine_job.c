/* The engine of descriptors that may block and have no name of ours: devices here; a stdout
 * that was redirected is in sink_stdout.c. */
#include "tests/unit/sink/sink_rig.h"

static struct sink_rig t;

static const struct sink_ledger *ledger(void)
{
    return outbox_ledger(t.sink.outbox);
}

static void run_until_down(void)
{
    while (t.sink.sink->state != SINK_DOWN)
        uv_run(&t.loop, UV_RUN_ONCE);
}

static void a_full_device_keeps_everything_queued_and_is_asked_less_and_less(void **state)
{
    (void)state;
    t.sink.conf.path = (char *)(uintptr_t) "/dev/full";
    rig_open_sink(&t, &t.sink);
    assert_ptr_equal(t.sink.sink->engine, &engine_job);
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
        TEST(a_full_device_keeps_everything_queued_and_is_asked_less_and_less),
        TEST(a_device_is_written_and_closed_without_complaint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
