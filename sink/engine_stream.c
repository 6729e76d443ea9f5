/* Streams: one send after the other on the loop thread, as much as the transport takes. What
 * was sent stays in the outbox until it has arrived. On TCP that is when the peer's kernel has
 * acknowledged it: the transport tells how many bytes it has not, also once the connection is
 * broken. It makes no event of it, so it is asked: after each send, and a few times more,
 * less and less often. Other streams have arrived when our kernel has taken them.
 *
 * What the peer sends is read, to notice that it closed, and means nothing. */
#include <errno.h>

#include "aggregate/outbox_ack.h"
#include "conf/must.h"
#include "sink/remote.h"
#include "sink/transport.h"

enum { SENDS_PER_TURN = 4, READS_PER_TURN = 4, ASK_MS_FIRST = 1, ASK_MS_MAX = 64 };

/* ---- what has arrived ----------------------------------------------------------------------- */

static const struct transport *transport_of(const struct sink *sink)
{
    return sink->remote->kind->transport;
}

/* Whether more has arrived than when it was asked last. */
static bool ask(struct sink *sink)
{
    uint64_t unacked = outbox_unacked_bytes(sink->outbox);
    uint64_t under_way = unacked > 0 ? transport_of(sink)->count_under_way(sink) : 0;

    if (under_way >= unacked)
        return false;
    outbox_acked(sink->outbox, unacked - under_way);
    remote_arrived(sink);
    return true;
}

static void stream_tick(struct sink *sink)
{
    struct remote *remote = sink->remote;
    bool moved = ask(sink);

    if (outbox_unacked_bytes(sink->outbox) == 0 && !remote->is_blocked) {
        remote->tick_ms = 0;
    } else if (remote_is_stalled(sink)) {
        remote_lost(sink, ETIMEDOUT, "'%s' has taken nothing for %.1f s", sink_target(sink),
                    (double)sink->conf->timeout.ms / 1000);
    } else {
        remote->tick_ms = moved ? ASK_MS_FIRST : remote->tick_ms * 2;
        if (remote->tick_ms > ASK_MS_MAX)
            remote->tick_ms = ASK_MS_MAX;
    }
}

static void look_again_later(struct sink *sink)
{
    if (outbox_unacked_bytes(sink->outbox) > 0 || sink->remote->is_blocked)
        remote_tick_after(sink, ASK_MS_FIRST);
}

/* ---- sending --------------------------------------------------------------------------------- */

static void lose(struct sink *sink, int error)
{
    remote_lost(sink, error, "the connection to '%s' is lost: %s", sink_target(sink),
                transport_of(sink)->why(sink, error));
}

static size_t vector_bytes(const struct sink *sink)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < sink->vector_count; i++)
        bytes += sink->vectors[i].iov_len;
    return bytes;
}

/* The time of a stall begins when something is under way again. */
static void sent(struct sink *sink, size_t bytes)
{
    if (outbox_unacked_bytes(sink->outbox) == 0 || !sink->remote->kind->acks)
        remote_moved(sink);
    outbox_sent(sink->outbox, bytes);
}

/* What the transport holds, perhaps an answer to the peer, must not wait for ever. */
static void wait_for_room(struct sink *sink)
{
    remote_block(sink);
    if (sink->remote->tick_ms > 0)
        return;
    if (outbox_unacked_bytes(sink->outbox) == 0)
        remote_moved(sink);
    remote_tick_after(sink, ASK_MS_FIRST);
}

/* Whether the kernel has all that the transport has taken. */
static bool push(struct sink *sink)
{
    switch (transport_of(sink)->push(sink)) {
    case TRANSPORT_MORE:
        return true;
    case TRANSPORT_DRY:
        wait_for_room(sink);
        break;
    case TRANSPORT_CLOSED:
    case TRANSPORT_BROKEN:
        lose(sink, errno);
        break;
    }
    return false;
}

/* Whether there may be more to send, and the kernel may take it. */
static bool send_once(struct sink *sink)
{
    size_t bytes = 0;
    ssize_t taken;

    sink->vector_count = outbox_begin_send(sink->outbox, sink->vectors, SINK_VECTORS);
    if (sink->vector_count == 0)
        return false;
    bytes = vector_bytes(sink);
    taken = transport_of(sink)->send(sink);
    if (taken < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
        lose(sink, errno);
        return false;
    }
    if (taken > 0)
        sent(sink, (size_t)taken);
    if (taken < 0 || (size_t)taken < bytes)
        remote_block(sink);
    ask(sink);
    return taken >= 0 && (size_t)taken == bytes && push(sink);
}

static void stream_send(struct sink *sink)
{
    for (unsigned i = 0; i < SENDS_PER_TURN; i++) {
        if (!send_once(sink))
            break;
    }
    if (sink->state != SINK_IDLE)
        return;
    if (outbox_has_sealed_unsent(sink->outbox) && !sink->remote->is_blocked)
        remote_block(sink); /* it is the others' turn */
    look_again_later(sink);
}

/* ---- what the peer does -----------------------------------------------------------------------
 */

static void read_and_forget(struct sink *sink)
{
    for (unsigned i = 0; i < READS_PER_TURN; i++) {
        switch (transport_of(sink)->receive(sink)) {
        case TRANSPORT_MORE:
            continue;
        case TRANSPORT_DRY:
            return;
        case TRANSPORT_CLOSED:
            remote_lost(sink, EPIPE, "'%s' has closed the connection", sink_target(sink));
            return;
        case TRANSPORT_BROKEN:
            lose(sink, errno);
            return;
        }
    }
}

/* To read may have made something to write, in answer. */
static void stream_ready(struct sink *sink, int events)
{
    if (events & UV_READABLE)
        read_and_forget(sink);
    if (sink->state == SINK_IDLE)
        push(sink);
    if (sink->state == SINK_IDLE)
        ask(sink);
}

static uint64_t stream_settle(struct sink *sink)
{
    uint64_t on_their_way;

    ask(sink);
    on_their_way = outbox_ledger(sink->outbox)->in_flight;
    outbox_send_again(sink->outbox);
    return on_their_way;
}

const struct remote_engine engine_stream = {
    .send = stream_send,
    .ready = stream_ready,
    .tick = stream_tick,
    .settle = stream_settle,
    .has_unsent = outbox_has_unsent,
    .has_whole_block = outbox_has_sealed_unsent,
};
