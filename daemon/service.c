/* What the service manager hears between READY and STOPPING: that we live, and a line for
 * `systemctl status`. Nobody is told, and no timer runs, where nobody listens.
 *
 * The line is sent when it has changed, at most every few seconds, and its timer rests while
 * nothing happens, so that an idle daemon does not wake up for it. A sink may go down meanwhile,
 * so the ping, which comes anyhow, looks once. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/log.h"
#include "conf/must.h"
#include "daemon/daemon_parts.h"
#include "daemon/notify.h"
#include "zeromq/gate.h"

enum { STATUS_MS = 2000, MIB = 1024 * 1024 };

/* ---- that we live ------------------------------------------------------------------------ */

static uint64_t moved(const struct daemon *daemon)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < daemon->endpoint_count; i++)
        sum += endpoint_messages(daemon->endpoints[i]) +
               endpoint_ledger(daemon->endpoints[i])->received;
    for (unsigned i = 0; i < daemon->channel_count; i++)
        sum += outbox_ledger(daemon->channels[i]->outbox)->written_bytes;
    return sum;
}

static struct watchdog_look look(const struct daemon *daemon)
{
    int route = aggregate_busy_route(daemon->aggregate);
    bool parked = daemon->stalled_since_ms != 0;

    return (struct watchdog_look){
        .moved = moved(daemon),
        .waiting = parked || (daemon->gate_is_on && gate_stats().held_peers > 0),
        .explained = parked && route >= 0 && sink_waits(daemon->channels[route]->sink),
    };
}

static void look_at_rest(struct daemon *daemon);

static void on_ping(uv_timer_t *timer)
{
    struct daemon *daemon = container_of(timer, struct daemon, service.ping_timer);
    struct watchdog *watchdog = &daemon->service.watchdog;
    const struct watchdog_look now = look(daemon);
    bool was_well = !daemon->service.withheld;

    look_at_rest(daemon);
    daemon->service.withheld = !watchdog_sees_life(watchdog, &now, uv_now(timer->loop));
    if (!daemon->service.withheld)
        notify_send("WATCHDOG=1");
    else if (was_well)
        log_line(LOG_LEVEL_ERROR,
                 "clients wait, nothing was taken from them for %.1f s, and no sink is why: the "
                 "service manager is no longer told that we live",
                 daemon_seconds_since(daemon, watchdog->stuck_since_ms));
}

/* ---- the line ---------------------------------------------------------------------------- */

/* Three digits are enough, and change less often. */
static uint64_t rounded(uint64_t number)
{
    uint64_t unit = 1;

    while (number / unit >= 1000)
        unit *= 10;
    return (number + unit / 2) / unit * unit;
}

static uint64_t received(const struct daemon *daemon)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < daemon->endpoint_count; i++)
        sum += endpoint_ledger(daemon->endpoints[i])->received;
    return sum;
}

static void write_status(struct daemon *daemon, uint64_t entries_a_second,
                         char text[SERVICE_STATUS_MAX])
{
    const struct status *status = &daemon->service.now;
    bool is_fine;

    daemon_gather_status(daemon, &daemon->service.now);
    is_fine = strcmp(status->sentence, "fine") == 0; /* without a "but" */
    snprintf(text, SERVICE_STATUS_MAX, "STATUS=%" PRIu64 " entries/s, %zu of %zu MiB%s%s",
             rounded(entries_a_second), (status->resident_bytes + MIB / 2) / MIB,
             status->cap_bytes / MIB, is_fine ? "" : "; ", is_fine ? "" : status->sentence);
}

static void tell_status(struct daemon *daemon, uint64_t entries_a_second)
{
    struct service *service = &daemon->service;
    char text[SERVICE_STATUS_MAX];

    write_status(daemon, entries_a_second, text);
    service->status_changes = strcmp(text, service->told) != 0;
    if (service->status_changes)
        notify_send(text);
    memcpy(service->told, text, sizeof text);
}

static void on_status(uv_timer_t *timer)
{
    struct daemon *daemon = container_of(timer, struct daemon, service.status_timer);
    struct service *service = &daemon->service;
    uint64_t now = received(daemon);
    uint64_t turns = daemon->watch.busy_turn_count;
    bool happens = turns != service->turns_seen;

    if (daemon->state != DAEMON_RUNNING) {
        uv_timer_stop(timer);
        return;
    }
    tell_status(daemon, (now - service->received_seen) * 1000 /
                            (uv_now(timer->loop) - service->status_looked_ms));
    service->received_seen = now;
    service->status_looked_ms = uv_now(timer->loop);
    service->turns_seen = turns;
    if (!happens && !service->status_changes)
        uv_timer_stop(timer);
}

static bool is_at_rest(const struct daemon *daemon)
{
    return daemon->service.is_heard && daemon->state == DAEMON_RUNNING &&
           !uv_is_active((const uv_handle_t *)&daemon->service.status_timer);
}

static void begin_status(struct daemon *daemon)
{
    daemon->service.status_looked_ms = uv_now(&daemon->loop);
    uv_timer_start(&daemon->service.status_timer, on_status, STATUS_MS, STATUS_MS);
}

static void look_at_rest(struct daemon *daemon)
{
    if (!is_at_rest(daemon))
        return;
    tell_status(daemon, 0);
    if (daemon->service.status_changes)
        begin_status(daemon);
}

void daemon_watch_status(struct daemon *daemon)
{
    if (daemon->watch.busy_turn_count != daemon->service.turns_seen && is_at_rest(daemon))
        begin_status(daemon);
}

/* ---- from start to end ------------------------------------------------------------------- */

void daemon_open_service(struct daemon *daemon)
{
    struct service *service = &daemon->service;

    must(uv_timer_init(&daemon->loop, &service->ping_timer) == 0);
    must(uv_timer_init(&daemon->loop, &service->status_timer) == 0);
}

void daemon_begin_service(struct daemon *daemon)
{
    uint64_t interval_ms = watchdog_interval_ms();

    daemon->service.is_heard = notify_is_heard();
    if (!daemon->service.is_heard)
        return;
    tell_status(daemon, 0);
    notify_send("READY=1");
    begin_status(daemon); /* once more soon: a sink may find nobody there */
    if (interval_ms > 0)
        uv_timer_start(&daemon->service.ping_timer, on_ping, 0, interval_ms);
}

void daemon_close_service(struct daemon *daemon)
{
    uv_close((uv_handle_t *)&daemon->service.ping_timer, NULL);
    uv_close((uv_handle_t *)&daemon->service.status_timer, NULL);
    status_fini(&daemon->service.now);
}
