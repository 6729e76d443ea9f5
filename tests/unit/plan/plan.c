/* The plan: what it promises to fit does fit, to the byte, and what does not is said at
 * the setting to change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/block.h"
#include "aggregate/entry.h"
#include "aggregate/expression.h"
#include "aggregate/match.h"
#include "aggregate/message.h"
#include "aggregate/recent.h"
#include "control/tail.h"
#include "decode/decode.h"
#include "ingest/peer.h"
#include "ingest/stamp.h"
#include "logfile/caretaker.h"
#include "metrics/metrics.h"
#include "plan/plan_parts.h"

static const char one_of_each[] = "ingest: [{name: a, bind: 'tcp://127.0.0.1:0'}]\n"
                                  "sinks: [{name: b, type: stdout}]\n";

static struct {
    struct conf_problems *problems;
    struct conf *conf;
    struct plan plan;
    char *said;
    size_t keep_bytes;
} t;

static void say_problems(void)
{
    size_t len;
    FILE *out = open_memstream(&t.said, &len);

    conf_problems_print(t.problems, out);
    fclose(out);
}

/* The plan of this configuration; returns how many problems it has. */
static unsigned plan_of(const char *text)
{
    t.problems = conf_problems_new();
    t.conf = conf_load_text("test.yaml", text, strlen(text), t.problems);
    assert_non_null(t.conf);
    say_problems();
    if (conf_problems_count(t.problems) > 0)
        fail_msg("%s", t.said);
    free(t.said);
    t.conf->control.keep.bytes = t.keep_bytes; /* has a test of its own */
    plan_init(&t.plan, t.conf, t.problems);
    say_problems();
    return conf_problems_count(t.problems);
}

static void forget_plan(void);

static size_t tables_of(const char *endpoint, const char *sink)
{
    char text[512];
    size_t bytes;

    snprintf(
        text, sizeof text,
        "ingest: [{name: a, bind: 'tcp://127.0.0.1:0'%s}]\nsinks: [{name: b, type: stdout%s}]\n",
        endpoint, sink);
    assert_int_equal(plan_of(text), 0);
    bytes = t.plan.share_bytes[BUDGET_TABLES];
    forget_plan();
    return bytes;
}

/* 128 clients, one endpoint, one sink. */
static void who_sent_it_costs_a_row_a_descriptor_where_somebody_asks(void **state)
{
    size_t nobody_asks = tables_of("", ", format: '{received} {message}'");
    static const char *const askers[][2] = {
        {"", ", format: '{seq} {message}'"},
        {"", ", format: '{peer} {message}'"},
        {"", ", format: json, origin: on"},
        {", host: peer", ""},
    };

    (void)state;
    assert_true(tables_of(", fields: {a: b}", ", format: json") == nobody_asks);
    for (size_t i = 0; i < sizeof askers / sizeof askers[0]; i++) {
        size_t more = tables_of(askers[i][0], askers[i][1]) - nobody_asks;

        assert_true(more >= 1024 * peer_bytes() && more % peer_bytes() == 0);
    }
    assert_true(tables_of("", ", match: {not: {peer: '10.*'}}") > nobody_asks);
}

/* Also where nothing is added yet: a reload may add it. */
static void entries_have_room_for_what_is_added(void **state)
{
    (void)state;
    assert_int_equal(plan_of(one_of_each), 0);
    assert_int_equal(t.plan.entry_fields, decode_fields_max(t.plan.max_entry) + STAMP_FIELDS_MAX);
    forget_plan();
}

static void forget_plan(void)
{
    plan_fini(&t.plan);
    plan_fini(&t.plan); /* twice does no harm */
    conf_free(&t.conf);
    conf_problems_free(&t.problems);
    free(t.said);
    memset(&t, 0, sizeof t);
}

static void says(const char *words)
{
    if (!strstr(t.said, words))
        fail_msg("'%s' is not in\n%s", words, t.said);
}

