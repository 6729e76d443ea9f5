/* The gate and the real libzmq: what is charged is what is received, for whatever a peer sends
 * that libzmq takes; and a PUSH that sends more than the budget loses nothing. */
#include "tests/unit/zeromq/gate_rig.h"

#include <zmq.h>

#include "tests/unit/aggregate/dice.h"
#include "tests/unit/zeromq/zmtp_model.h"

enum { ZERO_COPY_RECEIVE = 10, THREAD_NAME_PREFIX = 9, LIMIT_MS = 20 * 1000 };

static const struct zmtp_limits limits = {.max_message = MAX_MESSAGE,
                                          .max_frames = GATE_FRAMES_MAX};

static void *context, *pull;

static int open_pull(void **state)
{
    const int limit_ms = LIMIT_MS, unlimited = 0;

    (void)state;
    rig_ms += 1000 * 1000;
    group = gate_group_new("apps", MAX_MESSAGE, MAX_CLIENTS);
    context = zmq_ctx_new();
    zmq_ctx_set(context, ZMQ_BLOCKY, 0);
    zmq_ctx_set(context, ZERO_COPY_RECEIVE, 0);
    zmq_ctx_set(context, THREAD_NAME_PREFIX, GATE_THREAD_NAME_PREFIX);
    pull = zmq_socket(context, ZMQ_PULL);
    zmq_setsockopt(pull, ZMQ_RCVTIMEO, &limit_ms, sizeof limit_ms);
    zmq_setsockopt(pull, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
    listener = open_listener(&listener_name, &listener_name_len);
    return 0;
}

static int close_pull(void **state)
{
    (void)state;
    zmq_close(pull);
    zmq_ctx_term(context);
    gate_end();
    gate_group_free(&group);
    assert_int_equal(gate_charge(), 0);
    return 0;
}

static void show_address(char text[128])
{
    snprintf(text, 128, "ipc://@%.*s",
             (int)(listener_name_len - offsetof(struct sockaddr_un, sun_path) - 1),
             listener_name.sun_path + 1);
}

static void bind_pull(void)
{
    char address[128];

    show_address(address);
    assert_true(gate_watch_listener(group, listener));
    zmq_setsockopt(pull, ZMQ_USE_FD, &listener, sizeof listener);
    assert_int_equal(zmq_bind(pull, address), 0);
}

/* One message, each frame of which is given back. Its number of frames. */
static unsigned receive_message(void)
{
    unsigned frames = 0;
    bool more = true;

    while (more) {
        zmq_msg_t frame;

        zmq_msg_init(&frame);
        if (zmq_msg_recv(&frame, pull, 0) < 0)
            fail_msg("nothing came: %s", zmq_strerror(zmq_errno()));
        gate_give_back(zmq_msg_get(&frame, ZMQ_SRCFD), zmq_msg_size(&frame));
        more = zmq_msg_more(&frame);
        zmq_msg_close(&frame);
        frames++;
    }
    return frames;
}

/* Its greeting and READY, so that it does not see ours too early. */
static void shake_hands_with(int fd, struct stream stream)
{
    char theirs[64 + 2];

    assert_int_equal(send(fd, stream.bytes, stream.len, 0), stream.len);
    assert_int_equal(recv(fd, theirs, sizeof theirs, MSG_WAITALL), sizeof theirs);
    assert_int_equal(recv(fd, stream.bytes, (size_t)theirs[65], MSG_WAITALL), theirs[65]);
}

static void shake_hands(int fd)
{
    shake_hands_with(fd, stream_after_handshake());
}

static void shake_hands_as_dealer(int fd)
{
    static const char ready[] = "\4\34\5READY\13Socket-Type\0\0\0\6DEALER";
    struct stream stream = {.len = 0};

    stream_greeting(&stream, "NULL");
    stream_bytes(&stream, ready, sizeof ready - 1);
    shake_hands_with(fd, stream);
}

static void nap(void)
{
    struct timespec nap = {.tv_nsec = 1000 * 1000};

    nanosleep(&nap, NULL);
}

static void wait_for_charge(uint64_t charge)
{
    for (unsigned waited = 0; gate_charge() != charge; waited++) {
        nap();
        assert_true(waited < LIMIT_MS);
    }
}

/* Whole messages with commands of all kinds in them and between them. */
static struct stream roll_messages(void)
{
    static const char *const names[] = {"PING",      "PONG",   "SUBSCRIBE", "CANCEL",
                                        "SUBSCRIBX", "CANCEX", "",          "LEAVE"};
    struct stream stream = {.len = 0};

    for (unsigned i = 0; i < 40; i++) {
        if (roll(3) == 0)
            stream_command(&stream, roll(2) ? MORE : 0, names[roll(8)], roll(50));
        else
            stream_frame(&stream, (roll(2) ? MORE : 0) | (roll(4) ? 0 : LONG), roll(300));
    }
    stream_frame(&stream, 0, 1); /* ends whatever was begun */
    return stream;
}

/* What the model says of these bytes behind a handshake. */
static struct zmtp_model model_of(const struct stream *messages)
{
    struct stream stream = stream_after_handshake();

    stream_bytes(&stream, messages->bytes, messages->len);
    return zmtp_model_of(stream.bytes, stream.len, &limits);
}

static void send_and_receive(int fd)
{
    struct stream stream = roll_messages();
    struct zmtp_model model = model_of(&stream);

    assert_int_equal(model.verdict, ZMTP_FINE);
    assert_int_equal(model.charged, model.complete);
    assert_int_equal(send(fd, stream.bytes, stream.len, 0), stream.len);
    for (uint64_t i = 0; i < model.message_count; i++)
        receive_message();
    gate_turn();
    assert_int_equal(gate_charge(), 0);
}

static void what_libzmq_delivers_is_what_was_charged(void **state)
{
    uint64_t voided = gate_stats().voided_bytes;
    int fd;

    (void)state;
    bind_pull();
    for (unsigned round = 0; round < 30; round++) {
        fd = knock();
        shake_hands(fd);
        for (unsigned i = 0; i < 5; i++)
            send_and_receive(fd);
        close(fd);
    }
    assert_int_equal(gate_stats().voided_bytes, voided);
}

static void connections_that_libzmq_opens_are_charged_alike(void **state)
{
    char address[128];
    int fd;

    (void)state;
    gate_watch_connects(MAX_MESSAGE);
    show_address(address);
    fcntl(listener, F_SETFL, 0);
    assert_int_equal(zmq_connect(pull, address), 0);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    shake_hands(fd);
    for (unsigned i = 0; i < 5; i++)
        send_and_receive(fd);
    assert_int_equal(gate_stats().slots_in_use, 1);
    close(fd);
    close(listener);
}

/* A REP that throws away what has no empty frame in front: its charges are nobody's to give back,
 * and would be spent for good. */
static void what_libzmq_throws_away_of_connections_that_it_opened_is_void(void **state)
{
    void *rep = zmq_socket(context, ZMQ_REP);
    struct gate_group *another = gate_group_new("another", MAX_MESSAGE, MAX_CLIENTS);
    struct stream ten = {.len = 0}, one = {.len = 0};
    uint64_t unit = zmtp_frame_charge(100);
    char address[128], byte;
    int fd;

    (void)state;
    gate_watch_connects(MAX_MESSAGE);
    gate_group_connects(group);
    gate_group_connects(another);
    show_address(address);
    fcntl(listener, F_SETFL, 0);
    assert_int_equal(zmq_connect(rep, address), 0);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    shake_hands_as_dealer(fd);
    for (unsigned i = 0; i < 10; i++)
        stream_frame(&ten, 0, 100);
    stream_frame(&one, 0, 100);
    assert_int_equal(send(fd, ten.bytes, ten.len, 0), ten.len);
    wait_for_charge(10 * unit);
    assert_int_equal(send(fd, one.bytes, one.len, 0), one.len);
    wait_for_charge(11 * unit); /* then libzmq has queued what it had read before */
    assert_int_equal(zmq_recv(rep, &byte, 1, ZMQ_DONTWAIT), -1);
    for (unsigned i = 0; i < 3; i++)
        gate_saw_empty(group);
    assert_int_equal(gate_charge(), 11 * unit); /* it may be the other one's */
    for (unsigned i = 0; i < 2; i++) {
        gate_saw_empty(another);
        gate_saw_empty(group);
    }
    assert_int_equal(gate_charge(), unit);
    close(fd);
    close(listener);
    gate_group_free(&another);
    zmq_close(rep);
}

/* The charge stays within the budget while nobody receives, and then all comes, in order. */
static void a_push_that_sends_ten_budgets_loses_nothing(void **state)
{
    enum { LEN = 500, COUNT = 10 * BUDGET_BYTES / LEN };
    void *push = zmq_socket(context, ZMQ_PUSH);
    char body[LEN] = "", address[128];
    const int unlimited = 0;

    (void)state;
    bind_pull();
    show_address(address);
    zmq_setsockopt(push, ZMQ_SNDHWM, &unlimited, sizeof unlimited);
    assert_int_equal(zmq_connect(push, address), 0);
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_equal(zmq_send(push, body, LEN, ZMQ_DONTWAIT), LEN);
    for (unsigned waited = 0; gate_stats().held_peers == 0; waited++) {
        nap();
        assert_true(waited < LIMIT_MS);
    }
    assert_true(gate_charge() < BUDGET_BYTES / 2 + 2 * ONE_READ);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(receive_message(), 1);
        gate_turn();
    }
    assert_int_equal(gate_charge(), 0);
    zmq_close(push);
}

