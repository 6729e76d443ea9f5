/* sink_zmq_send.c - from the outbox of a zmq sink to ZeroMQ, as much as it takes. */
#include <errno.h>
#include <string.h>

#include "conf/log.h"
#include "sink/sink_zmq.h"

/* How much goes to ZeroMQ in a turn of the loop, so that others get theirs. */
enum { BLOCKS = 4, FRAMES = 256, SENDS_PER_TURN = 8 };

/* A subscriber whose pipe is full is waited for, since it may need but a moment; one that is not
 * ready by then misses entries. So that such a one does not hold up the others for long, patience
 * is spent, and grows again by a twentieth of the time. */
enum { RETRY_MS = 1, PATIENCE_MS = 1000, PATIENCE_PART = 20 };

enum { TELL_SLOW_MS = 60 * 1000 };

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
    sink_zmq_block(sink, result == NO_ROOM && sink_zmq_is_pub(sink) ? RETRY_MS : SINK_ZMQ_LOOK_MS);
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
        sink_zmq_be_up(sink);
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
    if (sink_zmq_is_lonely(sink)) {
        sink_zmq_block(sink, SINK_ZMQ_LOOK_MS);
        return;
    }
    while (sends < SENDS_PER_TURN && send_some(sink))
        sends++;
    sink_zmq_tick_after(sink, SINK_ZMQ_LOOK_MS);
    if (sends == SENDS_PER_TURN || (was_full && !is_full(sink)))
        uv_async_send(&zmq->wake); /* one more turn, for the rest or for who is parked */
}

void sink_zmq_drain(struct sink *sink)
{
    sink->draining = true;
    sink->hurry = true;
    sink_zmq_flush(sink);
}
