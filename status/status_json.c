#include "status/status_json.h"

#include <unistd.h>

/* Texts are escaped, at worst six bytes for one, but nearly all of a part is numbers: some
 * forty, of at most 20 digits, with their names. */
enum {
    WHOLE_BYTES = 16 * 1024,
    ENDPOINT_BYTES = 2048 + 6 * (STATUS_NAME_MAX + STATUS_TEXT_MAX),
    SINK_BYTES = 2048 + 6 * (STATUS_NAME_MAX + 2 * STATUS_TEXT_MAX),
};

size_t status_json_bytes(unsigned endpoints, unsigned sinks)
{
    return WHOLE_BYTES + (size_t)endpoints * ENDPOINT_BYTES + (size_t)sinks * SINK_BYTES;
}

/* ---- endpoints --------------------------------------------------------------------------- */

static void write_refused(const struct endpoint_ledger *ledger, struct json_out *out)
{
    json_number(out, "refused", endpoint_ledger_refused(ledger));
    json_object(out, "refused_by_reason");
    for (unsigned i = 0; i < REFUSE_REASONS; i++)
        json_number(out, refuse_reason_name(i), ledger->refused[i]);
    json_end_object(out);
}

static void write_closed(const uint64_t closed[GATE_CUT_REASONS], struct json_out *out)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < GATE_CUT_REASONS; i++)
        sum += closed[i];
    json_number(out, "closed", sum);
    json_object(out, "closed_by_reason");
    for (unsigned i = 0; i < GATE_CUT_REASONS; i++)
        json_number(out, gate_cut_reason_name(i), closed[i]);
    json_end_object(out);
}

static void write_endpoint(const struct status_endpoint *endpoint, struct json_out *out)
{
    const struct endpoint_ledger *ledger = &endpoint->ledger;

    json_object(out, NULL);
    json_text(out, "name", endpoint->name);
    json_text(out, "addresses", endpoint->addresses);
    json_truth(out, "waiting", endpoint->is_waiting);
    json_number(out, "clients", endpoint->clients);
    json_number(out, "received", ledger->received);
    write_refused(ledger, out);
    json_number(out, "accepted", ledger->accepted);
    json_number(out, "routed", ledger->routed);
    json_number(out, "unrouted", ledger->unrouted);
    json_number(out, "malformed", ledger->malformed);
    json_number(out, "cut", ledger->cut);
    json_number(out, "messages", ledger->messages);
    json_number(out, "unwanted_messages", ledger->unwanted);
    json_number(out, "unanswered_requests", ledger->unanswered);
    json_number(out, "bytes", ledger->bytes);
    write_closed(endpoint->closed, out);
    json_end_object(out);
}

/* ---- sinks ------------------------------------------------------------------------------- */

static void write_sink_ledger(const struct sink_ledger *ledger, struct json_out *out)
{
    json_number(out, "offered", ledger->offered);
    json_number(out, "written", ledger->written);
    json_number(out, "dropped", sink_ledger_dropped(ledger));
    json_object(out, "dropped_by_reason");
    for (unsigned i = 0; i < DROP_REASONS; i++)
        json_number(out, drop_reason_name(i), ledger->dropped[i]);
    json_end_object(out);
    json_number(out, "queued", ledger->queued);
    json_number(out, "in_flight", ledger->in_flight);
    json_number(out, "cut", ledger->cut);
    json_number(out, "resent", ledger->resent);
    json_number(out, "notices", ledger->notices);
    json_number(out, "not_utf8", ledger->not_utf8);
    json_number(out, "match_limit", ledger->match_limit);
    json_number(out, "written_bytes", ledger->written_bytes);
    json_number(out, "queued_bytes", ledger->queued_bytes);
}

static void write_sink(const struct status_sink *sink, struct json_out *out)
{
    json_object(out, NULL);
    json_text(out, "name", sink->name);
    json_text(out, "target", sink->target);
    json_truth(out, "up", sink->is_up);
    json_text(out, "trouble", sink->trouble);
    json_number(out, "down_ms", sink->down_ms);
    json_number(out, "blocked_ms", sink->blocked_ms);
    json_number(out, "blocked_total_ms", sink->blocked_total_ms);
    json_number(out, "losing_ms", sink->losing_ms);
    json_truth(out, "block_expired", sink->is_expired);
    json_truth(out, "drops_all", sink->drops_all);
    write_sink_ledger(&sink->ledger, out);
    json_number(out, "queue_bytes", sink->queue_bytes);
    json_number(out, "queue_limit_bytes", sink->queue_limit_bytes);
    json_number(out, "oldest_ms", sink->oldest_ms);
    json_end_object(out);
}

