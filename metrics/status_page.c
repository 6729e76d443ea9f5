#include "metrics/status_page.h"

#include "conf/count_of.h"

/* A sample at its longest: a name with two labels, of which one is a name that is escaped all
 * over, and a number. A family: its name twice and a sentence. */
enum {
    SAMPLE_BYTES = 2 * STATUS_NAME_MAX + 160,
    FAMILY_BYTES = 320,
    FAMILIES = 52,
    SAMPLES = 32 + 4 * BUDGET_SHARES,
    ENDPOINT_SAMPLES = 16 + REFUSE_REASONS + GATE_CUT_REASONS,
    SINK_SAMPLES = 16 + DROP_REASONS + LATENCY_BUCKETS + 3,
};

size_t status_page_bytes(unsigned endpoints, unsigned sinks)
{
    size_t samples = SAMPLES + (size_t)endpoints * ENDPOINT_SAMPLES + (size_t)sinks * SINK_SAMPLES;

    return FAMILIES * FAMILY_BYTES + samples * SAMPLE_BYTES;
}

/* ---- endpoints --------------------------------------------------------------------------- */

#define ENDPOINT_VALUE(name, value)                                                                \
    static uint64_t name(const struct status_endpoint *endpoint)                                   \
    {                                                                                              \
        return value;                                                                              \
    }

ENDPOINT_VALUE(received, endpoint->ledger.received)
ENDPOINT_VALUE(malformed, endpoint->ledger.malformed)
ENDPOINT_VALUE(unrouted, endpoint->ledger.unrouted)
ENDPOINT_VALUE(cut_short, endpoint->ledger.cut)
ENDPOINT_VALUE(messages, endpoint->ledger.messages)
ENDPOINT_VALUE(received_bytes, endpoint->ledger.bytes)
ENDPOINT_VALUE(clients, endpoint->clients)
ENDPOINT_VALUE(waits, endpoint->is_waiting)

static const struct {
    const char *name, *type, *help;
    uint64_t (*value)(const struct status_endpoint *endpoint);
} of_endpoints[] = {
    {"logboom_entries_received_total", "counter", "Entries that clients have sent.", received},
    {"logboom_entries_malformed_total", "counter",
     "Entries that were taken as text, since they were not in the format that was expected.",
     malformed},
    {"logboom_entries_unrouted_total", "counter", "Entries that no sink wanted.", unrouted},
    {"logboom_entries_cut_total", "counter",
     "Entries that were longer than max_entry, and were cut.", cut_short},
    {"logboom_messages_received_total", "counter", "ZeroMQ messages, whatever was in them.",
     messages},
    {"logboom_received_bytes_total", "counter", "Bytes of payload of these messages.",
     received_bytes},
    {"logboom_clients", "gauge", "Clients that are connected to addresses in bind.", clients},
    {"logboom_endpoint_waiting", "gauge", "1 while nothing is received because a sink is full.",
     waits},
};

static void write_endpoints(const struct status *status, struct page *page)
{
    for (unsigned f = 0; f < COUNT_OF(of_endpoints); f++) {
        page_family(page, of_endpoints[f].name, of_endpoints[f].type, of_endpoints[f].help);
        for (unsigned i = 0; i < status->endpoint_count; i++) {
            page_sample(page, "");
            page_label(page, "endpoint", status->endpoints[i].name);
            page_number(page, of_endpoints[f].value(&status->endpoints[i]));
        }
    }
}

static void write_reason(struct page *page, const char *label, const char *name, const char *reason,
                         uint64_t count)
{
    page_sample(page, "");
    page_label(page, label, name);
    page_label(page, "reason", reason);
    page_number(page, count);
}

static void write_refused(const struct status *status, struct page *page)
{
    page_family(page, "logboom_entries_refused_total", "counter",
                "Entries that were received and not accepted.");
    for (unsigned i = 0; i < status->endpoint_count; i++)
        for (unsigned r = 0; r < REFUSE_REASONS; r++)
            write_reason(page, "endpoint", status->endpoints[i].name, refuse_reason_name(r),
                         status->endpoints[i].ledger.refused[r]);
}

