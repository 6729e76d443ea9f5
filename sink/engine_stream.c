/* Streams: one sendmsg after the other on the loop thread, as much as the kernel takes. What
 * was sent stays in the outbox until it has arrived. On TCP that is when the peer's kernel has
 * acknowledged it: SIOCOUTQ tells how many bytes it has not, also once the connection is
 * broken. It makes no event of it, so it is asked: after each send, and a few times more,
 * less and less often. Other streams have arrived when our kernel has taken them.
 *
 * What the peer sends is read, to notice that it closed, and means nothing. */
#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "aggregate/outbox_ack.h"
#include "conf/must.h"
#include "sink/remote.h"

enum { SENDS_PER_TURN = 4, READS_PER_TURN = 4, ASK_MS_FIRST = 1, ASK_MS_MAX = 64 };

/* ---- what has arrived ----------------------------------------------------------------------- */

/* Bytes that were sent and have not arrived. */
static uint64_t count_under_way(const struct sink *sink)
{
    int bytes = 0;

    if (!sink->remote->kind->acks)
        return 0;
    if (ioctl(sink->fd, SIOCOUTQ, &bytes) < 0 || bytes < 0)
        return UINT64_MAX;
    return (uint64_t)bytes;
}

/* Whether more has arrived than when it was asked last. */
static bool ask(struct sink *sink)
{
    uint64_t unacked = outbox_unacked_bytes(sink->outbox);
    uint64_t under_way = unacked > 0 ? count_under_way(sink) : 0;

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
                strerror(error));
}

/* Bytes, or -1 and errno. */
static ssize_t send_vectors(struct sink *sink)
{
    struct msghdr message = {.msg_iov = sink->vectors, .msg_iovlen = sink->vector_count};
    ssize_t sent;

    do {
        sent = sendmsg(sink->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent;
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

/* Whether there may be more to send, and the kernel may take it. */
static bool send_once(struct sink *sink)
{
    size_t bytes = 0;
    ssize_t taken;

    sink->vector_count = outbox_begin_send(sink->outbox, sink->vectors, SINK_VECTORS);
    if (sink->vector_count == 0)
        return false;
    bytes = vector_bytes(sink);
    taken = send_vectors(sink);
    if (taken < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
        lose(sink, errno);
        return false;
    }
    if (taken > 0)
        sent(sink, (size_t)taken);
    if (taken < 0 || (size_t)taken < bytes)
        remote_block(sink);
    ask(sink);
    return (size_t)taken == bytes;
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
    char bytes[4096];

    for (unsigned i = 0; i < READS_PER_TURN; i++) {
        ssize_t len = recv(sink->fd, bytes, sizeof bytes, MSG_DONTWAIT);

        if (len > 0 || (len < 0 && errno == EINTR))
            continue;
        if (len == 0)
            remote_lost(sink, EPIPE, "'%s' has closed the connection", sink_target(sink));
        else if (errno != EAGAIN && errno != EWOULDBLOCK)
            lose(sink, errno);
        return;
    }
}

static void stream_ready(struct sink *sink, int events)
{
    if (events & UV_READABLE)
        read_and_forget(sink);
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
