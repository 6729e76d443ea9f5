/* A sink may block for block_for, as long as nothing is taken from those who wait; then it
 * drops what arrives, until it has caught up. Each sink has its own time, and one timer wakes
 * us at the first end. */
#include <inttypes.h>

#include "conf/log.h"
#include "conf/must.h"
#include "daemon/daemon_parts.h"

static void expire(struct daemon *daemon, struct channel *channel)
{
    struct trouble *trouble = &channel->trouble;
    const struct sink *sink = channel->sink;

    log_line(LOG_LEVEL_WARNING,
             "sink %s: full for %.1f s (%s), as long as block_for allows; what arrives is dropped "
             "(block_expired) until it has caught up",
             sink_name(sink), daemon_seconds_since(daemon, trouble->blocked_since_ms),
             sink_trouble(sink));
    outbox_expire(channel->outbox);
    trouble->blocked_total_ms += uv_now(&daemon->loop) - trouble->blocked_since_ms;
    trouble->blocked_since_ms = 0;
    trouble->expired_since_ms = uv_now(&daemon->loop);
    trouble->expired_after = outbox_ledger(channel->outbox)->dropped[DROP_BLOCK_EXPIRED];
}

/* When it has blocked for long enough, in loop time; UINT64_MAX: never. */
static uint64_t end_ms(const struct channel *channel)
{
    uint64_t since_ms = channel->trouble.blocked_since_ms;
    uint64_t block_for_ms = channel->conf->block_for.ms;

    return since_ms > 0 && block_for_ms > 0 ? since_ms + block_for_ms : UINT64_MAX;
}

static void on_block_for_over(uv_timer_t *timer);

void daemon_arm_block_timer(struct daemon *daemon)
{
    uint64_t first_ms = UINT64_MAX, now_ms = uv_now(&daemon->loop);

    for (unsigned i = 0; i < daemon->channel_count; i++) {
        if (end_ms(daemon->channels[i]) < first_ms)
            first_ms = end_ms(daemon->channels[i]);
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

    for (unsigned i = 0; i < daemon->channel_count; i++) {
        if (uv_now(timer->loop) >= end_ms(daemon->channels[i]))
            expire(daemon, daemon->channels[i]);
    }
    daemon_arm_block_timer(daemon);
}

void daemon_watch_blocking(struct daemon *daemon, bool parked)
{
    bool changed = false;

    for (unsigned i = 0; i < daemon->channel_count; i++) {
        struct channel *channel = daemon->channels[i];
        uint64_t *since_ms = &channel->trouble.blocked_since_ms;
        bool blocks = parked && aggregate_is_busy(daemon->aggregate, i) &&
                      !outbox_is_expired(channel->outbox);

        if (blocks == (*since_ms > 0))
            continue;
        if (*since_ms > 0)
            channel->trouble.blocked_total_ms += uv_now(&daemon->loop) - *since_ms;
        *since_ms = blocks ? uv_now(&daemon->loop) : 0;
        changed = true;
    }
    if (changed)
        daemon_arm_block_timer(daemon);
}

void daemon_watch_expired(struct daemon *daemon)
{
    for (unsigned i = 0; i < daemon->channel_count; i++) {
        struct channel *channel = daemon->channels[i];
        struct trouble *trouble = &channel->trouble;
        const struct sink_ledger *ledger = outbox_ledger(channel->outbox);

        if (trouble->expired_since_ms == 0 || outbox_is_expired(channel->outbox))
            continue;
        log_line(LOG_LEVEL_NOTICE,
                 "sink %s: has caught up, and blocks again when it is full; %" PRIu64
                 " entries were dropped (block_expired) in %.1f s",
                 sink_name(channel->sink),
                 ledger->dropped[DROP_BLOCK_EXPIRED] - trouble->expired_after,
                 daemon_seconds_since(daemon, trouble->expired_since_ms));
        trouble->expired_since_ms = 0;
    }
}
