/* What all sinks share: when they write, reopening, closing, and who is the same file. */
#include "tests/unit/sink/sink_rig.h"

enum { FOREVER_MS = 3600 * 1000 };

static struct sink_rig t;
static struct rig_sink second;

static const struct sink_ledger *ledger(void)
{
    return outbox_ledger(t.sink.outbox);
}

static void an_idle_sink_writes_when_it_is_asked(void **state)
{
    (void)state;
    rig_open_sink(&t, &t.sink);
    assert_true(sink_is_drained(t.sink.sink));
    sink_flush(t.sink.sink); /* nothing there */
    assert_int_equal(t.sink.sink->state, SINK_IDLE);
    rig_add(&t.sink, "one\n");
    assert_false(sink_is_drained(t.sink.sink));
    sink_flush(t.sink.sink);
    assert_int_equal(t.sink.sink->state, SINK_WRITING);
    rig_run_until_drained(&t, &t.sink);
    rig_check_file(t.sink.path, "one\n");
    assert_int_equal(sink_error(t.sink.sink), 0);
    assert_string_equal(sink_name(t.sink.sink), t.sink.path);
    assert_string_equal(sink_target(t.sink.sink), t.sink.path);
}

/* Group commit: nobody asks again, the write that completes takes all that came. */
static void what_came_during_a_write_is_written_after_it(void **state)
{
    (void)state;
    rig_open_sink(&t, &t.sink);
    rig_add(&t.sink, "1\n");
    sink_flush(t.sink.sink);
    rig_add(&t.sink, "2\n");
    rig_add(&t.sink, "3\n");
    sink_flush(t.sink.sink);
    assert_int_equal(ledger()->in_flight, 1);
    assert_int_equal(ledger()->queued, 2);
    while (!sink_is_drained(t.sink.sink))
        uv_run(&t.loop, UV_RUN_ONCE);
    rig_check_file(t.sink.path, "1\n2\n3\n");
}

/* ---- batch_for ------------------------------------------------------------------------------ */

static void batch_for_holds_a_block_back_until_its_time_is_over(void **state)
{
    (void)state;
    t.sink.conf.batch_for.ms = 30;
    rig_open_sink(&t, &t.sink);
    rig_add(&t.sink, "1\n");
    sink_flush(t.sink.sink);
    rig_add(&t.sink, "2\n");
    sink_flush(t.sink.sink);
    assert_int_equal(t.sink.sink->state, SINK_IDLE);
    assert_int_equal(ledger()->queued, 2);
    while (!sink_is_drained(t.sink.sink)) /* the timer alone brings them out */
        uv_run(&t.loop, UV_RUN_ONCE);
    rig_check_file(t.sink.path, "1\n2\n");
    rig_add(&t.sink, "3\n"); /* and holds the next one again */
    sink_flush(t.sink.sink);
    assert_int_equal(t.sink.sink->state, SINK_IDLE);
}

static void batch_for_holds_back_no_full_block(void **state)
{
    (void)state;
    t.sink.conf.batch_for.ms = FOREVER_MS;
    rig_open_sink(&t, &t.sink);
    rig_add_numbered(&t.sink, 60, 1024);
    sink_flush(t.sink.sink);
    rig_turn_idly(&t);
    assert_int_equal(ledger()->queued, 60);
    rig_add_numbered(&t.sink, 10, 1024); /* the first block is sealed */
    rig_run_until_drained(&t, &t.sink);
    assert_int_equal(ledger()->written, 70);
}

static void draining_ends_batch_for(void **state)
{
    (void)state;
    t.sink.conf.batch_for.ms = FOREVER_MS;
    rig_open_sink(&t, &t.sink);
    rig_add(&t.sink, "1\n");
    sink_flush(t.sink.sink);
    rig_turn_idly(&t);
    rig_check_file(t.sink.path, "");
    sink_drain(t.sink.sink);
    rig_run_until_drained(&t, &t.sink);
    rig_add(&t.sink, "2\n");
    rig_run_until_drained(&t, &t.sink);
    rig_check_file(t.sink.path, "1\n2\n");
}

/* As if the last write had been of a load. */
static void load_was(size_t bytes)
{
    t.sink.sink->vector_bytes = bytes;
}

