/* Who may come in changes while an endpoint runs: clients are taken off, the server's key becomes
 * another, and whoever has nothing to do with it notices nothing.
 *
 * Each client numbers its entries. What comes out is "NAME NUMBER", and is checked off, so that
 * one that is lost, or comes twice, is seen. */
#include "ingest/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "conf/must.h"
#include "ingest/endpoint_parts.h"
#include "zeromq/curve.h"
#include "zeromq/curve_file.h"
#include "zeromq/gate.h"

enum { MAX_MESSAGE = 64 * 1024, RECEIVE_BYTES = 4 * 1024 * 1024, LIMIT_MS = 20000, ROUND = 100 };

struct client {
    const char *name;
    struct curve_pair pair;
    void *socket, *monitor;
    unsigned sent, arrived;
};

static struct {
    uv_loop_t loop;
    uv_timer_t limit, tick;
    struct zmq_watch watch;
    struct budget budget;
    struct pool *blocks;
    struct outbox *outbox;
    struct format *format;
    struct aggregate *aggregate;
    struct endpoint_shared shared;
    struct conf_ingest conf;
    struct endpoint *endpoint;
    void *clients; /* their context */
    char folder[64], keys[3][96], allow[96], address[128];
    char *bind[1], *key_items[3], *allow_items[1];
    struct curve_pair server[3];
} t;

static struct client web1 = {.name = "web1"}, web2 = {.name = "web2"};
static struct client *const clients[] = {&web1, &web2};
static struct err err;

static void on_limit(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("what was expected did not come");
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
    endpoint_look(t.endpoint);
    gate_tick();
}

static void on_turn_begin(struct zmq_watch *watch)
{
    (void)watch;
    if (t.endpoint)
        endpoint_retry(t.endpoint);
}

static void on_turn_end(struct zmq_watch *watch)
{
    (void)watch;
    gate_turn();
}

/* ---- entries ----------------------------------------------------------------------------- */

static void check_off(const char *line)
{
    struct client *client = strncmp(line, "web1 ", 5) == 0 ? &web1 : &web2;

    if ((unsigned)atoi(line + 5) != client->arrived)
        fail_msg("'%s' came, and %u was expected of %s", line, client->arrived, client->name);
    client->arrived++;
}

static void empty_outbox(void)
{
    static char text[256 * 1024];
    struct iovec vectors[4];
    unsigned count = outbox_begin_write(t.outbox, vectors, 4);
    size_t len = 0;

    for (unsigned i = 0; i < count; i++) {
        must(len + vectors[i].iov_len < sizeof text);
        memcpy(text + len, vectors[i].iov_base, vectors[i].iov_len);
        len += vectors[i].iov_len;
    }
    text[len] = '\0';
    if (count > 0)
        outbox_wrote(t.outbox, len);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        check_off(line);
}

static void turn(uv_run_mode mode)
{
    bool wrote = !outbox_is_empty(t.outbox);

    empty_outbox();
    uv_run(&t.loop, wrote ? UV_RUN_NOWAIT : mode);
}

static void run_until_arrived(const struct client *client)
{
    while (client->arrived < client->sent)
        turn(UV_RUN_ONCE);
    assert_int_equal(client->arrived, client->sent);
}

/* ---- clients ------------------------------------------------------------------------------- */

static void connect_with(struct client *client, const struct curve_pair *server, int reconnect_ms)
{
    static unsigned monitors;
    const int limit = LIMIT_MS, none = 0;
    char monitor[64];

    client->socket = zmq_socket(t.clients, ZMQ_PUSH);
    zmq_setsockopt(client->socket, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(client->socket, ZMQ_SNDTIMEO, &limit, sizeof limit);
    zmq_setsockopt(client->socket, ZMQ_RECONNECT_IVL, &reconnect_ms, sizeof reconnect_ms);
    assert_int_equal(curve_connect_as(client->socket, &client->pair, &server->public_key, &err), 0);
    snprintf(monitor, sizeof monitor, "inproc://%u", ++monitors);
    assert_int_equal(zmq_socket_monitor(client->socket, monitor,
                                        ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
                                            ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                                            ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                                            ZMQ_EVENT_HANDSHAKE_FAILED_AUTH),
                     0);
    client->monitor = zmq_socket(t.clients, ZMQ_PAIR);
    assert_int_equal(zmq_connect(client->monitor, monitor), 0);
    assert_int_equal(zmq_connect(client->socket, t.address), 0);
}

static void leave(struct client *client)
{
    zmq_socket_monitor(client->socket, NULL, 0);
    zmq_close(client->monitor);
    zmq_close(client->socket);
    client->socket = NULL;
}

static void send_some(struct client *client, unsigned count)
{
    char text[64];

    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof text, "%s %u", client->name, client->sent++);
        assert_true(zmq_send(client->socket, text, strlen(text), 0) > 0);
    }
}

