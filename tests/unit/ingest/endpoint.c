/* An endpoint: what clients push comes out as entries, once, in order, and waits
 * unharmed while the sinks are full.
 *
 * The aggregate is a real one with one outbox of one block, which the test empties; what
 * it holds is the output, in the format raw unless a test says otherwise. Turns that must
 * wait for ZeroMQ sleep in the loop, bounded by a timer. */
#include "ingest/endpoint.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "conf/must.h"
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

static void on_limit(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("what was expected did not come");
}

static void on_turn_begin(struct zmq_watch *watch)
{
    (void)watch;
    if (t.retries && t.endpoint)
        endpoint_retry(t.endpoint);
}

static void on_turn_end(struct zmq_watch *watch)
{
    (void)watch;
    gate_turn();
}

/* ---- what a daemon would do ------------------------------------------------------------- */

/* Takes everything out of the outbox, as a sink that has written it. */
static void empty_outbox(void)
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
static void turn_idly(void)
{
    for (unsigned i = 0; i < 50; i++)
        uv_run(&t.loop, UV_RUN_NOWAIT);
}

static void run_until_messages(uint64_t count)
{
    while (endpoint_messages(t.endpoint) < count)
        uv_run(&t.loop, UV_RUN_ONCE);
    assert_int_equal(endpoint_messages(t.endpoint), count);
}

/* Empties the outbox until this many entries came, each followed by its newline. A turn
 * sleeps only when nothing was written, as in a daemon, whose sinks' writes wake it. */
static void run_until_accepted(uint64_t count)
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

static void set_format(const char *text)
{
    struct format_options options = {.local_time = false};
    struct err err;

    t.format = format_new(text, &options, &err);
    assert_non_null(t.format);
    aggregate_add_route(t.aggregate, t.outbox, t.format);
}

static struct endpoint *try_open(const void **setting_out, struct err *err)
{
    return endpoint_open(&t.conf, &t.shared, setting_out, err);
}

static void open_endpoint(void)
{
    const void *setting;
    struct err err;

    if (!t.format)
        set_format("raw");
    t.endpoint = try_open(&setting, &err);
    if (!t.endpoint)
        fail_msg("%s", err.text);
}

