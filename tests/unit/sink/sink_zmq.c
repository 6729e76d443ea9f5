/* sink_zmq.c - one entry, one message: in order, with its topic, and with patience for those who
 * can be waited for. The gate is off here; its part is in tests/story/test_zmq_sinks.py. */
#include "tests/unit/sink/sink_rig.h"

#include "sink/sink_zmq.h"

enum { HOLDS = 4 };

static struct sink_rig t;
static struct zmq_watch watch;
static struct pool *cargo;
static void *context, *receiver;
static char name[] = "out", address[128], *addresses = address, bytes[BLOCK_CAP_MIN];

static const struct sink_ledger *ledger(void)
{
    return outbox_ledger(t.sink.outbox);
}

static void on_turn_end(struct zmq_watch *of)
{
    (void)of;
    if (t.sink.sink && !t.sink.sink->stopping)
        sink_flush(t.sink.sink);
}

static int open_rig(void **state)
{
    struct err err;

    (void)state;
    rig_open(&t);
    zmq_watch_init(&watch, &t.loop, NULL, on_turn_end);
    cargo = pool_new(&t.budget, BUDGET_CARGO, BLOCK_CAP_MIN, HOLDS, &err);
    context = zmq_ctx_new();
    snprintf(address, sizeof address, "ipc://%s/socket", t.folder);
    t.sink.conf.type = CONF_SINK_ZMQ;
    t.sink.conf.name = name;
    t.sink.conf.ipc.mode.bits = 0600;
    t.sink.conf.max_clients.count = 4;
    t.sink.conf.timeout.ms = 30000;
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    if (t.sink.sink)
        rig_close_sink(&t, &t.sink);
    if (receiver)
        zmq_close(receiver);
    receiver = NULL;
    zmq_ctx_term(context);
    zmq_watch_close(&watch, NULL);
    uv_run(&t.loop, UV_RUN_NOWAIT);
    pool_free(&cargo);
    unlink(address + sizeof "ipc://" - 1);
    rig_close(&t);
    return 0;
}

static struct sink *try_sink(struct err *err)
{
    struct sink_shared shared = {.loop = &t.loop,
                                 .watch = &watch,
                                 .cargo = cargo,
                                 .cargo_hold_bytes = BLOCK_CAP_MIN,
                                 .cargo_holds = HOLDS};

    return t.sink.sink = sink_open(&t.sink.conf, &shared, t.sink.outbox, err);
}

static void open_sink(enum conf_outlet socket, bool binds)
{
    struct conf_strings one = {.items = &addresses, .count = 1};
    struct err err;

    t.sink.conf.socket = socket;
    t.sink.conf.bind = binds ? one : (struct conf_strings){0};
    t.sink.conf.connect = binds ? (struct conf_strings){0} : one;
    if (!try_sink(&err))
        fail_msg("%s", err.text);
}

static void open_receiver(int type, bool binds)
{
    const int mark = 1;

    receiver = zmq_socket(context, type);
    zmq_setsockopt(receiver, ZMQ_RCVHWM, &mark, sizeof mark);
    assert_int_equal((binds ? zmq_bind : zmq_connect)(receiver, address), 0);
}

/* The next frame; its length. */
static size_t receive(void)
{
    int len;

    while ((len = zmq_recv(receiver, bytes, sizeof bytes, ZMQ_DONTWAIT)) < 0)
        uv_run(&t.loop, UV_RUN_NOWAIT);
    return (size_t)len;
}

static void expect(const char *text)
{
    assert_int_equal(receive(), strlen(text));
    assert_memory_equal(bytes, text, strlen(text));
}

static bool has_more(void)
{
    int more = 0;
    size_t more_bytes = sizeof more;

    zmq_getsockopt(receiver, ZMQ_RCVMORE, &more, &more_bytes);
    return more;
}

