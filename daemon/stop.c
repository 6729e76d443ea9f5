/* Stopping in steps, each with its own end:
 *
 *     drain    tell the clients to finish (gate_half_close), and receive until all
 *              have left; or until nothing has arrived for a while, or most of
 *              drain_timeout is over
 *     flush    write until the outboxes are empty, or the deadline
 *     close    sync and close the sinks; a write that hangs holds nobody: at
 *              drain_timeout the process ends without it
 */
#include <inttypes.h>

#include "conf/log.h"
#include "conf/must.h"
#include "daemon/daemon_parts.h"
#include "daemon/notify.h"
#include "zeromq/gate.h"

/* With the gate, peers that are told to finish close their connections; those that do not,
 * such as stopped ones, are given longer than the pause that a sender makes by chance. */
enum { TICK_MS = 10, QUIET_TICKS = 5, QUIET_TICKS_BESIDE_PEERS = 50 };

/* Of drain_timeout, in percent: when each step must be over. */
enum { DRAIN_PERCENT = 80, FLUSH_PERCENT = 95 };

/* How long only those clients are told to finish whom that suits best, and whom it suits at all;
 * then all are. Of a short drain_timeout it is a part, in percent. */
enum { CAUGHT_UP_MS = 50, CAUGHT_UP_PERCENT = 5, PAUSES_MS = 200, PAUSES_PERCENT = 20 };

static bool past(const struct daemon *daemon, unsigned percent)
{
    uint64_t elapsed_ms = uv_now(&daemon->loop) - daemon->stop_began_ms;

    return elapsed_ms >= daemon->conf->drain_timeout.ms * percent / 100;
}

/* Nothing came out of ZeroMQ, and nothing into it, for some ticks. While a message is
 * parked nothing could come, so that silence does not count. */
static bool is_quiet(struct daemon *daemon)
{
    uint64_t arrivals = gate_stats().received_bytes;
    bool parked = false;

    for (unsigned i = 0; i < daemon->endpoint_count; i++) {
        arrivals += endpoint_messages(daemon->endpoints[i]);
        parked |= endpoint_is_parked(daemon->endpoints[i]);
    }
    daemon->quiet_ticks = !parked && arrivals == daemon->arrivals ? daemon->quiet_ticks + 1 : 0;
    daemon->arrivals = arrivals;
    if (daemon->gate_is_on && !parked && gate_is_drained())
        return true;
    return daemon->quiet_ticks >= (daemon->gate_is_on ? QUIET_TICKS_BESIDE_PEERS : QUIET_TICKS);
}

static bool is_drained(const struct daemon *daemon)
{
    for (unsigned i = 0; i < daemon->channel_count; i++) {
        if (!sink_is_drained(daemon->channels[i]->sink))
            return false;
    }
    for (unsigned i = 0; i < daemon->leaving_count; i++) {
        if (!sink_is_closed(daemon->leaving[i]->sink))
            return false;
    }
    return true;
}

/* Nobody but the gate has seen these: they are in no ledger, and the loss is the client's. */
static void tell_torn(void)
{
    unsigned torn = gate_stats().torn;

    if (torn > 0)
        log_line(LOG_LEVEL_NOTICE,
                 "stopping: messages of which clients had sent a part only when they closed, and "
                 "which may be lost there: %u",
                 torn);
}

static void begin_flushing(struct daemon *daemon)
{
    daemon->state = DAEMON_FLUSHING;
    tell_torn();
    uv_timer_stop(&daemon->stall_timer);
    uv_timer_stop(&daemon->block_timer);
    for (unsigned i = 0; i < daemon->endpoint_count; i++)
        endpoint_stop(daemon->endpoints[i]);
    zap_stop(daemon->zap);
    for (unsigned i = 0; i < daemon->channel_count; i++)
        sink_drain(daemon->channels[i]->sink);
}

/* Goes on to flushing when all is received, or when time is up: then whatever clients
 * have sent and we have not seen is lost, and nobody can count it. */
static void try_to_flush(struct daemon *daemon)
{
    if (is_quiet(daemon)) {
        begin_flushing(daemon);
    } else if (past(daemon, DRAIN_PERCENT)) {
        daemon->cut_short = true;
        log_line(LOG_LEVEL_WARNING,
                 "stopping: entries were still arriving or waiting after %.1f s; what clients "
                 "have sent and we have not received is lost, uncounted",
                 daemon_seconds_since(daemon, daemon->stop_began_ms));
        begin_flushing(daemon);
    }
}

static void tell_hung(const struct channel *channel)
{
    const struct sink *sink = channel->sink;

    if (!sink_is_closed(sink))
        log_line(LOG_LEVEL_ERROR,
                 "sink %s: '%s' does not return from a write or a sync; leaving without it; "
                 "nobody knows what of it is on the disk (%" PRIu64 " entries in flight)",
                 sink_name(sink), sink_target(sink),
                 channel->outbox ? outbox_ledger(channel->outbox)->in_flight : 0);
}

/* Time is up, and a disk has not come back with what it was given. */
static void leave_behind(struct daemon *daemon)
{
    for (unsigned i = 0; i < daemon->channel_count; i++)
        tell_hung(daemon->channels[i]);
    for (unsigned i = 0; i < daemon->leaving_count; i++)
        tell_hung(daemon->leaving[i]);
    uv_stop(&daemon->loop);
}

