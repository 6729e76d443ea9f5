/* endpoint_rig.h - what the tests of endpoints share: one endpoint, what it borrows, and a client
 * of it.
 *
 * The aggregate is a real one with one outbox of one block, which the test empties; what
 * it holds is the output, in the format raw unless a test says otherwise. Turns that must
 * wait for ZeroMQ sleep in the loop, bounded by a timer. */
#ifndef TESTS_UNIT_INGEST_ENDPOINT_RIG_H
#define TESTS_UNIT_INGEST_ENDPOINT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zmq.h>

#include "conf/must.h"
#include "ingest/endpoint.h"
#include "ingest/endpoint_parts.h"
#include "zeromq/gate.h"

enum {
    MAX_MESSAGE = 256 * 1024,
    MAX_ENTRY = 40 * 1024,
    ENTRY_LEN = 30 * 1024, /* two fill the outbox */
    OUTPUT_MAX = 4 * 1024 * 1024,
    RECEIVE_BYTES = 4 * 1024 * 1024,
    LIMIT_MS = 20000
};

static struct {
    uv_loop_t loop;
    uv_timer_t limit;
    struct zmq_watch watch;
    struct budget budget;
    struct pool *blocks;
    struct outbox *outbox;
    struct format *format;
    struct aggregate *aggregate;
    struct endpoint_shared shared;
    struct conf_ingest conf;
    char *bind[2], *connect[1];
    struct endpoint *endpoint;
    void *client;
    bool retries; /* as a daemon does at the beginning of a turn */
    char *output;
    size_t output_len;
    char folder[64], address[128];
} t;

static inline void on_limit(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("what was expected did not come");
}

static inline void on_turn_begin(struct zmq_watch *watch)
{
    (void)watch;
    if (t.retries && t.endpoint)
        endpoint_retry(t.endpoint);
}

static inline void on_turn_end(struct zmq_watch *watch)
{
    (void)watch;
    gate_turn();
}

/* ---- what a daemon would do ------------------------------------------------------------- */

/* Takes everything out of the outbox, as a sink that has written it. */
static inline void empty_outbox(void)
{
    struct iovec vectors[4];
    unsigned count = outbox_begin_write(t.outbox, vectors, 4);
    size_t bytes = 0;

    for (unsigned i = 0; i < count; i++) {
        must(t.output_len + vectors[i].iov_len < OUTPUT_MAX);
        memcpy(t.output + t.output_len, vectors[i].iov_base, vectors[i].iov_len);
        t.output_len += vectors[i].iov_len;
        bytes += vectors[i].iov_len;
    }
    t.output[t.output_len] = '\0';
    if (count > 0)
        outbox_wrote(t.outbox, bytes);
}

/* Turns that find nothing to wait for. */
static inline void turn_idly(void)
{
    for (unsigned i = 0; i < 50; i++)
        uv_run(&t.loop, UV_RUN_NOWAIT);
}

static inline void run_until_messages(uint64_t count)
{
    while (endpoint_messages(t.endpoint) < count)
        uv_run(&t.loop, UV_RUN_ONCE);
    assert_int_equal(endpoint_messages(t.endpoint), count);
}

/* Empties the outbox until this many entries came, each followed by its newline. A turn
 * sleeps only when nothing was written, as in a daemon, whose sinks' writes wake it. */
