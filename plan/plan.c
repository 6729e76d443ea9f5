#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "aggregate/block.h"
#include "aggregate/entry.h"
#include "aggregate/match.h"
#include "aggregate/message.h"
#include "conf/must.h"
#include "control/control.h"
#include "control/tail.h"
#include "decode/decode.h"
#include "decode/json_index.h"
#include "ingest/endpoint.h"
#include "ingest/peer.h"
#include "ingest/stamp.h"
#include "logfile/caretaker.h"
#include "metrics/metrics.h"
#include "plan/origin.h"
#include "sink/sink_tree.h"
#include "sink/sink_zmq.h"
#include "sink/tls_context.h"
#include "zeromq/gate.h"
#include "zeromq/gate_try.h"

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

/* What libzmq makes of a message while it encrypts it, one at a time in each sink. */
enum { ENCRYPTION_COPIES = 2 };

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- all sinks, those that leave behind the others --------------------------------------- */

static const struct plan_beside nothing = {0};

/* What is being planned for. */
struct planned {
    const struct conf *conf;
    const struct plan_beside *beside;
    unsigned sink_count;
};

static const struct conf_sink *sink_at(const struct planned *planned, unsigned index)
{
    const struct conf *conf = planned->conf;

    if (index < conf->sink_count)
        return &conf->sinks[index];
    must(planned->beside->leaving);
    return planned->beside->leaving[index - conf->sink_count];
}

size_t plan_replay_max(const struct plan *plan)
{
    return smaller(plan->keep_bytes, plan->max_message);
}

/* ---- what each must have --------------------------------------------------------------- */

/* Whether there is a caretaker, and what it compresses to, for caretaker_new. */
static bool has_caretaker(const struct planned *planned)
{
    for (unsigned i = 0; i < planned->sink_count; i++)
        if (conf_rotates(sink_at(planned, i)))
            return true;
    return false;
}

static unsigned compress_bit(const struct conf_sink *sink)
{
    static const enum compress_kind kinds[] = {COMPRESS_NONE, COMPRESS_ZSTD, COMPRESS_GZIP};

    return sink->rotate.compress == CONF_COMPRESS_NONE ? 0 : 1u << kinds[sink->rotate.compress];
}

/* Its threads were started with what they must be able to do. */
static void keep_caretaker(struct plan *plan, const struct planned *planned,
                           struct conf_problems *problems)
{
    const struct plan *running = planned->beside->running;

    if (!running || !running->has_caretaker)
        return;
    for (unsigned i = 0; i < planned->conf->sink_count; i++) {
        const struct conf_sink *sink = &planned->conf->sinks[i];

        if (compress_bit(sink) & ~running->compress_set)
            conf_problem(planned->conf, problems, &sink->rotate.compress,
                         "'compress' needs a restart here: what compresses was not started");
    }
    plan->has_caretaker = true;
    plan->compress_set |= running->compress_set;
}

static void measure_caretaker(struct plan *plan, const struct planned *planned,
                              struct conf_problems *problems)
{
    plan->has_caretaker = has_caretaker(planned);
    for (unsigned i = 0; i < planned->sink_count; i++)
        plan->compress_set |= compress_bit(sink_at(planned, i));
    keep_caretaker(plan, planned, problems);
    if (!plan->has_caretaker)
        return;
    plan->share_bytes[BUDGET_CARETAKER] = caretaker_bytes(plan->compress_set);
    plan->own_descriptors += FILES_A_CARETAKER;
}

static void measure_metrics(struct plan *plan, const struct planned *planned)
{
    if (!planned->conf->metrics.listen)
        return;
    plan->share_bytes[BUDGET_METRICS] =
        metrics_bytes(planned->conf->ingest_count, planned->sink_count);
    plan->own_descriptors += METRICS_DESCRIPTORS;
}

/* What was loaded stays. */
static size_t tls_bytes(const struct planned *planned)
{
    const struct plan *running = planned->beside->running;
    size_t bytes = 0;

    for (unsigned i = 0; i < planned->sink_count; i++)
        bytes +=
            sink_at(planned, i)->type == CONF_SINK_TLS ? tls_sink_bytes(sink_at(planned, i)) : 0;
    return bytes > 0 || (running && running->share_bytes[BUDGET_TLS] > 0)
               ? tls_library_bytes() + bytes
               : 0;
}

static bool has_many_files(const struct conf_sink *sink)
{
    return sink->type == CONF_SINK_FILE && path_template_is_one(sink->path);
}