/* Adds up, without a byte over the cap, and nearly without one under it. */
static bool fits(void)
{
    size_t bytes = t.plan.slack_bytes;

    for (unsigned i = 0; i < BUDGET_SHARES; i++)
        bytes += t.plan.share_bytes[i];
    return bytes == t.plan.total_bytes && bytes <= t.plan.cap_bytes &&
           t.plan.cap_bytes - bytes <= 1;
}

/* Makes all that the daemon makes, out of a budget of exactly what was planned. */
static void what_was_planned_can_be_made(void)
{
    const struct plan *plan = &t.plan;
    struct budget budget;
    struct err err = {.text = ""};
    struct message_pool *messages;
    struct entry_pool *entries;
    struct decoder *decoder;
    struct pool *blocks;

    budget_init(&budget, plan->cap_bytes);
    for (unsigned i = 0; i < BUDGET_SHARES; i++)
        budget_limit(&budget, i, plan->share_bytes[i]);
    messages = message_pool_new(&budget, plan->max_message, t.conf->ingest_count, &err);
    entries = entry_pool_new(&budget, plan->entry_fields, t.conf->ingest_count, &err);
    decoder = decoder_new(&budget, plan->max_message, &err);
    blocks = pool_new(&budget, BUDGET_BLOCKS, block_slot_bytes(plan->block_cap), plan->block_count,
                      &err);
    assert_string_equal(err.text, "");
    assert_int_equal(budget.shares[BUDGET_MESSAGES].used_bytes, plan->share_bytes[BUDGET_MESSAGES]);
    assert_int_equal(budget.shares[BUDGET_ENTRIES].used_bytes, plan->share_bytes[BUDGET_ENTRIES]);
    assert_int_equal(budget.shares[BUDGET_PARSER].used_bytes, plan->share_bytes[BUDGET_PARSER]);
    assert_int_equal(budget.shares[BUDGET_BLOCKS].used_bytes, plan->share_bytes[BUDGET_BLOCKS]);
    pool_free(&blocks);
    decoder_free(&decoder);
    entry_pool_free(&entries);
    message_pool_free(&messages);
    budget_fini(&budget);
}

static void the_defaults_fit_with_room_to_spare(void **state)
{
    (void)state;
    assert_int_equal(plan_of(one_of_each), 0);
    assert_int_equal(t.plan.cap_bytes, 64 * MIB);
    assert_int_equal(t.plan.max_message, 256 * KIB);
    assert_int_equal(t.plan.max_entry, 64 * KIB);
    assert_true(t.plan.block_cap >= 2 * t.plan.max_entry);
    assert_true(block_longest(t.plan.block_cap) > t.plan.max_entry);
    assert_true(t.plan.sink_blocks[0] >= BLOCKS_MIN);
    assert_int_equal(t.plan.clients, 128);
    assert_true(t.plan.receive_bytes > 8 * MIB);
    assert_true(t.plan.share_bytes[BUDGET_BLOCKS] > 16 * MIB);
    assert_true(fits());
    what_was_planned_can_be_made();
    forget_plan();
}

static void what_tail_shows_is_planned_and_what_it_cannot_show_is_not(void **state)
{
    size_t messages, entries;

    (void)state;
    assert_int_equal(plan_of(one_of_each), 0);
    messages = t.plan.share_bytes[BUDGET_MESSAGES];
    entries = t.plan.share_bytes[BUDGET_ENTRIES];
    assert_int_equal(t.plan.share_bytes[BUDGET_RECENT], 0);
    forget_plan();
    t.keep_bytes = 8 * MIB; /* more than any message has */
    assert_int_equal(plan_of(one_of_each), 0);
    t.keep_bytes = 0;
    assert_int_equal(t.plan.share_bytes[BUDGET_RECENT],
                     recent_bytes(8 * MIB) + tail_bytes(t.plan.max_entry));
    assert_int_equal(t.plan.share_bytes[BUDGET_MESSAGES], 2 * messages);
    assert_int_equal(t.plan.share_bytes[BUDGET_ENTRIES], 2 * entries);
    assert_true(fits());
    forget_plan();
}

