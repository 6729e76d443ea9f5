/* How many clients and descriptors there will be, and how large messages, entries and blocks. */
#include "aggregate/block.h"
#include "control/control.h"
#include "decode/decode.h"
#include "ingest/endpoint.h"
#include "ingest/stamp.h"
#include "logfile/caretaker.h"
#include "metrics/metrics.h"
#include "plan/origin.h"
#include "plan/plan_parts.h"
#include "sink/sink_zmq.h"

/* Of each zmq sink: so much can be on its way to slow receivers, but some blocks at least. */
#define CARGO_BYTES (2 * MIB)
enum { CARGO_HOLDS_MIN = 4 };

/* Whether there is a caretaker, and what it compresses to, for caretaker_new. */
static bool has_caretaker(const struct planned *planned)
{
    for (unsigned i = 0; i < planned->sink_count; i++)
        if (conf_rotates(planned_sink(planned, i)))
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

static void count_caretaker(struct plan *plan, const struct planned *planned,
                            struct conf_problems *problems)
{
    plan->has_caretaker = has_caretaker(planned);
    for (unsigned i = 0; i < planned->sink_count; i++)
        plan->compress_set |= compress_bit(planned_sink(planned, i));
    keep_caretaker(plan, planned, problems);
}

bool plan_has_many_files(const struct conf_sink *sink)
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

static void count_zmq_sinks(struct plan *plan, const struct planned *planned)
{
    for (unsigned i = 0; i < planned->sink_count; i++) {
        const struct conf_sink *sink = planned_sink(planned, i);
        unsigned receivers = sink->connect.count;

        if (sink->type != CONF_SINK_ZMQ)
            continue;
        receivers += sink->bind.count > 0 ? sink->max_clients.count : 0;
        plan->zmq_sinks++;
        plan->clients += receivers;
        plan->receivers_bytes += receivers * receiver_bytes(plan, sink);
        plan->encrypting_sinks += is_encrypted(sink);
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

static void count_endpoints(struct plan *plan, const struct conf *conf)
{
    for (unsigned i = 0; i < conf->ingest_count; i++) {
        const struct conf_ingest *ingest = &conf->ingest[i];

        plan->max_message = plan_larger(plan->max_message, ingest->max_message.bytes);
        plan->max_entry = plan_larger(plan->max_entry, ingest->max_entry.bytes);
        plan->clients += ingest->bind.count > 0 ? endpoint_places(ingest) : 0;
        plan->clients += ingest->connect.count;
    }
}

/* ---- descriptors -------------------------------------------------------------------------- */

static unsigned files_of_sink(const struct conf_sink *sink)
{
    unsigned files = FILES_A_SINK;

    if (sink->type == CONF_SINK_ZMQ)
        files += FILES_AN_ENDPOINT + sink->bind.count + FILES_A_ZMQ_SINK;
    if (plan_has_many_files(sink))
        files += sink->max_open.count;
    return files;
}

/* All but those of clients. */
static unsigned own_descriptors(const struct plan *plan, const struct planned *planned)
{
    const struct conf *conf = planned->conf;
    unsigned files = FILES_OWN;

    for (unsigned i = 0; i < conf->ingest_count; i++)
        files += FILES_AN_ENDPOINT + conf->ingest[i].bind.count;
    for (unsigned i = 0; i < planned->sink_count; i++)
        files += files_of_sink(planned_sink(planned, i));
    files += plan->has_caretaker ? FILES_A_CARETAKER : 0;
    files += conf_has_control(conf) ? CONTROL_DESCRIPTORS : 0;
    files += conf->metrics.listen ? METRICS_DESCRIPTORS : 0;
    return files;
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

static void count_descriptors(struct plan *plan, const struct planned *planned,
                              struct conf_problems *problems)
{
    plan->own_descriptors = own_descriptors(plan, planned);
    plan->descriptors =
        (unsigned)plan_smaller(plan->own_descriptors + plan->clients + FILES_SPARE, FILES_MAX);
    keep_descriptors(plan, planned, problems);
}

/* ---- all of it ---------------------------------------------------------------------------- */

void plan_count(struct plan *plan, const struct planned *planned, struct conf_problems *problems)
{
    const struct plan *running = planned->beside->running;

    count_caretaker(plan, planned, problems);
    count_endpoints(plan, planned->conf);
    keep_sizes(plan, planned, problems);
    plan->entry_fields = decode_fields_max(plan->max_entry) + STAMP_FIELDS_MAX;
    plan->block_cap = pool_slot_bytes(plan_larger(BLOCK_CAP_MIN, 2 * plan->max_entry));
    plan->cargo_holds = (unsigned)plan_larger(CARGO_BYTES / plan->block_cap, CARGO_HOLDS_MIN);
    plan->asks_origin = origin_is_asked_for(planned->conf) || (running && running->asks_origin);
    count_zmq_sinks(plan, planned);
    plan->clients_served = plan->clients;
    count_descriptors(plan, planned, problems);
}
