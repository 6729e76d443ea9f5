#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/log.h"
#include "daemon/cgroup.h"
#include "daemon/daemon_parts.h"
#include "daemon/resident.h"
#include "judge/judge.h"
#include "zeromq/gate.h"

static size_t mib(size_t bytes)
{
    return (bytes + 512 * 1024) / (1024 * 1024);
}

static size_t append(char *text, size_t size, size_t at, const char *word)
{
    return at < size ? at + (size_t)snprintf(text + at, size - at, "%s%s", at ? " " : "", word)
                     : at;
}

static void report_jit(const struct daemon *daemon)
{
    for (unsigned i = 0; i < daemon->channel_count; i++) {
        if (match_lacks_jit(daemon->channels[i]->match)) {
            log_line(LOG_LEVEL_INFO, "match: the system allows no compiled expressions (JIT); they "
                                     "are interpreted, which is slower");
            return;
        }
    }
}

/* The kernel kills who is above that, with all that waits. */
static void report_memory_max(const struct daemon *daemon)
{
    size_t max = cgroup_memory_max("/proc/self/cgroup", "/sys/fs/cgroup");
    size_t cap = daemon->plan.cap_bytes;

    if (max > 0 && max < 2 * cap)
        log_line(LOG_LEVEL_WARNING,
                 "memory.cap is %zu MiB, but the kernel allows the service %zu MiB (MemoryMax=), "
                 "the page cache and socket buffers included, and may kill it; four times the cap, "
                 "%zu MiB, are enough",
                 mib(cap), mib(max), mib(4 * cap));
}

void daemon_report_ready(const struct daemon *daemon)
{
    char addresses[1024] = "", targets[1024] = "", one[512];
    struct err sentence;
    size_t at = 0;

    for (unsigned i = 0; i < daemon->endpoint_count; i++)
        at = append(addresses, sizeof addresses, at,
                    endpoint_addresses(daemon->endpoints[i], one, sizeof one));
    at = 0;
    for (unsigned i = 0; i < daemon->channel_count; i++)
        at = append(targets, sizeof targets, at, sink_target(daemon->channels[i]->sink));
    log_line(LOG_LEVEL_INFO, "ready: %s → %s (cap %zu MiB, using %zu)", addresses, targets,
             mib(daemon->plan.cap_bytes), mib(resident_bytes()));
    for (unsigned i = 0; i < daemon->endpoint_count; i++) {
        if (judge_is_open(&daemon->conf->ingest[i], &sentence))
            log_line(LOG_LEVEL_WARNING, "%s", sentence.text);
    }
    for (unsigned i = 0; i < daemon->conf->sink_count; i++) {
        if (judge_sink_is_open(&daemon->conf->sinks[i], &sentence))
            log_line(LOG_LEVEL_WARNING, "%s", sentence.text);
    }
    if (!judge_takes_everything(daemon->conf))
        log_line(LOG_LEVEL_WARNING, "%s", judge_not_everything);
    report_memory_max(daemon);
    report_jit(daemon);
}

static void report_gate(const struct daemon *daemon)
{
    struct gate_stats stats = gate_stats();
    char cut[512] = "";
    size_t at = 0;

    if (!daemon->gate_is_on) {
        log_line(LOG_LEVEL_INFO, "gate: off; memory.cap is not guaranteed");
        return;
    }
    for (unsigned i = 0; i < GATE_CUT_REASONS; i++)
        at += (size_t)snprintf(cut + at, sizeof cut - at, "%s%s=%" PRIu64, i ? " " : "",
                               gate_cut_reason_name(i), stats.cut[i]);
    log_line(LOG_LEVEL_INFO,
             "gate: charged=%zu peak=%zu limit=%zu voided=%" PRIu64 " open=%" PRIu64
             " slots=%u accepted=%" PRIu64 " turned_away=%" PRIu64 " held=%u holds=%" PRIu64
             " doors_closed=%u closings=%" PRIu64 " cut{%s}",
             stats.charged_bytes, stats.charged_peak, stats.budget_bytes, stats.voided_bytes,
             stats.open_now, stats.slots_in_use, stats.accepted, stats.turned_away,
             stats.held_peers, stats.holds, stats.doors_closed, stats.closings, cut);
}

/* What sinks with many files, and those that rotate, have behind their counters. */
static size_t show_files(const struct sink *sink, char *text, size_t size)
{
    struct sink_files files;

    if (!sink_files(sink, &files))
        return 0;
    return (size_t)snprintf(text, size, " paths=%u open=%u other=%" PRIu64, files.paths, files.open,
                            files.others);
}