static void the_largest_of_all_endpoints_counts(void **state)
{
    (void)state;
    assert_int_equal(plan_of("ingest: [{name: a, bind: 'tcp://127.0.0.1:0', max_entry: 1KiB},\n"
                             "  {name: c, bind: 'tcp://127.0.0.1:0', max_message: 1MiB},\n"
                             "  {name: d, bind: 'tcp://127.0.0.1:0', max_entry: 100KiB}]\n"
                             "sinks: [{name: b, type: stdout}]\n"),
                     0);
    assert_int_equal(t.plan.max_message, MIB);
    assert_int_equal(t.plan.max_entry, 100 * KIB);
    assert_int_equal(t.plan.entry_fields, decode_fields_max(100 * KIB) + STAMP_FIELDS_MAX);
    what_was_planned_can_be_made();
    forget_plan();
}

static void sinks_share_what_is_for_queues(void **state)
{
    (void)state;
    assert_int_equal(plan_of("ingest: [{name: a, bind: 'tcp://127.0.0.1:0'}]\n"
                             "sinks: [{name: b, type: stdout}, {name: c, type: stdout},\n"
                             "  {name: d, type: stdout, queue: 1MiB}]\n"),
                     0);
    assert_int_equal(t.plan.sink_blocks[0], t.plan.sink_blocks[1]);
    assert_true(t.plan.sink_blocks[2] >= BLOCKS_MIN);
    assert_true(t.plan.sink_blocks[2] * t.plan.block_cap <= MIB);
    assert_int_equal(t.plan.block_count,
                     t.plan.sink_blocks[0] + t.plan.sink_blocks[1] + t.plan.sink_blocks[2]);
    what_was_planned_can_be_made();
    forget_plan();
}

static void small_entries_still_have_blocks_of_the_least_size(void **state)
{
    (void)state;
    assert_int_equal(plan_of("ingest: [{name: a, bind: 'tcp://127.0.0.1:0', max_entry: 1KiB,\n"
                             "          max_message: 1KiB}]\n"
                             "sinks: [{name: b, type: stdout}]\n"),
                     0);
    assert_true(t.plan.block_cap >= BLOCK_CAP_MIN);
    what_was_planned_can_be_made();
    forget_plan();
}

static void a_queue_of_too_few_blocks_is_refused_where_it_is_written(void **state)
{
    char text[256];
    unsigned long needed;

    (void)state;
    assert_int_equal(plan_of("ingest: [{name: a, bind: 'tcp://127.0.0.1:0'}]\n"
                             "sinks: [{name: b, type: stdout, queue: 300KiB}]\n"),
                     1);
    says("test.yaml:2:");
    says("'queue' is 300KiB");
    needed = strtoul(strstr(t.said, "below the ") + 10, NULL, 10);
    forget_plan();

    for (unsigned less = 0; less < 2; less++) { /* what it asks for is right, less is not */
        snprintf(text, sizeof text,
                 "ingest: [{name: a, bind: 'tcp://127.0.0.1:0'}]\n"
                 "sinks: [{name: b, type: stdout, queue: %luKiB}]\n",
                 needed - less);
        assert_int_equal(plan_of(text), less);
        forget_plan();
    }
}

static void metrics_cost_a_share_only_where_they_are_configured(void **state)
{
    char text[512];
    unsigned usual;

    (void)state;
    assert_int_equal(plan_of(one_of_each), 0);
    assert_int_equal(t.plan.share_bytes[BUDGET_METRICS], 0);
    usual = t.plan.own_descriptors;
    forget_plan();
    snprintf(text, sizeof text, "%smetrics: {listen: '127.0.0.1:0'}\n", one_of_each);
    assert_int_equal(plan_of(text), 0);
    assert_int_equal(t.plan.share_bytes[BUDGET_METRICS], metrics_bytes(1, 1));
    assert_int_equal(t.plan.own_descriptors, usual + METRICS_DESCRIPTORS);
    assert_true(fits());
    forget_plan();
}

