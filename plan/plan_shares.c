/* The bytes that each share must have. */
#include "aggregate/entry.h"
#include "aggregate/match.h"
#include "aggregate/message.h"
#include "control/control.h"
#include "control/tail.h"
#include "decode/json_index.h"
#include "ingest/peer.h"
#include "ingest/replay.h"
#include "logfile/caretaker.h"
#include "metrics/metrics.h"
#include "plan/plan_parts.h"
#include "sink/sink_tree.h"
#include "sink/tls_context.h"
#include "zeromq/gate.h"
#include "zeromq/gate_try.h"

/* Measured at ready and under load with one endpoint and one sink: 7.1 MiB, of which
 * 6.3 are the pages of libraries that were touched. */
#define BASE_BYTES (9 * MIB)

/* Measured: 10 KiB an endpoint with two addresses, 12 KiB a sink with its thread. */
#define PART_BYTES (16 * KIB)

/* Each has a thread or two of its own, and a context. */
#define ZMQ_SINK_BYTES (512 * KIB)

/* What libzmq makes of a message while it encrypts it, one at a time in each sink. */
enum { ENCRYPTION_COPIES = 2 };

/* What was loaded stays. */
static size_t tls_bytes(const struct planned *planned)
{
    const struct plan *running = planned->beside->running;
    size_t bytes = 0;

    for (unsigned i = 0; i < planned->sink_count; i++)
        bytes += planned_sink(planned, i)->type == CONF_SINK_TLS
                     ? tls_sink_bytes(planned_sink(planned, i))
                     : 0;
    return bytes > 0 || (running && running->share_bytes[BUDGET_TLS] > 0)
               ? tls_library_bytes() + bytes
               : 0;
}

static size_t matches_bytes(struct plan *plan, const struct planned *planned)
{
    const struct plan *running = planned->beside->running;
    size_t bytes = 0;

    plan->searches = running && running->searches; /* the room for it stays */
    for (unsigned i = 0; i < planned->sink_count; i++) {
        bytes += match_bytes(&planned_sink(planned, i)->match);
        plan->searches |= match_conf_searches(&planned_sink(planned, i)->match);
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

/* Of the gate, of endpoints and sinks, and of all that is known of a descriptor. */
static size_t tables_bytes(const struct plan *plan, const struct planned *planned)
{
    unsigned parts = planned->conf->ingest_count + planned->sink_count;
    size_t bytes = plan->descriptors * gate_slot_bytes() + PART_BYTES * parts;

    bytes += plan->asks_origin ? plan->descriptors * peer_bytes() : 0;
    bytes += ZMQ_SINK_BYTES * plan->zmq_sinks;
    bytes += ENCRYPTION_COPIES * plan->block_cap * plan->encrypting_sinks;
    bytes += serves_encrypted(planned->conf) ? gate_try_bytes() : 0;
    return bytes + plan->match_bytes;
}

static size_t paths_bytes(const struct planned *planned)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < planned->sink_count; i++) {
        const struct conf_sink *sink = planned_sink(planned, i);

        bytes += plan_has_many_files(sink) ? sink_tree_bytes(sink) : 0;
    }
    return bytes;
}

/* The control socket, and what `logboom tail` reads behind it: messages that are decoded once
 * more. */
static void share_control(struct plan *plan, const struct planned *planned)
{
    const struct conf *conf = planned->conf;
    size_t *share = plan->share_bytes;

    if (!conf_has_control(conf))
        return;
    share[BUDGET_CONTROL] =
        control_bytes(conf->ingest_count, planned->sink_count) + census_bytes(plan->descriptors);
    plan->keep_bytes = conf->control.keep.bytes;
    if (plan->keep_bytes == 0)
        return;
    share[BUDGET_RECENT] = recent_bytes(plan->keep_bytes) + tail_bytes(plan->max_entry);
    share[BUDGET_MESSAGES] += replay_message_bytes(plan_replay_max(plan));
    share[BUDGET_ENTRIES] += replay_entry_bytes(plan->entry_fields);
}

void plan_share_out(struct plan *plan, const struct planned *planned)
{
    unsigned endpoints = planned->conf->ingest_count;
    size_t *share = plan->share_bytes;

    plan->match_bytes = matches_bytes(plan, planned);
    plan->slack_bytes = SLACK_BYTES + plan->cap_bytes / SLACK_PART;
    share[BUDGET_BASE] = BASE_BYTES;
    share[BUDGET_CLIENTS] = (size_t)plan->clients * PLAN_CLIENT_BYTES + plan->receivers_bytes;
    share[BUDGET_MESSAGES] = message_pool_bytes(plan->max_message, endpoints);
    share[BUDGET_ENTRIES] = entry_pool_bytes(plan->entry_fields, endpoints);
    share[BUDGET_PARSER] = json_index_bytes(plan->max_message);
    share[BUDGET_TABLES] = tables_bytes(plan, planned);
    share[BUDGET_PATHS] = paths_bytes(planned);
    share[BUDGET_TLS] = tls_bytes(planned);
    if (plan->zmq_sinks > 0)
        share[BUDGET_CARGO] = pool_bytes(plan->block_cap, plan->zmq_sinks * plan->cargo_holds);
    if (plan->has_caretaker)
        share[BUDGET_CARETAKER] = caretaker_bytes(plan->compress_set);
    if (planned->conf->metrics.listen)
        share[BUDGET_METRICS] = metrics_bytes(endpoints, planned->sink_count);
    share_control(plan, planned);
}