static inline void run_until_accepted(uint64_t count)
{
    while (endpoint_ledger(t.endpoint)->accepted < count) {
        bool wrote = !outbox_is_empty(t.outbox);

        empty_outbox();
        uv_run(&t.loop, wrote ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    }
    empty_outbox();
    assert_int_equal(endpoint_ledger(t.endpoint)->accepted, count);
}

/* ---- opening and closing ---------------------------------------------------------------- */

static inline void set_format(const char *text)
{
    struct format_options options = {.local_time = false};
    struct err err;

    t.format = format_new(text, &options, &err);
    assert_non_null(t.format);
    aggregate_add_route(t.aggregate, t.outbox, t.format);
}

static inline struct endpoint *try_open(const void **setting_out, struct err *err)
{
    return endpoint_open(&t.conf, &t.shared, setting_out, err);
}

static inline void open_endpoint(void)
{
    const void *setting;
    struct err err;

    if (!t.format)
        set_format("raw");
    t.endpoint = try_open(&setting, &err);
    if (!t.endpoint)
        fail_msg("%s", err.text);
}

static inline void *new_client_of(int type, const char *address)
{
    void *client = zmq_socket(t.shared.zmq, type);
    int linger = 0, limit = LIMIT_MS;

    zmq_setsockopt(client, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(client, ZMQ_SNDTIMEO, &limit, sizeof limit);
    zmq_setsockopt(client, ZMQ_RCVTIMEO, &limit, sizeof limit);
    assert_int_equal(zmq_connect(client, address), 0);
    return client;
}

static inline void *new_client(const char *address)
{
    return new_client_of(ZMQ_PUSH, address);
}

/* An endpoint on a port of the kernel's choice, and a client of it. */
static inline void open_both_as(enum conf_socket socket, int client_type)
{
    t.conf.socket = socket;
    open_endpoint();
    t.client =
        new_client_of(client_type, endpoint_addresses(t.endpoint, t.address, sizeof t.address));
}

static inline void open_both(void)
{
    open_both_as(CONF_SOCKET_PULL, ZMQ_PUSH);
}

static inline void send_bytes(const void *bytes, size_t len, int flags)
{
    assert_int_equal(zmq_send(t.client, bytes, len, flags), len);
}

static inline void send_text(const char *text)
{
    send_bytes(text, strlen(text), 0);
}

/* `letter`, ENTRY_LEN times. */
static inline void send_long(char letter)
{
    static char bytes[ENTRY_LEN];

    memset(bytes, letter, sizeof bytes);
    send_bytes(bytes, sizeof bytes, 0);
}

static inline void stop_endpoint(void)
{
    endpoint_stop(t.endpoint);
    turn_idly();
    assert_true(endpoint_ledger_balances(endpoint_ledger(t.endpoint)));
}

static inline int open_house(void **state)
{
    struct err err;

    (void)state;
    memset(&t, 0, sizeof t);
    t.retries = true;
    t.output = calloc(1, OUTPUT_MAX);
    uv_loop_init(&t.loop);
    uv_timer_init(&t.loop, &t.limit);
    uv_timer_start(&t.limit, on_limit, LIMIT_MS, 0);
    uv_unref((uv_handle_t *)&t.limit);
    zmq_watch_init(&t.watch, &t.loop, on_turn_begin, on_turn_end);
    budget_init(&t.budget, SIZE_MAX);
    t.blocks = pool_new(&t.budget, BUDGET_BLOCKS, block_slot_bytes(BLOCK_CAP_MIN), 1, &err);
    t.outbox = outbox_new(t.blocks, BLOCK_CAP_MIN, 1);
    t.aggregate = aggregate_new();
    t.bind[0] = strcpy(t.folder, "tcp://127.0.0.1:0");
    t.conf = (struct conf_ingest){
        .name = (char *)(uintptr_t) "apps",
        .bind = {.items = t.bind, .count = 1},
        .connect = {.items = t.connect},
        .ipc = {.mode = {0600}},
        .max_entry = {MAX_ENTRY},
        .max_message = {MAX_MESSAGE},
        .max_clients = {8},
    };
    t.shared = (struct endpoint_shared){
        .gate_is_on = true,
        .receive_bytes = RECEIVE_BYTES,
        .zmq = zmq_ctx_new(),
        .watch = &t.watch,
        .aggregate = t.aggregate,
        .messages = message_pool_new(&t.budget, MAX_MESSAGE, 1, &err),
        .entries = entry_pool_new(&t.budget, decode_fields_max(MAX_ENTRY), 1, &err),
        .decoder = decoder_new(&t.budget, MAX_MESSAGE, &err),
    };
    return t.shared.zmq && t.shared.messages && t.shared.entries && t.shared.decoder ? 0 : -1;
}

static inline void close_pools(void)
{
    decoder_free(&t.shared.decoder);
    entry_pool_free(&t.shared.entries);
    message_pool_free(&t.shared.messages);
    pool_free(&t.blocks);
    budget_fini(&t.budget);
}

/* Fails where a handle, a slot or a byte of the budget is not given back. */
static inline int close_house(void **state)
{
    (void)state;
    if (t.endpoint) {
        endpoint_stop(t.endpoint);
        turn_idly();
        endpoint_free(&t.endpoint);
        assert_null(t.endpoint);
    }
    if (t.client)
        zmq_close(t.client);
    zmq_ctx_term(t.shared.zmq);
    gate_end();
    zmq_watch_close(&t.watch, NULL);
    uv_close((uv_handle_t *)&t.limit, NULL);
    uv_run(&t.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&t.loop), 0);
    outbox_drop_all(t.outbox, DROP_SHUTDOWN);
    outbox_free(&t.outbox);
    aggregate_free(&t.aggregate);
    format_free(&t.format);
    close_pools();
    free(t.output);
    return 0;
}

/* `count` payloads of ENTRY_LEN behind one topic. */
static inline void send_longs(const char *letters)
{
    static char bytes[ENTRY_LEN];

    send_bytes("t", 1, ZMQ_SNDMORE);
    for (; *letters; letters++) {
        memset(bytes, *letters, sizeof bytes);
        send_bytes(bytes, sizeof bytes, letters[1] ? ZMQ_SNDMORE : 0);
    }
}

/* A message of these frames; the list ends with NULL. */
static inline void send_frames(const char *frame, ...)
{
    va_list rest;
    const char *next;

    va_start(rest, frame);
    for (; frame; frame = next) {
        next = va_arg(rest, const char *);
        send_bytes(frame, strlen(frame), next ? ZMQ_SNDMORE : 0);
    }
    va_end(rest);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)

/* For a group: libzmq's hooks are there before its first socket. */
static inline int begin_gate(void **state)
{
    struct err err;

    (void)state;
    if (gate_init(RECEIVE_BYTES, 1000, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    return 0;
}

#endif
