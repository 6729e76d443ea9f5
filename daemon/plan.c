#include "daemon/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "aggregate/block.h"
#include "aggregate/entry.h"
#include "aggregate/match.h"
#include "aggregate/message.h"
#include "conf/must.h"
#include "daemon/origin.h"
#include "decode/decode.h"
#include "decode/json_index.h"
#include "ingest/endpoint.h"
#include "ingest/peer.h"
#include "logfile/caretaker.h"
#include "sink/sink_tree.h"
#include "sink/sink_zmq.h"
#include "sink/tls_context.h"
#include "zeromq/gate.h"

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

/* Measured at ready and under load with one endpoint and one sink: 7.1 MiB, of which
 * 6.3 are the pages of libraries that were touched. */
#define BASE_BYTES (9 * MIB)

/* Measured: 10 KiB an endpoint with two addresses, 12 KiB a sink with its thread. */
#define PART_BYTES (16 * KIB)

/* Each sink has one block filling, one or two being written, and one to spare. */
enum { BLOCKS_MIN = 4 };

/* Slack: 10 ms of what a loaded daemon was seen to grow between two looks, and a part of
 * the cap, since a large heap is looked through more slowly. */
#define SLACK_BYTES (2 * MIB)
enum { SLACK_PART = 64 };

/* Of what is left over, all `auto` queues together take this part. */
enum { QUEUES_PART = 2 };

/* Descriptors: our own and those of libuv and libzmq, at the start and after; then of each
 * part; then some to spare. */
enum {
    FILES_OWN = 24,
    FILES_AN_ENDPOINT = 3,
    FILES_A_SINK = 5,       /* folder, file, its successor, one to look into, a poll */
    FILES_A_CARETAKER = 70, /* two walks through folders in folders */
    FILES_A_ZMQ_SINK = 4,   /* its context's */
    FILES_SPARE = 1024,
    FILES_MAX = 1 << 20
};

/* Of each zmq sink: so much can be on its way to slow receivers, but some blocks at least. */
#define CARGO_BYTES (2 * MIB)
enum { CARGO_HOLDS_MIN = 4 };

/* Each has a thread or two of its own, and a context. */
#define ZMQ_SINK_BYTES (512 * KIB)

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- what each must have --------------------------------------------------------------- */

/* Whether there is a caretaker, and what it compresses to, for caretaker_new. */
static bool has_caretaker(const struct conf *conf)
{
    for (unsigned i = 0; i < conf->sink_count; i++)
        if (conf_rotates(&conf->sinks[i]))
            return true;
    return false;
}

static unsigned compress_set(const struct conf *conf)
{
    unsigned set = 0;

    for (unsigned i = 0; i < conf->sink_count; i++) {
        set |= conf->sinks[i].rotate.compress == CONF_COMPRESS_ZSTD ? 1u << COMPRESS_ZSTD : 0;
        set |= conf->sinks[i].rotate.compress == CONF_COMPRESS_GZIP ? 1u << COMPRESS_GZIP : 0;
    }
    return set;
}

static void measure_caretaker(struct plan *plan, const struct conf *conf)
{
    plan->has_caretaker = has_caretaker(conf);
    if (!plan->has_caretaker)
        return;
    plan->compress_set = compress_set(conf);
    plan->share_bytes[BUDGET_CARETAKER] = caretaker_bytes(plan->compress_set);
    plan->own_descriptors += FILES_A_CARETAKER;
}

static size_t tls_bytes(const struct conf *conf)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < conf->sink_count; i++)
        bytes += conf->sinks[i].type == CONF_SINK_TLS ? tls_sink_bytes(&conf->sinks[i]) : 0;
    return bytes > 0 ? tls_library_bytes() + bytes : 0;
}

static bool has_many_files(const struct conf_sink *sink)
{
    return sink->type == CONF_SINK_FILE && path_template_is_one(sink->path);
}

/* What one of its receivers needs beyond a client: its pipe, and what it subscribes to. */
static size_t receiver_bytes(const struct conf_sink *sink)
{
    return sink->socket == CONF_OUTLET_PUB
               ? SINK_ZMQ_PUB_MARK * SINK_ZMQ_MESSAGE_BYTES + SINK_ZMQ_TALK_BYTES
               : SINK_ZMQ_PUSH_MARK * SINK_ZMQ_MESSAGE_BYTES;
}

static void measure_zmq_sinks(struct plan *plan, const struct conf *conf)
{
    for (unsigned i = 0; i < conf->sink_count; i++) {
        const struct conf_sink *sink = &conf->sinks[i];
        unsigned receivers = sink->connect.count;

        if (sink->type != CONF_SINK_ZMQ)
            continue;
        receivers += sink->bind.count > 0 ? sink->max_clients.count : 0;
        plan->zmq_sinks++;
        plan->clients += receivers;
        plan->receivers_bytes += receivers * receiver_bytes(sink);
        plan->own_descriptors += FILES_AN_ENDPOINT + sink->bind.count + FILES_A_ZMQ_SINK;
    }
}