static bool is_over(const struct daemon *daemon, uint64_t limit_ms, unsigned percent)
{
    return past(daemon, percent) || uv_now(&daemon->loop) - daemon->stop_began_ms >= limit_ms;
}

static enum gate_tell whom_to_tell(const struct daemon *daemon)
{
    if (is_over(daemon, PAUSES_MS, PAUSES_PERCENT))
        return GATE_TELL_ALL;
    return is_over(daemon, CAUGHT_UP_MS, CAUGHT_UP_PERCENT) ? GATE_TELL_WHO_PAUSES
                                                            : GATE_TELL_WHO_CAUGHT_UP;
}

static void on_tick(uv_timer_t *timer)
{
    struct daemon *daemon = container_of(timer, struct daemon, stop_timer);

    if (daemon->state == DAEMON_DRAINING && daemon->gate_is_on)
        gate_half_close(whom_to_tell(daemon));
    if (daemon->state == DAEMON_DRAINING)
        try_to_flush(daemon);
    if (daemon->state == DAEMON_FLUSHING && (is_drained(daemon) || past(daemon, FLUSH_PERCENT)))
        daemon_close(daemon);
    if (daemon->state == DAEMON_CLOSING && past(daemon, 100))
        leave_behind(daemon);
}

void daemon_stop(struct daemon *daemon)
{
    if (daemon->state != DAEMON_RUNNING)
        return;
    notify_send("STOPPING=1\nSTATUS=draining");
    log_line(LOG_LEVEL_INFO, "stopping: draining for at most %.1f s",
             (double)daemon->conf->drain_timeout.ms / 1000);
    daemon->state = DAEMON_DRAINING;
    daemon_hurry_leaving(daemon);
    daemon->stop_began_ms = uv_now(&daemon->loop);
    for (unsigned i = 0; i < daemon->channel_count; i++)
        sink_drain(daemon->channels[i]->sink);
    uv_timer_start(&daemon->stop_timer, on_tick, 0, TICK_MS);
}

/* ---- closing --------------------------------------------------------------------------- */

/* The signals stay watched, without holding the loop, until all is said: closed, they
 * would kill whoever gets them. */
static void close_rest(struct daemon *daemon)
{
    for (unsigned i = 0; i < daemon->signal_count; i++)
        uv_unref((uv_handle_t *)&daemon->signals[i]);
    if (daemon->timers_open) {
        uv_close((uv_handle_t *)&daemon->stop_timer, NULL);
        uv_close((uv_handle_t *)&daemon->stall_timer, NULL);
        uv_close((uv_handle_t *)&daemon->giveback.timer, NULL);
        uv_close((uv_handle_t *)&daemon->block_timer, NULL);
        uv_close((uv_handle_t *)&daemon->drops_timer, NULL);
        uv_close((uv_handle_t *)&daemon->leave_timer, NULL);
        daemon_close_gatekeeper(daemon);
        daemon_close_service(daemon);
        uv_close((uv_handle_t *)&daemon->voice_timer, NULL);
    }
    daemon_end_check(daemon);
    tail_close(daemon->tail);
    control_close(daemon->control);
    metrics_close(daemon->metrics);
    if (daemon->watch_open)
        zmq_watch_close(&daemon->watch, NULL);
}

void daemon_on_sink_closed(void *context)
{
    struct daemon *daemon = context;

    if (--daemon->sinks_open == 0 && daemon->state == DAEMON_CLOSING)
        close_rest(daemon);
}

void daemon_close(struct daemon *daemon)
{
    unsigned to_close = daemon->sinks_open;

    daemon->state = DAEMON_CLOSING;
    caretaker_end(daemon->caretaker);
    for (unsigned i = 0; i < daemon->endpoint_count; i++)
        endpoint_stop(daemon->endpoints[i]);
    zap_stop(daemon->zap); /* where the start failed, nobody has */
    if (to_close == 0)
        close_rest(daemon);
    for (unsigned i = 0; i < daemon->channel_count; i++)
        sink_close(daemon->channels[i]->sink, daemon_on_sink_closed, daemon);
    daemon_end_leaving(daemon);
}

bool daemon_is_unsure_of(const struct channel *channel)
{
    return sink_sync_failed(channel->sink) || !sink_is_closed(channel->sink);
}

uint64_t daemon_entries_lost_by(const struct channel *channel)
{
    const struct sink_ledger *ledger = channel->outbox ? outbox_ledger(channel->outbox) : NULL;
    uint64_t lost = sink_unsent(channel->sink);

    if (ledger)
        lost += ledger->dropped[DROP_SHUTDOWN] + ledger->queued + ledger->in_flight;
    return lost;
}

static bool has_lost(const struct channel *channel)
{
    return daemon_entries_lost_by(channel) > 0 || daemon_is_unsure_of(channel);
}

bool daemon_has_losses(const struct daemon *daemon)
{
    uint64_t lost = daemon->cut_short;

    for (unsigned i = 0; i < daemon->endpoint_count; i++)
        lost += endpoint_ledger(daemon->endpoints[i])->refused[REFUSE_SHUTDOWN];
    for (unsigned i = 0; i < daemon->channel_count; i++)
        lost += has_lost(daemon->channels[i]);
    for (unsigned i = 0; i < daemon->leaving_count; i++)
        lost += has_lost(daemon->leaving[i]);
    return lost > 0;
}
