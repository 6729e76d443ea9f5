/* engine_datagram.c - one entry, one datagram: in order, cut where it is too long, and with
 * patience for a receiver that is away. */
#include "tests/unit/sink/sink_rig.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "sink/remote.h"

static struct sink_rig t;
static int receiver = -1;
static struct sockaddr_in own;
static char address[64];
static char datagram[256 * 1024];

static const struct sink_ledger *ledger(void)
{
    return outbox_ledger(t.sink.outbox);
}

static void receive_on_udp(void)
{
    socklen_t len = sizeof own;

    receiver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(receiver, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(getsockname(receiver, (struct sockaddr *)&own, &len), 0);
    snprintf(address, sizeof address, "127.0.0.1:%u", ntohs(own.sin_port));
    t.sink.conf.type = CONF_SINK_UDP;
    t.sink.conf.address = address;
}

static void receive_on_path(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    receiver = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    strcpy(name.sun_path, t.sink.path);
    unlink(t.sink.path);
    assert_int_equal(bind(receiver, (struct sockaddr *)&name, sizeof name), 0);
    t.sink.conf.type = CONF_SINK_UNIX_DGRAM;
    t.sink.conf.address = t.sink.path;
}

static void stop_receiving(void)
{
    close(receiver);
    receiver = -1;
}

/* The next; its length. */
static size_t receive(void)
{
    ssize_t len;

    while ((len = recv(receiver, datagram, sizeof datagram, 0)) < 0)
        uv_run(&t.loop, UV_RUN_NOWAIT);
    return (size_t)len;
}

static void expect(const char *text)
{
    assert_int_equal(receive(), strlen(text));
    assert_memory_equal(datagram, text, strlen(text));
}

static void run_until_up(void)
{
    while (t.sink.sink->state != SINK_IDLE || t.sink.sink->error)
        uv_run(&t.loop, UV_RUN_NOWAIT);
}

static void open_and_connect(void)
{
    rig_open_sink(&t, &t.sink);
    while (t.sink.sink->state != SINK_IDLE)
        uv_run(&t.loop, UV_RUN_NOWAIT);
}

static void send_line(const char *line)
{
    rig_add(&t.sink, line);
    sink_flush(t.sink.sink);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void each_entry_is_a_datagram_without_its_newline(void **state)
{
    (void)state;
    receive_on_udp();
    open_and_connect();
    rig_add(&t.sink, "one\n");
    rig_add(&t.sink, "two\n    of two lines\n");
    rig_add(&t.sink, "\n");
    send_line("four\n");
    expect("one");
    expect("two\n    of two lines");
    expect("");
    expect("four");
    assert_int_equal(ledger()->written, 4);
    assert_true(sink_is_drained(t.sink.sink));
}

/* A socket file holds ten datagrams or so: the rest waits, and nothing is lost. */
static void a_socket_file_that_is_full_is_waited_for(void **state)
{
    enum { COUNT = 2000, LEN = 100 };

    (void)state;
    receive_on_path();
    open_and_connect();
    rig_add_numbered(&t.sink, COUNT, LEN);
    sink_flush(t.sink.sink);
    assert_in_range(ledger()->written, 1, COUNT - 1);
    for (unsigned i = 0; i < COUNT; i++) {
        char number[16];

        assert_int_equal(receive(), LEN - 1);
        snprintf(number, sizeof number, "%06u ", i);
        assert_memory_equal(datagram, number, 7);
    }
    assert_int_equal(ledger()->written, COUNT);
}

static void a_socket_file_that_is_full_for_too_long_is_left(void **state)
{
    (void)state;
    receive_on_path();
    t.sink.conf.timeout.ms = 300;
    open_and_connect();
    rig_add_numbered(&t.sink, 1000, 100);
    sink_flush(t.sink.sink);
    while (t.sink.sink->state != SINK_DOWN)
        uv_run(&t.loop, UV_RUN_ONCE);
    assert_int_equal(t.sink.sink->error, ETIMEDOUT);
}

static void a_receiver_behind_a_socket_file_that_comes_back(void **state)
{
    unsigned first;

    (void)state;
    receive_on_path();
    open_and_connect();
    send_line("one\n");
    expect("one");
    stop_receiving();
    rig_add_numbered(&t.sink, 100, 100);
    sink_flush(t.sink.sink);
    while (t.sink.sink->state != SINK_DOWN)
        uv_run(&t.loop, UV_RUN_ONCE);
    assert_int_equal(ledger()->queued, 100);
    receive_on_path();
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(receive(), 99);
        first = (unsigned)strtoul(datagram, NULL, 10);
        assert_int_equal(first, i + 1);
    }
    run_until_up();
}

static void what_is_too_long_for_a_datagram_is_cut(void **state)
{
    enum { LONG = 64000 + 1490, UDP_LONGEST = 65507 };
    static char line[LONG + 40];

    (void)state;
    receive_on_udp();
    outbox_free(&t.sink.outbox);
    pool_free(&t.blocks);
    struct err err;
    t.blocks =
        pool_new(&t.budget, BUDGET_BLOCKS, block_slot_bytes(2 * BLOCK_CAP_MIN), RIG_BLOCKS, &err);
    t.sink.outbox = outbox_new(t.blocks, 2 * BLOCK_CAP_MIN, RIG_BLOCKS);
    open_and_connect();
    memset(line, 'x', sizeof line);
    line[UDP_LONGEST] = '\n';
    rig_add_bytes(&t.sink, line, UDP_LONGEST + 1);
    memcpy(line + UDP_LONGEST - 2, "\xe2\x82\xac\n", 4); /* a euro sign in the way */
    rig_add_bytes(&t.sink, line, UDP_LONGEST + 2);
    sink_flush(t.sink.sink);
    assert_int_equal(receive(), UDP_LONGEST);
    assert_int_equal(receive(), UDP_LONGEST - 2);
    assert_int_equal(ledger()->cut, 1);
    assert_int_equal(ledger()->written, 2);
}

/* One is lost to find out that nobody is there, and one each time to find out whether somebody
 * has come. */
static void entries_wait_for_a_receiver_that_is_restarted(void **state)
{
    unsigned lost, first;

    (void)state;
    receive_on_udp();
    open_and_connect();
    send_line("one\n");
    expect("one");
    stop_receiving();
    send_line("two\n");
    while (t.sink.sink->error != ECONNREFUSED)
        uv_run(&t.loop, UV_RUN_NOWAIT);
    rig_add_numbered(&t.sink, 100, 100);
    while (ledger()->written < 4) /* two attempts later */
        uv_run(&t.loop, UV_RUN_NOWAIT);
    receive_on_udp();
    assert_int_equal(receive(), 99);
    first = (unsigned)strtoul(datagram, NULL, 10) - 2;
    lost = first;
    assert_in_range(lost, 2, 4);
    for (unsigned i = first + 1; i < 100; i++) {
        assert_int_equal(receive(), 99);
        assert_int_equal(strtoul(datagram, NULL, 10), i + 2);
    }
    run_until_up();
    assert_int_equal(ledger()->written, 102);
}

static void nobody_is_waited_for_for_ever(void **state)
{
    (void)state;
    receive_on_udp();
    stop_receiving();
    t.sink.conf.timeout.ms = 400;
    open_and_connect();
    send_line("nobody\n");
    while (t.sink.sink->error != ECONNREFUSED)
        uv_run(&t.loop, UV_RUN_NOWAIT);
    rig_add_numbered(&t.sink, 199, 100);
    assert_int_equal(ledger()->written, 1);
    while (!sink_is_drained(t.sink.sink))
        uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_int_equal(ledger()->written, 200); /* our kernel took them */
    assert_true(t.sink.sink->remote->waits_no_longer);
    receive_on_udp();
    send_line("heard\n");
    expect("heard");
    while (t.sink.sink->error) { /* until a second has passed in which nothing was refused */
        if (t.sink.sink->remote->tick_ms == 0)
            send_line("again\n");
        uv_run(&t.loop, UV_RUN_NOWAIT);
    }
    assert_false(t.sink.sink->remote->waits_no_longer);
}

static int with_a_rig(void **state)
{
    (void)state;
    rig_open(&t);
    own = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    t.sink.conf.path = NULL;
    t.sink.conf.timeout.ms = 15000;
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    if (receiver >= 0)
        stop_receiving();
    rig_close(&t);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_a_rig, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_entry_is_a_datagram_without_its_newline),
        TEST(a_socket_file_that_is_full_is_waited_for),
        TEST(a_socket_file_that_is_full_for_too_long_is_left),
        TEST(a_receiver_behind_a_socket_file_that_comes_back),
        TEST(what_is_too_long_for_a_datagram_is_cut),
        TEST(entries_wait_for_a_receiver_that_is_restarted),
        TEST(nobody_is_waited_for_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