static void rotated_files_cost_what_is_done_to_them(void **state)
{
    static const struct {
        const char *rotate;
        unsigned set;
    } cases[] = {
        {"size: 1MiB", 0},
        {"every: 1d, compress: zstd", 1 << COMPRESS_ZSTD},
        {"size: 1MiB, compress: gzip", 1 << COMPRESS_GZIP},
    };
    unsigned without;

    (void)state;
    assert_int_equal(plan_of(one_of_each), 0);
    assert_false(t.plan.has_caretaker);
    assert_int_equal(t.plan.share_bytes[BUDGET_CARETAKER], 0);
    without = t.plan.own_descriptors;
    forget_plan();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];

        snprintf(text, sizeof text,
                 "ingest: [{name: a, bind: 'tcp://127.0.0.1:0'}]\n"
                 "sinks: [{name: b, type: file, path: x, rotate: {%s}}]\n",
                 cases[i].rotate);
        assert_int_equal(plan_of(text), 0);
        assert_true(t.plan.has_caretaker);
        assert_int_equal(t.plan.compress_set, cases[i].set);
        assert_int_equal(t.plan.share_bytes[BUDGET_CARETAKER], caretaker_bytes(cases[i].set));
        assert_int_equal(t.plan.own_descriptors, without + FILES_A_CARETAKER);
        assert_true(fits());
        forget_plan();
    }
}

static void a_cap_that_is_too_small_says_what_would_do(void **state)
{
    static const char pattern[] =
        "memory: {cap: %luKiB}\n"
        "ingest: [{name: a, bind: 'tcp://127.0.0.1:0', max_message: 16MiB}]\n"
        "sinks: [{name: b, type: stdout, queue: 16MiB}]\n";
    char text[256];
    unsigned long needed;

    (void)state;
    snprintf(text, sizeof text, pattern, 64UL * KIB);
    assert_int_equal(plan_of(text), 1);
    says("test.yaml:1:");
    says("'cap' is 64MiB");
    says("max_message");
    needed = strtoul(strstr(t.said, "need ") + 5, NULL, 10);
    forget_plan();
    snprintf(text, sizeof text, pattern, needed - 1);
    assert_int_equal(plan_of(text), 1);
    forget_plan();
    snprintf(text, sizeof text, pattern, needed);
    assert_int_equal(plan_of(text), 0);
    assert_true(fits());
    forget_plan();
}

static void no_cap_would_do_that_the_settings_refuse(void **state)
{
    (void)state;
    assert_int_equal(plan_of("memory: {cap: 16MiB}\n"
                             "ingest: [{name: a, bind: 'tcp://127.0.0.1:0', max_clients: 1,\n"
                             "          max_message: 1KiB, max_entry: 1KiB}]\n"
                             "sinks: [{name: b, type: stdout}]\n"),
                     0);
    assert_true(fits());
    assert_int_equal(t.plan.smallest_cap_bytes, CONF_CAP_LEAST_BYTES);
    forget_plan();
}

/* Counts of blocks must not come round: a queue beyond all memory is no small one. */
static void a_queue_larger_than_the_cap_is_refused(void **state)
{
    static const char *const queues[] = {"64MiB", "10GiB", "1000000GiB", "524544GiB", "1048576GiB"};
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof queues / sizeof *queues; i++) {
        snprintf(text, sizeof text,
                 "ingest: [{name: a, bind: 'tcp://127.0.0.1:0'}]\n"
                 "sinks: [{name: b, type: stdout, queue: %s}]\n",
                 queues[i]);
        if (plan_of(text) == 0)
            fail_msg("a queue of %s was planned as %u blocks", queues[i], t.plan.block_count);
        forget_plan();
    }
}