static bool is_encrypted(const struct conf_sink *sink)
{
    return sink->curve.encryption == CONF_ENCRYPTION_CURVE;
}

/* What one of its receivers needs beyond a client: its pipe, what it subscribes to, and the
 * message that is on its way to it, encrypted for it alone. */
static size_t receiver_bytes(const struct plan *plan, const struct conf_sink *sink)
{
    size_t encrypted = is_encrypted(sink) ? plan->block_cap : 0;

    return encrypted + (sink->socket == CONF_OUTLET_PUB
                            ? SINK_ZMQ_PUB_MARK * SINK_ZMQ_MESSAGE_BYTES + SINK_ZMQ_TALK_BYTES
                            : SINK_ZMQ_PUSH_MARK * SINK_ZMQ_MESSAGE_BYTES);
}

static void measure_zmq_sinks(struct plan *plan, const struct planned *planned)
{
    for (unsigned i = 0; i < planned->sink_count; i++) {
        const struct conf_sink *sink = sink_at(planned, i);
        unsigned receivers = sink->connect.count;

        if (sink->type != CONF_SINK_ZMQ)
            continue;
        receivers += sink->bind.count > 0 ? sink->max_clients.count : 0;
        plan->zmq_sinks++;
        plan->clients += receivers;
        plan->receivers_bytes += receivers * receiver_bytes(plan, sink);
        plan->encrypting_sinks += is_encrypted(sink);
        plan->own_descriptors += FILES_AN_ENDPOINT + sink->bind.count + FILES_A_ZMQ_SINK;
    }
}

/* Of the largest that there was at the start everything has its size. */
static void keep_sizes(struct plan *plan, const struct planned *planned,
                       struct conf_problems *problems)
{
    const struct plan *running = planned->beside->running;
    char entry[UNITS_TEXT_MAX], most[UNITS_TEXT_MAX];

    if (!running)
        return;
    for (unsigned i = 0; i < planned->conf->ingest_count; i++) {
        const struct conf_bytes *max_entry = &planned->conf->ingest[i].max_entry;

        if (max_entry->bytes > running->max_entry)
            conf_problem(planned->conf, problems, max_entry,
                         "'max_entry' is %s, above the largest at the start, %s: that needs a "
                         "restart",
                         units_show_bytes(*max_entry, entry),
                         units_show_bytes((struct conf_bytes){running->max_entry}, most));
    }
    plan->max_entry = running->max_entry;
    plan->max_message = running->max_message;
}

/* The gate's table is what it is. What is to spare at the start is for this. */
static void keep_descriptors(struct plan *plan, const struct planned *planned,
                             struct conf_problems *problems)
{
    const struct plan *running = planned->beside->running;

    if (!running)
        return;
    if (plan->own_descriptors + plan->clients > running->descriptors)
        conf_problem(planned->conf, problems, &planned->conf->sinks,
                     "%u descriptors are needed for clients, sinks and their files, above the %u "
                     "that were planned at the start: that needs a restart",
                     plan->own_descriptors + plan->clients, running->descriptors);
    plan->descriptors = running->descriptors;
    if (running->clients_served < running->clients) /* the system's limit allows no more */
        plan->clients_served = running->clients_served;
}

static void measure_ingest(struct plan *plan, const struct planned *planned,
                           struct conf_problems *problems)
{
    const struct conf *conf = planned->conf;
    const struct plan *running = planned->beside->running;

    for (unsigned i = 0; i < conf->ingest_count; i++) {
        const struct conf_ingest *ingest = &conf->ingest[i];

        plan->max_message = larger(plan->max_message, ingest->max_message.bytes);
        plan->max_entry = larger(plan->max_entry, ingest->max_entry.bytes);
        plan->clients += ingest->bind.count > 0 ? endpoint_places(ingest) : 0;
        plan->clients += ingest->connect.count;
        plan->own_descriptors += FILES_AN_ENDPOINT + ingest->bind.count;
    }
    keep_sizes(plan, planned, problems);
    plan->block_cap = pool_slot_bytes(larger(BLOCK_CAP_MIN, 2 * plan->max_entry));
    measure_zmq_sinks(plan, planned);
    plan->clients_served = plan->clients;
    plan->entry_fields = decode_fields_max(plan->max_entry) + STAMP_FIELDS_MAX;
    plan->asks_origin = origin_is_asked_for(conf) || (running && running->asks_origin);
    plan->cargo_holds = (unsigned)larger(CARGO_BYTES / plan->block_cap, CARGO_HOLDS_MIN);
    plan->own_descriptors += FILES_OWN + FILES_A_SINK * planned->sink_count;
    plan->own_descriptors += conf_has_control(conf) ? CONTROL_DESCRIPTORS : 0;
    for (unsigned i = 0; i < planned->sink_count; i++)
        plan->own_descriptors +=
            has_many_files(sink_at(planned, i)) ? sink_at(planned, i)->max_open.count : 0;
    plan->descriptors =
        (unsigned)smaller(plan->own_descriptors + plan->clients + FILES_SPARE, FILES_MAX);
    keep_descriptors(plan, planned, problems);
}

