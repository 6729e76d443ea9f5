/* Datagrams: each entry is one, without its newline, many with one sendmmsg. What the kernel
 * has taken is written. What is longer than a datagram can be is cut.
 *
 * A socket file has a receiver or not, and is full or not: the kernel says so, and entries
 * wait. UDP has none of that. All that may come back is that nobody listens, for a datagram
 * that was sent before; then entries wait, in the hope that the receiver is only being
 * restarted, and one is sent from time to time to find out, until `timeout` is over: from
 * then on they are sent all the same, as UDP does, so that a sink without a receiver holds
 * nobody up for ever. */
#include <errno.h>
#include <string.h>

#include "conf/log.h"
#include "conf/must.h"
#include "sink/remote.h"

enum { DATAGRAMS = 64, BLOCKS = 4, SENDS_PER_TURN = 8, READS_PER_TURN = 16 };
enum { UDP_LONGEST = 65507, LONGEST_LEAST = 1024, SOCKET_OVERHEAD = 64 };
enum { VERDICT_MS = 100, LOOK_MS = 1000, NO_BUFFERS_MS = 10, BLOCKED_MS = 100 };

/* ---- UDP without a receiver ----------------------------------------------------------------- */

static bool has_waited_enough(const struct sink *sink)
{
    return sink->remote->kind->is_deaf &&
           uv_now(sink->loop) >= sink->down_since_ms + sink->conf->timeout.ms;
}

/* It is not known whether somebody listens again: one datagram is to find out. */
static bool is_probing(const struct sink *sink)
{
    return sink->remote->kind->is_deaf && sink->error && !sink->remote->waits_no_longer;
}

static void stop_waiting(struct sink *sink)
{
    sink->remote->waits_no_longer = true;
    log_line(LOG_LEVEL_WARNING,
             "sink %s: nobody has listened at '%s' for %.1f s; entries are sent all the same, and "
             "what is sent is lost",
             sink->conf->name, sink_target(sink),
             (double)(uv_now(sink->loop) - sink->down_since_ms) / 1000);
}

/* An earlier datagram did not arrive. Whether sending goes on. */
static bool refused(struct sink *sink)
{
    struct remote *remote = sink->remote;

    remote->refusals++;
    if (sink->error && !remote->waits_no_longer && has_waited_enough(sink))
        stop_waiting(sink);
    if (remote->waits_no_longer)
        return true;
    remote_lost(sink, ECONNREFUSED, "nobody listens at '%s'", sink_target(sink));
    return false;
}

/* If nothing was said against what was sent since the last tick, somebody listens. */
static void judge_silence(struct sink *sink)
{
    struct remote *remote = sink->remote;
    bool was_sent = uv_now(sink->loop) <= remote->progress_ms + LOOK_MS;
    int error = 0;
    socklen_t len = sizeof error;

    getsockopt(sink->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error && !refused(sink))
        return;
    if (remote->refusals == 0 && was_sent) {
        remote->waits_no_longer = false;
        remote_arrived(sink);
    }
    remote->refusals = 0;
    remote->is_blocked = false;
    remote->tick_ms = sink->error && was_sent ? LOOK_MS : 0;
}

static void datagram_tick(struct sink *sink)
{
    struct remote *remote = sink->remote;

    remote->tick_ms = 0;
    if (remote->kind->is_deaf && sink->error) {
        judge_silence(sink);
    } else if (remote->kind->is_deaf) {
        remote->is_blocked = false;
    } else if (remote->is_blocked && remote_is_stalled(sink)) {
        remote_lost(sink, ETIMEDOUT, "'%s' has taken nothing for %.1f s", sink_target(sink),
                    (double)sink->conf->timeout.ms / 1000);
    } else if (remote->is_blocked) {
        remote->tick_ms = BLOCKED_MS;
    }
}

/* ---- sending --------------------------------------------------------------------------------- */

static size_t longest(struct sink *sink)
{
    struct remote *remote = sink->remote;
    int bytes = 0;
    socklen_t len = sizeof bytes;

    if (remote->datagram_max > 0)
        return remote->datagram_max;
    remote->datagram_max = UDP_LONGEST;
    if (remote->address.is_path && getsockopt(sink->fd, SOL_SOCKET, SO_SNDBUF, &bytes, &len) == 0 &&
        bytes > LONGEST_LEAST)
        remote->datagram_max = (size_t)bytes - SOCKET_OVERHEAD;
    return remote->datagram_max;
}

/* Not in the middle of a character. */
static size_t cut_len(const char *bytes, size_t room)
{
    size_t len = room;

    while (len > 0 && room - len < 3 && ((unsigned char)bytes[len] & 0xc0) == 0x80)
        len--;
    return len;
}

static size_t datagram_len(const struct iovec *frame, size_t most)
{
    size_t len = frame->iov_len - 1; /* the newline */

    return len <= most ? len : cut_len(frame->iov_base, most);
}

