/* Frames received ahead: none is lost, doubled or out of order, and none is kept for long.
 *
 * The sockets are PAIRs over inproc, where a sent message has arrived when zmq_send returns. What
 * is sent are the test's own bytes, so that it is told when a frame is freed. */
#include "ingest/ahead.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { SHORT_BYTES = 200, LONG_BYTES = 100 * 1000 };

static struct {
    void *context, *ours, *theirs;
    struct ahead ahead;
    unsigned sent, taken, freed;
} t;

static void on_freed(void *bytes, void *hint)
{
    (void)bytes, (void)hint;
    t.freed++;
}

/* Numbers count on over the whole test. */
static void send_frames(unsigned count, size_t len)
{
    static unsigned char bytes[256][LONG_BYTES];

    for (unsigned i = 0; i < count; i++) {
        zmq_msg_t frame;

        bytes[t.sent][0] = (unsigned char)t.sent;
        zmq_msg_init_data(&frame, bytes[t.sent++], len, on_freed, NULL);
        assert_int_equal(zmq_msg_send(&frame, t.theirs, ZMQ_DONTWAIT), len);
    }
}

static void take(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        zmq_msg_t *frame = ahead_next(&t.ahead, t.ours);

        assert_non_null(frame);
        assert_int_equal(*(unsigned char *)zmq_msg_data(frame), t.taken++);
    }
}

static void expect_none(void)
{
    assert_null(ahead_next(&t.ahead, t.ours));
    assert_int_equal(errno, EAGAIN);
    assert_false(ahead_has(&t.ahead));
}

static int open_sockets(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    t.ahead.max = AHEAD_MAX;
    t.context = zmq_ctx_new();
    t.ours = zmq_socket(t.context, ZMQ_PAIR);
    t.theirs = zmq_socket(t.context, ZMQ_PAIR);
    zmq_bind(t.ours, "inproc://ahead");
    return zmq_connect(t.theirs, "inproc://ahead");
}

static int close_sockets(void **state)
{
    (void)state;
    ahead_clear(&t.ahead);
    zmq_close(t.ours);
    zmq_close(t.theirs);
    zmq_ctx_term(t.context);
    assert_int_equal(t.freed, t.sent);
    return 0;
}

static void frames_come_in_order_whatever_their_number(void **state)
{
    static const unsigned counts[] = {
        1, AHEAD_MAX - 1, AHEAD_MAX, AHEAD_MAX + 1, 2 * AHEAD_MAX, 2 * AHEAD_MAX + 7};

    (void)state;
    for (unsigned i = 0; i < sizeof counts / sizeof *counts; i++) {
        expect_none();
        send_frames(counts[i], SHORT_BYTES);
        take(counts[i]);
    }
    expect_none();
}

/* What comes while the last ones are worked on is for the next look. */
static void behind_what_was_the_last_there_is_nothing_until_it_is_looked_again(void **state)
{
    (void)state;
    send_frames(2, SHORT_BYTES);
    take(1);
    send_frames(1, SHORT_BYTES);
    take(1);
    expect_none();
    take(1);
    expect_none();
}

/* Else a bell that was answered meanwhile would be waited for. */
static void a_turn_that_begins_looks_again(void **state)
{
    (void)state;
    send_frames(1, SHORT_BYTES);
    take(1);
    send_frames(1, SHORT_BYTES);
    ahead_begin(&t.ahead);
    take(1);
    expect_none();
}

static void it_is_known_whether_there_are_more(void **state)
{
    (void)state;
    assert_false(ahead_has(&t.ahead));
    send_frames(2, SHORT_BYTES);
    take(1);
    assert_true(ahead_has(&t.ahead));
    take(1);
    assert_false(ahead_has(&t.ahead));
}

static void no_more_are_received_than_it_may(void **state)
{
    (void)state;
    t.ahead.max = 1;
    send_frames(3, SHORT_BYTES);
    take(1);
    assert_false(ahead_has(&t.ahead));
    take(2);
    expect_none();
}

static void short_ones_are_freed_together(void **state)
{
    (void)state;
    send_frames(3, SHORT_BYTES);
    take(2);
    ahead_rest(&t.ahead); /* one is still to come */
    assert_int_equal(t.freed, 0);
    take(1);
    ahead_rest(&t.ahead);
    assert_int_equal(t.freed, 3);
    expect_none();
}

static void a_long_one_is_freed_when_the_next_one_is_taken(void **state)
{
    (void)state;
    send_frames(3, LONG_BYTES);
    take(1);
    assert_int_equal(t.freed, 0);
    take(1);
    assert_int_equal(t.freed, 1);
    take(1);
    assert_int_equal(t.freed, 2);
    ahead_rest(&t.ahead);
    assert_int_equal(t.freed, 3);
}

/* Whoever rests may be parked for as long as a sink is blocked. */
static void a_long_one_is_not_kept_while_others_wait_for_their_turn(void **state)
{
    (void)state;
    send_frames(3, LONG_BYTES);
    ahead_rest(&t.ahead);
    take(1);
    ahead_rest(&t.ahead);
    assert_int_equal(t.freed, 1);
    ahead_rest(&t.ahead);
    assert_int_equal(t.freed, 1);
    take(2);
    assert_int_equal(t.freed, 2);
}

static void those_that_nobody_takes_are_freed_as_well(void **state)
{
    (void)state;
    send_frames(5, SHORT_BYTES);
    take(1);
    ahead_clear(&t.ahead);
    assert_int_equal(t.freed, 5);
    assert_false(ahead_has(&t.ahead));
}

static void the_end_of_a_context_is_no_end_of_frames(void **state)
{
    (void)state;
    send_frames(2, SHORT_BYTES);
    take(1);
    zmq_ctx_shutdown(t.context);
    take(1);
    assert_null(ahead_next(&t.ahead, t.ours));
    assert_null(ahead_next(&t.ahead, t.ours));
    assert_int_equal(errno, ETERM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_sockets, close_sockets)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(frames_come_in_order_whatever_their_number),
        TEST(behind_what_was_the_last_there_is_nothing_until_it_is_looked_again),
        TEST(a_turn_that_begins_looks_again),
        TEST(it_is_known_whether_there_are_more),
        TEST(no_more_are_received_than_it_may),
        TEST(short_ones_are_freed_together),
        TEST(a_long_one_is_freed_when_the_next_one_is_taken),
        TEST(a_long_one_is_not_kept_while_others_wait_for_their_turn),
        TEST(those_that_nobody_takes_are_freed_as_well),
        TEST(the_end_of_a_context_is_no_end_of_frames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