static void measure_ingest(struct plan *plan, const struct conf *conf)
{
    for (unsigned i = 0; i < conf->ingest_count; i++) {
        const struct conf_ingest *ingest = &conf->ingest[i];

        plan->max_message = larger(plan->max_message, ingest->max_message.bytes);
        plan->max_entry = larger(plan->max_entry, ingest->max_entry.bytes);
        plan->clients += ingest->bind.count > 0 ? endpoint_places(ingest) : 0;
        plan->clients += ingest->connect.count;
        plan->own_descriptors += FILES_AN_ENDPOINT + ingest->bind.count;
    }
    measure_zmq_sinks(plan, conf);
    plan->clients_served = plan->clients;
    plan->entry_fields = decode_fields_max(plan->max_entry) + origin_fields_max(conf);
    plan->asks_origin = origin_is_asked_for(conf);
    plan->block_cap = pool_slot_bytes(larger(BLOCK_CAP_MIN, 2 * plan->max_entry));
    plan->cargo_holds = (unsigned)larger(CARGO_BYTES / plan->block_cap, CARGO_HOLDS_MIN);
    plan->own_descriptors += FILES_OWN + FILES_A_SINK * conf->sink_count;
    for (unsigned i = 0; i < conf->sink_count; i++)
        plan->own_descriptors +=
            has_many_files(&conf->sinks[i]) ? conf->sinks[i].max_open.count : 0;
    plan->descriptors =
        (unsigned)smaller(plan->own_descriptors + plan->clients + FILES_SPARE, FILES_MAX);
}

static size_t matches_bytes(const struct plan *plan, const struct conf *conf)
{
    bool one_searches = false;
    size_t bytes = 0;

    for (unsigned i = 0; i < conf->sink_count; i++) {
        bytes += match_bytes(&conf->sinks[i].match);
        one_searches |= match_conf_searches(&conf->sinks[i].match);
    }
    return bytes + (one_searches ? expression_room_bytes(plan->max_entry) : 0);
}

static void measure_shares(struct plan *plan, const struct conf *conf)
{
    size_t *share = plan->share_bytes;
    unsigned endpoints = conf->ingest_count;

    share[BUDGET_BASE] = BASE_BYTES;
    share[BUDGET_CLIENTS] = (size_t)plan->clients * PLAN_CLIENT_BYTES + plan->receivers_bytes;
    share[BUDGET_MESSAGES] = message_pool_bytes(plan->max_message, endpoints);
    share[BUDGET_ENTRIES] = entry_pool_bytes(plan->entry_fields, endpoints);
    share[BUDGET_PARSER] = json_index_bytes(plan->max_message);
    share[BUDGET_TABLES] =
        plan->descriptors * gate_slot_bytes() + PART_BYTES * (endpoints + conf->sink_count);
    share[BUDGET_TABLES] += ZMQ_SINK_BYTES * plan->zmq_sinks;
    if (plan->zmq_sinks > 0)
        share[BUDGET_CARGO] = pool_bytes(plan->block_cap, plan->zmq_sinks * plan->cargo_holds);
    share[BUDGET_TABLES] += plan->asks_origin ? plan->descriptors * peer_bytes() : 0;
    plan->match_bytes = matches_bytes(plan, conf);
    share[BUDGET_TABLES] += plan->match_bytes;
    for (unsigned i = 0; i < conf->sink_count; i++)
        share[BUDGET_PATHS] +=
            has_many_files(&conf->sinks[i]) ? sink_tree_bytes(&conf->sinks[i]) : 0;
    share[BUDGET_TLS] = tls_bytes(conf);
    plan->slack_bytes = SLACK_BYTES + plan->cap_bytes / SLACK_PART;
}

/* Two unfinished messages of the largest size, so that neither waits for the other, and
 * some that are small. */
static size_t least_receive(const struct plan *plan)
{
    return larger(MIB, 2 * (plan->max_message + 4 * KIB) + 256 * KIB);
}

/* ---- the queues ------------------------------------------------------------------------ */

static size_t block_bytes(const struct plan *plan, size_t count)
{
    return count * pool_bytes(block_slot_bytes(plan->block_cap), 1);
}

/* The quota that a sink's `queue` makes; the least for `auto`. */
static unsigned quota(const struct plan *plan, const struct conf *conf,
                      const struct conf_sink *sink, struct conf_problems *problems)
{
    size_t wanted = sink->queue.bytes;
    size_t smallest = BLOCKS_MIN * plan->block_cap;
    char wanted_text[UNITS_TEXT_MAX], cap_text[UNITS_TEXT_MAX];

    if (wanted == 0) {
        wanted = smallest;
    } else if (wanted > plan->cap_bytes) {
        conf_problem(conf, problems, &sink->queue, "'queue' is %s, more than all of 'cap', %s",
                     units_show_bytes(sink->queue, wanted_text),
                     units_show_bytes(conf->memory.cap, cap_text));
        wanted = smallest;
    } else if (wanted < smallest) {
        conf_problem(conf, problems, &sink->queue,
                     "'queue' is %s, below the %zuKiB that hold %d blocks of twice max_entry",
                     units_show_bytes(sink->queue, wanted_text), smallest / KIB, BLOCKS_MIN);
    }
    return (unsigned)(wanted / plan->block_cap);
}