static void after_a_write_of_a_load_the_next_waits_for_four_times_as_much(void **state)
{
    static const size_t loads[] = {16 * 1024, 64 * 1024};

    (void)state;
    rig_open_sink(&t, &t.sink);
    outbox_set_quota(t.sink.outbox, 2 * RIG_BLOCKS);
    for (unsigned i = 0; i < 2; i++) {
        load_was(loads[i]);
        rig_add_numbered(&t.sink, (unsigned)(loads[i] * 3 / 1024), 1024);
        sink_flush(t.sink.sink);
        assert_int_equal(t.sink.sink->state, SINK_IDLE);
        rig_add_numbered(&t.sink, (unsigned)(loads[i] / 1024), 1024);
        sink_flush(t.sink.sink);
        assert_int_equal(t.sink.sink->state, SINK_WRITING);
        rig_run_until_drained(&t, &t.sink);
    }
    rig_add_numbered(&t.sink, 1, 1024); /* the queue was empty: the load is over */
    sink_flush(t.sink.sink);
    assert_int_equal(t.sink.sink->state, SINK_WRITING);
    rig_run_until_drained(&t, &t.sink);
}

static void a_load_that_ends_waits_for_no_more_than_its_time(void **state)
{
    (void)state;
    rig_open_sink(&t, &t.sink);
    load_was(64 * 1024);
    rig_add_numbered(&t.sink, 1, 1024);
    sink_flush(t.sink.sink);
    assert_int_equal(t.sink.sink->state, SINK_IDLE);
    assert_in_range(uv_timer_get_due_in(&t.sink.sink->alarm), 0, 4);
    rig_run_until_drained(&t, &t.sink);
}

/* Half of a queue of so few blocks is there while the other half is filled. */
static void a_load_waits_for_no_more_than_half_of_the_queue(void **state)
{
    (void)state;
    rig_open_sink(&t, &t.sink);
    outbox_set_quota(t.sink.outbox, 4);
    load_was(64 * 1024);
    rig_add_numbered(&t.sink, 60, 1024);
    sink_flush(t.sink.sink);
    assert_int_equal(t.sink.sink->state, SINK_IDLE);
    rig_add_numbered(&t.sink, 10, 1024); /* the second block */
    sink_flush(t.sink.sink);
    assert_int_equal(t.sink.sink->state, SINK_WRITING);
    rig_run_until_drained(&t, &t.sink);
}

/* Sixty blocks and more in a second: however writes are paced, none waits for ever. */
static void after_heavy_writes_the_last_light_one_comes_out_too(void **state)
{
    (void)state;
    rig_open_sink(&t, &t.sink);
    for (unsigned i = 0; i < 60; i++) {
        rig_add_numbered(&t.sink, 60, 1024);
        rig_run_until_drained(&t, &t.sink);
        rig_add_numbered(&t.sink, 1, 1024);
        rig_run_until_drained(&t, &t.sink);
    }
    assert_int_equal(ledger()->written, 60 * 61);
}

/* ---- reopening ------------------------------------------------------------------------------- */

static void rename_away(void)
{
    rename(t.sink.path, second.path);
}

/* Nobody needs to tell; but an idle sink learns of it by being told. */
static void after_a_rename_there_is_a_new_file(void **state)
{
    struct stat st;

    (void)state;
    rig_open_sink(&t, &t.sink);
    rig_add(&t.sink, "old\n");
    rig_run_until_drained(&t, &t.sink);
    rename_away();
    rig_add(&t.sink, "new\n");
    rig_run_until_drained(&t, &t.sink);
    rig_check_file(second.path, "old\n");
    rig_check_file(t.sink.path, "new\n");
    unlink(t.sink.path);
    sink_reopen(t.sink.sink);
    while (stat(t.sink.path, &st) < 0)
        uv_run(&t.loop, UV_RUN_ONCE);
    rig_add(&t.sink, "newer\n");
    rig_run_until_drained(&t, &t.sink);
    rig_check_file(t.sink.path, "newer\n");
}

