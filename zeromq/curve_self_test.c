/* curve_self_test.c - proves that a socket guarded by curve_serve_as() lets in who it should, and
 * nobody else, by each of the keys that it can have at once.
 *
 * For each key three clients come, one after the other. libzmq's monitor says of each how its
 * handshake ended, so that nothing has to be waited for that does not come. The one who is let in
 * comes last, and what it sends must then be all that arrives. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "conf/alloc.h"
#include "conf/must.h"
#include "zeromq/admission.h"
#include "zeromq/autobind.h"
#include "zeromq/curve.h"

enum { PATIENCE_MS = 5000 }; /* for each client */

static const char domain[] = "self-test", friend_name[] = "friend";
static const char monitor_address[] = "inproc://curve-self-test";

struct self_test {
    void *context, *pull, *monitor, *push;
    struct zap *zap;
    struct curve_pair servers[ADMISSION_KEYS_MAX], friend, stranger;
    int listener_fd;
    char addresses[ADMISSION_KEYS_MAX][AUTOBIND_TEXT_MAX]; /* one for each of the server's keys */
    unsigned key;                                          /* the one whose turn it is */
    bool any_message;                                      /* and the last one's: */
    char message[16], user[CURVE_KEY_CHARS + 1 + CURVE_NAME_MAX + 1];
};

static int failed(struct err *err, const char *what)
{
    return err_set(err, "the self-test of encryption cannot %s: %s", what,
                   zmq_strerror(zmq_errno()));
}

/* ---- the server ------------------------------------------------------------------------------ */

static struct curve_allow *make_allow(const struct curve_key *key, struct err *err)
{
    char item[sizeof friend_name + 1 + CURVE_KEY_CHARS], *items[] = {item};
    struct conf_strings strings = {items, 1};
    const void *blamed;

    memcpy(item, friend_name, sizeof friend_name - 1);
    item[sizeof friend_name - 1] = ' ';
    curve_key_show(key, item + sizeof friend_name);
    return curve_allow_new(&strings, &blamed, err);
}

static int make_keys(struct self_test *test, struct err *err)
{
    struct curve_allow *allow;

    for (unsigned i = 0; i < ADMISSION_KEYS_MAX; i++) {
        if (curve_pair_make(&test->servers[i], err) < 0)
            return -1;
    }
    if (curve_pair_make(&test->friend, err) < 0 || curve_pair_make(&test->stranger, err) < 0)
        return -1;
    test->zap = zap_open(test->context, NULL, err);
    allow = test->zap ? make_allow(&test->friend.public_key, err) : NULL;
    if (!allow)
        return -1;
    zap_admit(test->zap, domain, allow);
    return 0;
}

/* One socket, several keys: each listener keeps the one that the socket had when it was bound. */
static int listen_by(struct self_test *test, unsigned key, struct err *err)
{
    test->listener_fd = autobind_listen(test->addresses[key]);
    if (test->listener_fd < 0)
        return failed(err, "listen");
    if (curve_serve_as(test->pull, &test->servers[key], domain, err) < 0)
        return -1;
    if (zmq_setsockopt(test->pull, ZMQ_USE_FD, &test->listener_fd, sizeof test->listener_fd) < 0 ||
        zmq_bind(test->pull, test->addresses[key]) < 0)
        return failed(err, "listen");
    test->listener_fd = -1;
    return 0;
}

static int open_server(struct self_test *test, struct err *err)
{
    const int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                       ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

    test->pull = zmq_socket(test->context, ZMQ_PULL);
    if (!test->pull || zmq_socket_monitor(test->pull, monitor_address, events) < 0 ||
        !(test->monitor = zmq_socket(test->context, ZMQ_PAIR)) ||
        zmq_connect(test->monitor, monitor_address) < 0)
        return failed(err, "listen");
    for (unsigned i = 0; i < ADMISSION_KEYS_MAX; i++) {
        if (listen_by(test, i, err) < 0)
            return -1;
    }
    return 0;
}

/* ---- the clients ----------------------------------------------------------------------------- */

/* `pair` is NULL for one that does not encrypt. */
static int send_as(struct self_test *test, const struct curve_pair *pair, const char *text,
                   struct err *err)
{
    const int never = -1;

    test->push = zmq_socket(test->context, ZMQ_PUSH);
    if (!test->push || zmq_setsockopt(test->push, ZMQ_RECONNECT_IVL, &never, sizeof never) < 0)
        return failed(err, "make a client");
    if (pair && curve_connect_as(test->push, pair, &test->servers[test->key].public_key, err) < 0)
        return -1;
    if (zmq_connect(test->push, test->addresses[test->key]) < 0)
        return failed(err, "connect");
    zmq_send(test->push, text, strlen(text), ZMQ_DONTWAIT); /* fails if it was refused by now */
    return 0;
}