static void *new_client_of(int type, const char *address)
{
    void *client = zmq_socket(t.shared.zmq, type);
    int linger = 0, limit = LIMIT_MS;

    zmq_setsockopt(client, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(client, ZMQ_SNDTIMEO, &limit, sizeof limit);
    zmq_setsockopt(client, ZMQ_RCVTIMEO, &limit, sizeof limit);
    assert_int_equal(zmq_connect(client, address), 0);
    return client;
}

static void *new_client(const char *address)
{
    return new_client_of(ZMQ_PUSH, address);
}

/* An endpoint on a port of the kernel's choice, and a client of it. */
static void open_both_as(enum conf_socket socket, int client_type)
{
    t.conf.socket = socket;
    open_endpoint();
    t.client =
        new_client_of(client_type, endpoint_addresses(t.endpoint, t.address, sizeof t.address));
}

static void open_both(void)
{
    open_both_as(CONF_SOCKET_PULL, ZMQ_PUSH);
}

static void send_bytes(const void *bytes, size_t len, int flags)
{
    assert_int_equal(zmq_send(t.client, bytes, len, flags), len);
}

static void send_text(const char *text)
{
    send_bytes(text, strlen(text), 0);
}

/* `letter`, ENTRY_LEN times. */
static void send_long(char letter)
{
    static char bytes[ENTRY_LEN];

    memset(bytes, letter, sizeof bytes);
    send_bytes(bytes, sizeof bytes, 0);
}

static void stop_endpoint(void)
{
    endpoint_stop(t.endpoint);
    turn_idly();
    assert_true(endpoint_ledger_balances(endpoint_ledger(t.endpoint)));
}

static int open_house(void **state)
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

static void close_pools(void)
{
    decoder_free(&t.shared.decoder);
    entry_pool_free(&t.shared.entries);
    message_pool_free(&t.shared.messages);
    pool_free(&t.blocks);
    budget_fini(&t.budget);
}

/* Fails where a handle, a slot or a byte of the budget is not given back. */
static int close_house(void **state)
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

/* ---- receiving --------------------------------------------------------------------------- */

static void what_is_pushed_comes_out_in_order(void **state)
{
    char expected[8192] = "", *to = expected;

    (void)state;
    open_both();
    for (unsigned i = 0; i < 600; i++) { /* more than one turn takes */
        char text[16];

        snprintf(text, sizeof text, "entry %u", i);
        send_text(text);
        to += sprintf(to, "%s\n", text);
    }
    run_until_accepted(600);
    assert_string_equal(t.output, expected);
    assert_int_equal(endpoint_messages(t.endpoint), 600);
    assert_int_equal(endpoint_ledger(t.endpoint)->bytes, to - expected - 600);
    assert_int_equal(endpoint_ledger(t.endpoint)->routed, 600);
}

static void a_message_of_nothing_is_an_entry(void **state)
{
    (void)state;
    open_both();
    send_text("");
    send_text("a");
    run_until_accepted(2);
    assert_string_equal(t.output, "\na\n");
}

static void a_batch_is_many_entries_of_one_message(void **state)
{
    (void)state;
    open_both();
    send_text("{\"a\":1}\n{bad}\n\n{\"a\":2}\n");
    run_until_accepted(3);
    assert_string_equal(t.output, "{\"a\":1}\n{bad}\n{\"a\":2}\n");
    assert_int_equal(endpoint_ledger(t.endpoint)->messages, 1);
    assert_int_equal(endpoint_ledger(t.endpoint)->malformed, 1);
}

static void the_first_of_two_frames_is_the_topic(void **state)
{
    (void)state;
    set_format("{topic} {message}");
    open_both();
    send_bytes("orders", 6, ZMQ_SNDMORE);
    send_text("paid");
    send_bytes("", 0, ZMQ_SNDMORE);
    send_text("none");
    send_bytes("last", 4, ZMQ_SNDMORE);
    send_text("");
    run_until_accepted(3);
    assert_string_equal(t.output, "orders paid\n- none\nlast -\n");
    assert_int_equal(endpoint_ledger(t.endpoint)->bytes, 8);
}

/* A message of these frames; the list ends with NULL. */
static void send_frames(const char *frame, ...)
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

static void each_frame_behind_a_topic_is_a_payload(void **state)
{
    const struct endpoint_ledger *ledger;

    (void)state;
    set_format("{topic} {message}");
    open_both();
    send_frames("t", "one", "", "{\"message\":\"three\"}\n{\"message\":\"four\"}", "five", NULL);
    send_text("alone");
    run_until_accepted(6);
    ledger = endpoint_ledger(t.endpoint);
    assert_string_equal(t.output, "t one\nt -\nt three\nt four\nt five\n- alone\n");
    assert_int_equal(ledger->messages, 2);
    assert_int_equal(ledger->received, 6);
    assert_true(endpoint_ledger_balances(ledger));
}

static void the_header_of_cmdp_is_no_entry(void **state)
{
    (void)state;
    set_format("{topic} {message}");
    open_both();
    send_frames("LOG/INFO",
                "\xa5"
                "CMDP\x01\xa4node",
                "it is on", NULL);
    send_frames("LOG/INFO", "node", "it is on", NULL);
    run_until_accepted(3);
    assert_string_equal(t.output, "LOG/INFO it is on\nLOG/INFO node\nLOG/INFO it is on\n");
}

static void a_rule_that_is_written_holds(void **state)
{
    (void)state;
    t.conf.frames = CONF_FRAMES_PAYLOAD;
    open_both();
    send_frames("one", "two", NULL);
    send_text("three");
    run_until_accepted(3);
    assert_string_equal(t.output, "one\ntwo\nthree\n");
}

static void a_key_is_a_field(void **state)
{
    (void)state;
    set_format("{topic} {message}{fields}");
    t.conf.frames = CONF_FRAMES_TOPIC_KEY;
    open_both();
    send_frames("t", "a b", "{\"message\":\"one\",\"x\":1}", "two", NULL);
    send_frames("t", "", "none", NULL);
    run_until_accepted(3);
    assert_string_equal(t.output, "t one x=\"1\" key=\"a\\x20b\"\nt two key=\"a\\x20b\"\nt none\n");
}

static void what_a_rule_does_not_know_is_refused_as_one_entry(void **state)
{
    const struct endpoint_ledger *ledger;

    (void)state;
    t.conf.frames = CONF_FRAMES_TOPIC_KEY;
    open_both();
    send_text("{}\n{}\n");
    send_frames("topic", "key", NULL);
    send_frames("topic", "key", "good", NULL);
    run_until_accepted(1);
    ledger = endpoint_ledger(t.endpoint);
    assert_string_equal(t.output, "good\n");
    assert_int_equal(ledger->refused[REFUSE_FRAMES], 2);
    assert_int_equal(ledger->received, 3);
    assert_int_equal(ledger->messages, 3);
    assert_true(endpoint_ledger_balances(ledger));
}

static void a_text_past_max_entry_is_cut_and_counted(void **state)
{
    static char bytes[MAX_ENTRY + 1];

    (void)state;
    open_both();
    memset(bytes, 'x', sizeof bytes);
    send_bytes(bytes, MAX_ENTRY, 0);
    run_until_accepted(1);
    assert_int_equal(endpoint_ledger(t.endpoint)->cut, 0);
    assert_int_equal(t.output_len, MAX_ENTRY + 1);
    send_bytes(bytes, MAX_ENTRY + 1, 0);
    run_until_accepted(2);
    assert_int_equal(endpoint_ledger(t.endpoint)->cut, 1);
}

static void max_message_fits_and_a_longer_one_costs_its_connection(void **state)
{
    static char bytes[MAX_MESSAGE + 1];
    void *greedy;

    (void)state;
    open_both();
    memset(bytes, 'x', sizeof bytes);
    send_bytes(bytes, MAX_MESSAGE, 0);
    run_until_accepted(1);
    greedy = new_client(t.address);
    assert_int_equal(zmq_send(greedy, bytes, sizeof bytes, 0), sizeof bytes);
    send_text("others go on");
    run_until_accepted(2);
    assert_non_null(strstr(t.output, "others go on\n"));
    zmq_close(greedy);
    assert_int_equal(endpoint_messages(t.endpoint), 2);
}

/* ---- parking ------------------------------------------------------------------------------- */

static void a_full_sink_parks_the_message_and_pauses_the_endpoint(void **state)
{
    const struct endpoint_ledger *ledger;

    (void)state;
    open_both();
    send_long('a');
    send_long('b');
    send_long('c');
    send_long('d');
    run_until_messages(3); /* the third is in hand */
    turn_idly();
    ledger = endpoint_ledger(t.endpoint);
    assert_int_equal(ledger->messages, 3);
    assert_int_equal(ledger->accepted, 2);
    assert_int_equal(ledger->received, 2); /* what is parked has no fate yet */
    assert_int_equal(message_pool_used(t.shared.messages), 1);
    assert_false(endpoint_retry(t.endpoint));

    empty_outbox();
    assert_true(endpoint_retry(t.endpoint));
    assert_int_equal(ledger->accepted, 3);
    assert_int_equal(message_pool_used(t.shared.messages), 0);
    run_until_accepted(4); /* and receives again */
    assert_int_equal(t.output_len, 4 * (ENTRY_LEN + 1));
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(t.output[i * (ENTRY_LEN + 1)], 'a' + i);
}

/* What was received ahead of its turn is in no socket any more. */
static void what_is_behind_a_parked_message_is_not_forgotten(void **state)
{
    enum { BEHIND = 3 * AHEAD_MAX };
    const struct endpoint_ledger *ledger;

    (void)state;
    open_both();
    for (char letter = 'a'; letter <= 'c'; letter++)
        send_long(letter);
    for (unsigned i = 0; i < BEHIND; i++) {
        char text[16];

        snprintf(text, sizeof text, "%u", i);
        send_text(text);
    }
    run_until_messages(3);
    for (unsigned i = 0; i < 3; i++) {
        turn_idly();
        endpoint_look(t.endpoint);
    }
    ledger = endpoint_ledger(t.endpoint);
    assert_int_equal(ledger->messages, 3);
    run_until_accepted(3 + BEHIND);
    assert_int_equal(ledger->messages, 3 + BEHIND);
    assert_non_null(strstr(t.output + 3 * (ENTRY_LEN + 1), "\n94\n95\n"));
    turn_idly();
    assert_int_equal(gate_stats().charged_bytes, 0);
}

/* `count` payloads of ENTRY_LEN behind one topic. */
static void send_longs(const char *letters)
{
    static char bytes[ENTRY_LEN];

    send_bytes("t", 1, ZMQ_SNDMORE);
    for (; *letters; letters++) {
        memset(bytes, *letters, sizeof bytes);
        send_bytes(bytes, sizeof bytes, letters[1] ? ZMQ_SNDMORE : 0);
    }
}

static void a_message_is_parked_between_two_of_its_payloads(void **state)
{
    const struct endpoint_ledger *ledger;

    (void)state;
    set_format("{topic} {message}");
    open_both();
    send_longs("abcde");
    send_text("next");
    run_until_messages(1);
    turn_idly();
    ledger = endpoint_ledger(t.endpoint);
    assert_int_equal(ledger->accepted, 2);
    assert_int_equal(ledger->received, 2);
    assert_int_equal(ledger->bytes, 3 * ENTRY_LEN); /* the others were not looked at */
    assert_int_equal(message_pool_used(t.shared.messages), 1);
    run_until_accepted(6);
    assert_int_equal(t.output_len, 5 * (ENTRY_LEN + 3) + strlen("- next\n"));
    for (unsigned i = 0; i < 5; i++) {
        const char *line = t.output + i * (ENTRY_LEN + 3);

        assert_memory_equal(line, "t ", 2);
        assert_int_equal(line[2], 'a' + i);
        assert_int_equal(line[ENTRY_LEN + 2], '\n');
    }
    assert_int_equal(ledger->messages, 2);
}

static void a_stop_refuses_the_payloads_that_follow_a_parked_one(void **state)
{
    const struct endpoint_ledger *ledger = NULL;

    (void)state;
    open_both();
    send_longs("abcde");
    run_until_messages(1);
    ledger = endpoint_ledger(t.endpoint);
    assert_int_equal(ledger->accepted, 2);
    stop_endpoint();
    assert_int_equal(ledger->received, 5);
    assert_int_equal(ledger->refused[REFUSE_SHUTDOWN], 3);
    assert_int_equal(message_pool_used(t.shared.messages), 0);
}

static void retry_has_nothing_to_do_where_nothing_is_parked(void **state)
{
    (void)state;
    open_both();
    assert_true(endpoint_retry(t.endpoint));
    send_text("a");
    run_until_accepted(1);
    assert_true(endpoint_retry(t.endpoint));
    assert_int_equal(endpoint_ledger(t.endpoint)->received, 1);
}

/* A batch that is larger than the outbox is taken up again at the entry that was refused. */
static void a_batch_goes_on_where_it_was_parked(void **state)
{
    enum { DOCUMENTS = 12000 };
    char *batch = malloc(MAX_MESSAGE), *to = batch;

    (void)state;
    open_both();
    for (unsigned i = 0; i < DOCUMENTS; i++)
        to += sprintf(to, "{\"i\":\"\\n%u\"}\n", i % 7 ? i : 0);
    send_bytes(batch, (size_t)(to - batch), 0);
    send_text("next");
    run_until_messages(1);
    assert_in_range(endpoint_ledger(t.endpoint)->accepted, 1, DOCUMENTS - 1);
    run_until_accepted(DOCUMENTS + 1);
    assert_memory_equal(t.output, batch, (size_t)(to - batch));
    assert_string_equal(t.output + (to - batch), "next\n");
    free(batch);
}

/* The first is parked, so its lines stay one entry, and it gets no field; the next is split, and
 * each line gets one. */
static void other_settings_hold_from_the_next_payload_on(void **state)
{
    struct conf_pair field = {.name = (char *)"env", .value = (char *)"prod"};
    struct conf_ingest changed;

    (void)state;
    set_format("{fields.env} {message}");
    open_both();
    send_long('a');
    send_long('b');
    send_long('c');
    run_until_messages(3);
    assert_true(endpoint_is_parked(t.endpoint));
    changed = t.conf;
    changed.split = CONF_SPLIT_LINES;
    changed.fields = (struct conf_pairs){.items = &field, .count = 1};
    endpoint_configure(t.endpoint, &changed, NULL);
    send_text("one\ntwo");
    run_until_accepted(5);
    assert_non_null(strstr(t.output, "- ccc"));
    assert_null(strstr(t.output, "prod ccc"));
    assert_non_null(strstr(t.output, "\nprod one\nprod two\n"));
    stop_endpoint();
    endpoint_configure(t.endpoint, &t.conf, NULL);
}

/* The decoder is shared, so another endpoint moves its index while this one is parked. */
static void two_endpoints_are_parked_without_disturbing_each_other(void **state)
{
    enum { DOCUMENTS = 9000 };
    struct endpoint *first;
    void *first_client;
    char *batch = malloc(MAX_MESSAGE), *to = batch;
    struct err err;
    unsigned lines = 0;

    (void)state;
    message_pool_free(&t.shared.messages);
    entry_pool_free(&t.shared.entries);
    t.shared.messages = message_pool_new(&t.budget, MAX_MESSAGE, 2, &err);
    t.shared.entries = entry_pool_new(&t.budget, decode_fields_max(MAX_ENTRY), 2, &err);
    set_format("{message}");
    open_both();
    first = t.endpoint;
    first_client = t.client;
    open_both();
    for (unsigned i = 0; i < DOCUMENTS; i++)
        to += sprintf(to, "{\"msg\":\"\\u0061%u\"}\n", i);
    send_bytes(batch, (size_t)(to - batch), 0);
    assert_int_equal(zmq_send(first_client, batch, (size_t)(to - batch), 0), to - batch);
    while (endpoint_messages(first) < 1 || endpoint_messages(t.endpoint) < 1)
        uv_run(&t.loop, UV_RUN_ONCE);
    for (unsigned i = 0; !endpoint_retry(first) || !endpoint_retry(t.endpoint); i++) {
        empty_outbox();
        endpoint_retry(i % 2 ? first : t.endpoint);
    }
    empty_outbox();
    assert_int_equal(endpoint_ledger(first)->accepted, DOCUMENTS);
    assert_int_equal(endpoint_ledger(t.endpoint)->accepted, DOCUMENTS);
    assert_int_equal(endpoint_ledger(first)->malformed, 0);
    for (const char *line = t.output; (line = strchr(line, '\n')); line++)
        lines++;
    assert_int_equal(lines, 2 * DOCUMENTS);
    endpoint_stop(first);
    turn_idly();
    endpoint_free(&first);
    zmq_close(first_client);
    free(batch);
}

/* ---- stopping ------------------------------------------------------------------------------ */

/* There is one more message than the endpoint has taken. */
static void wait_until_queued(void)
{
    zmq_pollitem_t item = {.socket = t.endpoint->socket, .events = ZMQ_POLLIN};

    if (ahead_has(&t.endpoint->ahead))
        return;
    assert_int_equal(zmq_poll(&item, 1, LIMIT_MS), 1);
}

static void a_stop_refuses_the_parked_rest_and_what_is_queued(void **state)
{
    const struct endpoint_ledger *ledger;
    char batch[2 * ENTRY_LEN + 1000] = "", *to = batch;

    (void)state;
    open_both();
    t.retries = false;
    send_long('a');
    to = stpcpy(to, "{\"first\":\"");
    memset(to, 'x', ENTRY_LEN);
    to = stpcpy(to + ENTRY_LEN, "\"}\n{\"second\":\"");
    memset(to, 'x', ENTRY_LEN);
    stpcpy(to + ENTRY_LEN, "\"}\n{\"third\":3}\nbad\n\n{\"fifth\":5}\n");
    send_text(batch);
    send_text("never offered");
    run_until_messages(2);
    ledger = endpoint_ledger(t.endpoint);
    assert_int_equal(ledger->accepted, 2);
    wait_until_queued();
    endpoint_stop(t.endpoint);
    assert_int_equal(ledger->refused[REFUSE_SHUTDOWN], 5);
    assert_int_equal(ledger->received, 7);
    assert_int_equal(endpoint_ledger_refused(ledger), 5);
    assert_true(endpoint_ledger_balances(ledger));
    assert_int_equal(message_pool_used(t.shared.messages), 0);
    assert_true(endpoint_retry(t.endpoint));
    turn_idly();
    assert_int_equal(ledger->messages, 3);
}

static void a_stop_may_be_asked_for_twice(void **state)
{
    (void)state;
    open_both();
    send_text("a");
    run_until_accepted(1);
    endpoint_stop(t.endpoint);
    endpoint_stop(t.endpoint);
    turn_idly();
    endpoint_stop(t.endpoint);
}

/* libzmq closes in a thread of its own; when its context is gone, that is over. */
static void after_a_stop_the_address_is_free_again(void **state)
{
    (void)state;
    open_both();
    stop_endpoint();
    endpoint_free(&t.endpoint);
    zmq_close(t.client);
    zmq_ctx_term(t.shared.zmq);
    t.shared.zmq = zmq_ctx_new();
    t.bind[0] = t.address;
    open_both();
    send_text("again");
    run_until_accepted(1);
    assert_string_equal(t.output, "again\n");
}

/* ---- other sockets ------------------------------------------------------------------------- */

static void a_router_strips_an_empty_frame_in_front(void **state)
{
    (void)state;
    set_format("{topic} {message}");
    open_both_as(CONF_SOCKET_ROUTER, ZMQ_DEALER);
    send_text("bare");
    send_frames("", "delimited", NULL);
    send_frames("t", "topic", NULL);
    send_frames("", "t", "both", NULL);
    send_frames("", "", "t", NULL);
    run_until_accepted(5);
    assert_string_equal(t.output, "- bare\n- delimited\nt topic\nt both\n- t\n");
}

/* To libzmq's ROUTER the second would be nobody, for ever. */
static void two_clients_of_a_router_may_have_one_name(void **state)
{
    void *twin;

    (void)state;
    t.conf.socket = CONF_SOCKET_ROUTER;
    open_endpoint();
    endpoint_addresses(t.endpoint, t.address, sizeof t.address);
    for (unsigned i = 0; i < 2; i++) {
        twin = zmq_socket(t.shared.zmq, ZMQ_DEALER);
        zmq_setsockopt(twin, ZMQ_ROUTING_ID, "app", 3);
        assert_int_equal(zmq_connect(twin, t.address), 0);
        assert_int_equal(zmq_send(twin, "x", 1, 0), 1);
        run_until_accepted(i + 1);
        if (i == 0)
            t.client = twin;
    }
    zmq_close(twin);
}

static void a_subscription_is_to_what_topics_begin_with(void **state)
{
    char orders[] = "orders", *topics[] = {orders, orders + 5};
    const struct endpoint_ledger *ledger;

    (void)state;
    set_format("{topic} {message}");
    t.conf.subscribe = (struct conf_strings){topics, 2}; /* the other one is `s` */
    open_both_as(CONF_SOCKET_SUB, ZMQ_XPUB);
    t.retries = false;
    for (char byte = 0; byte != 1;) { /* until the subscription to everything came */
        uv_run(&t.loop, UV_RUN_NOWAIT);
        zmq_recv(t.client, &byte, 1, ZMQ_DONTWAIT);
    }
    send_frames("orders", "one", NULL);
    send_frames("order", "no", NULL);
    send_frames("orders.eu", "two", "three", NULL);
    send_frames("Orders", "no", "no", "no", NULL);
    send_text("shop");
    send_text("");
    send_frames("s", "end", NULL);
    run_until_messages(7);
    empty_outbox();
    ledger = endpoint_ledger(t.endpoint);
    assert_string_equal(t.output, "orders one\norders.eu two\norders.eu three\n- shop\ns end\n");
    assert_int_equal(ledger->received, 5);
    assert_int_equal(ledger->unwanted, 3);
    turn_idly();
    assert_int_equal(gate_stats().charged_bytes, 0); /* what is unwanted was given back */
}

static bool answer_came(void *client)
{
    char text[8] = "";
    int len = zmq_recv(client, text, sizeof text, ZMQ_DONTWAIT);

    if (len >= 0)
        assert_string_equal(text, "OK");
    return len >= 0;
}

static void wait_for_answer(void *client)
{
    while (!answer_came(client))
        uv_run(&t.loop, UV_RUN_NOWAIT);
}

static void each_request_is_told_ok(void **state)
{
    (void)state;
    set_format("{topic} {message}");
    open_both_as(CONF_SOCKET_REP, ZMQ_REQ);
    send_text("one");
    wait_for_answer(t.client);
    send_frames("t", "two", "three", NULL);
    wait_for_answer(t.client);
    send_text("{bad");
    wait_for_answer(t.client);
    empty_outbox();
    assert_string_equal(t.output, "- one\nt two\nt three\n- {bad\n");
    assert_int_equal(endpoint_ledger(t.endpoint)->messages, 3);
    turn_idly();
    assert_int_equal(gate_stats().charged_bytes, 0);
}

static void what_is_refused_is_answered_where_there_is_a_way_back(void **state)
{
    char byte;

    (void)state;
    t.conf.frames = CONF_FRAMES_TOPIC;
    open_both_as(CONF_SOCKET_REP, ZMQ_DEALER);
    send_text("no way back");
    send_frames("no", "way", "back", NULL);
    send_frames("", "no topic", NULL);
    run_until_messages(3);
    while (zmq_recv(t.client, &byte, 1, ZMQ_DONTWAIT) < 0) /* the empty frame */
        uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_true(answer_came(t.client));
    turn_idly();
    assert_false(answer_came(t.client));
    assert_int_equal(endpoint_ledger(t.endpoint)->refused[REFUSE_FRAMES], 3);
}

/* As a proxy between REQs and us: each has put a frame in front. */
static void the_way_back_may_lead_through_others(void **state)
{
    char part[300];
    int len;

    (void)state;
    open_both_as(CONF_SOCKET_REP, ZMQ_DEALER);
    send_frames("hop2", "hop1", "", "text", NULL);
    run_until_accepted(1);
    for (unsigned i = 0; i < 4; i++) {
        static const char *const parts[] = {"hop2", "hop1", "", "OK"};

        while ((len = zmq_recv(t.client, part, sizeof part, ZMQ_DONTWAIT)) < 0)
            uv_run(&t.loop, UV_RUN_NOWAIT);
        assert_int_equal(len, strlen(parts[i]));
        assert_memory_equal(part, parts[i], strlen(parts[i]));
    }
    assert_string_equal(t.output, "text\n");
}

static void a_way_back_that_is_too_long_is_refused(void **state)
{
    char part[ANSWER_BYTES_MAX + 1];

    (void)state;
    open_both_as(CONF_SOCKET_REP, ZMQ_DEALER);
    memset(part, 'x', sizeof part);
    send_bytes(part, sizeof part, ZMQ_SNDMORE);
    send_frames("", "text", NULL);
    for (unsigned i = 0; i < ANSWER_FRAMES_MAX; i++)
        send_bytes("x", 1, ZMQ_SNDMORE);
    send_frames("", "text", NULL);
    send_frames("", "good", NULL);
    run_until_accepted(1);
    assert_string_equal(t.output, "good\n");
    assert_int_equal(endpoint_ledger(t.endpoint)->refused[REFUSE_FRAMES], 2);
    assert_int_equal(endpoint_ledger(t.endpoint)->received, 3);
}

/* The empty frame is the first that has no room: it says where the answer goes, and that answer
 * would be without it. */
static void a_way_back_of_one_frame_too_many_is_not_answered(void **state)
{
    char byte;
    int len;

    (void)state;
    open_both_as(CONF_SOCKET_REP, ZMQ_DEALER);
    for (unsigned i = 0; i < ANSWER_FRAMES_MAX - 1; i++)
        send_bytes("x", 1, ZMQ_SNDMORE);
    send_frames("", "text", NULL);
    send_frames("", "good", NULL);
    while ((len = zmq_recv(t.client, &byte, 1, ZMQ_DONTWAIT)) < 0)
        uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_int_equal(len, 0); /* that of the good one */
    assert_true(answer_came(t.client));
    assert_int_equal(endpoint_ledger(t.endpoint)->refused[REFUSE_FRAMES], 1);
}

/* Two requests fill the outbox, and a third is in hand. */
static void open_rep_and_park(void)
{
    open_both_as(CONF_SOCKET_REP, ZMQ_REQ);
    for (unsigned i = 0; i < 2; i++) {
        send_long('a');
        wait_for_answer(t.client);
    }
    send_long('c');
    run_until_messages(3);
}

static void a_request_that_is_parked_is_answered_when_it_is_taken(void **state)
{
    (void)state;
    open_rep_and_park();
    turn_idly();
    assert_true(endpoint_is_parked(t.endpoint));
    assert_false(answer_came(t.client));
    empty_outbox();
    wait_for_answer(t.client);
    assert_int_equal(endpoint_ledger(t.endpoint)->accepted, 3);
}

static void a_client_that_left_is_not_waited_for(void **state)
{
    (void)state;
    open_rep_and_park();
    zmq_close(t.client);
    while (gate_stats().open_now > 0)
        uv_run(&t.loop, UV_RUN_NOWAIT);
    turn_idly();
    run_until_accepted(3);
    assert_int_equal(endpoint_ledger(t.endpoint)->unanswered, 1);
    t.client = new_client_of(ZMQ_REQ, t.address);
    send_text("next");
    wait_for_answer(t.client);
}

static void a_stop_says_ok_to_nothing(void **state)
{
    (void)state;
    open_rep_and_park();
    stop_endpoint();
    assert_int_equal(endpoint_ledger(t.endpoint)->refused[REFUSE_SHUTDOWN], 1);
    assert_false(answer_came(t.client));
}

/* Its place is given to the next one only when libzmq has forgotten it, and would listen. */
static void a_pair_has_one_peer_at_a_time(void **state)
{
    void *second;

    (void)state;
    open_both_as(CONF_SOCKET_PAIR, ZMQ_PAIR);
    send_text("first");
    run_until_accepted(1);
    second = new_client_of(ZMQ_PAIR, t.address);
    assert_int_equal(zmq_send(second, "second", 6, 0), 6);
    turn_idly();
    send_text("first again");
    run_until_accepted(2);
    assert_int_equal(gate_stats().open_now, 1);
    zmq_close(t.client);
    t.client = second;
    while (endpoint_ledger(t.endpoint)->accepted < 3) /* a daemon has the gate's ticks */
        uv_run(&t.loop, UV_RUN_NOWAIT);
    empty_outbox();
    assert_string_equal(t.output, "first\nfirst again\nsecond\n");
}

/* ---- addresses ------------------------------------------------------------------------------ */

static void over_ipc_with_a_mode_of_its_own(void **state)
{
    struct stat st;
    char path[80];

    (void)state;
    strcpy(t.folder, "/tmp/endpoint-XXXXXX");
    assert_non_null(mkdtemp(t.folder));
    snprintf(path, sizeof path, "%s/ingest", t.folder);
    snprintf(t.address, sizeof t.address, "ipc://%s", path);
    t.bind[0] = strdup(t.address);
    open_both();
    assert_string_equal(t.address, t.bind[0]);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    send_text("over ipc");
    run_until_accepted(1);
    assert_string_equal(t.output, "over ipc\n");
    stop_endpoint();
    assert_int_equal(stat(path, &st), -1);
    assert_int_equal(rmdir(t.folder), 0);
    free(t.bind[0]);
}

static void an_endpoint_may_bind_twice_and_connect_as_well(void **state)
{
    void *pusher = zmq_socket(t.shared.zmq, ZMQ_PUSH);
    char address[64], both[128];
    size_t size = sizeof address;
    int linger = 0;

    (void)state;
    zmq_setsockopt(pusher, ZMQ_LINGER, &linger, sizeof linger);
    assert_int_equal(zmq_bind(pusher, "tcp://127.0.0.1:*"), 0);
    zmq_getsockopt(pusher, ZMQ_LAST_ENDPOINT, address, &size);
    t.bind[1] = t.bind[0];
    t.conf.bind.count = 2;
    t.connect[0] = address;
    t.conf.connect.count = 1;
    open_endpoint();
    assert_string_equal(endpoint_name(t.endpoint), "apps");
    endpoint_addresses(t.endpoint, both, sizeof both);
    assert_non_null(strstr(both, address));
    assert_int_equal(strspn(both, "tcp://127.0.0.1:23456789 "), strlen(both));
    assert_ptr_not_equal(strchr(both, ' '), strrchr(both, ' '));

    assert_int_equal(zmq_send(pusher, "connected", 9, 0), 9);
    run_until_accepted(1);
    *strrchr(both, ' ') = '\0';
    t.client = new_client(strchr(both, ' ') + 1);
    send_text("second");
    run_until_accepted(2);
    assert_string_equal(t.output, "connected\nsecond\n");
    zmq_close(pusher);
}

static int handshake_ms(void)
{
    int ms = -1;
    size_t ms_bytes = sizeof ms;

    zmq_getsockopt(t.endpoint->socket, ZMQ_HANDSHAKE_IVL, &ms, &ms_bytes);
    return ms;
}

/* The gate has it for those that connect to us. */
static void libzmq_has_a_time_for_the_handshake_of_those_that_we_connect_to(void **state)
{
    char address[] = "tcp://127.0.0.1:9";

    (void)state;
    open_endpoint();
    assert_int_equal(handshake_ms(), 0);
    endpoint_stop(t.endpoint);
    uv_run(&t.loop, UV_RUN_NOWAIT);
    endpoint_free(&t.endpoint);
    t.conf.bind.count = 0;
    t.connect[0] = address;
    t.conf.connect.count = 1;
    open_endpoint();
    assert_int_equal(handshake_ms(), 30 * 1000);
}

static void addresses_that_do_not_fit_are_cut(void **state)
{
    char text[16];

    (void)state;
    open_both();
    memset(text, '#', sizeof text);
    assert_ptr_equal(endpoint_addresses(t.endpoint, text, 12), text);
    assert_string_equal(text, "tcp://127.0");
    assert_int_equal(text[12], '#');
}

static unsigned open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static void one_bad_address_leaves_nothing_open(void **state)
{
    static char busy[128], wrong[] = "carrier://pigeon", good[] = "tcp://127.0.0.1:0";
    struct endpoint_shared shared = t.shared;
    const void *setting;
    struct err err;
    unsigned descriptors;

    (void)state;
    open_endpoint();
    endpoint_addresses(t.endpoint, busy, sizeof busy);
    t.bind[0] = good;
    t.conf.bind.count = 2;
    t.shared.zmq = zmq_ctx_new();
    zmq_close(zmq_socket(t.shared.zmq, ZMQ_PULL)); /* what a context opens, it opens at once */
    descriptors = open_descriptors();

    t.bind[1] = busy;
    assert_null(try_open(&setting, &err));
    assert_ptr_equal(setting, busy);
    assert_non_null(strstr(err.text, "use"));
    t.bind[1] = wrong;
    assert_null(try_open(&setting, &err));
    assert_ptr_equal(setting, wrong);
    t.conf.bind.count = 1;
    t.conf.connect.count = 1;
    t.connect[0] = wrong;
    assert_null(try_open(&setting, &err));
    assert_ptr_equal(setting, wrong);

    turn_idly();
    zmq_ctx_term(t.shared.zmq); /* every socket is closed, or this would hang */
    t.shared = shared;
    assert_true(open_descriptors() <= descriptors);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_pushed_comes_out_in_order),
        TEST(a_message_of_nothing_is_an_entry),
        TEST(a_batch_is_many_entries_of_one_message),
        TEST(the_first_of_two_frames_is_the_topic),
        TEST(each_frame_behind_a_topic_is_a_payload),
        TEST(the_header_of_cmdp_is_no_entry),
        TEST(a_rule_that_is_written_holds),
        TEST(a_key_is_a_field),
        TEST(what_a_rule_does_not_know_is_refused_as_one_entry),
        TEST(a_text_past_max_entry_is_cut_and_counted),
        TEST(max_message_fits_and_a_longer_one_costs_its_connection),
        TEST(a_full_sink_parks_the_message_and_pauses_the_endpoint),
        TEST(what_is_behind_a_parked_message_is_not_forgotten),
        TEST(a_message_is_parked_between_two_of_its_payloads),
        TEST(a_stop_refuses_the_payloads_that_follow_a_parked_one),
        TEST(retry_has_nothing_to_do_where_nothing_is_parked),
        TEST(a_batch_goes_on_where_it_was_parked),
        TEST(other_settings_hold_from_the_next_payload_on),
        TEST(two_endpoints_are_parked_without_disturbing_each_other),
        TEST(a_stop_refuses_the_parked_rest_and_what_is_queued),
        TEST(a_stop_may_be_asked_for_twice),
        TEST(after_a_stop_the_address_is_free_again),
        TEST(a_router_strips_an_empty_frame_in_front),
        TEST(two_clients_of_a_router_may_have_one_name),
        TEST(a_subscription_is_to_what_topics_begin_with),
        TEST(each_request_is_told_ok),
        TEST(what_is_refused_is_answered_where_there_is_a_way_back),
        TEST(the_way_back_may_lead_through_others),
        TEST(a_way_back_that_is_too_long_is_refused),
        TEST(a_way_back_of_one_frame_too_many_is_not_answered),
        TEST(a_request_that_is_parked_is_answered_when_it_is_taken),
        TEST(a_client_that_left_is_not_waited_for),
        TEST(a_stop_says_ok_to_nothing),
        TEST(a_pair_has_one_peer_at_a_time),
        TEST(over_ipc_with_a_mode_of_its_own),
        TEST(an_endpoint_may_bind_twice_and_connect_as_well),
        TEST(libzmq_has_a_time_for_the_handshake_of_those_that_we_connect_to),
        TEST(addresses_that_do_not_fit_are_cut),
        TEST(one_bad_address_leaves_nothing_open),
    };
    struct err err;

    if (gate_init(RECEIVE_BYTES, 1000, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
