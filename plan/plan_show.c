/* `logboomd --plan`: where every byte of the cap goes, and what could change it. */
#include <stdarg.h>
#include <stdio.h>

#include "metrics/metrics.h"
#include "plan/plan.h"

/* Wide enough for `1023.9 GiB`. */
static const char *show_bytes(size_t bytes, char text[UNITS_TEXT_MAX])
{
    static const char *const units[] = {"KiB", "MiB", "GiB"};
    double amount = (double)bytes / 1024;
    unsigned unit = 0;

    while (amount >= 1023.95 && unit < 2) {
        amount /= 1024;
        unit++;
    }
    snprintf(text, UNITS_TEXT_MAX, "%.1f %s", amount, units[unit]);
    return text;
}

static void __attribute__((format(printf, 4, 5)))
row(FILE *out, const char *share, size_t bytes, const char *why, ...)
{
    char text[UNITS_TEXT_MAX];
    va_list args;

    fprintf(out, "%-9s %10s  ", share, show_bytes(bytes, text));
    va_start(args, why);
    vfprintf(out, why, args);
    va_end(args);
    fputc('\n', out);
}

static const char *plural(unsigned count)
{
    return count == 1 ? "" : "s";
}

static void show_ingest(const struct plan *plan, const struct conf *conf, FILE *out)
{
    const size_t *share = plan->share_bytes;
    unsigned endpoints = conf->ingest_count;
    char text[UNITS_TEXT_MAX];

    row(out, "base", share[BUDGET_BASE], "the process itself, as measured");
    row(out, "clients", share[BUDGET_CLIENTS], "%u client%s, 80 KiB each%s (max_clients, connect)",
        plan->clients, plural(plan->clients),
        plan->receivers_bytes > 0 ? ", more for those of zmq sinks" : "");
    row(out, "receive", share[BUDGET_RECEIVE],
        "twice the %s of messages that ZeroMQ may hold (grows with cap)",
        show_bytes(plan->receive_bytes, text));
    row(out, "messages", share[BUDGET_MESSAGES],
        "one in work at each of %u endpoint%s (max_message)", endpoints, plural(endpoints));
    row(out, "entries", share[BUDGET_ENTRIES], "one with %u fields at each (max_entry)",
        plan->entry_fields);
    row(out, "parser", share[BUDGET_PARSER], "the index of one message (max_message)");
}

/* What leaves by a connection waits in the kernel as well. */
static void show_connections(const struct conf *conf, FILE *out)
{
    unsigned connections = 0;

    for (unsigned i = 0; i < conf->sink_count; i++)
        connections += conf->sinks[i].address != NULL;
    if (connections > 0)
        row(out, "(kernel)", (size_t)connections * PLAN_SEND_BYTES,
            "the same: send buffers of %u connection%s, 512 KiB each", connections,
            plural(connections));
}

void plan_show(const struct plan *plan, const struct conf *conf, FILE *out)
{
    char cap[UNITS_TEXT_MAX];

    fprintf(out, "%-9s %10s  %s\n", "share", "bytes", "what it follows from");
    show_ingest(plan, conf, out);
    row(out, "blocks", plan->share_bytes[BUDGET_BLOCKS],
        "%u blocks of %zu KiB, of %u sink%s (queue, max_entry; auto grows with cap)",
        plan->block_count, plan->block_cap / 1024, conf->sink_count, plural(conf->sink_count));
    if (plan->zmq_sinks > 0)
        row(out, "cargo", plan->share_bytes[BUDGET_CARGO],
            "what ZeroMQ may hold for the receivers of %u zmq sink%s (max_entry)", plan->zmq_sinks,
            plural(plan->zmq_sinks));
    if (plan->share_bytes[BUDGET_PATHS] > 0)
        row(out, "paths", plan->share_bytes[BUDGET_PATHS],
            "which files there are, of sinks whose path is made from entries (max_paths)");
    if (plan->share_bytes[BUDGET_TLS] > 0)
        row(out, "tls", plan->share_bytes[BUDGET_TLS],
            "OpenSSL, and what sinks of type tls keep, with the certificates in 'ca'");
    if (plan->has_caretaker)
        row(out, "caretaker", plan->share_bytes[BUDGET_CARETAKER],
            "looks through rotated files%s (rotate)",
            plan->compress_set ? ", and compresses them" : "");
    if (plan->share_bytes[BUDGET_CONTROL] > 0)
        row(out, "control", plan->share_bytes[BUDGET_CONTROL],
            "the control socket: what is asked and answered (control, sinks)");
    if (plan->share_bytes[BUDGET_RECENT] > 0)
        row(out, "recent", plan->share_bytes[BUDGET_RECENT],
            "the last messages, and who reads along with `logboom tail` (keep, max_entry)");
    if (plan->share_bytes[BUDGET_METRICS] > 0)
        row(out, "metrics", plan->share_bytes[BUDGET_METRICS],
            "libmicrohttpd, %d connections and their pages (metrics)", METRICS_CONNECTIONS);
    row(out, "tables", plan->share_bytes[BUDGET_TABLES],
        "%u descriptors, %u endpoint%s, %u sink%s%s", plan->descriptors, conf->ingest_count,
        plural(conf->ingest_count), conf->sink_count, plural(conf->sink_count),
        plan->match_bytes > 0 ? " (match)" : "");
    row(out, "slack", plan->slack_bytes, "for what grows before it is seen (cap)");
    row(out, "total", plan->total_bytes, "of cap %s; cap: %zuKiB would do",
        show_bytes(plan->cap_bytes, cap), plan->smallest_cap_bytes / 1024);
    row(out, "(kernel)", (size_t)plan->clients * PLAN_SOCKET_BYTES,
        "at most, beside it: receive buffers, 256 KiB a client");
    show_connections(conf, out);
}