struct shape {
    unsigned endpoints, sinks, max_clients;
    const char *max_message, *queue;
};

/* The plan of a configuration of this shape. */
static unsigned plan_of_shape(const struct shape *shape, unsigned long cap_kib)
{
    static char text[65536];
    size_t len = 0;

#define ADD(...) len += (size_t)snprintf(text + len, sizeof text - len, __VA_ARGS__)
    ADD("memory: {cap: %luKiB}\ningest:\n", cap_kib);
    for (unsigned i = 0; i < shape->endpoints; i++)
        ADD(" - {name: e%u, bind: 'tcp://127.0.0.1:0', max_clients: %u, max_message: %s}\n", i,
            shape->max_clients, shape->max_message);
    ADD("sinks:\n");
    for (unsigned i = 0; i < shape->sinks; i++)
        ADD(" - {name: s%u, type: file, path: '%u', queue: %s}\n", i, i, shape->queue);
#undef ADD
    assert_true(len < sizeof text);
    return plan_of(text);
}

/* The cap that the sentence names, in KiB; a KiB less does not do. */
static unsigned long least_cap(const struct shape *shape)
{
    unsigned long least = CONF_CAP_LEAST_BYTES / KIB;

    if (plan_of_shape(shape, least) > 0) {
        least = strtoul(strstr(t.said, "need ") + 5, NULL, 10);
        assert_true(t.plan.total_bytes > t.plan.cap_bytes);
        assert_int_equal(t.plan.smallest_cap_bytes, least * KIB);
        forget_plan();
        assert_int_equal(plan_of_shape(shape, least - 1), 1);
    }
    forget_plan();
    return least;
}

/* Returns what ZeroMQ may hold with this cap; with one that was smaller, it was `before`. */
static size_t check_cap(const struct shape *shape, unsigned long cap_kib, size_t before)
{
    size_t receive;

    if (plan_of_shape(shape, cap_kib) != 0)
        fail_msg("%s", t.said);
    assert_true(fits());
    assert_int_equal(t.plan.clients, shape->endpoints * shape->max_clients);
    receive = t.plan.receive_bytes;
    assert_true(receive >= 2 * t.plan.max_message + 256 * KIB);
    /* grows with the cap, but for what a whole block more for each queue takes */
    assert_true(2 * receive + shape->sinks * pool_bytes(block_slot_bytes(t.plan.block_cap), 1) >=
                2 * before);
    forget_plan();
    return receive;
}

static void any_cap_is_used_up_and_never_exceeded(void **state)
{
    static const struct shape shapes[] = {
        {1, 1, 1, "64KiB", "auto"},    {1, 2, 16, "256KiB", "auto"},
        {2, 3, 128, "256KiB", "auto"}, {1, 1, 128, "16MiB", "auto"},
        {1, 3, 128, "256KiB", "1MiB"}, {2, 1, 1000, "1MiB", "8MiB"},
        {5, 9, 7, "300KiB", "700KiB"}, {1, 1, 100000, "64KiB", "auto"},
        {40, 60, 1, "64KiB", "auto"},  {256, 256, 1, "16MiB", "auto"},
    };
    static const unsigned long more_kib[] = {0, 1, 511, 3000, 40000, 1000001, 70000000};

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        unsigned long least = least_cap(&shapes[i]);
        size_t receive = 0;

        for (size_t k = 0; k < sizeof more_kib / sizeof *more_kib; k++)
            receive = check_cap(&shapes[i], least + more_kib[k], receive);
    }
}

