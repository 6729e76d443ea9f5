/* A full sink that blocks stops every client, and silence would leave the operator to
 * guess: after a second it is said who is full and why, then every minute, and when it is
 * over. */
#include <inttypes.h>

#include "conf/log.h"
#include "conf/must.h"
#include "daemon/daemon_parts.h"
#include "ingest/gate.h"

enum { FIRST_MS = 1000, AGAIN_MS = 60 * 1000 };

static double seconds_stalled(const struct daemon *daemon)
{
    return (double)(uv_now(&daemon->loop) - daemon->stalled_since_ms) / 1000;
}

static void on_stalled(uv_timer_t *timer)
{
    struct daemon *daemon = container_of(timer, struct daemon, stall_timer);
    int route = aggregate_busy_route(daemon->aggregate);
    const struct sink *sink;

    if (route < 0 || aggregate_newest(daemon->aggregate) != daemon->stalled_at)
        return; /* entries are taken, only not as fast as they could come */
    sink = daemon->sinks[route];
    daemon->stall_told = true;
    log_line(LOG_LEVEL_WARNING,
             "sink %s: full for %.1f s (%s); nothing more is received, %" PRIu64
             " clients are waiting",
             sink_name(sink), seconds_stalled(daemon), sink_trouble(sink), gate_stats().open_now);
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
        log_line(LOG_LEVEL_NOTICE, "receiving again after %.1f s", seconds_stalled(daemon));
    daemon->stall_told = false;
}

void daemon_watch_stall(struct daemon *daemon)
{
    bool stalled = daemon->stalled_since_ms != 0;
    bool parked = any_parked(daemon);

    if (parked && (!stalled || aggregate_newest(daemon->aggregate) != daemon->stalled_at)) {
        tell_end(daemon);
        daemon->stalled_since_ms = uv_now(&daemon->loop);
        daemon->stalled_at = aggregate_newest(daemon->aggregate);
        uv_timer_start(&daemon->stall_timer, on_stalled, FIRST_MS, AGAIN_MS);
    } else if (!parked && stalled) {
        tell_end(daemon);
        uv_timer_stop(&daemon->stall_timer);
        daemon->stalled_since_ms = 0;
    }
}