/* How many were sent, or -1 and errno. */
static int send_frames(struct sink *sink, const struct iovec *frames, unsigned count)
{
    struct mmsghdr messages[DATAGRAMS];
    struct iovec datagrams[DATAGRAMS];
    size_t most = longest(sink);
    int sent;

    memset(messages, 0, count * sizeof messages[0]);
    for (unsigned i = 0; i < count; i++) {
        datagrams[i].iov_base = frames[i].iov_base;
        datagrams[i].iov_len = datagram_len(&frames[i], most);
        messages[i].msg_hdr.msg_iov = &datagrams[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    do {
        sent = sendmmsg(sink->fd, messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

static size_t count_sent(struct sink *sink, const struct iovec *frames, int sent)
{
    size_t bytes = 0;

    for (int i = 0; i < sent; i++) {
        bytes += frames[i].iov_len;
        if (datagram_len(&frames[i], longest(sink)) < frames[i].iov_len - 1)
            outbox_count_cut(sink->outbox);
    }
    return bytes;
}

/* Whether the kernel may take the same once more. */
static bool go_on_after(struct sink *sink, int error)
{
    struct remote *remote = sink->remote;

    if (error == EMSGSIZE && remote->datagram_max > LONGEST_LEAST) {
        remote->datagram_max =
            remote->datagram_max / 2 > LONGEST_LEAST ? remote->datagram_max / 2 : LONGEST_LEAST;
        return true;
    }
    if (error == ECONNREFUSED && remote->kind->is_deaf)
        return refused(sink);
    if (error == ENOBUFS) {
        remote->is_blocked = true;
        remote_tick_after(sink, NO_BUFFERS_MS);
    } else if (error == EAGAIN || error == EWOULDBLOCK) {
        remote_block(sink);
        remote_tick_after(sink, BLOCKED_MS);
    } else {
        remote_lost(sink, error, "the connection to '%s' is lost: %s", sink_target(sink),
                    strerror(error));
    }
    return false;
}

/* Whether there may be more to send, and the kernel may take it. */
static bool send_once(struct sink *sink)
{
    struct iovec frames[DATAGRAMS];
    unsigned count;
    int sent, error;

    if (outbox_begin_write(sink->outbox, sink->vectors, BLOCKS) == 0)
        return false;
    count = outbox_frames(sink->outbox, frames, is_probing(sink) ? 1 : DATAGRAMS);
    sent = send_frames(sink, frames, count);
    error = errno;
    outbox_wrote(sink->outbox, sent > 0 ? count_sent(sink, frames, sent) : 0);
    if (sent <= 0)
        return go_on_after(sink, error);
    if (sink->remote->kind->is_deaf)
        remote_moved(sink);
    else
        remote_arrived(sink);
    return true;
}

static void datagram_send(struct sink *sink)
{
    struct remote *remote = sink->remote;

    for (unsigned i = 0; i < SENDS_PER_TURN; i++) {
        bool probing = is_probing(sink);

        if (!send_once(sink))
            break;
        if (probing) {
            remote->is_blocked = true; /* until the verdict */
            remote->refusals = 0;
            remote_tick_after(sink, VERDICT_MS);
            return;
        }
    }
    if (sink->state != SINK_IDLE)
        return;
    if (!outbox_is_empty(sink->outbox) && !remote->is_blocked)
        remote_block(sink); /* it is the others' turn */
    if (remote->waits_no_longer && remote->tick_ms == 0)
        remote_tick_after(sink, LOOK_MS);
}

/* ---- what comes back --------------------------------------------------------------------------
 */

static void datagram_ready(struct sink *sink, int events)
{
    char bytes[64];

    if (!(events & UV_READABLE))
        return;
    for (unsigned i = 0; i < READS_PER_TURN; i++) {
        ssize_t len = recv(sink->fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_TRUNC);

        if (len >= 0 || errno == EINTR)
            continue;
        if (errno == ECONNREFUSED && sink->remote->kind->is_deaf) {
            if (refused(sink))
                continue;
        } else if (errno != EAGAIN && errno != EWOULDBLOCK) {
            remote_lost(sink, errno, "the connection to '%s' is lost: %s", sink_target(sink),
                        strerror(errno));
        }
        return;
    }
}

static uint64_t datagram_settle(struct sink *sink)
{
    (void)sink; /* what was sent is written */
    return 0;
}

static bool has_unsent(const struct outbox *outbox)
{
    return !outbox_is_empty(outbox);
}

const struct remote_engine engine_datagram = {
    .send = datagram_send,
    .ready = datagram_ready,
    .tick = datagram_tick,
    .settle = datagram_settle,
    .has_unsent = has_unsent,
    .has_whole_block = outbox_has_sealed,
};