static size_t matches_bytes(struct plan *plan, const struct planned *planned)
{
    const struct plan *running = planned->beside->running;
    size_t bytes = 0;

    plan->searches = running && running->searches; /* the room for it stays */
    for (unsigned i = 0; i < planned->sink_count; i++) {
        bytes += match_bytes(&sink_at(planned, i)->match);
        plan->searches |= match_conf_searches(&sink_at(planned, i)->match);
    }
    return bytes + (plan->searches ? expression_room_bytes(plan->max_entry) : 0);
}

static bool serves_encrypted(const struct conf *conf)
{
    for (unsigned i = 0; i < conf->ingest_count; i++) {
        if (conf->ingest[i].curve.encryption == CONF_ENCRYPTION_CURVE &&
            conf->ingest[i].bind.count > 0)
            return true;
    }
    return false;
}

static void measure_tail(struct plan *plan, const struct conf *conf)
{
    size_t *share = plan->share_bytes;

    if (!conf_has_control(conf) || conf->control.keep.bytes == 0)
        return;
    plan->keep_bytes = conf->control.keep.bytes;
    share[BUDGET_RECENT] = recent_bytes(plan->keep_bytes) + tail_bytes(plan->max_entry);
    share[BUDGET_MESSAGES] += replay_message_bytes(plan_replay_max(plan));
    share[BUDGET_ENTRIES] += replay_entry_bytes(plan->entry_fields);
}

