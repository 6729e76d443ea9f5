#include "sink/sink_zmq.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf/log.h"
#include "conf/must.h"
#include "zeromq/gate.h"

/* How much goes to ZeroMQ in a turn of the loop, so that others get theirs. */
enum { BLOCKS = 4, FRAMES = 256, SENDS_PER_TURN = 8 };

/* Without a receiver for so long, a sink is down. */
enum { LONELY_MS = 1000 };

/* A subscriber whose pipe is full is waited for, since it may need but a moment; one that is not
 * ready by then misses entries. So that such a one does not hold up the others for long, patience
 * is spent, and grows again by a twentieth of the time. */
enum { RETRY_MS = 1, PATIENCE_MS = 1000, PATIENCE_PART = 20 };

/* When all of the cargo is with subscribers, those who stand still for so long go. */
enum { DEAF_MS = 2000, LOOK_MS = 250 };
enum { TELL_SLOW_MS = 60 * 1000 };

/* What the last bytes of a message may take from ZeroMQ's hands into the kernel's. */
enum { LINGER_MS = 200 };

/* ---- waiting --------------------------------------------------------------------------------- */

static void on_tick(uv_timer_t *timer);

void sink_zmq_tick_after(struct sink *sink, uint64_t ms)
{
    uv_timer_t *ticker = &sink->zmq->ticker;

    if (!uv_is_active((uv_handle_t *)ticker) || uv_timer_get_due_in(ticker) > ms)
        uv_timer_start(ticker, on_tick, ms, 0);
}

static void block(struct sink *sink, uint64_t look_ms)
{
    struct sink_zmq *zmq = sink->zmq;

    zmq->is_blocked = true;
    if (zmq->blocked_since_ms == 0)
        zmq->blocked_since_ms = uv_now(sink->loop);
    sink_zmq_tick_after(sink, look_ms);
}

static bool is_lonely(const struct sink *sink)
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

static void be_up(struct sink *sink)
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
    if (zmq->is_blocked && is_lonely(sink) && sink->error == 0 &&
        now_ms >= zmq->blocked_since_ms + LONELY_MS)
        go_down(sink);
    if (now_ms >= zmq->looked_ms + LOOK_MS) {
        zmq->looked_ms = now_ms;
        cut_deaf(sink, zmq->is_blocked && now_ms >= zmq->blocked_since_ms + DEAF_MS);
    }
    zmq->is_blocked = false;
    sink_zmq_flush(sink);
    if (cargo_lent(&zmq->cargo) > 0)
        sink_zmq_tick_after(sink, LOOK_MS);
    else
        cargo_go_home(&zmq->cargo);
    sink_zmq_redial(sink);
}

/* The loop turns once more, and whoever is parked offers again in the next turn. */
static void on_wake(uv_async_t *wake)
{
    struct sink *sink = wake->data;

    if (sink->stopping)
        return;
    sink->zmq->is_blocked = false;
    sink_zmq_flush(sink);
}

static void on_turn(struct zmq_watched *watched)
{
    struct sink_zmq *zmq = container_of(watched, struct sink_zmq, watched);
    struct sink *sink = zmq->wake.data;

    watched->wanted = false;
    if (sink->stopping)
        return;
    zmq->is_blocked = false;
    sink_zmq_flush(sink);
}

/* ---- sending --------------------------------------------------------------------------------- */

enum sent { SENT, NO_ROOM, NO_CARGO };

static bool send_part(struct sink *sink, char *bytes, size_t len, int flags)
{
    struct sink_zmq *zmq = sink->zmq;
    zmq_msg_t message;

    cargo_lend(&zmq->cargo, &message, bytes, len);
    while (zmq_msg_send(&message, zmq->socket, flags | ZMQ_DONTWAIT) < 0) {
        if (errno == EINTR)
            continue;
        zmq_msg_close(&message);
        return false;
    }
    return true;
}

/* One message: the line without its newline and, where there is one, its topic in a frame of its
 * own. ZeroMQ takes all frames of a message, or refuses the first. */