static void write_closed(const struct status *status, struct page *page)
{
    page_family(page, "logboom_peers_closed_total", "counter", "Clients that were cut off.");
    for (unsigned i = 0; i < status->endpoint_count; i++)
        for (unsigned r = 0; r < GATE_CUT_REASONS; r++)
            write_reason(page, "endpoint", status->endpoints[i].name, gate_cut_reason_name(r),
                         status->endpoints[i].closed[r]);
}

/* ---- sinks ------------------------------------------------------------------------------- */

#define SINK_VALUE(name, value)                                                                    \
    static uint64_t name(const struct status_sink *sink)                                           \
    {                                                                                              \
        return value;                                                                              \
    }

SINK_VALUE(offered, sink->ledger.offered)
SINK_VALUE(written, sink->ledger.written)
SINK_VALUE(resent, sink->ledger.resent)
SINK_VALUE(written_bytes, sink->ledger.written_bytes)
SINK_VALUE(not_utf8, sink->ledger.not_utf8)
SINK_VALUE(match_limit, sink->ledger.match_limit)
SINK_VALUE(queue_entries, sink->ledger.queued + sink->ledger.in_flight)
SINK_VALUE(queue_bytes, sink->queue_bytes)
SINK_VALUE(queue_limit_bytes, sink->queue_limit_bytes)
SINK_VALUE(oldest_ms, sink->oldest_ms)
SINK_VALUE(blocked_ms, sink->blocked_total_ms)
SINK_VALUE(is_up, sink->is_up)
SINK_VALUE(drops_all, sink->drops_all)

static const struct {
    const char *name, *type, *help;
    uint64_t (*value)(const struct status_sink *sink);
    unsigned places; /* of the value: 3 for milliseconds as seconds */
} of_sinks[] = {
    {"logboom_entries_offered_total", "counter",
     "Entries that were for this sink: each is written, dropped, or in the queue.", offered, 0},
    {"logboom_entries_written_total", "counter", "Entries that were written whole.", written, 0},
    {"logboom_entries_resent_total", "counter",
     "Entries that were sent once more, since nobody could tell whether they had arrived.", resent,
     0},
    {"logboom_written_bytes_total", "counter", "Bytes that were written, notices included.",
     written_bytes, 0},
    {"logboom_entries_not_utf8_total", "counter",
     "Entries with bytes that are not UTF-8, for which json and logfmt put U+FFFD.", not_utf8, 0},
    {"logboom_match_limit_total", "counter",
     "Messages in which a search by an expression was given up.", match_limit, 0},
    {"logboom_queue_entries", "gauge", "Entries that wait, or are being written.", queue_entries,
     0},
    {"logboom_queue_bytes", "gauge", "Memory that these take, in whole blocks but for the last.",
     queue_bytes, 0},
    {"logboom_queue_limit_bytes", "gauge", "Memory that these may take.", queue_limit_bytes, 0},
    {"logboom_oldest_queued_seconds", "gauge",
     "How long the oldest of these has waited; 0 if there is none.", oldest_ms, 3},
    {"logboom_blocked_seconds_total", "counter",
     "Time in which this sink, being full, held back those who can wait.", blocked_ms, 3},
    {"logboom_sink_up", "gauge",
     "1 if the last attempt to open, connect or write went well, else 0.", is_up, 0},
    {"logboom_sink_drops_all", "gauge",
     "1 while everything is dropped because an operator said so.", drops_all, 0},
};

static void write_sinks(const struct status *status, struct page *page)
{
    for (unsigned f = 0; f < COUNT_OF(of_sinks); f++) {
        page_family(page, of_sinks[f].name, of_sinks[f].type, of_sinks[f].help);
        for (unsigned i = 0; i < status->sink_count; i++) {
            page_sample(page, "");
            page_label(page, "sink", status->sinks[i].name);
            page_decimal(page, of_sinks[f].value(&status->sinks[i]), of_sinks[f].places);
        }
    }
}