/* The memory that one could take in this way had no bound. */
static void a_message_that_never_ends_is_cut_whatever_is_in_it(void **state)
{
    static const char *const names[] = {"", "PING", "ABCDEFGHI", "CANCEX"};
    uint64_t cuts = cut_for(GATE_CUT_MESSAGE);

    (void)state;
    bind_pull();
    for (unsigned i = 0; i < 4; i++) {
        struct stream stream = {.len = 0};
        int fd = knock();
        char byte;

        shake_hands(fd);
        for (unsigned k = 0; k < 20; k++) {
            stream_frame(&stream, MORE, 1000);
            stream_command(&stream, 0, names[i], strlen(names[i]) + (i > 0));
        }
        send(fd, stream.bytes, stream.len, MSG_NOSIGNAL);
        while (recv(fd, &byte, 1, 0) > 0) /* PONGs */
            ;
        close(fd);
        assert_int_equal(cut_for(GATE_CUT_MESSAGE), cuts + i + 1);
    }
}

#define WITH_PULL(function) cmocka_unit_test_setup_teardown(function, open_pull, close_pull)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PULL(what_libzmq_delivers_is_what_was_charged),
        WITH_PULL(connections_that_libzmq_opens_are_charged_alike),
        WITH_PULL(what_libzmq_throws_away_of_connections_that_it_opened_is_void),
        WITH_PULL(a_push_that_sends_ten_budgets_loses_nothing),
        WITH_PULL(a_message_that_never_ends_is_cut_whatever_is_in_it),
    };
    return cmocka_run_group_tests(tests, rig_init, NULL);
}