static void measure_shares(struct plan *plan, const struct planned *planned)
{
    size_t *share = plan->share_bytes;
    unsigned endpoints = planned->conf->ingest_count;

    share[BUDGET_BASE] = BASE_BYTES;
    share[BUDGET_CLIENTS] = (size_t)plan->clients * PLAN_CLIENT_BYTES + plan->receivers_bytes;
    share[BUDGET_MESSAGES] = message_pool_bytes(plan->max_message, endpoints);
    share[BUDGET_ENTRIES] = entry_pool_bytes(plan->entry_fields, endpoints);
    share[BUDGET_PARSER] = json_index_bytes(plan->max_message);
    share[BUDGET_TABLES] =
        plan->descriptors * gate_slot_bytes() + PART_BYTES * (endpoints + planned->sink_count);
    share[BUDGET_TABLES] += ZMQ_SINK_BYTES * plan->zmq_sinks;
    share[BUDGET_TABLES] += ENCRYPTION_COPIES * plan->block_cap * plan->encrypting_sinks;
    share[BUDGET_TABLES] += serves_encrypted(planned->conf) ? gate_try_bytes() : 0;
    if (plan->zmq_sinks > 0)
        share[BUDGET_CARGO] = pool_bytes(plan->block_cap, plan->zmq_sinks * plan->cargo_holds);
    share[BUDGET_TABLES] += plan->asks_origin ? plan->descriptors * peer_bytes() : 0;
    plan->match_bytes = matches_bytes(plan, planned);
    share[BUDGET_TABLES] += plan->match_bytes;
    for (unsigned i = 0; i < planned->sink_count; i++)
        share[BUDGET_PATHS] +=
            has_many_files(sink_at(planned, i)) ? sink_tree_bytes(sink_at(planned, i)) : 0;
    share[BUDGET_TLS] = tls_bytes(planned);
    if (conf_has_control(planned->conf))
        share[BUDGET_CONTROL] =
            control_bytes(endpoints, planned->sink_count) + census_bytes(plan->descriptors);
    measure_tail(plan, planned->conf);
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

/* The same, but not less than it has; of one that leaves, what it has. */
static unsigned quota_beside(const struct plan *plan, const struct planned *planned, unsigned i,
                             struct conf_problems *problems)
{
    const struct conf *conf = planned->conf;
    const struct plan_beside *beside = planned->beside;
    unsigned blocks;

    if (i >= conf->sink_count) {
        must(beside->leaving_blocks);
        return beside->leaving_blocks[i - conf->sink_count];
    }
    blocks = quota(plan, conf, &conf->sinks[i], problems);
    return beside->held_blocks && beside->held_blocks[i] > blocks ? beside->held_blocks[i] : blocks;
}

static bool is_auto(const struct conf *conf, unsigned i)
{
    return i < conf->sink_count && conf->sinks[i].queue.bytes == 0;
}

static void measure_sinks(struct plan *plan, const struct planned *planned,
                          struct conf_problems *problems)
{
    plan->sink_blocks = calloc(planned->sink_count + 1, sizeof *plan->sink_blocks);
    must(plan->sink_blocks);
    for (unsigned i = 0; i < planned->sink_count; i++) {
        plan->sink_blocks[i] = quota_beside(plan, planned, i, problems);
        plan->share_bytes[BUDGET_BLOCKS] += block_bytes(plan, plan->sink_blocks[i]);
    }
}

/* ---- what is left over ----------------------------------------------------------------- */

static size_t sum(const struct plan *plan)
{
    size_t bytes = plan->slack_bytes;

    for (unsigned i = 0; i < BUDGET_SHARES; i++)
        bytes += plan->share_bytes[i];
    return bytes;
}

/* What all `auto` queues have together if each has so many blocks, or what it has already if
 * that is more. */
static size_t auto_blocks(const struct plan *plan, const struct conf *conf, size_t each)
{
    size_t blocks = 0;

    for (unsigned i = 0; i < conf->sink_count; i++)
        blocks += is_auto(conf, i) ? larger(each, plan->sink_blocks[i]) : 0;
    return blocks;
}

/* The most that each can have if they may have `all` together. */
static size_t equal_part(const struct plan *plan, const struct conf *conf, size_t all)
{
    size_t enough = 0, too_many = all + 1;

    while (too_many - enough > 1) {
        size_t each = enough + (too_many - enough) / 2;

        if (auto_blocks(plan, conf, each) <= all)
            enough = each;
        else
            too_many = each;
    }
    return enough;
}

/* Gives each `auto` queue as many more blocks as its part of the spare bytes holds. */
static void grow_queues(struct plan *plan, const struct conf *conf)
{
    size_t least_blocks = auto_blocks(plan, conf, 0), least = block_bytes(plan, least_blocks);
    size_t spare = plan->cap_bytes - sum(plan);
    size_t open = least + plan->share_bytes[BUDGET_RECEIVE] + spare;
    size_t part = smaller(larger(open / QUEUES_PART, least), least + spare);
    size_t each;

    if (least_blocks == 0)
        return;
    each = equal_part(plan, conf, part / block_bytes(plan, 1));
    plan->share_bytes[BUDGET_BLOCKS] += block_bytes(plan, auto_blocks(plan, conf, each)) - least;
    for (unsigned i = 0; i < conf->sink_count; i++) {
        if (is_auto(conf, i))
            plan->sink_blocks[i] = (unsigned)larger(each, plan->sink_blocks[i]);
    }
    plan->auto_blocks = (unsigned)each;
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

void plan_init_beside(struct plan *plan, const struct conf *conf, const struct plan_beside *beside,
                      struct conf_problems *problems)
{
    struct planned planned = {conf, beside, conf->sink_count + beside->leaving_count};

    *plan = (struct plan){.cap_bytes = conf->memory.cap.bytes};
    measure_caretaker(plan, &planned, problems);
    measure_metrics(plan, &planned);
    measure_ingest(plan, &planned, problems);
    measure_shares(plan, &planned);
    measure_sinks(plan, &planned, problems);
    plan->receive_bytes = least_receive(plan);
    plan->share_bytes[BUDGET_RECEIVE] = 2 * plan->receive_bytes;
    plan->smallest_cap_bytes = smallest_cap(plan);
    if (sum(plan) > plan->cap_bytes) {
        say_too_small(plan, conf, problems);
    } else {
        grow_queues(plan, conf);
        grow_receive(plan);
    }
    for (unsigned i = 0; i < planned.sink_count; i++)
        plan->block_count += plan->sink_blocks[i];
    plan->total_bytes = sum(plan);
}

void plan_init(struct plan *plan, const struct conf *conf, struct conf_problems *problems)
{
    plan_init_beside(plan, conf, &nothing, problems);
}

void plan_fini(struct plan *plan)
{
    free(plan->sink_blocks);
    plan->sink_blocks = NULL;
}
