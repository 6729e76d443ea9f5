/* curve.c - who is let in: each way in which libzmq's options fail open alone, and that ours
 * do not. */
#include "zeromq/curve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "zeromq/autobind.h"

enum { PATIENCE_MS = 10 * 1000, ENFORCE_DOMAIN = 93 };

static struct curve_pair server, known, unknown;
static struct err err;

static int make_keys(void **state)
{
    (void)state;
    return curve_pair_make(&server, &err) == 0 && curve_pair_make(&known, &err) == 0 &&
                   curve_pair_make(&unknown, &err) == 0
               ? 0
               : -1;
}

static struct curve_allow *allow_of(const struct curve_pair *pair)
{
    char item[64], text[CURVE_KEY_CHARS + 1], *items[] = {item};
    struct conf_strings strings = {items, pair ? 1 : 0};
    const void *blamed;

    if (pair)
        snprintf(item, sizeof item, "known %s", curve_key_show(&pair->public_key, text));
    return curve_allow_new(&strings, &blamed, &err);
}

/* ---- one server, one client, and how it ends ------------------------------------------------ */

enum guard {
    OURS,                /* curve_serve_as() */
    KEYS_ALONE,          /* what the manual of libzmq begins with */
    NO_DOMAIN,           /* a handler, enforcement, and an empty domain */
    DOMAIN_NOT_ENFORCED, /* a domain, and nobody says that it must be asked for */
};
enum who { KNOWN, UNKNOWN, PLAIN, PASSWORD, WRONG_SERVER };

struct row {
    const char *what;
    enum guard guard;
    bool has_handler;
    const char *handler_domain;
    bool has_list; /* with the known client on it */
    enum who who;
    bool let_in;
};

struct meeting {
    void *context, *pull, *monitor, *push;
    struct zap *zap;
    char address[AUTOBIND_TEXT_MAX];
    int ended; /* the server's event, 0: none */
    bool arrived;
};

static void set(void *socket, int option, const void *value, size_t len)
{
    assert_int_equal(zmq_setsockopt(socket, option, value, len), 0);
}

static void set_number(void *socket, int option, int value)
{
    set(socket, option, &value, sizeof value);
}

static void guard(const struct meeting *m, enum guard guard)
{
    if (guard == OURS) {
        assert_int_equal(curve_serve_as(m->pull, &server, "door", &err), 0);
        return;
    }
    set_number(m->pull, ZMQ_CURVE_SERVER, 1);
    set(m->pull, ZMQ_CURVE_SECRETKEY, server.secret_key.bytes, CURVE_KEY_BYTES);
    if (guard == DOMAIN_NOT_ENFORCED)
        set(m->pull, ZMQ_ZAP_DOMAIN, "door", 4);
    if (guard == NO_DOMAIN)
        set_number(m->pull, ENFORCE_DOMAIN, 1);
}

static void open_server(struct meeting *m, const struct row *row)
{
    int fd = autobind_listen(m->address);

    m->pull = zmq_socket(m->context, ZMQ_PULL);
    if (row->has_handler) {
        m->zap = zap_open(m->context, NULL, &err);
        assert_non_null(m->zap);
        assert_null(
            zap_admit(m->zap, row->handler_domain, allow_of(row->has_list ? &known : NULL)));
    }
    guard(m, row->guard);
    assert_int_equal(
        zmq_socket_monitor(m->pull, "inproc://m",
                           ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_DISCONNECTED),
        0);
    m->monitor = zmq_socket(m->context, ZMQ_PAIR);
    assert_int_equal(zmq_connect(m->monitor, "inproc://m"), 0);
    set_number(m->pull, ZMQ_USE_FD, fd);
    assert_int_equal(zmq_bind(m->pull, m->address), 0);
}

static void open_client(struct meeting *m, enum who who)
{
    m->push = zmq_socket(m->context, ZMQ_PUSH);
    set_number(m->push, ZMQ_RECONNECT_IVL, -1);
    set_number(m->push, ZMQ_HANDSHAKE_IVL, 1000); /* whom nobody answers gives up */
    if (who == PASSWORD) {
        set(m->push, ZMQ_PLAIN_USERNAME, "root", 4);
        set(m->push, ZMQ_PLAIN_PASSWORD, "root", 4);
    } else if (who != PLAIN) {
        assert_int_equal(
            curve_connect_as(m->push, who == UNKNOWN ? &unknown : &known,
                             who == WRONG_SERVER ? &unknown.public_key : &server.public_key, &err),
            0);
    }
    assert_int_equal(zmq_connect(m->push, m->address), 0);
    zmq_send(m->push, "hello", 5, ZMQ_DONTWAIT); /* fails where it was refused by now */
}

