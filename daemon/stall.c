/* A full sink that blocks stops every client, and silence would leave the operator to
 * guess: after a second it is said who is full and why, then every minute, and when it is
 * over. It is over, too, when a sink has blocked for block_for: then that one drops. */
#include <inttypes.h>

#include "conf/log.h"
#include "conf/must.h"
#include "daemon/daemon_parts.h"
#include "ingest/gate.h"

enum { FIRST_MS = 1000, AGAIN_MS = 60 * 1000 };

static double seconds_since(const struct daemon *daemon, uint64_t since_ms)
{
    return (double)(uv_now(&daemon->loop) - since_ms) / 1000;
}

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

static const char *what_is_received(const struct daemon *daemon)
{
    for (unsigned i = 0; i < daemon->endpoint_count; i++) {
        if (is_sub(daemon, i))
            return "nothing more is received but from publishers";
    }
    return "nothing more is received";
}

static void on_stalled(uv_timer_t *timer)
{
    struct daemon *daemon = container_of(timer, struct daemon, stall_timer);
    int route = aggregate_busy_route(daemon->aggregate);
    const struct sink *sink;

    if (route < 0 || accepted_from_waiting(daemon) != daemon->stalled_at)
        return; /* entries are taken, only not as fast as they could come */
    sink = daemon->sinks[route];
    daemon->stall_told = true;
    log_line(LOG_LEVEL_WARNING,
             "sink %s: full for %.1f s (%s); %s, %" PRIu64 " clients are waiting", sink_name(sink),
             seconds_since(daemon, daemon->stalled_since_ms), sink_trouble(sink),
             what_is_received(daemon), gate_stats().open_now);
}

/* ---- block_for --------------------------------------------------------------------------- */

static void expire(struct daemon *daemon, unsigned i)
{
    struct trouble *trouble = &daemon->troubles[i];
    const struct sink *sink = daemon->sinks[i];

    log_line(LOG_LEVEL_WARNING,
             "sink %s: full for %.1f s (%s), as long as block_for allows; what arrives is dropped "
             "(block_expired) until it has caught up",
             sink_name(sink), seconds_since(daemon, trouble->blocked_since_ms), sink_trouble(sink));
    outbox_expire(daemon->outboxes[i]);
    trouble->blocked_since_ms = 0;
    trouble->expired_since_ms = uv_now(&daemon->loop);
    trouble->expired_after = outbox_ledger(daemon->outboxes[i])->dropped[DROP_BLOCK_EXPIRED];
}

static void on_block_for_over(uv_timer_t *timer);

/* Wakes us when the first of them has blocked for long enough. */
static void arm_block_timer(struct daemon *daemon)
{
    uint64_t first_ms = UINT64_MAX, now_ms = uv_now(&daemon->loop);

    for (unsigned i = 0; i < daemon->sink_count; i++) {
        uint64_t since_ms = daemon->troubles[i].blocked_since_ms;
        uint64_t block_for_ms = daemon->conf->sinks[i].block_for.ms;

        if (since_ms > 0 && block_for_ms > 0 && since_ms + block_for_ms < first_ms)
            first_ms = since_ms + block_for_ms;
    }
    if (first_ms < UINT64_MAX)
        uv_timer_start(&daemon->block_timer, on_block_for_over,
                       first_ms > now_ms ? first_ms - now_ms : 0, 0);
    else
        uv_timer_stop(&daemon->block_timer);
}

static void on_block_for_over(uv_timer_t *timer)
{
    struct daemon *daemon = container_of(timer, struct daemon, block_timer);

    for (unsigned i = 0; i < daemon->sink_count; i++) {
        uint64_t since_ms = daemon->troubles[i].blocked_since_ms;
        uint64_t block_for_ms = daemon->conf->sinks[i].block_for.ms;

        if (since_ms > 0 && block_for_ms > 0 && uv_now(timer->loop) >= since_ms + block_for_ms)
            expire(daemon, i);
    }
    arm_block_timer(daemon);
}

static void watch_blocking(struct daemon *daemon, bool parked)
{
    bool changed = false;

    for (unsigned i = 0; i < daemon->sink_count; i++) {
        uint64_t *since_ms = &daemon->troubles[i].blocked_since_ms;
        bool blocks = parked && aggregate_is_busy(daemon->aggregate, i) &&
                      !outbox_is_expired(daemon->outboxes[i]);

        if (blocks == (*since_ms > 0))
            continue;
        *since_ms = blocks ? uv_now(&daemon->loop) : 0;
        changed = true;
    }
    if (changed)
        arm_block_timer(daemon);
}

/* Says so when a sink that dropped because of block_for has caught up. */
static void watch_expired(struct daemon *daemon)
{
    for (unsigned i = 0; i < daemon->sink_count; i++) {
        struct trouble *trouble = &daemon->troubles[i];
        const struct sink_ledger *ledger = outbox_ledger(daemon->outboxes[i]);

        if (trouble->expired_since_ms == 0 || outbox_is_expired(daemon->outboxes[i]))
            continue;
        log_line(LOG_LEVEL_NOTICE,
                 "sink %s: has caught up, and blocks again when it is full; %" PRIu64
                 " entries were dropped (block_expired) in %.1f s",
                 sink_name(daemon->sinks[i]),
                 ledger->dropped[DROP_BLOCK_EXPIRED] - trouble->expired_after,
                 seconds_since(daemon, trouble->expired_since_ms));
        trouble->expired_since_ms = 0;
    }
}

/* ---- each turn --------------------------------------------------------------------------- */

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
                 seconds_since(daemon, daemon->stalled_since_ms));
    daemon->stall_told = false;
}

static void begin_stall(struct daemon *daemon, uint64_t accepted)
{
    tell_end(daemon);
    daemon->stalled_since_ms = uv_now(&daemon->loop);
    daemon->stalled_at = accepted;
    watch_blocking(daemon, false); /* whoever blocks begins anew */
    uv_timer_start(&daemon->stall_timer, on_stalled, FIRST_MS, AGAIN_MS);
}

void daemon_watch_stall(struct daemon *daemon)
{
    bool stalled = daemon->stalled_since_ms != 0;
    bool parked = any_parked(daemon);
    uint64_t accepted = parked ? accepted_from_waiting(daemon) : 0;

    watch_expired(daemon);
    if (parked && (!stalled || accepted != daemon->stalled_at)) {
        begin_stall(daemon, accepted);
    } else if (!parked && stalled) {
        tell_end(daemon);
        uv_timer_stop(&daemon->stall_timer);
        daemon->stalled_since_ms = 0;
    }
    if (parked || stalled)
        watch_blocking(daemon, parked);
}