static void both_queues_and_receiving_grow_with_the_cap(void **state)
{
    static const char pattern[] =
        "memory: {cap: %uMiB}\n"
        "ingest: [{name: a, bind: 'tcp://127.0.0.1:0', max_clients: 16}]\n"
        "sinks: [{name: b, type: stdout}, {name: c, type: file, path: c}]\n";
    char text[256];
    size_t receive = 0, blocks = 0;

    (void)state;
    for (unsigned cap = 24; cap <= 24 << 10; cap *= 2) {
        snprintf(text, sizeof text, pattern, cap);
        assert_int_equal(plan_of(text), 0);
        assert_true(t.plan.receive_bytes >= 2 * receive);
        assert_true(t.plan.share_bytes[BUDGET_BLOCKS] >= 2 * blocks);
        receive = t.plan.receive_bytes;
        blocks = t.plan.share_bytes[BUDGET_BLOCKS];
        what_was_planned_can_be_made();
        forget_plan();
    }
}

static void addresses_to_connect_to_are_a_client_each(void **state)
{
    (void)state;
    assert_int_equal(
        plan_of("ingest: [{name: a, connect: ['tcp://127.0.0.1:1', 'tcp://127.0.0.1:2']},\n"
                " {name: c, bind: 'tcp://127.0.0.1:0', connect: 'tcp://127.0.0.1:3',\n"
                "  max_clients: 10}]\n"
                "sinks: [{name: b, type: stdout}]\n"),
        0);
    assert_int_equal(t.plan.clients, 13);
    assert_int_equal(t.plan.clients_served, 13);
    assert_int_equal(t.plan.share_bytes[BUDGET_CLIENTS], 13 * PLAN_CLIENT_BYTES);
    assert_true(t.plan.descriptors > t.plan.own_descriptors + 13);
    forget_plan();
}

/* A place for each receiver, more of it for subscribers, and what is on its way to them. */
static void receivers_of_zmq_sinks_are_clients_that_cost_more(void **state)
{
    (void)state;
    assert_int_equal(
        plan_of("ingest: [{name: a, bind: 'tcp://127.0.0.1:0', max_clients: 10}]\n"
                "sinks: [{name: b, type: zmq, connect: ['ipc:///a', 'ipc:///b']},\n"
                " {name: c, type: zmq, socket: pub, bind: 'ipc:///c', max_clients: 5}]\n"),
        0);
    assert_true(fits());
    assert_int_equal(t.plan.clients, 10 + 2 + 5);
    assert_int_equal(t.plan.receivers_bytes, 2 * 100 * 112 + 5 * (1000 * 112 + 320 * KIB));
    assert_int_equal(t.plan.share_bytes[BUDGET_CLIENTS],
                     17 * PLAN_CLIENT_BYTES + t.plan.receivers_bytes);
    assert_int_equal(t.plan.zmq_sinks * t.plan.cargo_holds, 2 * 16);
    assert_in_range(t.plan.share_bytes[BUDGET_CARGO], 4 * MIB, 4 * MIB + 4 * KIB);
    forget_plan();
}

/* To each its own copy of the message under way, and two while one is made. */
static void encryption_costs_a_block_for_each_receiver_and_two_for_the_sink(void **state)
{
    static const char text[] =
        "ingest: [{name: a, bind: 'tcp://127.0.0.1:0', max_clients: 10}]\n"
        "sinks: [{name: b, type: zmq, connect: ['ipc:///a', 'ipc:///b']%s},\n"
        " {name: c, type: zmq, socket: pub, bind: 'ipc:///c', max_clients: 5%s}]\n";
    char with[1024], without[1024];
    size_t plain_receivers, plain_tables;

    (void)state;
    snprintf(without, sizeof without, text, "", "");
    snprintf(with, sizeof with, text, ", encryption: curve, key: /k, server_key: x",
             ", encryption: curve, key: /k, allow: /k");
    assert_int_equal(plan_of(without), 0);
    plain_receivers = t.plan.receivers_bytes;
    plain_tables = t.plan.share_bytes[BUDGET_TABLES];
    forget_plan();
    assert_int_equal(plan_of(with), 0);
    assert_true(fits());
    assert_int_equal(t.plan.receivers_bytes, plain_receivers + (2 + 5) * t.plan.block_cap);
    assert_int_equal(t.plan.share_bytes[BUDGET_TABLES], plain_tables + 2 * 2 * t.plan.block_cap);
    forget_plan();
}

