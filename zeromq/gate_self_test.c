/* gate_self_test.c - proves that this libzmq, in this build, goes through the gate. */
#undef _FORTIFY_SOURCE

#include <errno.h>
#include <unistd.h>
#include <zmq.h>

#include "conf/must.h"
#include "zeromq/autobind.h"
#include "zeromq/gate_parts.h"

enum { SELF_TEST_MS = 5000, ZERO_COPY_RECEIVE = 10 /* unnamed in zmq.h 4.3 */ };

static const char greeting[] = "is anybody there";

struct self_test {
    struct gate_group *group;
    void *context, *pull, *push;
    int listener_fd; /* until libzmq owns it */
    uint64_t charged_bytes, left_bytes;
    bool is_numbered; /* the address that libzmq tells */
    zmq_msg_t frames[2];
    char address[AUTOBIND_TEXT_MAX];
};

static int open_listener(struct self_test *test)
{
    test->listener_fd = autobind_listen(test->address);
    return test->listener_fd >= 0 && gate_watch_listener(test->group, test->listener_fd) ? 0 : -1;
}

static int open_sockets(struct self_test *test)
{
    const int patience_ms = SELF_TEST_MS;

    zmq_ctx_set(test->context, ZMQ_BLOCKY, 0); /* sockets close without lingering */
    zmq_ctx_set(test->context, ZERO_COPY_RECEIVE, 0);
    test->pull = zmq_socket(test->context, ZMQ_PULL);
    test->push = zmq_socket(test->context, ZMQ_PUSH);
    if (!test->pull || !test->push ||
        zmq_setsockopt(test->pull, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms) < 0 ||
        zmq_setsockopt(test->pull, ZMQ_USE_FD, &test->listener_fd, sizeof test->listener_fd) < 0 ||
        zmq_bind(test->pull, test->address) < 0)
        return -1;
    test->listener_fd = -1;
    return zmq_connect(test->push, test->address);
}

/* Of two frames, since each must tell where it came from. */
static int send_one(struct self_test *test)
{
    if (zmq_send(test->push, greeting, sizeof greeting, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0 ||
        zmq_send(test->push, greeting, sizeof greeting, ZMQ_DONTWAIT) < 0)
        return -1;
    return 0;
}

static void look_at_address(struct self_test *test, zmq_msg_t *frame)
{
    const char *address = zmq_msg_gets(frame, "Peer-Address");
    int fd = zmq_msg_get(frame, ZMQ_SRCFD);
    struct gate_caller caller;

    test->is_numbered = address && gate_find_caller(address, &caller) && caller.fd == fd &&
                        caller.number == gate_connection(fd);
}

static int receive_frame(struct self_test *test, zmq_msg_t *frame)
{
    int heard_bytes;

    while ((heard_bytes = zmq_msg_recv(frame, test->pull, 0)) < 0 && errno == EINTR)
        continue;
    if (heard_bytes != sizeof greeting)
        return -1;
    gate_give_back(zmq_msg_get(frame, ZMQ_SRCFD), sizeof greeting);
    look_at_address(test, frame);
    return 0;
}

static int receive_one(struct self_test *test)
{
    if (receive_frame(test, &test->frames[0]) < 0)
        return -1;
    test->charged_bytes = gate_charge(); /* nothing is given back before gate_turn */
    if (receive_frame(test, &test->frames[1]) < 0)
        return -1;
    gate.tells_sources = gate_source_is_told(&test->frames[0], &test->frames[1]);
    gate_turn();
    test->left_bytes = gate_charge();
    return 0;
}

/* Returns when libzmq's threads have ended, and thus closed all that they had.
 * What was never opened is NULL, which libzmq refuses and survives. */
static void clean_up(struct self_test *test)
{
    zmq_msg_close(&test->frames[0]);
    zmq_msg_close(&test->frames[1]);
    zmq_close(test->push);
    zmq_close(test->pull);
    while (zmq_ctx_term(test->context) < 0 && errno == EINTR)
        continue;
    if (test->listener_fd >= 0)
        close(test->listener_fd);
}

static const char *missed_hook(const struct self_test *test)
{
    struct gate_stats seen = gate_stats();

    return !seen.accepted         ? "accept4"
           : !test->is_numbered   ? "getpeername"
           : !seen.received_bytes ? "recv"
           : !seen.polls          ? "epoll_ctl"
           : seen.open_now        ? "close"
                                  : NULL;
}

static int judge(const struct self_test *test, struct err *err)
{
    uint64_t expected_bytes = 2 * zmtp_frame_charge(sizeof greeting);

    if (missed_hook(test))
        return err_set(err,
                       "libzmq does not call our %s(), so its memory cannot be bounded; is this "
                       "program linked without -rdynamic, or libzmq not the system's? "
                       "'memory: {gate: off}' does without",
                       missed_hook(test));
    if (test->charged_bytes != expected_bytes || test->left_bytes != 0)
        return err_set(err,
                       "the gate's self-test charged %llu bytes instead of %llu and %llu of them "
                       "stayed, so this libzmq frames or numbers its connections in another way; "
                       "'memory: {gate: off}' does without",
                       (unsigned long long)test->charged_bytes, (unsigned long long)expected_bytes,
                       (unsigned long long)test->left_bytes);
    return 0;
}

/* The connections are gone, but their slots wait for turns that nobody makes. */
static void forget(struct self_test *test)
{
    gate_end();
    gate_group_free(&test->group);
    gate.accepted = gate.closed_total = gate.received_bytes = 0;
    gate.polls = gate.charged_peak = 0;
}

int gate_self_test(struct err *err)
{
    struct self_test test = {.context = zmq_ctx_new(), .listener_fd = -1};
    int result = -1;

    must(gate_stats().accepted == 0);
    zmq_msg_init(&test.frames[0]);
    zmq_msg_init(&test.frames[1]);
    test.group = gate_group_new("self-test", 1024, 1);
    gate_group_encrypt(test.group); /* for the numbers alone */
    if (test.context && open_listener(&test) == 0 && open_sockets(&test) == 0 &&
        send_one(&test) == 0 && receive_one(&test) == 0)
        result = 0;
    else
        err_set(err, "the gate's self-test cannot send a message to itself within 5 s: %s",
                zmq_strerror(zmq_errno()));
    clean_up(&test);
    if (result == 0)
        result = judge(&test, err);
    forget(&test);
    return result;
}