static void write_dropped(const struct status *status, struct page *page)
{
    page_family(page, "logboom_entries_dropped_total", "counter",
                "Entries that were for this sink and will never be written.");
    for (unsigned i = 0; i < status->sink_count; i++)
        for (unsigned r = 0; r < DROP_REASONS; r++)
            write_reason(page, "sink", status->sinks[i].name, drop_reason_name(r),
                         status->sinks[i].ledger.dropped[r]);
}

static void write_bucket(struct page *page, const char *sink, unsigned bucket, uint64_t count)
{
    page_sample(page, "_bucket");
    page_label(page, "sink", sink);
    if (bucket < LATENCY_BUCKETS)
        page_decimal_label(page, "le", latency_bounds_us[bucket], 6);
    else
        page_label(page, "le", "+Inf");
    page_number(page, count);
}

static void write_histogram(struct page *page, const struct status_sink *sink)
{
    uint64_t count = 0;

    for (unsigned i = 0; i <= LATENCY_BUCKETS; i++) {
        count += sink->latency.counts[i];
        write_bucket(page, sink->name, i, count);
    }
    page_sample(page, "_sum");
    page_label(page, "sink", sink->name);
    page_decimal(page, sink->latency.sum_us, 6);
    page_sample(page, "_count");
    page_label(page, "sink", sink->name);
    page_number(page, count);
}

static void write_delivery(const struct status *status, struct page *page)
{
    page_family(page, "logboom_delivery_seconds", "histogram",
                "From receiving an entry to having written it; each counts with the age of the "
                "oldest in its block.");
    for (unsigned i = 0; i < status->sink_count; i++)
        write_histogram(page, &status->sinks[i]);
}

/* ---- the daemon -------------------------------------------------------------------------- */

static void write_one(struct page *page, const char *name, const char *type, uint64_t amount,
                      unsigned places, const char *help)
{
    page_family(page, name, type, help);
    page_sample(page, "");
    page_decimal(page, amount, places);
}

#define SHARE_VALUE(name, value)                                                                   \
    static uint64_t name(const struct budget_use *share)                                           \
    {                                                                                              \
        return value;                                                                              \
    }

SHARE_VALUE(used, share->used_bytes)
SHARE_VALUE(peak, share->peak_bytes)
SHARE_VALUE(limit, share->limit_bytes)
SHARE_VALUE(refused, share->refused)

static const struct {
    const char *name, *type, *help;
    uint64_t (*value)(const struct budget_use *share);
} of_shares[] = {
    {"logboom_memory_bytes", "gauge",
     "Memory that is claimed; some shares are claimed as a whole at the start.", used},
    {"logboom_memory_peak_bytes", "gauge", "The most that ever was.", peak},
    {"logboom_memory_limit_bytes", "gauge", "The most that may be.", limit},
    {"logboom_memory_refused_total", "counter", "Claims for which there was no room.", refused},
};

static void write_memory(const struct status *status, struct page *page)
{
    for (unsigned f = 0; f < COUNT_OF(of_shares); f++) {
        page_family(page, of_shares[f].name, of_shares[f].type, of_shares[f].help);
        for (unsigned i = 0; i < BUDGET_SHARES; i++) {
            page_sample(page, "");
            page_label(page, "share", budget_share_name(i));
            page_number(page, of_shares[f].value(&status->shares[i]));
        }
    }
    write_one(page, "logboom_memory_cap_bytes", "gauge", status->cap_bytes, 0,
              "All memory that the daemon may occupy (memory.cap).");
    write_one(page, "logboom_memory_resident_peak_bytes", "gauge", status->resident_peak_bytes, 0,
              "The most memory that was ever resident.");
}