static bool send_frames(struct sink *sink, char *frame, size_t len)
{
    char *topic_end = sink->conf->topic ? memchr(frame, '\0', len) : NULL;
    size_t topic_len = topic_end ? (size_t)(topic_end - frame) : 0;

    if (!topic_end)
        return send_part(sink, frame, len, 0);
    return send_part(sink, frame, topic_len, ZMQ_SNDMORE) &&
           send_part(sink, topic_end + 1, len - topic_len - 1, 0);
}

static void tell_slow(struct sink *sink)
{
    struct sink_zmq *zmq = sink->zmq;
    uint64_t now_ms = uv_now(sink->loop);

    if (zmq->slow_told_ms != 0 && now_ms < zmq->slow_told_ms + TELL_SLOW_MS)
        return;
    zmq->slow_told_ms = now_ms;
    log_line(LOG_LEVEL_WARNING,
             "sink %s: a subscriber does not keep up, and misses entries, uncounted",
             sink->conf->name);
}

/* Whoever has room gets it. */
static bool send_lossy(struct sink *sink, char *frame, size_t len)
{
    struct sink_zmq *zmq = sink->zmq;
    int no = 0, yes = 1;
    bool sent;

    tell_slow(sink);
    zmq_setsockopt(zmq->socket, ZMQ_XPUB_NODROP, &no, sizeof no);
    sent = send_frames(sink, frame, len);
    zmq_setsockopt(zmq->socket, ZMQ_XPUB_NODROP, &yes, sizeof yes);
    return sent;
}

static uint64_t waited_ms(const struct sink *sink)
{
    uint64_t since_ms = sink->zmq->blocked_since_ms;

    return since_ms == 0 ? 0 : uv_now(sink->loop) - since_ms;
}

static uint64_t patience_ms(const struct sink *sink)
{
    uint64_t grown_ms = (uv_now(sink->loop) - sink->zmq->spent_ms) / PATIENCE_PART;

    return grown_ms < PATIENCE_MS ? grown_ms : PATIENCE_MS;
}

/* As if the time in which it grew had begun later. */
static void spend_patience(struct sink *sink, uint64_t ms)
{
    uint64_t left_ms = patience_ms(sink);

    left_ms = ms < left_ms ? left_ms - ms : 0;
    sink->zmq->spent_ms = uv_now(sink->loop) - left_ms * PATIENCE_PART;
}

/* Of pub: somebody has no room. Whether it was sent to the others. */
static bool send_on(struct sink *sink, char *frame, size_t len)
{
    if (waited_ms(sink) < patience_ms(sink))
        return false;
    return send_lossy(sink, frame, len);
}

static enum sent send_one(struct sink *sink, const struct iovec *frame)
{
    struct sink_zmq *zmq = sink->zmq;
    size_t len = frame->iov_len - 1; /* the newline */
    char *bytes = cargo_add(&zmq->cargo, frame->iov_base, len);

    if (!bytes)
        return NO_CARGO;
    if (!send_frames(sink, bytes, len) && !(sink_zmq_is_pub(sink) && send_on(sink, bytes, len))) {
        cargo_shorten(&zmq->cargo, len);
        return NO_ROOM;
    }
    if (zmq->blocked_since_ms != 0)
        spend_patience(sink, waited_ms(sink));
    zmq->blocked_since_ms = 0;
    return SENT;
}

/* What must happen before more is sent. */
static void wait_for_room(struct sink *sink, enum sent result)
{
    block(sink, result == NO_ROOM && sink_zmq_is_pub(sink) ? RETRY_MS : LOOK_MS);
    if (result == NO_ROOM && !sink_zmq_is_pub(sink))
        sink->zmq->watched.wanted = true;
}

/* Whether there may be more to send, and somebody to take it. */
static bool send_some(struct sink *sink)
{
    struct iovec frames[FRAMES];
    unsigned count, i;
    enum sent result = SENT;
    size_t bytes = 0;

    if (outbox_begin_write(sink->outbox, sink->vectors, BLOCKS) == 0)
        return false;
    count = outbox_frames(sink->outbox, frames, FRAMES);
    for (i = 0; i < count && result == SENT; i++) {
        result = send_one(sink, &frames[i]);
        bytes += result == SENT ? frames[i].iov_len : 0;
    }
    outbox_wrote(sink->outbox, bytes);
    if (bytes > 0 && sink->error != 0)
        be_up(sink);
    if (result != SENT)
        wait_for_room(sink, result);
    return result == SENT;
}

