/* engine_stream.c - entries over connections: what arrived is written, what did not goes out
 * again, whole, and only then. */
#include "tests/unit/sink/sink_rig.h"

#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sink/remote.h"

enum { LEN = 1000, ROOM = 4 * 1024 * 1024 };

static struct sink_rig t;
static int listener = -1, peer = -1;
static struct sockaddr_in own;
static char address[64];
static char received[ROOM];
static size_t received_len;

static const struct sink_ledger *ledger(void)
{
    return outbox_ledger(t.sink.outbox);
}

/* ---- the other side ------------------------------------------------------------------------- */

static void listen_on_tcp(void)
{
    socklen_t len = sizeof own;
    int small = 16384; /* what a peer that does not read takes all the same */

    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    assert_int_equal(bind(listener, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&own, &len), 0);
    snprintf(address, sizeof address, "127.0.0.1:%u", ntohs(own.sin_port));
}

static void listen_on_path(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    strcpy(name.sun_path, t.sink.path);
    unlink(t.sink.path);
    assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(listener, 4), 0);
}

static void stop_listening(void)
{
    close(listener);
    listener = -1;
}

static void accept_peer(void)
{
    while ((peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0)
        uv_run(&t.loop, UV_RUN_NOWAIT);
    received_len = 0;
    while (t.sink.sink->state != SINK_IDLE)
        uv_run(&t.loop, UV_RUN_ONCE);
}

/* Returns whether the peer may get more. */
static bool receive_some(size_t most)
{
    ssize_t len = recv(peer, received + received_len, most, 0);

    if (len > 0)
        received_len += (size_t)len;
    return len > 0 || (len < 0 && errno == EAGAIN);
}

static void receive(size_t len)
{
    while (received_len < len) {
        assert_true(receive_some(len - received_len));
        uv_run(&t.loop, UV_RUN_NOWAIT);
    }
}

/* Until the other side has closed; what a break has left unfinished is forgotten. */
static void receive_to_the_end(void)
{
    while (receive_some(ROOM - received_len))
        uv_run(&t.loop, UV_RUN_NOWAIT);
    close(peer);
    peer = -1;
}

static void run_until_down(void)
{
    while (t.sink.sink->state != SINK_DOWN)
        uv_run(&t.loop, UV_RUN_ONCE);
}

static void run_until_written(uint64_t count)
{
    while (ledger()->written < count) {
        uv_run(&t.loop, UV_RUN_NOWAIT); /* to be told needs no event */
        assert_true(sink_ledger_balances(ledger()));
    }
}

static void open_tcp(void)
{
    listen_on_tcp();
    t.sink.conf.address = address;
    rig_open_sink(&t, &t.sink);
}

static void add(unsigned count)
{
    rig_add_numbered(&t.sink, count, LEN);
    sink_flush(t.sink.sink);
}

/* As many as there is room for, while the peer does not read. */
static unsigned fill(void)
{
    unsigned count = 0;

    for (unsigned idle = 0; idle < 50; idle++) {
        while (outbox_has_room(t.sink.outbox, LEN)) {
            add(1);
            count++;
            idle = 0;
        }
        uv_run(&t.loop, UV_RUN_NOWAIT);
    }
    return count;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void what_arrives_is_written(void **state)
{
    (void)state;
    open_tcp();
    accept_peer();
    add(3);
    receive(3 * LEN);
    assert_int_equal(rig_check_numbered(received, received_len, LEN, 0), 3);
    run_until_written(3);
    assert_true(sink_is_drained(t.sink.sink));
    assert_int_equal(ledger()->written_bytes, 3 * LEN);
    assert_int_equal(ledger()->resent, 0);
    rig_turn_idly(&t);
    assert_false(uv_is_active((uv_handle_t *)&t.sink.sink->remote->ticker)); /* it may sleep */
}

static void entries_wait_for_the_first_connection(void **state)
{
    (void)state;
    open_tcp();
    rig_add_numbered(&t.sink, 5, LEN);
    sink_flush(t.sink.sink);
    assert_int_equal(ledger()->queued, 5);
    accept_peer();
    receive(5 * LEN);
    run_until_written(5);
}

/* The peer's kernel takes a little, and ours much more: only the former is written. */
static void what_our_kernel_has_is_in_flight(void **state)
{
    unsigned count;

    (void)state;
    open_tcp();
    accept_peer();
    count = fill();
    assert_true(ledger()->in_flight > 0 && ledger()->queued > 0);
    assert_true(ledger()->written * LEN < 64 * 1024);
    assert_int_equal(ledger()->offered, count);
    assert_true(t.sink.sink->remote->is_blocked);
    receive(count * LEN);
    assert_int_equal(rig_check_numbered(received, received_len, LEN, 0), count);
    run_until_written(count);
}

static void blocks_of_odd_lengths_arrive_in_order(void **state)
{
    enum { ODD = 997, EACH = 64, ROUNDS = 40 };

    (void)state;
    open_tcp();
    accept_peer();
    for (unsigned i = 0; i < ROUNDS; i++) {
        while (!outbox_has_room(t.sink.outbox, ODD * EACH)) {
            receive_some(7919);
            uv_run(&t.loop, UV_RUN_NOWAIT);
        }
        rig_add_numbered(&t.sink, EACH, ODD);
        sink_flush(t.sink.sink);
    }
    receive(ROUNDS * EACH * ODD);
    assert_int_equal(rig_check_numbered(received, received_len, ODD, 0), ROUNDS * EACH);
    run_until_written(ROUNDS * EACH);
}

/* What the first peer got whole, and the second from there on: nothing is missing, and what
 * is there twice is counted. */
static void after_a_break_nothing_is_missing(void **state)
{
    unsigned count, first, written;

    (void)state;
    open_tcp();
    accept_peer();
    count = fill();
    shutdown(peer, SHUT_WR); /* all that has arrived can still be read */
    run_until_down();
    assert_int_equal(ledger()->in_flight, 0);
    written = (unsigned)ledger()->written;
    receive_to_the_end();
    first = rig_check_numbered(received, received_len - received_len % LEN, LEN, 0);
    assert_in_range(first, written, count - 1);
    accept_peer();
    receive((count - written) * LEN);
    assert_int_equal(rig_check_numbered(received, received_len, LEN, written), count - written);
    run_until_written(count);
    assert_true(ledger()->resent >= first - written);
}

/* By reset, at once. */
static void a_peer_that_crashes_is_noticed_when_idle(void **state)
{
    (void)state;
    open_tcp();
    accept_peer();
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    close(peer);
    run_until_down();
    assert_int_equal(t.sink.sink->error, ECONNRESET);
    assert_non_null(strstr(sink_trouble(t.sink.sink), "is lost: Connection reset by peer"));
    accept_peer();
    assert_int_equal(t.sink.sink->error, 0);
}

static void what_the_peer_says_is_read_and_forgotten(void **state)
{
    static char noise[100000];
    int left = 1;

    (void)state;
    open_tcp();
    accept_peer();
    assert_true(send(peer, noise, sizeof noise, 0) > 0);
    while (left > 0) {
        uv_run(&t.loop, UV_RUN_NOWAIT);
        assert_int_equal(ioctl(t.sink.sink->fd, FIONREAD, &left), 0);
    }
    add(1);
    receive(LEN);
    run_until_written(1);
}

static void nobody_listens_for_a_while(void **state)
{
    (void)state;
    open_tcp();
    stop_listening();
    /* The first connection was made by the kernel, perhaps; then it is reset. */
    run_until_down();
    rig_add_numbered(&t.sink, 2, LEN);
    while (t.sink.sink->error != ECONNREFUSED)
        uv_run(&t.loop, UV_RUN_ONCE);
    assert_non_null(strstr(sink_trouble(t.sink.sink), "Connection refused"));
    listen_on_tcp();
    accept_peer();
    receive(2 * LEN);
    run_until_written(2);
    assert_int_equal(t.sink.sink->error, 0);
}

static void who_takes_nothing_for_too_long_is_left(void **state)
{
    unsigned count, written;

    (void)state;
    t.sink.conf.timeout.ms = 200;
    open_tcp();
    accept_peer();
    count = fill();
    run_until_down();
    assert_int_equal(t.sink.sink->error, ETIMEDOUT);
    written = (unsigned)ledger()->written;
    close(peer);
    t.sink.conf.timeout.ms = 15000;
    accept_peer();
    receive((count - written) * LEN);
    rig_check_numbered(received, received_len, LEN, written);
    run_until_written(count);
}

static void a_stop_counts_what_has_not_arrived(void **state)
{
    unsigned count;

    (void)state;
    open_tcp();
    accept_peer();
    count = fill();
    rig_close_sink(&t, &t.sink);
    assert_int_equal(ledger()->written + ledger()->dropped[DROP_SHUTDOWN], count);
    assert_true(ledger()->dropped[DROP_SHUTDOWN] > 0);
    receive_to_the_end(); /* more than was counted may arrive, and all of it in order */
    assert_true(received_len / LEN >= ledger()->written);
    rig_check_numbered(received, received_len - received_len % LEN, LEN, 0);
}

static void a_stop_while_dialling_ends(void **state)
{
    (void)state;
    snprintf(address, sizeof address, "localhost:9");
    t.sink.conf.address = address;
    rig_open_sink(&t, &t.sink);
    add(1);
    rig_close_sink(&t, &t.sink);
    assert_int_equal(ledger()->dropped[DROP_SHUTDOWN], 1);
}

static void a_drain_dials_at_once(void **state)
{
    (void)state;
    open_tcp();
    stop_listening();
    run_until_down();
    t.sink.sink->remote->backoff.next_ms = 30000;
    while (t.sink.sink->remote->backoff.next_ms == 30000 &&
           !uv_is_active((uv_handle_t *)&t.sink.sink->alarm))
        uv_run(&t.loop, UV_RUN_ONCE);
    uv_timer_start(&t.sink.sink->alarm, t.sink.sink->alarm.timer_cb, 30000, 0);
    listen_on_tcp();
    rig_add_numbered(&t.sink, 1, LEN);
    sink_drain(t.sink.sink);
    accept_peer();
    receive(LEN);
    run_until_written(1);
}

static void batch_for_holds_back_and_the_drain_does_not(void **state)
{
    (void)state;
    t.sink.conf.batch_for.ms = 15000;
    open_tcp();
    accept_peer();
    add(1);
    receive(LEN); /* the first after connecting has waited long enough */
    add(1);
    rig_turn_idly(&t);
    assert_int_equal(ledger()->queued, 1);
    sink_drain(t.sink.sink);
    receive(2 * LEN);
    run_until_written(2);
}

/* Whoever is parked offers in the next turn: one must come. */
static void room_that_is_made_turns_the_loop(void **state)
{
    (void)state;
    open_tcp();
    rig_add_numbered(&t.sink, 60 * RIG_BLOCKS, LEN);
    while (outbox_has_room(t.sink.outbox, outbox_longest(t.sink.outbox)))
        rig_add_numbered(&t.sink, 1, LEN);
    accept_peer();
    while (!outbox_has_room(t.sink.outbox, outbox_longest(t.sink.outbox))) {
        receive_some(ROOM - received_len);
        uv_run(&t.loop, UV_RUN_ONCE); /* never sleeps for good: the rig's limit would tell */
    }
}

static void a_socket_file_is_written_as_fast_as_the_kernel_takes_it(void **state)
{
    unsigned count, first;

    (void)state;
    listen_on_path();
    t.sink.conf.type = CONF_SINK_UNIX;
    t.sink.conf.address = t.sink.path;
    rig_open_sink(&t, &t.sink);
    accept_peer();
    count = fill();
    assert_true(ledger()->written > 10); /* our kernel has it */
    assert_true(t.sink.sink->remote->is_blocked);
    receive(10 * LEN + 100);
    close(peer); /* and what was not read is gone */
    run_until_down();
    first = (unsigned)ledger()->written;
    accept_peer();
    receive((count - first) * LEN);
    assert_int_equal(rig_check_numbered(received, received_len, LEN, count - received_len / LEN),
                     received_len / LEN);
    run_until_written(count);
    assert_int_equal(ledger()->resent, 0);
}

static void a_bad_address_is_no_sink(void **state)
{
    struct err err;

    (void)state;
    snprintf(address, sizeof address, "nowhere");
    t.sink.conf.address = address;
    assert_false(rig_try_sink(&t, &t.sink, &err));
    assert_non_null(strstr(err.text, "needs a port"));
}

static int with_a_rig(void **state)
{
    (void)state;
    rig_open(&t);
    own = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    t.sink.conf.type = CONF_SINK_TCP;
    t.sink.conf.path = NULL;
    t.sink.conf.timeout.ms = 15000;
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    if (peer >= 0)
        close(peer);
    if (listener >= 0)
        close(listener);
    peer = listener = -1;
    rig_close(&t);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_a_rig, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_arrives_is_written),
        TEST(entries_wait_for_the_first_connection),
        TEST(what_our_kernel_has_is_in_flight),
        TEST(blocks_of_odd_lengths_arrive_in_order),
        TEST(after_a_break_nothing_is_missing),
        TEST(a_peer_that_crashes_is_noticed_when_idle),
        TEST(what_the_peer_says_is_read_and_forgotten),
        TEST(nobody_listens_for_a_while),
        TEST(who_takes_nothing_for_too_long_is_left),
        TEST(a_stop_counts_what_has_not_arrived),
        TEST(a_stop_while_dialling_ends),
        TEST(a_drain_dials_at_once),
        TEST(batch_for_holds_back_and_the_drain_does_not),
        TEST(room_that_is_made_turns_the_loop),
        TEST(a_socket_file_is_written_as_fast_as_the_kernel_takes_it),
        TEST(a_bad_address_is_no_sink),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
