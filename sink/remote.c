#include "sink/remote.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/log.h"
#include "conf/must.h"
#include "sink/transport.h"

/* A connection that has lasted so long was good, even if there was nothing to send. */
enum { GOOD_MS = 10 * 1000 };

static const struct remote_engine *engine_of(const struct sink *sink)
{
    return sink->remote->kind->engine;
}

static uint64_t waiting(const struct sink *sink)
{
    const struct sink_ledger *ledger = outbox_ledger(sink->outbox);

    return ledger->queued + ledger->in_flight;
}

/* ---- down and up again --------------------------------------------------------------------- */

static void on_retry(uv_timer_t *timer)
{
    dial_start(&container_of(timer, struct sink, alarm)->remote->dial);
}

static void tell_down(struct sink *sink, uint64_t again)
{
    struct remote *remote = sink->remote;
    char part[96] = "";

    sink->down_since_ms = uv_now(sink->loop);
    remote->dropped_before = sink_ledger_dropped(outbox_ledger(sink->outbox));
    if (again > 0)
        snprintf(part, sizeof part, ", of which %" PRIu64 " were on their way and are sent again",
                 again);
    log_line(LOG_LEVEL_WARNING, "sink %s: %s; %" PRIu64 " entries are waiting%s, retrying",
             sink->conf->name, remote->why.text, waiting(sink), part);
}

static void go_down(struct sink *sink, int error, uint64_t again)
{
    if (sink->error == 0)
        tell_down(sink, again);
    sink->error = error;
    sink->state = SINK_DOWN;
    uv_timer_start(&sink->alarm, on_retry, backoff_next(&sink->remote->backoff), 0);
}

static void be_up(struct sink *sink)
{
    uint64_t dropped =
        sink_ledger_dropped(outbox_ledger(sink->outbox)) - sink->remote->dropped_before;
    char part[64] = "";

    if (sink->error == 0)
        return;
    sink->error = 0;
    if (dropped > 0)
        snprintf(part, sizeof part, "; %" PRIu64 " entries were dropped meanwhile", dropped);
    log_line(LOG_LEVEL_NOTICE, "sink %s: connected to '%s'%s after %.1f s%s", sink->conf->name,
             sink_target(sink), sink->remote->connections > 1 ? " again" : "",
             (double)(uv_now(sink->loop) - sink->down_since_ms) / 1000, part);
}

/* ---- the connection ------------------------------------------------------------------------ */

static bool is_full(const struct sink *sink)
{
    return !outbox_has_room(sink->outbox, outbox_longest(sink->outbox));
}

/* Whoever found the outbox full is parked, and offers again in the next turn of the loop,
 * which comes when the connection is writable: at once, for a loop that would sleep now. */
static void turn_if_there_is_room(struct sink *sink, bool was_full)
{
    if (was_full && !is_full(sink) && sink->state == SINK_IDLE)
        fd_watch_for(sink->remote->watch, UV_READABLE | UV_WRITABLE);
}

static void on_ready(void *context, int events)
{
    struct sink *sink = context;

    if (events & UV_WRITABLE) {
        sink->remote->is_blocked = false;
        fd_watch_for(sink->remote->watch, UV_READABLE);
    }
    engine_of(sink)->ready(sink, events);
    if (sink->state == SINK_IDLE)
        remote_flush(sink);
}

static void on_tick(uv_timer_t *timer)
{
    struct remote *remote = container_of(timer, struct remote, ticker);
    struct sink *sink = timer->data;
    bool was_full = is_full(sink);

    engine_of(sink)->tick(sink);
    if (sink->state != SINK_IDLE)
        return;
    if (remote->tick_ms > 0)
        uv_timer_start(timer, on_tick, remote->tick_ms, 0);
    turn_if_there_is_room(sink, was_full);
    remote_flush(sink);
}

void remote_disconnect(struct sink *sink)
{
    const struct transport *transport = sink->remote->kind->transport;

    uv_timer_stop(&sink->alarm);
    uv_timer_stop(&sink->remote->ticker);
    sink->remote->tick_ms = 0;
    sink->remote->is_blocked = false;
    if (transport && transport->end)
        transport->end(sink);
    fd_watch_close(&sink->remote->watch);
    if (sink->fd >= 0)
        close(sink->fd);
    sink->fd = -1;
}

/* What the kernel still holds is sent again by the next connection: it must not go out by
 * this one as well, nor may an entry be left unfinished in a way that looks finished. */