/* Until the socket has a peer that is subscribed: what is published before reaches nobody. */
static void publish_until_heard(void)
{
    while (zmq_recv(receiver, bytes, sizeof bytes, ZMQ_DONTWAIT) < 0) {
        if (outbox_is_empty(t.sink.outbox))
            rig_add(&t.sink, "probe\n");
        uv_run(&t.loop, UV_RUN_NOWAIT);
    }
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void each_entry_is_a_message_without_its_newline(void **state)
{
    (void)state;
    open_sink(CONF_OUTLET_PUSH, true);
    open_receiver(ZMQ_PULL, false);
    rig_add(&t.sink, "one\n");
    rig_add(&t.sink, "two\n    of two lines\n");
    rig_add(&t.sink, "\n");
    expect("one");
    assert_false(has_more());
    expect("two\n    of two lines");
    expect("");
    assert_int_equal(ledger()->written, 3);
    while (!sink_is_drained(t.sink.sink))
        uv_run(&t.loop, UV_RUN_ONCE);
}

static void entries_wait_for_whoever_listens_later(void **state)
{
    enum { COUNT = 5000, LEN = 100 };

    (void)state;
    open_sink(CONF_OUTLET_PUSH, true);
    rig_add_numbered(&t.sink, 100, LEN);
    rig_turn_idly(&t);
    assert_int_equal(ledger()->queued, 100);
    open_receiver(ZMQ_PULL, false);
    for (unsigned i = 0; i < COUNT; i++) {
        if (t.sink.added < COUNT && outbox_has_room(t.sink.outbox, LEN))
            rig_add_numbered(&t.sink, 1, LEN);
        assert_int_equal(receive(), LEN - 1);
        assert_int_equal(strtoul(bytes, NULL, 10), i);
    }
    assert_int_equal(ledger()->written, COUNT);
}

/* The pipe is full, then the kernel, then the queue; room is waited for without turning. */
static void a_receiver_that_does_not_read_is_waited_for(void **state)
{
    unsigned read = 0;

    (void)state;
    open_sink(CONF_OUTLET_PUSH, true);
    open_receiver(ZMQ_PULL, false);
    while (!t.sink.sink->zmq->is_blocked || outbox_has_room(t.sink.outbox, 10000)) {
        if (outbox_has_room(t.sink.outbox, 10000))
            rig_add_numbered(&t.sink, 1, 10000);
        uv_run(&t.loop, UV_RUN_NOWAIT);
    }
    assert_string_equal(sink_trouble(t.sink.sink), "its receivers do not read");
    for (; read < t.sink.added; read++) {
        receive();
        assert_int_equal(strtoul(bytes, NULL, 10), read);
    }
    while (!sink_is_drained(t.sink.sink))
        uv_run(&t.loop, UV_RUN_ONCE);
    assert_int_equal(ledger()->written, read);
}

static void a_topic_is_a_frame_in_front(void **state)
{
    static char topic[] = "{app}";

    (void)state;
    t.sink.conf.topic = topic;
    open_sink(CONF_OUTLET_PUB, true);
    open_receiver(ZMQ_SUB, false);
    zmq_setsockopt(receiver, ZMQ_SUBSCRIBE, "pro", 3);
    while (zmq_recv(receiver, bytes, sizeof bytes, ZMQ_DONTWAIT) < 0) {
        if (outbox_is_empty(t.sink.outbox))
            rig_add_bytes(&t.sink, "probe\0-\n", 8);
        uv_run(&t.loop, UV_RUN_NOWAIT);
    }
    assert_true(has_more());
    expect("-");
    while (!outbox_is_empty(t.sink.outbox) || !sink_is_drained(t.sink.sink))
        uv_run(&t.loop, UV_RUN_NOWAIT);
    rig_add_bytes(&t.sink, "shop\0no\n", 8);
    rig_add_bytes(&t.sink, "proper\0yes\n", 11);
    do
        receive();
    while (memcmp(bytes, "probe", 5) == 0 && receive() == 1);
    assert_memory_equal(bytes, "proper", 6);
    expect("yes");
    assert_false(has_more());
}

static void without_a_subscriber_an_entry_is_written_all_the_same(void **state)
{
    (void)state;
    open_sink(CONF_OUTLET_PUB, true);
    rig_add_numbered(&t.sink, 1000, 100);
    while (!sink_is_drained(t.sink.sink))
        uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_int_equal(ledger()->written, 1000);
}

/* It misses some, and nobody waits for it for long: not for its pipe. What is with it is bounded
 * by the cargo, of which no more than there is goes out. */
static void a_subscriber_that_does_not_read_misses_entries(void **state)
{
    enum { COUNT = 20000, LEN = 60 };

    (void)state;
    open_sink(CONF_OUTLET_PUB, true);
    open_receiver(ZMQ_SUB, false);
    zmq_setsockopt(receiver, ZMQ_SUBSCRIBE, "", 0);
    publish_until_heard();
    while (ledger()->written < COUNT) {
        if (outbox_has_room(t.sink.outbox, 50 * LEN))
            rig_add_numbered(&t.sink, 50, LEN);
        uv_run(&t.loop, UV_RUN_NOWAIT);
    }
    assert_true(pool_used(cargo) <= HOLDS);
}

static void at_the_close_what_was_not_sent_is_counted(void **state)
{
    struct sink *sink;

    (void)state;
    open_sink(CONF_OUTLET_PUSH, true);
    open_receiver(ZMQ_PULL, false);
    while (!t.sink.sink->zmq->is_blocked || ledger()->written == 0) {
        if (outbox_has_room(t.sink.outbox, 10000))
            rig_add_numbered(&t.sink, 1, 10000);
        uv_run(&t.loop, UV_RUN_NOWAIT);
    }
    sink = t.sink.sink;
    sink_close(sink, rig_on_closed, &t.sink);
    while (!t.sink.closed)
        uv_run(&t.loop, UV_RUN_ONCE);
    assert_true(sink_unsent(sink) > 0 && sink_unsent(sink) <= ledger()->written);
    assert_true(ledger()->dropped[DROP_SHUTDOWN] > 0);
    sink_free(&t.sink.sink);
}

static void an_address_that_cannot_be_had_is_told(void **state)
{
    struct err err;
    int taken = open(address + sizeof "ipc://" - 1, O_CREAT | O_CLOEXEC, 0600);

    (void)state;
    close(taken);
    t.sink.conf.bind = (struct conf_strings){.items = &addresses, .count = 1};
    assert_null(try_sink(&err));
    assert_non_null(strstr(err.text, "the file there is not a socket"));
    uv_run(&t.loop, UV_RUN_NOWAIT);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_entry_is_a_message_without_its_newline),
        TEST(entries_wait_for_whoever_listens_later),
        TEST(a_receiver_that_does_not_read_is_waited_for),
        TEST(a_topic_is_a_frame_in_front),
        TEST(without_a_subscriber_an_entry_is_written_all_the_same),
        TEST(a_subscriber_that_does_not_read_misses_entries),
        TEST(at_the_close_what_was_not_sent_is_counted),
        TEST(an_address_that_cannot_be_had_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
