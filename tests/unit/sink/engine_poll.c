/* The engine of pipes: what a slow, absent or leaving reader sees is whole entries, in
 * order, and nothing twice that it has read. */
#include "tests/unit/sink/sink_rig.h"

enum { PIPE_BYTES = 4096 };

static struct sink_rig t;
static int reader = -1;
static char received[1024 * 1024];
static size_t received_len;

static void open_reader(void)
{
    reader = open(t.sink.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    assert_true(fcntl(reader, F_SETPIPE_SZ, PIPE_BYTES) >= PIPE_BYTES);
    received_len = 0;
}

static void close_reader(void)
{
    close(reader);
    reader = -1;
}

/* At most this many bytes, if there are any. */
static void receive(size_t most)
{
    size_t room = sizeof received - received_len;
    ssize_t len = read(reader, received + received_len, most < room ? most : room);

    if (len > 0)
        received_len += (size_t)len;
}

static void receive_all(size_t len, size_t most)
{
    while (received_len < len) {
        size_t left = len - received_len;

        receive(most < left ? most : left);
        uv_run(&t.loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(received_len, len);
}

/* The pipe is full, and the sink waits for the reader. */
static void stall(unsigned entry_count, size_t entry_len)
{
    rig_add_numbered(&t.sink, entry_count, entry_len);
    sink_flush(t.sink.sink);
    assert_int_equal(t.sink.sink->state, SINK_WRITING);
    assert_false(sink_is_drained(t.sink.sink));
}

static void run_until_down(void)
{
    while (t.sink.sink->state != SINK_DOWN)
        uv_run(&t.loop, UV_RUN_ONCE);
}

static const struct sink_ledger *ledger(void)
{
    return outbox_ledger(t.sink.outbox);
}

static void what_fits_the_pipe_is_written_at_once(void **state)
{
    (void)state;
    open_reader();
    rig_open_sink(&t, &t.sink);
    rig_add(&t.sink, "one\n");
    rig_add(&t.sink, "two\n");
    sink_flush(t.sink.sink);
    assert_true(sink_is_drained(t.sink.sink));
    receive(sizeof received);
    assert_int_equal(received_len, 8);
    assert_memory_equal(received, "one\ntwo\n", 8);
    assert_int_equal(t.sink.sink->handles_open, 2); /* and nothing was waited for */
}

/* Somebody may be parked who found the outbox full: what makes room without a wait must
 * not leave the loop asleep. */
static void a_write_of_several_blocks_turns_the_loop_once_more(void **state)
{
    (void)state;
    open_reader();
    if (fcntl(reader, F_SETPIPE_SZ, (int)sizeof received) < (int)sizeof received)
        skip();
    rig_open_sink(&t, &t.sink);
    rig_add_numbered(&t.sink, 150, 1024);
    sink_flush(t.sink.sink);
    assert_true(sink_is_drained(t.sink.sink));
    assert_int_equal(t.sink.sink->state, SINK_WRITING);
    uv_run(&t.loop, UV_RUN_ONCE);
    assert_int_equal(t.sink.sink->state, SINK_IDLE);
    rig_add(&t.sink, "next\n");
    rig_run_until_drained(&t, &t.sink);
    assert_int_equal(t.sink.sink->state, SINK_IDLE);
    receive(sizeof received);
    assert_int_equal(rig_check_numbered(received, received_len - 5, 1024, 0), 150);
}

static void a_reader_of_single_bytes_gets_every_one(void **state)
{
    enum { ENTRIES = 400, LEN = 50 };

    (void)state;
    open_reader();
    rig_open_sink(&t, &t.sink);
    stall(ENTRIES, LEN);
    receive_all(ENTRIES * LEN, 1);
    assert_int_equal(rig_check_numbered(received, received_len, LEN, 0), ENTRIES);
    assert_true(sink_is_drained(t.sink.sink));
    assert_int_equal(ledger()->written, ENTRIES);
    assert_int_equal(ledger()->written_bytes, ENTRIES * LEN);
}

/* Several blocks, entries of odd lengths, more added on the way. */
static void blocks_are_read_in_pieces_of_any_size(void **state)
{
    enum { LEN = 997, ROUNDS = 5, EACH = 100 };
    uint32_t random = 7;
    unsigned added = 0;

    (void)state;
    open_reader();
    rig_open_sink(&t, &t.sink);
    for (unsigned i = 0; received_len < ROUNDS * EACH * LEN; i++) {
        if (added < ROUNDS && i % 20 == 0) {
            rig_add_numbered(&t.sink, EACH, LEN);
            added++;
        }
        sink_flush(t.sink.sink);
        random = random * 1664525 + 1013904223;
        receive(1 + (random >> 16) % 6000);
        uv_run(&t.loop, UV_RUN_NOWAIT);
        assert_true(sink_ledger_balances(ledger()));
    }
    assert_int_equal(rig_check_numbered(received, received_len, LEN, 0), ROUNDS * EACH);
    assert_true(sink_is_drained(t.sink.sink));
}

static void without_a_reader_the_sink_starts_down_and_comes_up_with_one(void **state)
{
    (void)state;
    rig_open_sink(&t, &t.sink);
    assert_int_equal(sink_error(t.sink.sink), ENXIO);
    rig_add(&t.sink, "waits\n");
    sink_flush(t.sink.sink);
    assert_int_equal(ledger()->queued, 1);
    while (t.sink.sink->retry_ms < 400) /* it tried once, and tries less often */
        uv_run(&t.loop, UV_RUN_ONCE);
    open_reader();
    rig_run_until_drained(&t, &t.sink);
    assert_int_equal(sink_error(t.sink.sink), 0);
    receive(sizeof received);
    assert_memory_equal(received, "waits\n", 6);
}

static void a_sink_with_nothing_to_write_is_up_once_it_is_open(void **state)
{
    (void)state;
    rig_open_sink(&t, &t.sink);
    assert_int_equal(sink_error(t.sink.sink), ENXIO);
    open_reader();
    while (sink_error(t.sink.sink) != 0)
        uv_run(&t.loop, UV_RUN_ONCE);
    assert_int_equal(t.sink.sink->state, SINK_IDLE);
}

/* The reader leaves with half an entry; whoever comes next begins with a whole one. */
static void after_a_break_the_next_reader_begins_with_a_whole_entry(void **state)
{
    enum { ENTRIES = 300, LEN = 77 };
    unsigned before;

    (void)state;
    open_reader();
    rig_open_sink(&t, &t.sink);
    stall(ENTRIES, LEN);
    receive_all(LEN + LEN / 2, LEN + LEN / 2);
    close_reader();
    run_until_down();
    assert_int_equal(sink_error(t.sink.sink), EPIPE);
    before = (unsigned)ledger()->written;
    assert_in_range(before, 1, ENTRIES - 1);
    assert_int_equal(before + ledger()->queued, ENTRIES);
    assert_int_equal(ledger()->queued_bytes + ledger()->written_bytes, ENTRIES * LEN);

    open_reader();
    receive_all((ENTRIES - before) * LEN, 1000);
    assert_int_equal(rig_check_numbered(received, received_len, LEN, before), ENTRIES - before);
    assert_int_equal(ledger()->written, ENTRIES);
    assert_int_equal(sink_error(t.sink.sink), 0);
}

static void readers_may_come_and_go(void **state)
{
    enum { ENTRIES = 400, LEN = 301 };
    unsigned next;

    (void)state;
    rig_add_numbered(&t.sink, ENTRIES / 2, LEN);
    open_reader();
    rig_open_sink(&t, &t.sink);
    rig_add_numbered(&t.sink, ENTRIES / 2, LEN);
    for (unsigned round = 0; round < 4; round++) {
        sink_flush(t.sink.sink);
        receive_all(2500 + round, 2500 + round);
        close_reader();
        run_until_down();
        next = (unsigned)ledger()->written;
        open_reader();
        while (received_len < LEN) {
            receive(LEN - received_len);
            uv_run(&t.loop, UV_RUN_NOWAIT);
        }
        assert_int_equal(rig_check_numbered(received, LEN, LEN, next), 1);
        assert_true(sink_ledger_balances(ledger()));
    }
}

/* Reopening is for files that were renamed; a pipe's reader stays where he is. */
static void a_reopen_tears_no_entry_on_its_way_through_a_pipe(void **state)
{
    enum { ENTRIES = 200, LEN = 77 };

    (void)state;
    open_reader();
    rig_open_sink(&t, &t.sink);
    stall(ENTRIES, LEN);
    sink_reopen(t.sink.sink);
    receive_all(ENTRIES * LEN, 500);
    assert_int_equal(rig_check_numbered(received, received_len, LEN, 0), ENTRIES);
    rig_turn_idly(&t);
    receive(sizeof received);
    assert_int_equal(received_len, ENTRIES * LEN); /* and nothing twice */
}

static void a_stalled_sink_closes_without_its_reader(void **state)
{
    enum { ENTRIES = 200, LEN = 77 };

    (void)state;
    outbox_set_notices(t.sink.outbox, NOTICE_TEXT, "s", false);
    open_reader();
    rig_open_sink(&t, &t.sink);
    stall(ENTRIES, LEN);
    assert_int_equal(t.sink.sink->handles_open, 3);
    rig_close_sink(&t, &t.sink);
    assert_int_equal(ledger()->written + ledger()->dropped[DROP_SHUTDOWN], ENTRIES);
    assert_true(ledger()->dropped[DROP_SHUTDOWN] > 0);
    assert_int_equal(ledger()->notices, 0); /* there was no room for it */
    receive(sizeof received);
    assert_int_equal(received_len, ledger()->written_bytes);
    rig_check_numbered(received, received_len - received_len % LEN, LEN, 0);
}

static void a_reader_is_told_what_a_close_dropped(void **state)
{
    static const char line[] = "--- logboom: sink s dropped 1 entries (shutdown) "
                               "00:00:00.0–00:00:00.0\n";

    (void)state;
    t.sink.conf.batch_for.ms = 3600 * 1000;
    outbox_set_notices(t.sink.outbox, NOTICE_TEXT, "s", false);
    open_reader();
    rig_open_sink(&t, &t.sink);
    rig_add(&t.sink, "held\n");
    sink_flush(t.sink.sink);
    rig_close_sink(&t, &t.sink);
    receive(sizeof received);
    assert_int_equal(received_len, sizeof line - 1);
    assert_memory_equal(received, line, received_len);
    assert_int_equal(ledger()->notices, 1);
    assert_int_equal(ledger()->written_bytes, received_len);
}

static void a_sink_closes_right_after_it_was_stalled(void **state)
{
    (void)state;
    open_reader();
    rig_open_sink(&t, &t.sink);
    stall(200, 77);
    receive(PIPE_BYTES); /* it could go on, but is not asked any more */
    sink_close(t.sink.sink, rig_on_closed, &t.sink);
    while (!t.sink.closed)
        uv_run(&t.loop, UV_RUN_ONCE);
    sink_free(&t.sink.sink);
}

static void a_sink_closes_while_it_waits_for_its_next_try(void **state)
{
    (void)state;
    open_reader();
    rig_open_sink(&t, &t.sink);
    stall(200, 77);
    close_reader();
    run_until_down();
    rig_close_sink(&t, &t.sink);
    assert_int_equal(ledger()->written + ledger()->dropped[DROP_SHUTDOWN], 200);
}

/* batch_for must not hold back the end of a block that is half written. */
static void batch_for_does_not_stop_what_has_begun(void **state)
{
    enum { ENTRIES = 200, LEN = 77 };

    (void)state;
    t.sink.conf.batch_for.ms = 3600 * 1000;
    open_reader();
    rig_open_sink(&t, &t.sink);
    rig_add_numbered(&t.sink, ENTRIES, LEN);
    sink_drain(t.sink.sink);
    receive_all(ENTRIES * LEN, 1000);
    assert_int_equal(rig_check_numbered(received, received_len, LEN, 0), ENTRIES);
}

static void a_terminal_is_written_like_a_pipe(void **state)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    char text[64];

    (void)state;
    if (terminal < 0)
        skip();
    assert_int_equal(grantpt(terminal) | unlockpt(terminal), 0);
    t.sink.conf.path = ptsname(terminal);
    rig_open_sink(&t, &t.sink);
    assert_ptr_equal(t.sink.sink->engine, &engine_poll);
    rig_add(&t.sink, "hello\n");
    rig_run_until_drained(&t, &t.sink);
    assert_int_equal(read(terminal, text, sizeof text), 7);
    assert_memory_equal(text, "hello\r\n", 7);
    rig_close_sink(&t, &t.sink);
    close(terminal);
}

static int make_fifo(void **state)
{
    (void)state;
    rig_open(&t);
    return mkfifo(t.sink.path, 0600);
}

static int close_all(void **state)
{
    (void)state;
    if (reader >= 0)
        close_reader();
    rig_close(&t);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_fifo, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_fits_the_pipe_is_written_at_once),
        TEST(a_write_of_several_blocks_turns_the_loop_once_more),
        TEST(a_reader_of_single_bytes_gets_every_one),
        TEST(blocks_are_read_in_pieces_of_any_size),
        TEST(without_a_reader_the_sink_starts_down_and_comes_up_with_one),
        TEST(a_sink_with_nothing_to_write_is_up_once_it_is_open),
        TEST(after_a_break_the_next_reader_begins_with_a_whole_entry),
        TEST(readers_may_come_and_go),
        TEST(a_reopen_tears_no_entry_on_its_way_through_a_pipe),
        TEST(a_stalled_sink_closes_without_its_reader),
        TEST(a_reader_is_told_what_a_close_dropped),
        TEST(a_sink_closes_right_after_it_was_stalled),
        TEST(a_sink_closes_while_it_waits_for_its_next_try),
        TEST(batch_for_does_not_stop_what_has_begun),
        TEST(a_terminal_is_written_like_a_pipe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