/* Returns how many queues are `auto`. */
static unsigned measure_sinks(struct plan *plan, const struct conf *conf,
                              struct conf_problems *problems)
{
    unsigned auto_count = 0;

    plan->sink_blocks = calloc(conf->sink_count + 1, sizeof *plan->sink_blocks);
    must(plan->sink_blocks);
    for (unsigned i = 0; i < conf->sink_count; i++) {
        plan->sink_blocks[i] = quota(plan, conf, &conf->sinks[i], problems);
        plan->share_bytes[BUDGET_BLOCKS] += block_bytes(plan, plan->sink_blocks[i]);
        auto_count += conf->sinks[i].queue.bytes == 0;
    }
    return auto_count;
}

/* ---- what is left over ----------------------------------------------------------------- */

static size_t sum(const struct plan *plan)
{
    size_t bytes = plan->slack_bytes;

    for (unsigned i = 0; i < BUDGET_SHARES; i++)
        bytes += plan->share_bytes[i];
    return bytes;
}

/* Gives each `auto` queue as many more blocks as its part of the spare bytes holds. */
static void grow_queues(struct plan *plan, const struct conf *conf, unsigned auto_count)
{
    size_t least = block_bytes(plan, (size_t)BLOCKS_MIN * auto_count);
    size_t spare = plan->cap_bytes - sum(plan);
    size_t open = least + plan->share_bytes[BUDGET_RECEIVE] + spare;
    size_t part = smaller(larger(open / QUEUES_PART, least), least + spare);
    unsigned each;

    if (auto_count == 0)
        return;
    each = (unsigned)(part / auto_count / block_bytes(plan, 1));
    for (unsigned i = 0; i < conf->sink_count; i++) {
        if (conf->sinks[i].queue.bytes == 0)
            plan->sink_blocks[i] = each;
    }
    plan->share_bytes[BUDGET_BLOCKS] += block_bytes(plan, (size_t)each * auto_count) - least;
}

/* All that is left then is for receiving. */
static void grow_receive(struct plan *plan)
{
    plan->receive_bytes += (plan->cap_bytes - sum(plan)) / 2;
    plan->share_bytes[BUDGET_RECEIVE] = 2 * plan->receive_bytes;
}

/* The cap in whole KiB of which the slack leaves just what the shares need; or, if that is
 * more, the least that the settings allow. */
static size_t smallest_cap(const struct plan *plan)
{
    size_t needed = sum(plan) - plan->cap_bytes / SLACK_PART;
    size_t cap = needed + (needed + SLACK_PART - 2) / (SLACK_PART - 1);

    return larger((cap + KIB - 1) / KIB * KIB, CONF_CAP_LEAST_BYTES);
}

static void say_too_small(const struct plan *plan, const struct conf *conf,
                          struct conf_problems *problems)
{
    char text[512], cap_text[UNITS_TEXT_MAX];
    size_t used = 0;

    for (unsigned i = 0; i < BUDGET_SHARES; i++)
        if (plan->share_bytes[i] > 0)
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "%s %.1f + ",
                                 budget_share_name(i), (double)plan->share_bytes[i] / (double)MIB);
    conf_problem(conf, problems, &conf->memory.cap,
                 "'cap' is %s, but %sslack %.1f MiB need %zuKiB; raise it, or lower max_clients, "
                 "max_message, max_entry, max_paths or queue",
                 units_show_bytes(conf->memory.cap, cap_text), text,
                 (double)plan->slack_bytes / (double)MIB, plan->smallest_cap_bytes / KIB);
}

void plan_init(struct plan *plan, const struct conf *conf, struct conf_problems *problems)
{
    unsigned auto_count;

    *plan = (struct plan){.cap_bytes = conf->memory.cap.bytes};
    measure_caretaker(plan, conf);
    measure_ingest(plan, conf);
    measure_shares(plan, conf);
    auto_count = measure_sinks(plan, conf, problems);
    plan->receive_bytes = least_receive(plan);
    plan->share_bytes[BUDGET_RECEIVE] = 2 * plan->receive_bytes;
    plan->smallest_cap_bytes = smallest_cap(plan);
    if (sum(plan) > plan->cap_bytes) {
        say_too_small(plan, conf, problems);
    } else {
        grow_queues(plan, conf, auto_count);
        grow_receive(plan);
    }
    for (unsigned i = 0; i < conf->sink_count; i++)
        plan->block_count += plan->sink_blocks[i];
    plan->total_bytes = sum(plan);
}

void plan_fini(struct plan *plan)
{
    free(plan->sink_blocks);
    plan->sink_blocks = NULL;
}
