/* What a sink's policy drops is told in its output and counted in the ledger. The log says
 * once that it begins, and once how much it was: an entry at a time would be a flood of its
 * own. It is over when nothing was dropped for a while. */
#include <inttypes.h>

#include "conf/log.h"
#include "conf/must.h"
#include "daemon/daemon_parts.h"

enum { LOOK_MS = 1000, QUIET_MS = 5000 };

/* By the policy of the sink it is one or the other. */
static uint64_t dropped_by_policy(const struct channel *channel)
{
    const struct sink_ledger *ledger = outbox_ledger(channel->outbox);

    return ledger->dropped[DROP_FULL] + ledger->dropped[DROP_SUB_FULL];
}

void daemon_end_drops_of(struct channel *channel)
{
    struct trouble *trouble = &channel->trouble;
    bool blocks = channel->conf->when_full == CONF_WHEN_FULL_BLOCK;

    if (trouble->dropping_since_ms == 0)
        return;
    log_line(LOG_LEVEL_NOTICE, "sink %s: dropped %" PRIu64 " entries (%s) in %.1f s",
             sink_name(channel->sink), dropped_by_policy(channel) - trouble->dropped_after,
             drop_reason_name(blocks ? DROP_SUB_FULL : DROP_FULL),
             (double)(trouble->dropped_last_ms - trouble->dropping_since_ms) / 1000);
    trouble->dropping_since_ms = 0;
}

static void on_look(uv_timer_t *timer)
{
    struct daemon *daemon = container_of(timer, struct daemon, drops_timer);
    bool any = false;

    for (unsigned i = 0; i < daemon->channel_count; i++) {
        struct trouble *trouble = &daemon->channels[i]->trouble;

        if (trouble->dropping_since_ms == 0)
            continue;
        if (uv_now(timer->loop) >= trouble->dropped_last_ms + QUIET_MS)
            daemon_end_drops_of(daemon->channels[i]);
        else
            any = true;
    }
    if (!any)
        uv_timer_stop(timer);
}

static void tell_begin(struct daemon *daemon, struct channel *channel)
{
    static const char *const what[] = {
        [CONF_WHEN_FULL_BLOCK] = "what publishers send is dropped, since they cannot wait",
        [CONF_WHEN_FULL_DROP_NEWEST] = "what arrives is dropped",
        [CONF_WHEN_FULL_DROP_OLDEST] = "what has waited longest is dropped",
    };
    struct trouble *trouble = &channel->trouble;

    trouble->dropping_since_ms = uv_now(&daemon->loop);
    trouble->dropped_after = trouble->dropped_seen;
    log_line(LOG_LEVEL_WARNING, "sink %s: full (%s); %s", sink_name(channel->sink),
             sink_trouble(channel->sink), what[channel->conf->when_full]);
    if (!uv_is_active((uv_handle_t *)&daemon->drops_timer))
        uv_timer_start(&daemon->drops_timer, on_look, LOOK_MS, LOOK_MS);
}

void daemon_watch_drops(struct daemon *daemon)
{
    for (unsigned i = 0; i < daemon->channel_count; i++) {
        struct trouble *trouble = &daemon->channels[i]->trouble;
        uint64_t dropped = dropped_by_policy(daemon->channels[i]);

        if (dropped == trouble->dropped_seen)
            continue;
        if (trouble->dropping_since_ms == 0)
            tell_begin(daemon, daemon->channels[i]);
        trouble->dropped_seen = dropped;
        trouble->dropped_last_ms = uv_now(&daemon->loop);
    }
}

void daemon_end_drops(struct daemon *daemon)
{
    daemon_watch_drops(daemon);
    for (unsigned i = 0; i < daemon->channel_count; i++)
        daemon_end_drops_of(daemon->channels[i]);
}