/* Its next event, while the endpoint runs; 0: none is there now. */
static int next_event(struct client *client)
{
    unsigned char event[6];
    char address[256];
    uint16_t number;

    if (zmq_recv(client->monitor, event, sizeof event, ZMQ_DONTWAIT) < 0)
        return 0;
    zmq_recv(client->monitor, address, sizeof address, ZMQ_DONTWAIT);
    memcpy(&number, event, sizeof number);
    return number;
}

static int await_event(struct client *client)
{
    int event;

    while ((event = next_event(client)) == 0) {
        turn(UV_RUN_NOWAIT);
        usleep(200);
    }
    return event;
}

static bool was_let_in(struct client *client)
{
    return await_event(client) == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
}

/* However often it is dealt the wrong key. */
static void await_let_in(struct client *client)
{
    while (!was_let_in(client))
        continue;
}

/* ---- the house ----------------------------------------------------------------------------- */

static void write_list(const char *text)
{
    FILE *file = fopen(t.allow, "w");

    assert_true(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void allow(const struct client *first, const struct client *second)
{
    char text[256], key[CURVE_KEY_CHARS + 1];
    int len = 0;

    if (first)
        len += snprintf(text, sizeof text, "%s %s\n", first->name,
                        curve_key_show(&first->pair.public_key, key));
    if (second)
        len += snprintf(text + len, sizeof text - (size_t)len, "%s %s\n", second->name,
                        curve_key_show(&second->pair.public_key, key));
    text[len] = '\0';
    write_list(text);
}

static void make_keys(void)
{
    strcpy(t.folder, "/tmp/admit-XXXXXX");
    assert_non_null(mkdtemp(t.folder));
    for (unsigned i = 0; i < 3; i++) {
        snprintf(t.keys[i], sizeof t.keys[i], "%s/server%u.key", t.folder, i);
        assert_int_equal(curve_pair_make(&t.server[i], &err), 0);
        assert_int_equal(curve_file_write(t.keys[i], &t.server[i], &err), 0);
    }
    snprintf(t.allow, sizeof t.allow, "%s/clients", t.folder);
    assert_int_equal(curve_pair_make(&web1.pair, &err), 0);
    assert_int_equal(curve_pair_make(&web2.pair, &err), 0);
    web1.sent = web1.arrived = web2.sent = web2.arrived = 0;
    allow(&web1, &web2);
}

/* Files of our key pairs, newest first; -1: one only. */
static void set_keys(int first, int second)
{
    t.key_items[0] = t.keys[first];
    t.key_items[1] = second < 0 ? NULL : t.keys[second];
    t.conf.curve.key = (struct conf_strings){t.key_items, second < 0 ? 1 : 2};
}

static void open_endpoint(void)
{
    const void *setting;

    t.endpoint = endpoint_open(&t.conf, &t.shared, &setting, &err);
    if (!t.endpoint)
        fail_msg("%s", err.text);
    endpoint_addresses(t.endpoint, t.address, sizeof t.address);
}

static struct admission *read_anew(void)
{
    const void *setting;

    return admission_new(&t.conf.curve, &t.conf.ipc, &setting, &err);
}

static struct admission_change admit(void)
{
    struct admission *admission = read_anew();
    struct admission_change change;

    if (!admission || endpoint_prepare_admission(t.endpoint, &admission, &err) < 0)
        fail_msg("%s", err.text);
    assert_null(admission);
    endpoint_admit(t.endpoint, &change);
    return change;
}

static void open_pools(void)
{
    struct format_options options = {.local_time = false};

    budget_init(&t.budget, SIZE_MAX);
    t.blocks = pool_new(&t.budget, BUDGET_BLOCKS, block_slot_bytes(BLOCK_CAP_MIN), 1, &err);
    t.outbox = outbox_new(t.blocks, BLOCK_CAP_MIN, 1);
    t.aggregate = aggregate_new();
    t.format = format_new("{message}", &options, &err);
    aggregate_add_route(t.aggregate, t.outbox, t.format);
    t.shared.messages = message_pool_new(&t.budget, MAX_MESSAGE, 1, &err);
    t.shared.entries = entry_pool_new(&t.budget, decode_fields_max(MAX_MESSAGE), 1, &err);
    t.shared.decoder = decoder_new(&t.budget, MAX_MESSAGE, &err);
}

static int open_house(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    make_keys();
    uv_loop_init(&t.loop);
    uv_timer_init(&t.loop, &t.limit);
    uv_timer_start(&t.limit, on_limit, LIMIT_MS, 0);
    uv_unref((uv_handle_t *)&t.limit);
    uv_timer_init(&t.loop, &t.tick);
    zmq_watch_init(&t.watch, &t.loop, on_turn_begin, on_turn_end);
    t.clients = zmq_ctx_new();
    t.bind[0] = (char *)(uintptr_t) "tcp://127.0.0.1:0";
    t.allow_items[0] = t.allow;
    t.conf = (struct conf_ingest){
        .name = (char *)(uintptr_t) "far",
        .bind = {t.bind, 1},
        .curve = {.encryption = CONF_ENCRYPTION_CURVE, .allow = {t.allow_items, 1}},
        .max_entry = {MAX_MESSAGE},
        .max_message = {MAX_MESSAGE},
        .max_clients = {8},
    };
    set_keys(0, -1);
    t.shared = (struct endpoint_shared){.gate_is_on = true, .receive_bytes = RECEIVE_BYTES};
    open_pools();
    t.shared.zmq = zmq_ctx_new();
    t.shared.watch = &t.watch;
    t.shared.aggregate = t.aggregate;
    t.shared.zap = zap_open(t.shared.zmq, &t.watch, &err);
    assert_non_null(t.shared.zap);
    open_endpoint();
    uv_timer_start(&t.tick, on_tick, 10, 10);
    return 0;
}

static void close_pools(void)
{
    decoder_free(&t.shared.decoder);
    entry_pool_free(&t.shared.entries);
    message_pool_free(&t.shared.messages);
    outbox_drop_all(t.outbox, DROP_SHUTDOWN);
    outbox_free(&t.outbox);
    aggregate_free(&t.aggregate);
    format_free(&t.format);
    pool_free(&t.blocks);
    budget_fini(&t.budget);
}

static int close_house(void **state)
{
    char command[128];
    struct gate_cut cut;

    (void)state;
    for (unsigned i = 0; i < 2; i++) { /* where a test failed */
        if (clients[i]->socket)
            leave(clients[i]);
    }
    uv_close((uv_handle_t *)&t.tick, NULL);
    endpoint_stop(t.endpoint);
    zap_stop(t.shared.zap);
    for (unsigned i = 0; i < 50; i++)
        uv_run(&t.loop, UV_RUN_NOWAIT);
    endpoint_free(&t.endpoint);
    zap_free(&t.shared.zap);
    zmq_ctx_term(t.clients);
    zmq_ctx_term(t.shared.zmq);
    gate_end();
    while (gate_next_cut(&cut))
        continue;
    zmq_watch_close(&t.watch, NULL);
    uv_close((uv_handle_t *)&t.limit, NULL);
    uv_run(&t.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&t.loop), 0);
    close_pools();
    snprintf(command, sizeof command, "rm -r '%s'", t.folder);
    return system(command);
}

static int init_gate(void **state)
{
    (void)state;
    return gate_init(RECEIVE_BYTES, 100, &err);
}

/* ---- clients are taken off ------------------------------------------------------------------- */

static void one_that_is_taken_off_is_cut_and_refused_and_others_go_on(void **state)
{
    struct admission_change change;
    char text[ADMISSION_TEXT_MAX];
    struct gate_cut cut;

    (void)state;
    connect_with(&web1, &t.server[0], 10);
    connect_with(&web2, &t.server[0], 10);
    send_some(&web1, ROUND);
    send_some(&web2, ROUND);
    run_until_arrived(&web1);
    run_until_arrived(&web2);
    await_let_in(&web1);
    allow(&web2, NULL);
    change = admit();
    assert_string_equal(admission_show(&change, text),
                        "1 client taken off (web1), 1 connection cut off");
    assert_int_equal(await_event(&web1), ZMQ_EVENT_DISCONNECTED);
    assert_true(gate_next_cut(&cut));
    assert_int_equal(cut.reason, GATE_CUT_REVOKED);
    assert_int_equal(strncmp(cut.peer, "web1 (127.0.0.1:", 16), 0);
    assert_false(was_let_in(&web1)); /* it came again by itself */
    send_some(&web2, ROUND);
    run_until_arrived(&web2);
    leave(&web1);
    leave(&web2);
}

/* Who has sent nothing yet is known all the same: its key was shown when it came. */
static void one_that_never_spoke_is_cut_too(void **state)
{
    (void)state;
    connect_with(&web1, &t.server[0], -1);
    assert_true(was_let_in(&web1));
    allow(NULL, NULL);
    assert_int_equal(admit().cut, 1);
    assert_int_equal(await_event(&web1), ZMQ_EVENT_DISCONNECTED);
    leave(&web1);
}

static void one_that_is_added_comes_in(void **state)
{
    struct admission_change change;

    (void)state;
    allow(&web2, NULL);
    assert_int_equal(admit().clients_gone, 1);
    connect_with(&web1, &t.server[0], 10);
    assert_false(was_let_in(&web1));
    leave(&web1); /* ZeroMQ does not try again after a no */
    allow(&web1, &web2);
    change = admit();
    assert_int_equal(change.clients_added, 1);
    assert_int_equal(change.cut, 0);
    connect_with(&web1, &t.server[0], 10);
    send_some(&web1, 1);
    run_until_arrived(&web1);
    leave(&web1);
}

static void what_cannot_be_read_changes_nothing(void **state)
{
    (void)state;
    connect_with(&web1, &t.server[0], 10);
    send_some(&web1, ROUND);
    run_until_arrived(&web1);
    write_list("web1 short\n");
    assert_null(read_anew());
    assert_non_null(strstr(err.text, "clients:1: "));
    connect_with(&web2, &t.server[0], 10);
    send_some(&web1, ROUND);
    send_some(&web2, ROUND);
    run_until_arrived(&web1);
    run_until_arrived(&web2);
    leave(&web1);
    leave(&web2);
}

static void nothing_new_is_nothing_to_tell(void **state)
{
    struct admission_change change = admit();
    char text[ADMISSION_TEXT_MAX];

    (void)state;
    assert_string_equal(admission_show(&change, text), "");
}

static void encryption_cannot_be_ended_so(void **state)
{
    struct conf_curve plain = {.encryption = CONF_ENCRYPTION_NONE};
    struct admission *admission;
    const void *setting;

    (void)state;
    admission = admission_new(&plain, &t.conf.ipc, &setting, &err);
    assert_non_null(admission);
    assert_int_equal(endpoint_prepare_admission(t.endpoint, &admission, &err), -1);
    assert_non_null(strstr(err.text, "cannot begin or end to encrypt"));
    assert_non_null(admission); /* the caller's still */
    admission_free(&admission);
}

/* ---- the server's key becomes another -------------------------------------------------------- */

static void a_new_key_takes_the_place_of_the_old_without_a_loss(void **state)
{
    struct admission_change change;

    (void)state;
    connect_with(&web1, &t.server[0], 10);
    send_some(&web1, ROUND);
    set_keys(1, 0);
    change = admit();
    assert_int_equal(change.keys_added, 1);
    assert_int_equal(change.keys_gone, 0);
    send_some(&web1, ROUND);
    connect_with(&web2, &t.server[1], 10); /* by the new one */
    send_some(&web2, ROUND);               /* before it is in */
    run_until_arrived(&web1);
    run_until_arrived(&web2);
    set_keys(1, -1);
    change = admit();
    assert_int_equal(change.keys_added, 0);
    assert_int_equal(change.keys_gone, 1);
    assert_int_equal(change.cut, 0);
    send_some(&web1, ROUND); /* its connection goes on */
    send_some(&web2, ROUND);
    run_until_arrived(&web1);
    run_until_arrived(&web2);
    leave(&web1);
    connect_with(&web1, &t.server[0], 10); /* and there is no new one */
    for (unsigned tries = 0; tries < 10; tries++)
        assert_false(was_let_in(&web1));
    leave(&web1);
    leave(&web2);
}

/* Each comes and goes; whichever key it is dealt, in the end it is in, and what it sent is there.
 */
static void with_two_keys_clients_of_either_come_in(void **state)
{
    (void)state;
    set_keys(1, 0);
    admit();
    for (unsigned round = 0; round < 20; round++) {
        connect_with(&web1, &t.server[0], 1);
        connect_with(&web2, &t.server[1], 1);
        send_some(&web1, 5);
        send_some(&web2, 5);
        run_until_arrived(&web1);
        run_until_arrived(&web2);
        leave(&web1);
        leave(&web2);
    }
}

/* Keys can change many times in the life of a daemon; each time leaves a descriptor behind. */
static void keys_can_change_again_and_again(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 30; round++) {
        set_keys((int)(round + 1) % 2, round % 2);
        admit();
        set_keys((int)(round + 1) % 2, -1);
        admit();
    }
    connect_with(&web1, &t.server[0], 10);
    send_some(&web1, ROUND);
    run_until_arrived(&web1);
    leave(&web1);
}

