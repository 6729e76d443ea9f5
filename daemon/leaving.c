/* leaving.c - sinks that a reload has taken out, until they are through; and those that wait for
 * it.
 *
 *     drained, for as long as drain_timeout ──► closed ──► told, with its ledger ──► forgotten
 *                  time is up: the rest is dropped (removed)
 *
 * Two sinks never hold one file or address at once: the new one is held (sink_hold), with its queue
 * filling, until every older one with that target is closed. One that leaves before it was ever
 * opened waits for its turn all the same, and its time begins then. */
#include <inttypes.h>
#include <stdlib.h>

#include "conf/log.h"
#include "conf/must.h"
#include "daemon/daemon_parts.h"
#include "judge/judge.h"

enum { TICK_MS = 20, RETRY_MS = 1000, HANG_MS = 2000 };

void daemon_leave(struct daemon *daemon, struct channel *channel)
{
    must(daemon->leaving_count < DAEMON_LEAVING_MAX);
    if (!daemon->leaving)
        daemon->leaving = calloc(DAEMON_LEAVING_MAX, sizeof(struct channel *));
    must(daemon->leaving);
    channel->leave_by_ms = uv_now(&daemon->loop) + daemon->conf->drain_timeout.ms;
    daemon->leaving[daemon->leaving_count++] = channel;
    daemon_end_drops_of(channel);
    sink_drop_as(channel->sink, DROP_REMOVED);
    sink_drain(channel->sink);
}

/* ---- those that wait --------------------------------------------------------------------- */

/* Whether one of the first `count` that leave has this target still. */
static bool is_taken(const struct daemon *daemon, const struct channel *channel, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct channel *other = daemon->leaving[i];

        if (!sink_is_closed(other->sink) && judge_share_target(other->conf, channel->conf))
            return true;
    }
    return false;
}

static void tell_open_failed(struct daemon *daemon, struct channel *channel, const struct err *why)
{
    if (channel->retry_at_ms == 0)
        log_line(LOG_LEVEL_ERROR, "sink %s: %s; trying again every second", channel->conf->name,
                 why->text);
    channel->retry_at_ms = uv_now(&daemon->loop) + RETRY_MS;
}

/* `older`: so many of those that leave come before it. */
static void try_to_open(struct daemon *daemon, struct channel *channel, unsigned older)
{
    struct channel_shared shared = daemon_channel_shared(daemon, channel->home);
    struct err why;

    if (!sink_is_held(channel->sink) || uv_now(&daemon->loop) < channel->retry_at_ms ||
        is_taken(daemon, channel, older))
        return;
    if (channel_open_held(channel, &shared, &why) < 0) {
        tell_open_failed(daemon, channel, &why);
        return;
    }
    channel->retry_at_ms = 0;
    log_line(LOG_LEVEL_INFO, "sink %s: opened '%s'", channel->conf->name,
             sink_target(channel->sink));
}

/* Whether one waits still. */
static bool open_held(struct daemon *daemon)
{
    bool any = false;

    for (unsigned i = 0; i < daemon->channel_count; i++) {
        try_to_open(daemon, daemon->channels[i], daemon->leaving_count);
        any |= sink_is_held(daemon->channels[i]->sink);
    }
    return any;
}

/* ---- those that leave -------------------------------------------------------------------- */

static void begin_closing(struct daemon *daemon, struct channel *channel)
{
    channel->is_closing = true;
    channel->leave_by_ms = uv_now(&daemon->loop) + HANG_MS;
    sink_close(channel->sink, daemon_on_sink_closed, daemon);
}

/* Its time begins when it is opened. */
static void try_to_open_leaving(struct daemon *daemon, struct channel *channel, unsigned i)
{
    try_to_open(daemon, channel, i);
    if (sink_is_held(channel->sink))
        return;
    channel->leave_by_ms = uv_now(&daemon->loop) + daemon->conf->drain_timeout.ms;
    sink_drop_as(channel->sink, DROP_REMOVED);
    sink_drain(channel->sink);
}

static void tell_hang(struct daemon *daemon, struct channel *channel)
{
    if (channel->hang_told || uv_now(&daemon->loop) < channel->leave_by_ms)
        return;
    channel->hang_told = true;
    log_line(LOG_LEVEL_WARNING,
             "sink %s: '%s' does not return from a write or a sync; it is closed when it does",
             channel->conf->name, sink_target(channel->sink));
}