/* Two expressions, and one room for both. */
static void the_table_of_paths_is_a_share(void **state)
{
    static const char text[] =
        "memory: {cap: %s}\n"
        "ingest: [{name: a, bind: 'tcp://127.0.0.1:0'}]\n"
        "sinks: [{name: b, type: file, path: '/x/{host}.log', max_paths: 100000, max_open: 500}]\n";
    char with_cap[512];
    unsigned descriptors;

    (void)state;
    assert_int_equal(plan_of(one_of_each), 0);
    assert_int_equal(t.plan.share_bytes[BUDGET_PATHS], 0);
    descriptors = t.plan.own_descriptors;
    forget_plan();
    snprintf(with_cap, sizeof with_cap, text, "64MiB");
    assert_int_equal(plan_of(with_cap), 0);
    assert_true(fits());
    assert_in_range(t.plan.share_bytes[BUDGET_PATHS], 100000 * (130 + 68), 100000 * 220);
    assert_int_equal(t.plan.own_descriptors, descriptors + 500);
    forget_plan();
    snprintf(with_cap, sizeof with_cap, text, "32MiB");
    assert_int_equal(plan_of(with_cap), 1);
    says("max_paths");
    says("paths 19.3");
    forget_plan();
}

static void what_matches_need_is_among_the_tables(void **state)
{
    size_t tables;

    (void)state;
    assert_int_equal(plan_of(one_of_each), 0);
    assert_int_equal(t.plan.match_bytes, 0);
    tables = t.plan.share_bytes[BUDGET_TABLES];
    forget_plan();
    assert_int_equal(plan_of("ingest: [{name: a, bind: 'tcp://127.0.0.1:0'}]\n"
                             "sinks: [{name: b, type: stdout, "
                             "match: {message: x, not: {message: y}}}]\n"),
                     0);
    assert_int_equal(t.plan.match_bytes,
                     2 * EXPRESSION_BYTES_MAX + expression_room_bytes(t.plan.max_entry));
    assert_int_equal(t.plan.share_bytes[BUDGET_TABLES], tables + t.plan.match_bytes);
    assert_true(fits());
    forget_plan();
}

/* ---- beside another plan --------------------------------------------------------------------- */

static struct plan running;

/* What is planned for this configuration while the one of before has sinks that leave. */
static unsigned plan_beside(const char *before, const char *text, const unsigned *held,
                            unsigned leaving_blocks)
{
    static struct conf_sink leaving = {.name = (char *)"old", .type = CONF_SINK_STDOUT};
    static const struct conf_sink *all_leaving[] = {&leaving};
    struct plan_beside beside = {.running = &running,
                                 .held_blocks = held,
                                 .leaving = all_leaving,
                                 .leaving_blocks = &leaving_blocks,
                                 .leaving_count = leaving_blocks > 0};

    assert_int_equal(plan_of(before), 0);
    running = t.plan;
    t.plan = (struct plan){0};
    forget_plan();
    t.problems = conf_problems_new();
    t.conf = conf_load_text("test.yaml", text, strlen(text), t.problems);
    plan_init_beside(&t.plan, t.conf, &beside, t.problems);
    say_problems();
    return conf_problems_count(t.problems);
}

static void forget_both(void)
{
    forget_plan();
    plan_fini(&running);
}

#define INGEST "ingest: [{name: a, bind: 'tcp://127.0.0.1:0'}]\n"