/* The write may see the rename, or be over before it. */
static void a_reopen_during_a_write_comes_after_it(void **state)
{
    char text[64];

    (void)state;
    rig_open_sink(&t, &t.sink);
    rig_add(&t.sink, "old\n");
    sink_flush(t.sink.sink);
    rename_away();
    sink_reopen(t.sink.sink);
    rig_add(&t.sink, "new\n");
    while (!sink_is_drained(t.sink.sink))
        uv_run(&t.loop, UV_RUN_ONCE);
    strcpy(text, rig_read_file(second.path, NULL));
    assert_string_equal(strcat(text, rig_read_file(t.sink.path, NULL)), "old\nnew\n");
}

static void without_a_rename_reopening_changes_nothing(void **state)
{
    (void)state;
    rig_open_sink(&t, &t.sink);
    rig_add(&t.sink, "1\n");
    rig_run_until_drained(&t, &t.sink);
    sink_reopen(t.sink.sink);
    sink_reopen(t.sink.sink);
    rig_add(&t.sink, "2\n");
    rig_run_until_drained(&t, &t.sink);
    rig_check_file(t.sink.path, "1\n2\n");
}

static void where_reopening_fails_the_old_file_goes_on(void **state)
{
    (void)state;
    rig_open_sink(&t, &t.sink);
    rename_away();
    assert_int_equal(mkdir(t.sink.path, 0700), 0);
    sink_reopen(t.sink.sink);
    rig_add(&t.sink, "1\n");
    rig_run_until_drained(&t, &t.sink);
    rig_check_file(second.path, "1\n");
    assert_int_equal(sink_error(t.sink.sink), 0);
    rmdir(t.sink.path);
    sink_reopen(t.sink.sink);
    rig_add(&t.sink, "2\n");
    rig_run_until_drained(&t, &t.sink);
    rig_check_file(t.sink.path, "2\n");
}