static void abort_on_close(int fd)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void remote_lost(struct sink *sink, int error, const char *format, ...)
{
    struct remote *remote = sink->remote;
    uint64_t again;
    va_list args;

    va_start(args, format);
    vsnprintf(remote->why.text, sizeof remote->why.text, format, args);
    va_end(args);
    again = engine_of(sink)->settle(sink);
    if (remote->is_proven || uv_now(sink->loop) >= remote->connected_ms + GOOD_MS)
        backoff_reset(&remote->backoff);
    abort_on_close(sink->fd);
    remote_disconnect(sink);
    go_down(sink, error, again);
}

void remote_refused(struct sink *sink, int error, const char *sentence)
{
    err_set(&sink->remote->why, "%s", sentence);
    remote_disconnect(sink);
    go_down(sink, error, 0);
}

static void be_idle(struct sink *sink)
{
    struct remote *remote = sink->remote;

    remote->connections++;
    sink->state = SINK_IDLE;
    sink->hurry = true; /* it has waited long enough */
    remote->is_proven = false;
    remote->connected_ms = remote->progress_ms = uv_now(sink->loop);
    fd_watch_for(remote->watch, UV_READABLE);
}

/* Without anything to send nothing can arrive, and the connection is taken to be good. */
void remote_connected(struct sink *sink)
{
    struct remote *remote = sink->remote;
    int error = fd_watch_open(&remote->watch, sink->loop, sink->fd, on_ready, sink);

    if (error) {
        struct err err;

        err_set(&err, "cannot watch the connection: %s", strerror(error));
        remote_refused(sink, error, err.text);
        return;
    }
    be_idle(sink);
    if (outbox_is_empty(sink->outbox) && !remote->kind->is_deaf) {
        if (remote->connections == 1 && sink->error == 0)
            log_line(LOG_LEVEL_INFO, "sink %s: connected to '%s'", sink->conf->name,
                     sink_target(sink));
        be_up(sink);
    }
    remote_flush(sink);
}

void remote_dialled(void *context, int fd, int error, const char *sentence)
{
    struct sink *sink = context;
    const struct transport *transport = sink->remote->kind->transport;

    sink->fd = fd;
    if (fd < 0)
        remote_refused(sink, error, sentence);
    else if (transport && transport->greet)
        transport->greet(sink);
    else
        remote_connected(sink);
}

/* ---- for engines ---------------------------------------------------------------------------- */

void remote_moved(struct sink *sink)
{
    sink->remote->progress_ms = uv_now(sink->loop);
}

void remote_arrived(struct sink *sink)
{
    remote_moved(sink);
    if (sink->remote->is_proven)
        return;
    sink->remote->is_proven = true;
    backoff_reset(&sink->remote->backoff);
    be_up(sink);
}

void remote_block(struct sink *sink)
{
    sink->remote->is_blocked = true;
    fd_watch_for(sink->remote->watch, UV_READABLE | UV_WRITABLE);
}

void remote_tick_after(struct sink *sink, uint64_t ms)
{
    sink->remote->tick_ms = ms;
    uv_timer_start(&sink->remote->ticker, on_tick, ms, 0);
}

bool remote_is_stalled(const struct sink *sink)
{
    return uv_now(sink->loop) >= sink->remote->progress_ms + sink->conf->timeout.ms;
}

/* ---- sink.h --------------------------------------------------------------------------------- */

static void on_held_long_enough(uv_timer_t *timer)
{
    struct sink *sink = container_of(timer, struct sink, alarm);

    sink->hurry = true;
    remote_flush(sink);
}

/* batch_for: a block that is not full waits for more, but not longer than that. */
static bool holds_back(struct sink *sink)
{
    uint64_t ms = sink->conf->batch_for.ms;

    if (ms == 0 || sink->hurry || engine_of(sink)->has_whole_block(sink->outbox))
        return false;
    if (!uv_is_active((uv_handle_t *)&sink->alarm))
        uv_timer_start(&sink->alarm, on_held_long_enough, ms, 0);
    return true;
}

void remote_flush(struct sink *sink)
{
    bool was_full;

    if (sink->state != SINK_IDLE || sink->stopping || sink->remote->is_blocked ||
        !engine_of(sink)->has_unsent(sink->outbox) || holds_back(sink))
        return;
    was_full = is_full(sink);
    sink->hurry = sink->draining;
    uv_timer_stop(&sink->alarm);
    engine_of(sink)->send(sink);
    turn_if_there_is_room(sink, was_full);
}

void remote_drain(struct sink *sink)
{
    sink->draining = true;
    sink->hurry = true;
    if (sink->state == SINK_DOWN && uv_is_active((uv_handle_t *)&sink->alarm)) {
        uv_timer_stop(&sink->alarm); /* there is no time for a long back-off */
        backoff_reset(&sink->remote->backoff);
        dial_start(&sink->remote->dial);
    }
    remote_flush(sink);
}

const char *remote_trouble(const struct sink *sink)
{
    return sink->error ? sink->remote->why.text : "its receiver does not read";
}