static void of_two_keys_each_refuses_who_is_not_on_the_list(void **state)
{
    (void)state;
    set_keys(1, 0);
    allow(&web2, NULL);
    admit();
    for (unsigned i = 0; i < 2; i++) {
        int event;

        connect_with(&web1, &t.server[i], 1);
        while ((event = await_event(&web1)) != ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
            assert_int_not_equal(event, ZMQ_EVENT_HANDSHAKE_SUCCEEDED); /* the other key, that is */
        leave(&web1);
    }
}

/* Something else was refused: nobody has seen the key that was prepared. */
static void what_was_prepared_can_be_forgotten(void **state)
{
    struct admission *admission;
    struct admission_change change;
    char text[ADMISSION_TEXT_MAX];

    (void)state;
    set_keys(1, -1);
    allow(&web2, NULL);
    admission = read_anew();
    assert_non_null(admission);
    assert_int_equal(endpoint_prepare_admission(t.endpoint, &admission, &err), 0);
    endpoint_forget_admission(t.endpoint);
    endpoint_forget_admission(t.endpoint);
    connect_with(&web1, &t.server[0], 10);
    send_some(&web1, ROUND);
    run_until_arrived(&web1);
    set_keys(0, -1);
    allow(&web1, &web2);
    change = admit();
    assert_string_equal(admission_show(&change, text), "");
    leave(&web1);
}

static void keys_that_cannot_all_be_read_change_nothing(void **state)
{
    (void)state;
    t.key_items[0] = t.keys[1];
    t.key_items[1] = t.allow;
    t.conf.curve.key = (struct conf_strings){t.key_items, 2};
    assert_null(read_anew());
    set_keys(0, 0);
    assert_null(read_anew());
    assert_non_null(strstr(err.text, "holds the same key pair"));
    t.key_items[2] = t.keys[2];
    t.conf.curve.key.count = 3;
    assert_null(read_anew());
    assert_non_null(strstr(err.text, "above the largest allowed 2"));
    connect_with(&web1, &t.server[0], 10);
    send_some(&web1, ROUND);
    run_until_arrived(&web1);
    leave(&web1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_house, close_house)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_that_is_taken_off_is_cut_and_refused_and_others_go_on),
        TEST(one_that_never_spoke_is_cut_too),
        TEST(one_that_is_added_comes_in),
        TEST(what_cannot_be_read_changes_nothing),
        TEST(nothing_new_is_nothing_to_tell),
        TEST(encryption_cannot_be_ended_so),
        TEST(a_new_key_takes_the_place_of_the_old_without_a_loss),
        TEST(with_two_keys_clients_of_either_come_in),
        TEST(keys_can_change_again_and_again),
        TEST(of_two_keys_each_refuses_who_is_not_on_the_list),
        TEST(what_was_prepared_can_be_forgotten),
        TEST(keys_that_cannot_all_be_read_change_nothing),
    };

    return cmocka_run_group_tests(tests, init_gate, NULL);
}
