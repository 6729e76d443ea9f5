/* A full sink that blocks stops every client, and silence would leave the operator to
 * guess: after a second it is said who is full and why, then every minute, and when it is
 * over. It is over, too, when block_for is (daemon/block_for.c). */
#include <inttypes.h>
#include <stdio.h>

#include "conf/log.h"
#include "conf/must.h"
#include "daemon/daemon_parts.h"
#include "zeromq/gate.h"

enum { FIRST_MS = 1000, AGAIN_MS = 60 * 1000 };

static bool is_sub(const struct daemon *daemon, unsigned endpoint)
{
    return daemon->conf->ingest[endpoint].socket == CONF_SOCKET_SUB;
}

/* Entries accepted from those who can wait: that others are received is no end of a stall. */
static uint64_t accepted_from_waiting(const struct daemon *daemon)
{
    uint64_t accepted = 0;

    for (unsigned i = 0; i < daemon->endpoint_count; i++) {
        if (!is_sub(daemon, i))
            accepted += endpoint_ledger(daemon->endpoints[i])->accepted;
    }
    return accepted;
}

static bool has_publishers(const struct daemon *daemon)
{
    for (unsigned i = 0; i < daemon->endpoint_count; i++) {
        if (is_sub(daemon, i))
            return true;
    }
    return false;
}

/* Only the gate counts clients, and it does not tell publishers from those who wait. */
static void show_clients(const struct daemon *daemon, char text[64])
{
    uint64_t clients = gate_stats().open_now;

    text[0] = '\0';
    if (daemon->gate_is_on)
        snprintf(text, 64, ", %" PRIu64 " client%s %s", clients, clients == 1 ? " is" : "s are",
                 has_publishers(daemon) ? "connected" : "waiting");
}

static void on_stalled(uv_timer_t *timer)
{
    struct daemon *daemon = container_of(timer, struct daemon, stall_timer);
    int route = aggregate_busy_route(daemon->aggregate);
    const struct sink *sink;
    char clients[64];

    if (route < 0 || accepted_from_waiting(daemon) != daemon->stalled_at)
        return; /* entries are taken, only not as fast as they could come */
    sink = daemon->channels[route]->sink;
    daemon->stall_told = true;
    show_clients(daemon, clients);
    log_line(LOG_LEVEL_WARNING, "sink %s: full for %.1f s (%s); nothing more is received%s%s",
             sink_name(sink), daemon_seconds_since(daemon, daemon->stalled_since_ms),
             sink_trouble(sink), has_publishers(daemon) ? " but from publishers" : "", clients);
}

static bool any_parked(const struct daemon *daemon)
{
    for (unsigned i = 0; i < daemon->endpoint_count; i++) {
        if (endpoint_is_parked(daemon->endpoints[i]))
            return true;
    }
    return false;
}

/* Says that it is over, if it was said to be. */
static void tell_end(struct daemon *daemon)
{
    if (daemon->stall_told)
        log_line(LOG_LEVEL_NOTICE, "receiving again after %.1f s",
                 daemon_seconds_since(daemon, daemon->stalled_since_ms));
    daemon->stall_told = false;
}

static void begin_stall(struct daemon *daemon, uint64_t accepted)
{
    tell_end(daemon);
    daemon->stalled_since_ms = uv_now(&daemon->loop);
    daemon->stalled_at = accepted;
    daemon_watch_blocking(daemon, false); /* whoever blocks begins anew */
    uv_timer_start(&daemon->stall_timer, on_stalled, FIRST_MS, AGAIN_MS);
}

void daemon_watch_stall(struct daemon *daemon)
{
    bool stalled = daemon->stalled_since_ms != 0;
    bool parked = any_parked(daemon);
    uint64_t accepted = parked ? accepted_from_waiting(daemon) : 0;

    daemon_watch_expired(daemon);
    if (parked && (!stalled || accepted != daemon->stalled_at)) {
        begin_stall(daemon, accepted);
    } else if (!parked && stalled) {
        tell_end(daemon);
        uv_timer_stop(&daemon->stall_timer);
        daemon->stalled_since_ms = 0;
    }
    if (parked || stalled)
        daemon_watch_blocking(daemon, parked);
}