static void write_gate(const struct status *status, struct page *page)
{
    write_one(page, "logboom_gate_active", "gauge", status->gate_is_on, 0,
              "1 if the gate keeps clients to their share of memory, else 0.");
    write_one(page, "logboom_gate_charged_bytes", "gauge", status->gate.charged_bytes, 0,
              "Memory of messages that ZeroMQ holds.");
    write_one(page, "logboom_gate_limit_bytes", "gauge", status->gate.budget_bytes, 0,
              "Memory of messages that ZeroMQ may hold.");
    write_one(page, "logboom_gate_held_clients", "gauge", status->gate.held_peers, 0,
              "Clients that wait for that memory.");
    write_one(page, "logboom_clients_not_let_in_total", "counter", status->not_let_in, 0,
              "Attempts to connect with a key that is not on the list.");
    write_one(page, "logboom_clients_turned_away_total", "counter", status->gate.turned_away, 0,
              "Newcomers closed at once, since too many handshakes from there failed.");
}

/* Not by name: a sink that comes back has the name of one that leaves. */
static void write_parted(const struct status *status, struct page *page)
{
    const struct sink_ledger *leaving = &status->leaving.ledger, *left = &status->left.ledger;

    write_one(page, "logboom_sinks_leaving", "gauge", status->leaving.sinks, 0,
              "Sinks that a reload took out, and that still write what waits.");
    write_one(page, "logboom_leaving_queue_entries", "gauge", leaving->queued + leaving->in_flight,
              0, "Entries that wait there.");
    page_family(page, "logboom_left_entries_dropped_total", "counter",
                "Entries that sinks have dropped which a reload took out; those in their own "
                "counters before are among them.");
    for (unsigned r = 0; r < DROP_REASONS; r++) {
        page_sample(page, "");
        page_label(page, "reason", drop_reason_name(r));
        page_number(page, leaving->dropped[r] + left->dropped[r]);
    }
}

static void write_last_stop(const struct status *status, struct page *page)
{
    page_family(page, "logboom_last_stop_info", "gauge",
                "Always 1; how the daemon before this one ended: fine, losses, unclean or "
                "unknown.");
    page_sample(page, "");
    page_label(page, "how", status_last_how_name(status->last_stop.how));
    page_number(page, 1);
}

static void write_config(const struct status *status, struct page *page)
{
    write_one(page, "logboom_config_reload_ok", "gauge", !status->config.is_refused, 0,
              "1 if the last attempt to load a configuration went well, else 0.");
    write_one(page, "logboom_config_loaded_timestamp_seconds", "gauge",
              (uint64_t)status->config.loaded_ns / 1000000, 3,
              "When the configuration in force was loaded, since 1970.");
    write_one(page, "logboom_draining", "gauge", status->phase == STATUS_STOPPING, 0,
              "1 while the daemon stops.");
    page_family(page, "logboom_build_info", "gauge", "Always 1; which build this is.");
    page_sample(page, "");
    page_label(page, "version", LOGBOOM_VERSION);
    page_number(page, 1);
}

static void write_process(const struct status *status, int64_t started_ns, struct page *page)
{
    write_one(page, "process_cpu_seconds_total", "counter", status->cpu_us, 6,
              "CPU of all threads.");
    write_one(page, "process_resident_memory_bytes", "gauge", status->resident_bytes, 0,
              "Memory that is resident now.");
    write_one(page, "process_start_time_seconds", "gauge", (uint64_t)started_ns / 1000000, 3,
              "When the daemon was started, since 1970.");
}

void status_write_page(const struct status *status, int64_t started_ns, struct page *page)
{
    write_endpoints(status, page);
    write_refused(status, page);
    write_closed(status, page);
    write_sinks(status, page);
    write_dropped(status, page);
    write_delivery(status, page);
    write_parted(status, page);
    write_memory(status, page);
    write_gate(status, page);
    write_config(status, page);
    write_last_stop(status, page);
    write_process(status, started_ns, page);
}