static void receive(struct self_test *test)
{
    const char *user;
    zmq_msg_t message;
    size_t len;

    zmq_msg_init(&message);
    if (zmq_msg_recv(&message, test->pull, ZMQ_DONTWAIT) >= 0) {
        len = zmq_msg_size(&message) < sizeof test->message - 1 ? zmq_msg_size(&message)
                                                                : sizeof test->message - 1;
        memcpy(test->message, zmq_msg_data(&message), len);
        test->message[len] = '\0';
        user = zmq_msg_gets(&message, "User-Id");
        strncpy(test->user, user ? user : "", sizeof test->user - 1);
        test->any_message = true;
    }
    zmq_msg_close(&message);
}

/* The event of one handshake, or 0. The frame with the address behind it is dropped. */
static int next_event(struct self_test *test)
{
    unsigned char event[6] = {0};
    char rest[256];
    uint16_t number = 0;

    if (zmq_recv(test->monitor, event, sizeof event, ZMQ_DONTWAIT) < 0)
        return 0;
    zmq_recv(test->monitor, rest, sizeof rest, ZMQ_DONTWAIT);
    memcpy(&number, event, sizeof number);
    return number;
}

/* Until the handshake has ended: libzmq's event for it, or 0: it did not, in time. With
 * `a_message`, until one has come. */
static int await(struct self_test *test, bool a_message)
{
    zmq_pollitem_t items[] = {{test->monitor, 0, ZMQ_POLLIN, 0},
                              {zap_socket(test->zap), 0, ZMQ_POLLIN, 0},
                              {test->pull, 0, ZMQ_POLLIN, 0}};
    int event = 0, ready = 1;

    while (ready > 0 && (a_message ? !test->any_message : event == 0)) {
        ready = zmq_poll(items, 3, PATIENCE_MS);
        if (ready < 0 && errno == EINTR)
            ready = 1;
        zap_serve(test->zap);
        receive(test);
        event = next_event(test);
    }
    return event;
}

static int is_refused(struct self_test *test, const struct curve_pair *pair, const char *what,
                      struct err *err)
{
    int event;

    if (send_as(test, pair, what, err) < 0)
        return -1;
    event = await(test, false);
    zmq_close(test->push);
    test->push = NULL;
    if (event == 0 || event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED || test->any_message)
        return err_set(err,
                       "this libzmq does not refuse %s%s, so no endpoint is opened; see "
                       "docs/security.md",
                       what, event == 0 ? " in time" : "");
    return 0;
}

static int is_let_in(struct self_test *test, struct err *err)
{
    char expected[sizeof test->user];

    curve_key_show(&test->friend.public_key, expected);
    snprintf(expected + CURVE_KEY_CHARS, sizeof expected - CURVE_KEY_CHARS, " %s", friend_name);
    if (send_as(test, &test->friend, friend_name, err) < 0)
        return -1;
    test->any_message = false; /* of the one before */
    await(test, true);
    zmq_close(test->push);
    test->push = NULL;
    if (!test->any_message || strcmp(test->message, friend_name) != 0 ||
        strcmp(test->user, expected) != 0)
        return err_set(err,
                       "this libzmq does not let in a client with the right key, or not under its "
                       "name, so no endpoint is opened; see docs/security.md");
    return 0;
}

static int judge_keys(struct self_test *test, struct err *err)
{
    for (test->key = 0; test->key < ADMISSION_KEYS_MAX; test->key++) {
        if (is_refused(test, &test->stranger, "a key that nobody knows", err) < 0 ||
            is_refused(test, NULL, "a client without encryption", err) < 0)
            return -1;
    }
    for (test->key = 0; test->key < ADMISSION_KEYS_MAX; test->key++) {
        if (is_let_in(test, err) < 0)
            return -1;
    }
    return 0;
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

/* What was never opened is NULL, which libzmq refuses and survives. */
static void clean_up(struct self_test *test)
{
    zmq_close(test->push);
    zmq_close(test->monitor);
    zmq_close(test->pull);
    zap_free(&test->zap);
    while (zmq_ctx_term(test->context) < 0 && errno == EINTR)
        continue;
    if (test->listener_fd >= 0)
        close(test->listener_fd);
    explicit_bzero(test, sizeof *test);
}

int curve_self_test(struct err *err)
{
    struct self_test test = {.context = zmq_ctx_new(), .listener_fd = -1};
    int result = -1;

    if (!test.context)
        return failed(err, "start ZeroMQ");
    zmq_ctx_set(test.context, ZMQ_BLOCKY, 0); /* sockets close without lingering */
    if (!zmq_has("curve"))
        err_set(err, "this libzmq was built without CURVE; encryption: curve needs it");
    else if (make_keys(&test, err) == 0 && open_server(&test, err) == 0 &&
             judge_keys(&test, err) == 0)
        result = 0;
    clean_up(&test);
    return result;
}
