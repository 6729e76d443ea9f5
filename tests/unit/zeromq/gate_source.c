/* Which connection a frame came on: what we say without asking is what libzmq would say, whoever
 * comes and goes. */
#include "tests/unit/zeromq/gate_rig.h"

#include <dlfcn.h>
#include <zmq.h>

#include "tests/unit/aggregate/dice.h"
#include "zeromq/gate_parts.h"

/* Who has left has a place until the gate has turned; nobody shall wait for one. */
enum { PEERS = 6, KEPT = 12, PLACES = 900, LIMIT_MS = 20 * 1000 };

static struct {
    void *context, *pull;
    char address[128];
    void *peers[PEERS];
    zmq_msg_t kept[KEPT];
    unsigned questions; /* for ZMQ_SRCFD, by whomever */
} t;

/* Before libzmq's own, which it calls. */
int zmq_msg_get(const zmq_msg_t *frame, int property)
{
    static int (*real)(const zmq_msg_t *frame, int property);

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "zmq_msg_get");
    t.questions += property == ZMQ_SRCFD;
    return real(frame, property);
}

static int open_pull(void **state)
{
    const int limit_ms = LIMIT_MS;

    (void)state;
    memset(&t, 0, sizeof t);
    gate.tells_sources = true;
    group = gate_group_new("apps", MAX_MESSAGE, PLACES);
    listener = open_listener(&listener_name, &listener_name_len);
    assert_true(gate_watch_listener(group, listener));
    snprintf(t.address, sizeof t.address, "ipc://@%.*s",
             (int)(listener_name_len - offsetof(struct sockaddr_un, sun_path) - 1),
             listener_name.sun_path + 1);
    t.context = zmq_ctx_new();
    zmq_ctx_set(t.context, ZMQ_BLOCKY, 0);
    t.pull = zmq_socket(t.context, ZMQ_PULL);
    zmq_setsockopt(t.pull, ZMQ_RCVTIMEO, &limit_ms, sizeof limit_ms);
    zmq_setsockopt(t.pull, ZMQ_USE_FD, &listener, sizeof listener);
    for (unsigned i = 0; i < KEPT; i++)
        zmq_msg_init(&t.kept[i]);
    return zmq_bind(t.pull, t.address);
}

static int close_pull(void **state)
{
    (void)state;
    for (unsigned i = 0; i < KEPT; i++)
        zmq_msg_close(&t.kept[i]);
    for (unsigned i = 0; i < PEERS; i++)
        zmq_close(t.peers[i]);
    zmq_close(t.pull);
    zmq_ctx_term(t.context);
    gate_end();
    gate_group_free(&group);
    return 0;
}

static void *open_peer(void)
{
    void *peer = zmq_socket(t.context, ZMQ_PUSH);

    assert_int_equal(zmq_connect(peer, t.address), 0);
    return peer;
}

/* One more frame, in place of one that was kept; how many of its kind libzmq was asked for. */
static unsigned pass_one(unsigned from, zmq_msg_t *frame)
{
    unsigned before;
    int fd;

    assert_int_equal(zmq_send(t.peers[from], "frame", 5, 0), 5);
    assert_int_equal(zmq_msg_recv(frame, t.pull, 0), 5);
    before = t.questions;
    fd = gate_source_of(frame);
    before = t.questions - before;
    assert_int_equal(fd, zmq_msg_get(frame, ZMQ_SRCFD));
    gate_give_back(fd, 5);
    gate_turn();
    return before;
}

static void of_a_connection_libzmq_is_asked_once(void **state)
{
    zmq_msg_t *frame = &t.kept[0];

    (void)state;
    t.peers[0] = open_peer();
    assert_int_equal(pass_one(0, frame), 1);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(pass_one(0, frame), 0);
}

static void where_frames_tell_nothing_libzmq_is_asked_each_time(void **state)
{
    (void)state;
    gate.tells_sources = false;
    t.peers[0] = open_peer();
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pass_one(0, &t.kept[0]), 1);
}

static void a_frame_of_no_connection_has_none(void **state)
{
    (void)state;
    zmq_msg_init_size(&t.kept[0], 5);
    assert_int_equal(gate_source_of(&t.kept[0]), -1);
}

static void when_a_connection_is_closed_others_are_asked_for_again(void **state)
{
    unsigned era;

    (void)state;
    t.peers[0] = open_peer();
    t.peers[1] = open_peer();
    pass_one(0, &t.kept[0]);
    pass_one(1, &t.kept[1]);
    assert_int_equal(pass_one(0, &t.kept[0]), 0);
    era = gate.era;
    zmq_close(t.peers[1]);
    t.peers[1] = NULL;
    while (gate.era == era)
        usleep(100);
    assert_int_equal(pass_one(0, &t.kept[0]), 1);
    assert_int_equal(pass_one(0, &t.kept[0]), 0);
}

/* It is open no more, so its properties may go without a word to us. */
static void what_a_closed_connection_left_is_asked_for_each_time(void **state)
{
    unsigned era, before;

    (void)state;
    t.peers[0] = open_peer();
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(zmq_send(t.peers[0], "frame", 5, 0), 5);
    while (gate_charge() < 2 * zmtp_frame_charge(5))
        usleep(100);
    era = gate.era;
    zmq_close(t.peers[0]);
    t.peers[0] = NULL;
    while (gate.era == era)
        usleep(100);
    before = t.questions;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(zmq_msg_recv(&t.kept[i], t.pull, 0), 5);
        gate_give_back(gate_source_of(&t.kept[i]), 5);
    }
    assert_int_equal(t.questions - before, 2);
}

/* Frames are kept for a while, so that properties go in any order, and come again where others
 * were. */
static void whoever_comes_and_goes_is_told_right(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 600; round++) {
        unsigned who = roll(PEERS);

        if (!t.peers[who])
            t.peers[who] = open_peer();
        pass_one(who, &t.kept[roll(KEPT)]);
        if (roll(4) == 0) {
            zmq_close(t.peers[who]);
            t.peers[who] = NULL;
        }
    }
}

#define WITH_PULL(function) cmocka_unit_test_setup_teardown(function, open_pull, close_pull)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PULL(of_a_connection_libzmq_is_asked_once),
        WITH_PULL(where_frames_tell_nothing_libzmq_is_asked_each_time),
        WITH_PULL(a_frame_of_no_connection_has_none),
        WITH_PULL(when_a_connection_is_closed_others_are_asked_for_again),
        WITH_PULL(what_a_closed_connection_left_is_asked_for_each_time),
        WITH_PULL(whoever_comes_and_goes_is_told_right),
    };
    return cmocka_run_group_tests(tests, rig_init, NULL);
}
