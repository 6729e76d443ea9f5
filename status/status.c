#include "status/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "conf/must.h"
#include "conf/nanoseconds.h"

const char *status_phase_name(enum status_phase phase)
{
    return phase == STATUS_RUNNING ? "running" : "stopping";
}

const char *status_last_how_name(enum status_last_how how)
{
    static const char *const names[] = {[STATUS_LAST_STOP_UNKNOWN] = "unknown",
                                        [STATUS_LAST_STOP_FINE] = "fine",
                                        [STATUS_LAST_STOP_LOSSES] = "losses",
                                        [STATUS_LAST_STOP_UNCLEAN] = "unclean"};

    return names[how];
}

size_t status_bytes(unsigned endpoints, unsigned sinks)
{
    return sizeof(struct status) + endpoints * sizeof(struct status_endpoint) +
           sinks * sizeof(struct status_sink);
}

/* ---- parts ------------------------------------------------------------------------------- */

static void copy_text(char *to, size_t size, const char *text)
{
    size_t len = strnlen(text, size - 1);

    memcpy(to, text, len);
    to[len] = '\0';
}

void status_part(struct status_parted *parted, const char *name, const struct sink_ledger *ledger)
{
    size_t len = strlen(parted->names);

    parted->sinks++;
    if (name)
        snprintf(parted->names + len, sizeof parted->names - len, "%s%s", len > 0 ? " " : "", name);
    sink_ledger_add(&parted->ledger, ledger);
}

/* Loop time that has passed; 0 for what has not begun, and else at least 1. */
static uint64_t since(const struct status_sources *sources, uint64_t begin_ms)
{
    if (begin_ms == 0)
        return 0;
    return sources->now_ms > begin_ms ? sources->now_ms - begin_ms : 1;
}

static void gather_endpoint(const struct endpoint *endpoint, struct status_endpoint *out)
{
    struct gate_group_stats clients = endpoint_clients(endpoint);

    copy_text(out->name, sizeof out->name, endpoint_name(endpoint));
    endpoint_addresses(endpoint, out->addresses, sizeof out->addresses);
    out->ledger = *endpoint_ledger(endpoint);
    out->is_sub = endpoint_is_sub(endpoint);
    out->is_waiting = endpoint_is_parked(endpoint);
    out->clients = clients.open_now;
    memcpy(out->closed, clients.cut, sizeof out->closed);
}

/* Milliseconds since an entry was received; a clock that was set back says 0. */
static uint64_t waited_ms(int64_t now_ns, int64_t received_ns)
{
    if (received_ns == 0)
        return 0;
    return now_ns > received_ns ? (uint64_t)(now_ns - received_ns) / 1000000 : 0;
}

/* A sink that is up has trouble, too, if its receiver takes nothing: that shows in its queue. */
static bool is_hindered(const struct status_source_sink *source)
{
    return sink_error(source->sink) || source->blocked_since_ms || source->expired_since_ms ||
           source->dropping_since_ms;
}

static void gather_sink(const struct status_sources *sources,
                        const struct status_source_sink *source, int64_t now_ns,
                        struct status_sink *out)
{
    const struct sink *sink = source->sink;
    uint64_t losing_since_ms =
        source->expired_since_ms ? source->expired_since_ms : source->dropping_since_ms;

    copy_text(out->name, sizeof out->name, sink_name(sink));
    copy_text(out->target, sizeof out->target, sink_target(sink));
    copy_text(out->trouble, sizeof out->trouble, is_hindered(source) ? sink_trouble(sink) : "");
    out->ledger = *outbox_ledger(source->outbox);
    out->latency = *outbox_latency(source->outbox);
    out->queue_bytes = outbox_used_bytes(source->outbox);
    out->queue_limit_bytes = outbox_limit_bytes(source->outbox);
    out->oldest_ms = waited_ms(now_ns, outbox_oldest_ns(source->outbox));
    out->is_up = sink_error(sink) == 0;
    out->down_ms = since(sources, sink_down_since_ms(sink));
    out->blocked_ms = since(sources, source->blocked_since_ms);
    out->blocked_total_ms = source->blocked_total_ms + out->blocked_ms;
    out->losing_ms = since(sources, losing_since_ms);
    out->is_expired = source->expired_since_ms != 0;
    out->drops_all = outbox_drops_all(source->outbox);
}