static void what_leaves_keeps_its_blocks_and_what_stays_what_it_has_filled(void **state)
{
    const unsigned held[] = {100, 1};

    (void)state;
    assert_int_equal(plan_beside(INGEST "sinks: [{name: b, type: stdout}]\n",
                                 INGEST "sinks: [{name: b, type: stdout},\n"
                                        "  {name: c, type: udp, address: '127.0.0.1:1'}]\n",
                                 held, 20),
                     0);
    assert_int_equal(t.plan.sink_blocks[0], 100);
    assert_int_equal(t.plan.sink_blocks[2], 20);
    assert_in_range(t.plan.sink_blocks[1], BLOCKS_MIN, 60);
    assert_int_equal(t.plan.sink_blocks[1], t.plan.auto_blocks);
    assert_int_equal(t.plan.block_count, 120 + t.plan.sink_blocks[1]);
    assert_true(t.plan.total_bytes <= t.plan.cap_bytes);
    forget_both();
}

static void what_does_not_fit_beside_what_leaves_is_refused(void **state)
{
    (void)state;
    assert_int_equal(plan_beside(INGEST "sinks: [{name: b, type: stdout}]\n",
                                 INGEST "sinks: [{name: b, type: stdout, queue: 30MiB}]\n", NULL,
                                 200),
                     1);
    assert_non_null(strstr(t.said, "'cap' is 64MiB, but "));
    forget_both();
}

/* Sizes, descriptors and what compresses are those of the start. */
static void what_was_made_at_the_start_stays(void **state)
{
    const unsigned held[] = {1};

    (void)state;
    assert_int_equal(
        plan_beside(INGEST "sinks: [{name: b, type: stdout}]\n",
                    "ingest: [{name: a, bind: 'tcp://127.0.0.1:0', max_entry: 16KiB}]\n"
                    "sinks: [{name: b, type: stdout}]\n",
                    held, 0),
        0);
    assert_int_equal(t.plan.block_cap, running.block_cap);
    assert_int_equal(t.plan.descriptors, running.descriptors);
    forget_both();
    assert_int_equal(plan_beside(INGEST "sinks: [{name: b, type: file, path: /x, rotate: "
                                        "{size: 1MiB}}]\n",
                                 INGEST "sinks: [{name: b, type: file, path: /x, rotate: "
                                        "{size: 1MiB, compress: zstd}}]\n",
                                 held, 0),
                     1);
    assert_non_null(strstr(t.said, "'compress' needs a restart"));
    forget_both();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_sent_it_costs_a_row_a_descriptor_where_somebody_asks),
        cmocka_unit_test(entries_have_room_for_what_is_added),
        cmocka_unit_test(the_defaults_fit_with_room_to_spare),
        cmocka_unit_test(what_tail_shows_is_planned_and_what_it_cannot_show_is_not),
        cmocka_unit_test(the_largest_of_all_endpoints_counts),
        cmocka_unit_test(sinks_share_what_is_for_queues),
        cmocka_unit_test(small_entries_still_have_blocks_of_the_least_size),
        cmocka_unit_test(a_queue_of_too_few_blocks_is_refused_where_it_is_written),
        cmocka_unit_test(metrics_cost_a_share_only_where_they_are_configured),
        cmocka_unit_test(rotated_files_cost_what_is_done_to_them),
        cmocka_unit_test(a_cap_that_is_too_small_says_what_would_do),
        cmocka_unit_test(no_cap_would_do_that_the_settings_refuse),
        cmocka_unit_test(a_queue_larger_than_the_cap_is_refused),
        cmocka_unit_test(any_cap_is_used_up_and_never_exceeded),
        cmocka_unit_test(both_queues_and_receiving_grow_with_the_cap),
        cmocka_unit_test(addresses_to_connect_to_are_a_client_each),
        cmocka_unit_test(receivers_of_zmq_sinks_are_clients_that_cost_more),
        cmocka_unit_test(encryption_costs_a_block_for_each_receiver_and_two_for_the_sink),
        cmocka_unit_test(the_table_of_paths_is_a_share),
        cmocka_unit_test(what_matches_need_is_among_the_tables),
        cmocka_unit_test(what_leaves_keeps_its_blocks_and_what_stays_what_it_has_filled),
        cmocka_unit_test(what_does_not_fit_beside_what_leaves_is_refused),
        cmocka_unit_test(what_was_made_at_the_start_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