static void write_parted(const struct status_parted *parted, const char *name, struct json_out *out)
{
    json_object(out, name);
    json_number(out, "sinks", parted->sinks);
    json_text(out, "names", parted->names);
    write_sink_ledger(&parted->ledger, out);
    json_end_object(out);
}

/* ---- the rest ---------------------------------------------------------------------------- */

static void write_memory(const struct status *status, struct json_out *out)
{
    json_object(out, "memory");
    json_number(out, "cap_bytes", status->cap_bytes);
    json_number(out, "resident_bytes", status->resident_bytes);
    json_number(out, "resident_peak_bytes", status->resident_peak_bytes);
    json_number(out, "claimed_bytes", status->claimed_bytes);
    json_object(out, "shares");
    for (unsigned i = 0; i < BUDGET_SHARES; i++) {
        json_object(out, budget_share_name(i));
        json_number(out, "used_bytes", status->shares[i].used_bytes);
        json_number(out, "peak_bytes", status->shares[i].peak_bytes);
        json_number(out, "limit_bytes", status->shares[i].limit_bytes);
        json_number(out, "refused", status->shares[i].refused);
        json_end_object(out);
    }
    json_end_object(out);
    json_end_object(out);
}

static void write_gate(const struct status *status, struct json_out *out)
{
    const struct gate_stats *gate = &status->gate;

    json_object(out, "gate");
    json_truth(out, "on", status->gate_is_on);
    json_number(out, "open", gate->open_now);
    json_number(out, "accepted", gate->accepted);
    json_number(out, "turned_away", gate->turned_away);
    json_number(out, "held", gate->held_peers);
    json_number(out, "holds", gate->holds);
    json_number(out, "doors_closed", gate->doors_closed);
    json_number(out, "charged_bytes", gate->charged_bytes);
    json_number(out, "charged_peak_bytes", gate->charged_peak);
    json_number(out, "charged_limit_bytes", gate->budget_bytes);
    write_closed(gate->cut, out);
    json_end_object(out);
}

static void write_config(const struct status_config *config, struct json_out *out)
{
    json_object(out, "config");
    json_text(out, "path", config->path);
    json_time(out, "loaded", config->loaded_ns);
    json_truth(out, "refused", config->is_refused);
    json_text(out, "error", config->error);
    json_end_object(out);
}

static void write_last_stop(const struct status_last_stop *last, struct json_out *out)
{
    json_object(out, "last_stop");
    json_text(out, "how", status_last_how_name(last->how));
    json_time(out, "time", last->at_ns);
    json_text(out, "sentence", last->sentence);
    json_end_object(out);
}

static void write_beginning(const struct status *status, struct json_out *out)
{
    json_text(out, "verdict", status_verdict_name(status->verdict));
    json_text(out, "sentence", status->sentence);
    json_text(out, "version", LOGBOOM_VERSION);
    json_number(out, "pid", (uint64_t)getpid());
    json_text(out, "phase", status_phase_name(status->phase));
    json_time(out, "time", status->now_ns);
    json_number(out, "loop_ms", status->now_ms);
    json_number(out, "uptime_ms", status->uptime_ms);
    json_number(out, "stalled_ms", status->stalled_ms);
    json_text(out, "stalled_by",
              status->stalled_by >= 0 ? status->sinks[status->stalled_by].name : "");
    json_number(out, "waiting_clients", status->stalled_ms > 0 ? status->waiting_clients : 0);
}

void status_write_json(const struct status *status, struct json_out *out)
{
    write_beginning(status, out);
    json_array(out, "endpoints");
    for (unsigned i = 0; i < status->endpoint_count; i++)
        write_endpoint(&status->endpoints[i], out);
    json_end_array(out);
    json_array(out, "sinks");
    for (unsigned i = 0; i < status->sink_count; i++)
        write_sink(&status->sinks[i], out);
    json_end_array(out);
    write_parted(&status->leaving, "leaving", out);
    write_parted(&status->left, "left", out);
    write_memory(status, out);
    write_gate(status, out);
    json_object(out, "encryption");
    json_truth(out, "on", status->encrypts);
    json_number(out, "let_in", status->let_in);
    json_number(out, "refused", status->not_let_in);
    json_end_object(out);
    write_config(&status->config, out);
    write_last_stop(&status->last_stop, out);
    json_number(out, "newest", status->newest);
    json_number(out, "done_through", status->done_through);
    json_number(out, "loop_turns", status->turns);
    json_number(out, "loop_busy_turns", status->busy_turns);
}