/* ---- the whole --------------------------------------------------------------------------- */

/* Another array if this one is too small. */
static void *make_room(void *items, unsigned *room, unsigned count, size_t size)
{
    if (count <= *room)
        return items;
    free(items);
    items = calloc(count, size);
    must(items);
    *room = count;
    return items;
}

static void make_rooms(const struct status_sources *sources, struct status *status)
{
    status->endpoints = make_room(status->endpoints, &status->endpoint_room,
                                  sources->endpoint_count, sizeof *status->endpoints);
    status->sinks =
        make_room(status->sinks, &status->sink_room, sources->sink_count, sizeof *status->sinks);
    status->endpoint_count = sources->endpoint_count;
    status->sink_count = sources->sink_count;
}

static uint64_t microseconds(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

static void gather_memory(const struct status_sources *sources, struct status *status)
{
    struct rusage usage = {.ru_maxrss = 0};

    getrusage(RUSAGE_SELF, &usage);
    status->cap_bytes = sources->budget->cap_bytes;
    status->claimed_bytes = sources->budget->used_bytes;
    status->resident_bytes = sources->resident_bytes;
    status->resident_peak_bytes = sources->resident_peak_bytes;
    if (status->resident_peak_bytes < sources->resident_bytes) /* the kernel updates it lazily */
        status->resident_peak_bytes = sources->resident_bytes;
    status->cpu_us = microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
    memcpy(status->shares, sources->budget->shares, sizeof status->shares);
}

static void gather_clients(const struct status_sources *sources, struct status *status)
{
    status->gate_is_on = sources->gate_is_on;
    status->gate = sources->gate_is_on ? gate_stats() : (struct gate_stats){0};
    status->encrypts = sources->zap != NULL;
    status->let_in = sources->zap ? zap_stats(sources->zap).let_in : 0;
    status->not_let_in = sources->zap ? zap_stats(sources->zap).refused : 0;
    status->waiting_clients = 0;
    for (unsigned i = 0; i < status->endpoint_count; i++)
        status->waiting_clients += status->endpoints[i].is_sub ? 0 : status->endpoints[i].clients;
}

static void gather_stall(const struct status_sources *sources, struct status *status)
{
    int busy = aggregate_busy_route(sources->aggregate);

    status->stalled_ms = since(sources, sources->stalled_since_ms);
    status->stalled_by = status->stalled_ms > 0 && busy < (int)status->sink_count ? busy : -1;
}

void status_gather(const struct status_sources *sources, struct status *status)
{
    make_rooms(sources, status);
    status->now_ns = clock_nanoseconds(CLOCK_REALTIME);
    status->now_ms = sources->now_ms;
    status->uptime_ms = since(sources, sources->ready_ms);
    status->phase = sources->phase;
    for (unsigned i = 0; i < sources->endpoint_count; i++)
        gather_endpoint(sources->endpoints[i], &status->endpoints[i]);
    for (unsigned i = 0; i < sources->sink_count; i++)
        gather_sink(sources, &sources->sinks[i], status->now_ns, &status->sinks[i]);
    gather_memory(sources, status);
    gather_clients(sources, status);
    status->newest = aggregate_newest(sources->aggregate);
    status->done_through = aggregate_done_through(sources->aggregate);
    status->turns = sources->watch->turn_count;
    status->busy_turns = sources->watch->busy_turn_count;
    status->config = *sources->config;
    status->last_stop = *sources->last_stop;
    status->leaving = *sources->leaving;
    status->left = *sources->left;
    gather_stall(sources, status);
    status_judge(status);
}

void status_fini(struct status *status)
{
    free(status->endpoints);
    free(status->sinks);
    *status = (struct status){0};
}