static void on_held_long_enough(uv_timer_t *timer)
{
    struct sink *sink = container_of(timer, struct sink, alarm);

    sink->hurry = true;
    sink_zmq_flush(sink);
}

/* batch_for: a block that is not full waits for more, but not longer than that. */
static bool holds_back(struct sink *sink)
{
    uint64_t ms = sink->conf->batch_for.ms;

    if (ms == 0 || sink->hurry || outbox_has_sealed(sink->outbox))
        return false;
    if (!uv_is_active((uv_handle_t *)&sink->alarm))
        uv_timer_start(&sink->alarm, on_held_long_enough, ms, 0);
    return true;
}

static bool is_full(const struct sink *sink)
{
    return !outbox_has_room(sink->outbox, outbox_longest(sink->outbox));
}

void sink_zmq_flush(struct sink *sink)
{
    struct sink_zmq *zmq = sink->zmq;
    bool was_full = is_full(sink);
    unsigned sends = 0;

    if (sink->state != SINK_IDLE || sink->stopping || zmq->is_blocked ||
        outbox_is_empty(sink->outbox) || holds_back(sink))
        return;
    sink->hurry = sink->draining;
    uv_timer_stop(&sink->alarm);
    if (is_lonely(sink)) {
        block(sink, LOOK_MS);
        return;
    }
    while (sends < SENDS_PER_TURN && send_some(sink))
        sends++;
    sink_zmq_tick_after(sink, LOOK_MS);
    if (sends == SENDS_PER_TURN || (was_full && !is_full(sink)))
        uv_async_send(&zmq->wake); /* one more turn, for the rest or for who is parked */
}

void sink_zmq_drain(struct sink *sink)
{
    sink->draining = true;
    sink->hurry = true;
    sink_zmq_flush(sink);
}

/* ---- looking --------------------------------------------------------------------------------- */

bool sink_zmq_is_drained(const struct sink *sink)
{
    return outbox_is_empty(sink->outbox) && cargo_lent(&sink->zmq->cargo) == 0;
}

uint64_t sink_zmq_unsent(const struct sink *sink)
{
    return sink_zmq_is_pub(sink) ? 0 : sink->zmq->unsent; /* whoever subscribes may miss some */
}

const char *sink_zmq_trouble(const struct sink *sink)
{
    if (*sink->zmq->refusal.text)
        return sink->zmq->refusal.text;
    if (sink->error || is_lonely(sink))
        return "nobody is connected to it";
    return sink_zmq_is_pub(sink) ? "its subscribers do not read" : "its receivers do not read";
}

static const char *zmq_target(const struct conf_sink *conf)
{
    return conf->connect.count > 0 ? conf->connect.items[0] : conf->bind.items[0];
}

const struct sink_kind sink_kind_zmq = {.target = zmq_target, .is_zmq = true};

/* ---- opening and closing --------------------------------------------------------------------- */

static void close_socket(struct sink_zmq *zmq)
{
    sink_zmq_close_peers(zmq);
    if (zmq->socket)
        zmq_close(zmq->socket);
    zmq->socket = NULL;
    while (zmq->listener_count > 0)
        listener_close(&zmq->listeners[--zmq->listener_count]);
}

static void end_context(struct sink_zmq *zmq)
{
    while (zmq->context && zmq_ctx_term(zmq->context) < 0 && errno == EINTR)
        ;
    zmq->context = NULL;
}

void sink_zmq_fini(struct sink *sink)
{
    struct sink_zmq *zmq = sink->zmq;

    close_socket(zmq);
    end_context(zmq);
    cargo_fini(&zmq->cargo);
    gate_group_free(&zmq->gate);
    free(zmq->listeners);
    free(zmq->ways);
}