static void look(struct meeting *m)
{
    unsigned char event[6];
    char text[256];
    uint16_t number;

    if (m->zap)
        zap_serve(m->zap);
    if (zmq_recv(m->pull, text, sizeof text, ZMQ_DONTWAIT) >= 0)
        m->arrived = true;
    if (zmq_recv(m->monitor, event, sizeof event, ZMQ_DONTWAIT) < 0)
        return;
    zmq_recv(m->monitor, text, sizeof text, ZMQ_DONTWAIT);
    memcpy(&number, event, sizeof number);
    if (number != ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
        m->ended = number;
}

/* Until the message is there, or the handshake has failed. */
static void wait_for_the_end(struct meeting *m)
{
    zmq_pollitem_t items[3] = {{m->monitor, 0, ZMQ_POLLIN, 0}, {m->pull, 0, ZMQ_POLLIN, 0}};
    int count = 2;

    if (m->zap)
        items[count++] = (zmq_pollitem_t){zap_socket(m->zap), 0, ZMQ_POLLIN, 0};
    while (!m->arrived && m->ended == 0) {
        assert_true(zmq_poll(items, count, PATIENCE_MS) > 0);
        look(m);
    }
}

static void meet(const struct row *row)
{
    struct meeting m = {.context = zmq_ctx_new()};

    zmq_ctx_set(m.context, ZMQ_BLOCKY, 0);
    open_server(&m, row);
    open_client(&m, row->who);
    wait_for_the_end(&m);
    if (m.arrived != row->let_in)
        fail_msg("%s: %s", row->what, m.arrived ? "was let in" : "was refused");
    zmq_close(m.push);
    zmq_close(m.monitor);
    zmq_close(m.pull);
    zap_free(&m.zap);
    zmq_ctx_term(m.context);
}

/* ---- the tables ------------------------------------------------------------------------------ */

/* Should one of these fail, libzmq has closed that hole; that is good, and then the row goes. */
static void libzmq_alone_fails_open(void **state)
{
    static const struct row rows[] = {
        {"keys and no handler", KEYS_ALONE, false, NULL, false, UNKNOWN, true},
        {"an empty domain, though enforced", NO_DOMAIN, true, "door", true, UNKNOWN, true},
        {"no handler, and nobody insists", DOMAIN_NOT_ENFORCED, false, NULL, false, UNKNOWN, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        meet(&rows[i]);
}

static void ours_lets_in_who_is_on_the_list_and_nobody_else(void **state)
{
    static const struct row rows[] = {
        {"on the list", OURS, true, "door", true, KNOWN, true},
        {"not on the list", OURS, true, "door", true, UNKNOWN, false},
        {"an empty list", OURS, true, "door", false, KNOWN, false},
        {"a list for another domain", OURS, true, "window", true, KNOWN, false},
        {"a longer domain", OURS, true, "doors", true, KNOWN, false},
        {"a shorter domain", OURS, true, "doo", true, KNOWN, false},
        {"no handler, known", OURS, false, NULL, false, KNOWN, false},
        {"no handler, unknown", OURS, false, NULL, false, UNKNOWN, false},
        {"keys alone, but our handler", KEYS_ALONE, true, "door", true, KNOWN, false},
        {"no encryption", OURS, true, "door", true, PLAIN, false},
        {"no encryption, no handler", OURS, false, NULL, false, PLAIN, false},
        {"a password", OURS, true, "door", true, PASSWORD, false},
        {"another server is meant", OURS, true, "door", true, WRONG_SERVER, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        meet(&rows[i]);
}

static void the_self_test_passes_and_leaves_nothing(void **state)
{
    int before, after;

    (void)state;
    before = dup(0);
    if (curve_self_test(&err) < 0)
        fail_msg("%s", err.text);
    after = dup(0);
    close(before);
    close(after);
    assert_int_equal(after, before + 1);
}

/* ---- the desk alone -------------------------------------------------------------------------- */

/* A question as anybody in the process could ask it; the status of the answer, or "" for none. */
static const char *ask(struct zap *zap, void *req, const char *const *frames, size_t last_len,
                       char status[16])
{
    size_t count = 0;
    int len = 0;

    while (frames[count])
        count++;
    for (size_t i = 0; i < count; i++) {
        size_t frame_len = i + 1 == count && last_len ? last_len : strlen(frames[i]);

        assert_true(zmq_send(req, frames[i], frame_len, i + 1 < count ? ZMQ_SNDMORE : 0) >= 0);
    }
    assert_int_equal(zmq_poll(&(zmq_pollitem_t){zap_socket(zap), 0, ZMQ_POLLIN, 0}, 1, PATIENCE_MS),
                     1);
    zap_serve(zap);
    assert_int_equal(zmq_poll(&(zmq_pollitem_t){req, 0, ZMQ_POLLIN, 0}, 1, PATIENCE_MS), 1);
    status[0] = '\0';
    for (int frame = 0, more = 1; more && (len = zmq_recv(req, status, 15, ZMQ_DONTWAIT)) >= 0;
         frame++) {
        size_t more_bytes = sizeof more;
        char rest[256];

        status[len < 15 ? len : 15] = '\0';
        zmq_getsockopt(req, ZMQ_RCVMORE, &more, &more_bytes);
        if (frame < 2)
            continue;
        while (more && zmq_recv(req, rest, sizeof rest, ZMQ_DONTWAIT) >= 0)
            zmq_getsockopt(req, ZMQ_RCVMORE, &more, &more_bytes);
        break;
    }
    return status;
}

static void what_is_not_asked_properly_is_refused(void **state)
{
    char key[CURVE_KEY_BYTES + 1] = "";
    const struct {
        const char *frames[9];
        size_t key_len;
        const char *status;
    } rows[] = {
        {{"1.0", "1", "door", "10.0.0.1", "", "CURVE", key}, 32, "200"},
        {{"1.1", "1", "door", "10.0.0.1", "", "CURVE", key}, 32, "400"},
        {{"1.0", "1", "", "10.0.0.1", "", "CURVE", key}, 32, "400"},
        {{"1.0", "1", "door", "10.0.0.1", "", "NULL"}, 0, "400"},
        {{"1.0", "1", "door", "10.0.0.1", "", "NULL", key}, 32, "400"},
        {{"1.0", "1", "door", "10.0.0.1", "", "PLAIN", "known", "known"}, 0, "400"},
        {{"1.0", "1", "door", "10.0.0.1", "", "CURVE", key}, 31, "400"},
        {{"1.0", "1", "door", "10.0.0.1", "", "CURVE"}, 0, "400"},
        {{"1.0", "1", "door", "10.0.0.1", "", "CURVE", "x", key}, 32, "400"},
        {{"1.0", "1"}, 0, "400"},
    };
    void *context = zmq_ctx_new(), *req;
    struct zap *zap = zap_open(context, NULL, &err);
    char status[16];

    (void)state;
    memcpy(key, known.public_key.bytes, CURVE_KEY_BYTES);
    zap_admit(zap, "door", allow_of(&known));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        req = zmq_socket(context, ZMQ_REQ);
        set_number(req, ZMQ_LINGER, 0);
        assert_int_equal(zmq_connect(req, "inproc://zeromq.zap.01"), 0);
        assert_string_equal(ask(zap, req, rows[i].frames, rows[i].key_len, status), rows[i].status);
        zmq_close(req);
    }
    assert_int_equal(zap_stats(zap).let_in, 1);
    assert_int_equal(zap_stats(zap).refused, 9);
    zap_free(&zap);
    zmq_ctx_term(context);
}

static void a_list_can_be_replaced_and_a_refusal_is_told_once(void **state)
{
    void *context = zmq_ctx_new(), *req = zmq_socket(context, ZMQ_REQ);
    struct zap *zap = zap_open(context, NULL, &err);
    char key[CURVE_KEY_BYTES + 1] = "", status[16];
    const char *const frames[] = {"1.0", "1", "door", "10.0.0.1", "", "CURVE", key, NULL};
    struct zap_refusal refusal;
    struct curve_allow *before;

    (void)state;
    memcpy(key, known.public_key.bytes, CURVE_KEY_BYTES);
    set_number(req, ZMQ_LINGER, 0);
    zap_admit(zap, "door", allow_of(&known));
    assert_string_equal(zap_find(zap, "door", &known.public_key), "known");
    before = zap_admit(zap, "door", allow_of(&unknown));
    assert_string_equal(curve_allow_find(before, &known.public_key), "known");
    curve_allow_free(&before);
    assert_null(zap_find(zap, "door", &known.public_key));
    assert_null(zap_find(zap, "window", &unknown.public_key));
    assert_int_equal(zmq_connect(req, "inproc://zeromq.zap.01"), 0);
    assert_string_equal(ask(zap, req, frames, CURVE_KEY_BYTES, status), "400");
    assert_true(zap_next_refusal(zap, &refusal));
    assert_string_equal(refusal.domain, "door");
    assert_string_equal(refusal.address, "10.0.0.1");
    assert_true(curve_key_is_same(&refusal.key, &known.public_key));
    assert_false(zap_next_refusal(zap, &refusal));
    zmq_close(req);
    zap_free(&zap);
    zmq_ctx_term(context);
}

static void there_is_one_desk_a_context(void **state)
{
    void *context = zmq_ctx_new();
    struct zap *zap = zap_open(context, NULL, &err), *second;

    (void)state;
    second = zap_open(context, NULL, &err);
    assert_null(second);
    assert_non_null(strstr(err.text, "zeromq.zap.01"));
    zap_free(&zap);
    zmq_ctx_term(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libzmq_alone_fails_open),
        cmocka_unit_test(ours_lets_in_who_is_on_the_list_and_nobody_else),
        cmocka_unit_test(the_self_test_passes_and_leaves_nothing),
        cmocka_unit_test(what_is_not_asked_properly_is_refused),
        cmocka_unit_test(a_list_can_be_replaced_and_a_refusal_is_told_once),
        cmocka_unit_test(there_is_one_desk_a_context),
    };

    return cmocka_run_group_tests(tests, make_keys, NULL);
}