static void a_reopen_while_down_waits_for_the_next_try(void **state)
{
    int reader;

    (void)state;
    mkfifo(t.sink.path, 0600);
    rig_open_sink(&t, &t.sink);
    sink_reopen(t.sink.sink);
    assert_int_equal(sink_error(t.sink.sink), ENXIO);
    rig_add(&t.sink, "1\n");
    reader = open(t.sink.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    rig_run_until_drained(&t, &t.sink);
    assert_int_equal(sink_error(t.sink.sink), 0);
    close(reader);
}

/* ---- closing ----------------------------------------------------------------------------------
 */

static void closing_writes_nothing_more(void **state)
{
    (void)state;
    t.sink.conf.batch_for.ms = FOREVER_MS;
    rig_open_sink(&t, &t.sink);
    rig_add(&t.sink, "held\n");
    sink_flush(t.sink.sink);
    rig_close_sink(&t, &t.sink);
    rig_check_file(t.sink.path, "");
    assert_int_equal(ledger()->dropped[DROP_SHUTDOWN], 1);
}

static void a_closing_sink_does_nothing_else(void **state)
{
    (void)state;
    rig_open_sink(&t, &t.sink);
    sink_close(t.sink.sink, rig_on_closed, &t.sink);
    rig_add(&t.sink, "late\n");
    sink_flush(t.sink.sink);
    sink_drain(t.sink.sink);
    sink_reopen(t.sink.sink);
    while (!t.sink.closed)
        uv_run(&t.loop, UV_RUN_ONCE);
    sink_free(&t.sink.sink);
    sink_free(&t.sink.sink);
    rig_check_file(t.sink.path, "");
}

static void a_sink_that_was_never_open_closes(void **state)
{
    (void)state;
    mkfifo(t.sink.path, 0600);
    rig_open_sink(&t, &t.sink);
    assert_string_equal(sink_target(t.sink.sink), t.sink.path);
    rig_close_sink(&t, &t.sink);
}

static void what_only_a_person_can_mend_opens_nothing(void **state)
{
    struct err err = {.text = ""};

    (void)state;
    assert_int_equal(mkdir(t.sink.path, 0700), 0);
    assert_false(rig_try_sink(&t, &t.sink, &err));
    assert_non_null(strstr(err.text, t.sink.path));
    rmdir(t.sink.path);
    rig_write_file(second.path, "");
    assert_int_equal(symlink(second.path, t.sink.path), 0);
    assert_false(rig_try_sink(&t, &t.sink, &err));
    assert_non_null(strstr(err.text, "symbolic link"));
    /* that no handle is left, the loop's end tells */
}

/* ---- the same file -----------------------------------------------------------------------------
 */

static void two_sinks_on_one_file_are_found_out(void **state)
{
    struct rig_sink third;

    (void)state;
    rig_open_sink(&t, &t.sink);
    rig_open_sink(&t, &second);
    rig_init_sink(&t, &third, "./out.log"); /* by another name */
    rig_open_sink(&t, &third);
    assert_true(sink_same_file(t.sink.sink, third.sink));
    assert_true(sink_same_file(t.sink.sink, t.sink.sink));
    assert_false(sink_same_file(t.sink.sink, second.sink));
    rig_fini_sink(&t, &third);
}

static void a_sink_that_is_not_open_is_like_no_other(void **state)
{
    (void)state;
    mkfifo(t.sink.path, 0600);
    rig_open_sink(&t, &t.sink);
    assert_false(sink_same_file(t.sink.sink, t.sink.sink));
}

/* ---- held, and handed over ------------------------------------------------------------------ */

static void on_closed(void *context)
{
    *(bool *)context = true;
}

/* It keeps what comes, and closes at once; what is left is dropped for its reason. */
static void a_held_sink_opens_nothing(void **state)
{
    bool closed = false;

    (void)state;
    t.sink.sink = sink_hold(&t.sink.conf, &t.loop, t.sink.outbox);
    rig_add(&t.sink, "one\n");
    sink_flush(t.sink.sink);
    sink_drain(t.sink.sink);
    sink_reopen(t.sink.sink);
    assert_true(sink_is_held(t.sink.sink) && !sink_is_drained(t.sink.sink));
    assert_int_equal(access(t.sink.path, F_OK), -1);
    sink_drop_as(t.sink.sink, DROP_REMOVED);
    sink_close(t.sink.sink, on_closed, &closed);
    assert_true(closed && sink_is_closed(t.sink.sink));
    assert_int_equal(ledger()->dropped[DROP_REMOVED], 1);
    sink_free(&t.sink.sink);
}

/* Another sink for the same outbox writes what the one before has left. */
static void what_is_handed_over_is_written_by_the_next(void **state)
{
    (void)state;
    rig_open_sink(&t, &t.sink);
    rig_add(&t.sink, "one\n");
    sink_hand_over(t.sink.sink);
    rig_close_sink(&t, &t.sink);
    assert_int_equal(ledger()->queued, 1);
    t.sink.closed = false;
    rig_open_sink(&t, &t.sink);
    rig_run_until_drained(&t, &t.sink);
    rig_check_file(t.sink.path, "one\n");
}

static int open_all(void **state)
{
    (void)state;
    rig_open(&t);
    rig_init_sink(&t, &second, "second.log");
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    rig_fini_sink(&t, &second);
    rig_close(&t);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_idle_sink_writes_when_it_is_asked),
        TEST(what_came_during_a_write_is_written_after_it),
        TEST(batch_for_holds_a_block_back_until_its_time_is_over),
        TEST(batch_for_holds_back_no_full_block),
        TEST(draining_ends_batch_for),
        TEST(after_a_write_of_a_load_the_next_waits_for_four_times_as_much),
        TEST(a_load_that_ends_waits_for_no_more_than_its_time),
        TEST(a_load_waits_for_no_more_than_half_of_the_queue),
        TEST(after_heavy_writes_the_last_light_one_comes_out_too),
        TEST(after_a_rename_there_is_a_new_file),
        TEST(a_reopen_during_a_write_comes_after_it),
        TEST(without_a_rename_reopening_changes_nothing),
        TEST(where_reopening_fails_the_old_file_goes_on),
        TEST(a_reopen_while_down_waits_for_the_next_try),
        TEST(closing_writes_nothing_more),
        TEST(a_closing_sink_does_nothing_else),
        TEST(a_sink_that_was_never_open_closes),
        TEST(what_only_a_person_can_mend_opens_nothing),
        TEST(two_sinks_on_one_file_are_found_out),
        TEST(a_sink_that_is_not_open_is_like_no_other),
        TEST(a_held_sink_opens_nothing),
        TEST(what_is_handed_over_is_written_by_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