static void show_ward(const struct sink *sink, char *text, size_t size)
{
    struct ward_counts counts;

    if (sink_ward_counts(sink, &counts))
        snprintf(text, size,
                 " rotated=%" PRIu64 " compressed=%" PRIu64 " compress_failed=%" PRIu64
                 " removed=%" PRIu64 " removed_plain=%" PRIu64,
                 counts.rotated, counts.compressed, counts.failed, counts.removed,
                 counts.removed_plain);
}

enum { LINE_MAX_BYTES = LEDGER_TEXT_MAX + 256 + STATUS_NAME_MAX + 32 };

static const char *show_endpoint(const struct endpoint *endpoint, char line[LINE_MAX_BYTES])
{
    char text[LEDGER_TEXT_MAX];

    snprintf(line, LINE_MAX_BYTES, "ledger: endpoint %s: %s", endpoint_name(endpoint),
             endpoint_ledger_show(endpoint_ledger(endpoint), text));
    return line;
}

static const char *show_channel(const struct channel *channel, char line[LINE_MAX_BYTES])
{
    char text[LEDGER_TEXT_MAX], more[256] = "";
    size_t len = show_files(channel->sink, more, sizeof more);

    show_ward(channel->sink, more + len, sizeof more - len);
    snprintf(line, LINE_MAX_BYTES, "ledger: sink %s: %s%s", sink_name(channel->sink),
             sink_ledger_show(outbox_ledger(channel->outbox), text), more);
    return line;
}

void daemon_tell_ledger(const struct daemon *daemon, void (*tell)(void *context, const char *line),
                        void *context)
{
    char line[LINE_MAX_BYTES];

    for (unsigned i = 0; i < daemon->endpoint_count; i++)
        tell(context, show_endpoint(daemon->endpoints[i], line));
    for (unsigned i = 0; i < daemon->channel_count; i++)
        tell(context, show_channel(daemon->channels[i], line));
    for (unsigned i = 0; i < daemon->leaving_count; i++) {
        if (daemon->leaving[i]->outbox)
            tell(context, show_channel(daemon->leaving[i], line));
    }
    snprintf(line, sizeof line, "ledger: newest=%" PRIu64 " done_through=%" PRIu64,
             aggregate_newest(daemon->aggregate), aggregate_done_through(daemon->aggregate));
    tell(context, line);
}

static void log_ledger_line(void *context, const char *line)
{
    (void)context;
    log_line(LOG_LEVEL_INFO, "%s", line);
}

void daemon_report_channel(const struct channel *channel)
{
    char line[LINE_MAX_BYTES];

    log_ledger_line(NULL, show_channel(channel, line));
}

void daemon_report_ledger(const struct daemon *daemon)
{
    daemon_tell_ledger(daemon, log_ledger_line, NULL);
    for (unsigned i = 0; i < BUDGET_SHARES; i++) {
        const struct budget_use *use = &daemon->budget.shares[i];

        if (use->limit_bytes == 0) /* nobody needs it */
            continue;
        log_line(LOG_LEVEL_INFO, "memory: %s used=%zuKiB peak=%zuKiB limit=%zuKiB refused=%lu",
                 budget_share_name(i), use->used_bytes / 1024, use->peak_bytes / 1024,
                 use->limit_bytes / 1024, use->refused);
    }
    log_line(LOG_LEVEL_INFO, "pool: blocks used=%u peak=%u of=%u refused=%lu",
             pool_used(daemon->blocks), pool_peak(daemon->blocks), pool_capacity(daemon->blocks),
             pool_refused(daemon->blocks));
    report_gate(daemon);
    if (daemon->zap)
        log_line(LOG_LEVEL_INFO, "encryption: let_in=%" PRIu64 " refused=%" PRIu64,
                 zap_stats(daemon->zap).let_in, zap_stats(daemon->zap).refused);
    log_line(LOG_LEVEL_INFO, "loop: turns=%" PRIu64 " busy=%" PRIu64, daemon->watch.turn_count,
             daemon->watch.busy_turn_count);
    log_line(LOG_LEVEL_INFO, "memory: cap=%zuMiB claimed=%zuMiB resident=%zuMiB given_back=%lu",
             mib(daemon->plan.cap_bytes), mib(daemon->budget.used_bytes), mib(resident_bytes()),
             daemon->giveback.times);
}