static int open_all(struct sink *sink, const struct sink_shared *shared, struct err *err)
{
    struct sink_zmq *zmq = sink->zmq;

    if (sink_zmq_open_socket(sink, err) < 0 || sink_zmq_encrypt(sink, err) < 0 ||
        sink_zmq_open_monitor(sink, err) < 0 || sink_zmq_open_addresses(sink, err) < 0 ||
        zmq_watch_add(shared->watch, &zmq->watched, zmq->socket, on_turn, err) < 0)
        return -1;
    zmq->watched.waits_for = ZMQ_POLLOUT;
    zmq->watched.wanted = false;
    sink_zmq_watch_peers(sink, shared->watch);
    return 0;
}

static void open_handles(struct sink *sink)
{
    struct sink_zmq *zmq = sink->zmq;

    uv_timer_init(sink->loop, &sink->alarm);
    uv_timer_init(sink->loop, &zmq->ticker);
    must(uv_async_init(sink->loop, &zmq->wake, on_wake) == 0);
    zmq->ticker.data = zmq->wake.data = sink;
    sink->handles_open = 3;
}

struct sink *sink_zmq_open(const struct conf_sink *conf, const struct sink_kind *kind,
                           const struct sink_shared *shared, struct outbox *outbox, struct err *err)
{
    struct sink *sink = calloc(1, sizeof *sink);
    struct sink_zmq *zmq = calloc(1, sizeof *zmq);

    must(sink && zmq);
    *sink = (struct sink){.conf = conf,
                          .kind = kind,
                          .outbox = outbox,
                          .loop = shared->loop,
                          .fd = -1,
                          .zmq = zmq,
                          .state = SINK_IDLE};
    zmq->gate_is_on = shared->gate_is_on;
    zmq->inherited = shared->inherited;
    zmq->gate = gate_outlet_new(conf->name, conf->max_clients.count);
    cargo_init(&zmq->cargo, shared->cargo, shared->cargo_hold_bytes, shared->cargo_holds,
               &zmq->wake);
    if (open_all(sink, shared, err) < 0) {
        sink_zmq_fini(sink);
        free(zmq);
        free(sink);
        return NULL;
    }
    open_handles(sink);
    return sink;
}

static void on_alarm_closed(uv_handle_t *handle)
{
    sink_handle_closed(container_of((uv_timer_t *)handle, struct sink, alarm));
}

static void on_handle_closed(uv_handle_t *handle)
{
    sink_handle_closed(handle->data);
}

/* In a pool thread: what ZeroMQ has still in its hands goes out meanwhile. */
static void on_end(uv_work_t *job)
{
    end_context(container_of(job, struct sink_zmq, job));
}

static void on_ended(uv_work_t *job, int status)
{
    struct sink_zmq *zmq = container_of(job, struct sink_zmq, job);
    struct sink *sink = zmq->wake.data;

    (void)status;
    sink->state = SINK_CLOSING;
    uv_close((uv_handle_t *)&sink->alarm, on_alarm_closed);
    uv_close((uv_handle_t *)&zmq->ticker, on_handle_closed);
    uv_close((uv_handle_t *)&zmq->wake, on_handle_closed);
}

static void on_removed(struct zmq_watched *watched)
{
    struct sink_zmq *zmq = container_of(watched, struct sink_zmq, watched);
    struct sink *sink = zmq->wake.data;

    close_socket(zmq);
    must(uv_queue_work(sink->loop, &zmq->job, on_end, on_ended) == 0);
}

/* What ZeroMQ had taken and not sent is gone with the socket; until here nobody lost it. */
void sink_zmq_close(struct sink *sink)
{
    struct sink_zmq *zmq = sink->zmq;
    uint64_t left = cargo_lent(&zmq->cargo);
    int linger_ms;

    linger_ms = left == 0 ? LINGER_MS : 0;
    if (left > 0)
        log_line(LOG_LEVEL_ERROR,
                 "sink %s: %" PRIu64 " messages that ZeroMQ had taken were not sent to '%s'",
                 sink->conf->name, left, sink_target(sink));
    zmq->unsent = zmq->lost + left;
    zmq_setsockopt(zmq->socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
    sink_drop_rest(sink);
    uv_timer_stop(&sink->alarm);
    uv_timer_stop(&zmq->ticker);
    sink->state = SINK_SYNCING; /* the end of its context */
    sink_zmq_leave_peers(zmq);
    zmq_watch_remove(&zmq->watched, on_removed);
}
