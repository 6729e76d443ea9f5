/* sink_zmq_wait.c - what a zmq sink waits for: a receiver, room, or what it has lent. */
#include <errno.h>
#include <inttypes.h>

#include "conf/log.h"
#include "sink/sink_zmq.h"
#include "zeromq/gate.h"

/* Without a receiver for so long, a sink is down. */
enum { LONELY_MS = 1000 };

/* When all of the cargo is with subscribers, those who stand still for so long go. */
enum { DEAF_MS = 2000 };

static void on_tick(uv_timer_t *timer);

void sink_zmq_tick_after(struct sink *sink, uint64_t ms)
{
    uv_timer_t *ticker = &sink->zmq->ticker;

    if (!uv_is_active((uv_handle_t *)ticker) || uv_timer_get_due_in(ticker) > ms)
        uv_timer_start(ticker, on_tick, ms, 0);
}

void sink_zmq_block(struct sink *sink, uint64_t look_ms)
{
    struct sink_zmq *zmq = sink->zmq;

    zmq->is_blocked = true;
    if (zmq->blocked_since_ms == 0)
        zmq->blocked_since_ms = uv_now(sink->loop);
    sink_zmq_tick_after(sink, look_ms);
}

bool sink_zmq_is_lonely(const struct sink *sink)
{
    return sink->zmq->gate_is_on && !sink_zmq_is_pub(sink) &&
           gate_outlet_peers(sink->zmq->gate) == 0;
}

static void go_down(struct sink *sink)
{
    struct sink_zmq *zmq = sink->zmq;

    if (*zmq->refusal.text)
        zmq->why = zmq->refusal;
    else
        err_set(&zmq->why, "nobody is connected to '%s'", sink_target(sink));
    sink->error = ENOTCONN;
    sink->down_since_ms = uv_now(sink->loop);
    sink->dropped_before = sink_ledger_dropped(outbox_ledger(sink->outbox));
    log_line(LOG_LEVEL_WARNING, "sink %s: %s; %" PRIu64 " entries are waiting", sink->conf->name,
             zmq->why.text, outbox_ledger(sink->outbox)->queued);
}

void sink_zmq_be_up(struct sink *sink)
{
    uint64_t dropped = sink_ledger_dropped(outbox_ledger(sink->outbox)) - sink->dropped_before;

    sink->error = 0;
    log_line(LOG_LEVEL_NOTICE,
             "sink %s: somebody is connected to '%s' after %.1f s; %" PRIu64
             " entries were dropped "
             "meanwhile",
             sink->conf->name, sink_target(sink),
             (double)(uv_now(sink->loop) - sink->down_since_ms) / 1000, dropped);
}

/* Of pub: who stands still keeps what others need, or has done so for `timeout`. */
static void cut_deaf(struct sink *sink, bool in_need)
{
    struct sink_zmq *zmq = sink->zmq;
    int64_t patience_ms = in_need ? DEAF_MS : (int64_t)sink->conf->timeout.ms;

    if (!zmq->gate_is_on || !sink_zmq_is_pub(sink))
        return;
    gate_cut_deaf(zmq->gate, patience_ms);
}

static void on_tick(uv_timer_t *timer)
{
    struct sink *sink = timer->data;
    struct sink_zmq *zmq = sink->zmq;
    uint64_t now_ms = uv_now(sink->loop);

    if (sink->stopping)
        return;
    if (zmq->is_blocked && sink_zmq_is_lonely(sink) && sink->error == 0 &&
        now_ms >= zmq->blocked_since_ms + LONELY_MS)
        go_down(sink);
    if (now_ms >= zmq->looked_ms + SINK_ZMQ_LOOK_MS) {
        zmq->looked_ms = now_ms;
        cut_deaf(sink, zmq->is_blocked && now_ms >= zmq->blocked_since_ms + DEAF_MS);
    }
    zmq->is_blocked = false;
    sink_zmq_flush(sink);
    if (cargo_lent(&zmq->cargo) > 0)
        sink_zmq_tick_after(sink, SINK_ZMQ_LOOK_MS);
    else
        cargo_go_home(&zmq->cargo);
    sink_zmq_redial(sink);
}

/* The loop turns once more, and whoever is parked offers again in the next turn. */
void sink_zmq_on_wake(uv_async_t *wake)
{
    struct sink *sink = wake->data;

    if (sink->stopping)
        return;
    sink->zmq->is_blocked = false;
    sink_zmq_flush(sink);
}

void sink_zmq_on_turn(struct zmq_watched *watched)
{
    struct sink_zmq *zmq = container_of(watched, struct sink_zmq, watched);
    struct sink *sink = zmq->wake.data;

    watched->wanted = false;
    if (sink->stopping)
        return;
    zmq->is_blocked = false;
    sink_zmq_flush(sink);
}