static void push_on(struct daemon *daemon, struct channel *channel, unsigned i)
{
    if (sink_is_held(channel->sink) && !channel->is_closing)
        try_to_open_leaving(daemon, channel, i);
    else if (channel->is_closing)
        tell_hang(daemon, channel);
    else if (!channel->outbox || sink_is_drained(channel->sink) ||
             uv_now(&daemon->loop) >= channel->leave_by_ms)
        begin_closing(daemon, channel);
}

static void tell_gone(struct daemon *daemon, const struct channel *channel)
{
    uint64_t dropped = channel->outbox ? outbox_ledger(channel->outbox)->dropped[DROP_REMOVED] : 0;

    if (!channel->outbox) /* its queue went to another */
        return;
    if (dropped > 0)
        log_line(LOG_LEVEL_ERROR,
                 "sink %s: '%s' is closed; %" PRIu64 " entries could not be written in time and "
                 "were dropped (removed)",
                 channel->conf->name, sink_target(channel->sink), dropped);
    else
        log_line(LOG_LEVEL_NOTICE, "sink %s: '%s' is closed; all that waited is written",
                 channel->conf->name, sink_target(channel->sink));
    daemon_report_channel(channel);
    daemon_watch_losses_of(daemon, channel);
    status_part(&daemon->left, NULL, outbox_ledger(channel->outbox));
}

/* A stop keeps them, to know what it has lost. */
static void forget_closed(struct daemon *daemon)
{
    unsigned kept = 0;

    if (daemon->state != DAEMON_RUNNING)
        return;
    for (unsigned i = 0; i < daemon->leaving_count; i++) {
        struct channel *channel = daemon->leaving[i];

        if (!sink_is_closed(channel->sink)) {
            daemon->leaving[kept++] = channel;
            continue;
        }
        if (!channel->is_undone)
            tell_gone(daemon, channel);
        sink_leave_caretaker(channel->sink);
        channel_free(&channel);
    }
    daemon->leaving_count = kept;
}

/* A queue that was filled further than its share is now gets what it needs until it has been
 * written; the others get less. */
static bool holds_too_much(const struct daemon *daemon)
{
    for (unsigned i = 0; i < daemon->channel_count; i++) {
        const struct channel *channel = daemon->channels[i];

        if (channel->conf->queue.bytes == 0 &&
            outbox_quota(channel->outbox) > daemon->plan.auto_blocks)
            return true;
    }
    return false;
}

static void on_tick(uv_timer_t *timer)
{
    struct daemon *daemon = container_of(timer, struct daemon, leave_timer);
    bool any_waits;

    for (unsigned i = 0; i < daemon->leaving_count; i++)
        push_on(daemon, daemon->leaving[i], i);
    forget_closed(daemon);
    any_waits = open_held(daemon);
    if (daemon->leaving_count > 0 || any_waits)
        return;
    uv_timer_stop(timer);
    if (daemon->state != DAEMON_RUNNING)
        return;
    daemon_settle_plan(daemon);
    if (holds_too_much(daemon))
        uv_timer_start(timer, on_tick, RETRY_MS, TICK_MS);
}

void daemon_watch_leaving(struct daemon *daemon)
{
    uv_timer_start(&daemon->leave_timer, on_tick, 0, TICK_MS);
}

void daemon_undo_channel(struct daemon *daemon, struct channel *channel)
{
    channel->is_undone = true;
    daemon_leave(daemon, channel);
    begin_closing(daemon, channel);
    daemon_watch_leaving(daemon);
}

void daemon_hurry_leaving(struct daemon *daemon)
{
    for (unsigned i = 0; i < daemon->leaving_count; i++) {
        struct channel *channel = daemon->leaving[i];

        if (channel->is_closing)
            continue;
        channel->leave_by_ms = UINT64_MAX;
        sink_drop_as(channel->sink, DROP_SHUTDOWN);
    }
}

void daemon_end_leaving(struct daemon *daemon)
{
    uv_timer_stop(&daemon->leave_timer);
    for (unsigned i = 0; i < daemon->leaving_count; i++) {
        if (!daemon->leaving[i]->is_closing)
            begin_closing(daemon, daemon->leaving[i]);
    }
}
