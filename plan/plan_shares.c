/* The bytes that each share must have. */
#include "aggregate/entry.h"
#include "aggregate/match.h"
#include "aggregate/message.h"
#include "control/control.h"
#include "control/tail.h"
#include "decode/json_index.h"
#include "ingest/peer.h"
#include "ingest/replay.h"
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

void plan_share_out(struct plan *plan, const struct planned *planned)
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
        share[BUDGET_PATHS] += plan_has_many_files(planned_sink(planned, i))
                                   ? sink_tree_bytes(planned_sink(planned, i))
                                   : 0;
    share[BUDGET_TLS] = tls_bytes(planned);
    if (conf_has_control(planned->conf))
        share[BUDGET_CONTROL] =
            control_bytes(endpoints, planned->sink_count) + census_bytes(plan->descriptors);
    measure_tail(plan, planned->conf);
    plan->slack_bytes = SLACK_BYTES + plan->cap_bytes / SLACK_PART;
}
