#include "client/probe_peer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/nanoseconds.h"

enum {
    HEAD_ALONE_MS = 300,  /* how long one may wait for the rest of our greeting */
    READ_BYTES = 65536,   /* in one read */
    READS_A_TURN = 16,    /* others wait, too */
    REASON_SHOWN_MAX = 80 /* bytes of what a peer says against us */
};

/* ---- what we say ---------------------------------------------------------------- */

static void say_ready(struct probe_peer *peer)
{
    zmtp_out_ready(&peer->out, probe_socket_name(peer->socket));
    if (peer->socket == PROBE_SUB)
        zmtp_out_subscribe(&peer->out);
}

/* The frames up to the empty one are the way back. */
static unsigned count_way_back(const struct zmtp_in *in)
{
    for (unsigned i = 0; i < in->frame_count; i++) {
        if (in->frames[i].len == 0)
            return i + 1;
        if (in->frames[i].len > ZMTP_OUT_FRAME_MAX || in->frames[i].kept_len < in->frames[i].len)
            break;
    }
    return 0;
}

static void answer(struct probe_peer *peer)
{
    const struct zmtp_in *in = &peer->in;
    unsigned count = count_way_back(in);

    for (unsigned i = 0; i < count; i++)
        zmtp_out_frame(&peer->out, in->kept + in->frames[i].kept_offset, in->frames[i].len, true);
    if (count > 0)
        zmtp_out_frame(&peer->out, "OK", 2, false);
}

/* ---- what we hear ---------------------------------------------------------------- */

static int judge_greeting(const struct probe_peer *peer, struct err *err)
{
    const char *mechanism = peer->in.mechanism;

    if (strcmp(mechanism, "NULL") == 0)
        return 0;
    return err_set(err,
                   "asks for ZeroMQ's %s, and the probe has no keys; let it log without while "
                   "you probe",
                   *mechanism ? mechanism : "unnamed security");
}

static int judge_type(struct probe_peer *peer, struct err *err)
{
    const char *type = peer->in.type;
    enum probe_socket best = probe_socket_for(type);

    if (best == PROBE_NONE)
        return err_set(err,
                       "is a %s, which is no client that sends entries; is it a receiver, such as "
                       "logboomd itself?",
                       *type ? type : "socket without a type");
    if (peer->socket == PROBE_AUTO)
        peer->socket = best;
    if (!probe_socket_suits(peer->socket, type))
        return err_set(err, "is a %s, which does not talk to a %s; use --socket %s", type,
                       probe_socket_name(peer->socket), probe_socket_word(best));
    return 0;
}

static int tell_refusal(const struct probe_peer *peer, struct err *err)
{
    size_t len = peer->in.command_text_len;

    return err_set(err, "refuses us: '%.*s'",
                   (int)(len < REASON_SHOWN_MAX ? len : REASON_SHOWN_MAX), peer->in.command_text);
}

static int tell_old(const struct probe_peer *peer, struct err *err)
{
    const struct zmtp_in *in = &peer->in;

    return err_set(err,
                   "speaks ZMTP %u%s%s, as ZeroMQ did before version 4; logboomd needs ZMTP 3: "
                   "let the client use ZeroMQ 4",
                   in->major == 2 ? 2 : 1, *in->type ? ", as a " : "", in->type);
}

/* 1: go on. 0: enough. -1: it cannot be used, and a sentence. */
static int on_event(struct probe_peer *peer, enum zmtp_in_event event,
                    probe_peer_message_cb *on_message, void *context, struct err *err)
{
    switch (event) {
    case ZMTP_IN_MORE:
        return 1;
    case ZMTP_IN_GREETED:
        if (judge_greeting(peer, err) < 0)
            return -1;
        zmtp_out_end_greeting(&peer->out);
        return 1;
    case ZMTP_IN_READY:
        if (judge_type(peer, err) < 0)
            return -1;
        say_ready(peer);
        return 1;
    case ZMTP_IN_PING:
        zmtp_out_pong(&peer->out, peer->in.command_text, peer->in.command_text_len);
        return 1;
    case ZMTP_IN_MESSAGE:
        if (peer->socket == PROBE_REP)
            answer(peer);
        return on_message(context, peer) ? 1 : 0;
    case ZMTP_IN_REFUSED:
        return tell_refusal(peer, err);
    case ZMTP_IN_OLD:
        return tell_old(peer, err);
    case ZMTP_IN_TOO_LONG:
        return err_set(err,
                       "sends a message of more than 16MiB, for which logboomd disconnects it, "
                       "whatever 'max_message' is");
    case ZMTP_IN_TOO_MANY_FRAMES:
        return err_set(err,
                       "sends a message of more than %d frames, for which logboomd disconnects "
                       "it",
                       FRAMES_MAX);
    case ZMTP_IN_STRANGE:
        break;
    }
    return err_set(err, "does not speak ZeroMQ's protocol");
}

static int feed(struct probe_peer *peer, const char *bytes, size_t len,
                probe_peer_message_cb *on_message, void *context, struct err *err)
{
    enum zmtp_in_event event;
    int result = 1;

    while (len > 0 && result == 1) {
        size_t used = zmtp_in_feed(&peer->in, bytes, len, &event);

        bytes += used;
        len -= used;
        result = on_event(peer, event, on_message, context, err);
    }
    return result;
}

/* ---- life ------------------------------------------------------------------------ */

static int64_t now_ms(void)
{
    return clock_nanoseconds(CLOCK_MONOTONIC) / 1000000;
}

struct probe_peer *probe_peer_new(int fd, const char *name, enum probe_socket socket,
                                  struct err *err)
{
    struct probe_peer *peer = calloc(1, sizeof *peer);
    char *kept = calloc(1, ZMTP_IN_KEPT_MAX + ZMTP_IN_SPARE);

    if (!peer || !kept) {
        err_set(err, "no memory for a connection");
        free(kept);
        free(peer);
        close(fd);
        return NULL;
    }
    peer->fd = fd;
    peer->kept = kept;
    peer->socket = socket;
    strncat(peer->name, name, sizeof peer->name - 1);
    zmtp_in_begin(&peer->in, kept);
    peer->since_ms = now_ms();
    zmtp_out_begin_greeting(&peer->out);
    return peer;
}

void probe_peer_free(struct probe_peer **peer_at)
{
    struct probe_peer *peer = *peer_at;

    *peer_at = NULL;
    if (!peer)
        return;
    close(peer->fd);
    free(peer->kept);
    free(peer);
}

short probe_peer_events(const struct probe_peer *peer)
{
    return peer->out.len > 0 ? POLLIN | POLLOUT : POLLIN;
}

int probe_peer_nap_ms(const struct probe_peer *peer)
{
    int64_t left_ms = peer->since_ms + HEAD_ALONE_MS - now_ms();

    if (peer->out.greeted)
        return -1;
    return left_ms > 0 ? (int)left_ms : 0;
}

bool probe_peer_is_ready(const struct probe_peer *peer)
{
    return peer->in.is_ready;
}

static enum probe_peer_fate left(const struct probe_peer *peer, int error, struct err *err)
{
    const char *when = zmtp_in_is_inside(&peer->in) ? " in the middle of a message"
                       : peer->in.is_ready          ? ""
                                                    : " before it had said what it is";

    if (error == 0)
        err_set(err, "closed the connection%s", when);
    else
        err_set(err, "is gone%s: %s", when, strerror(error));
    return PROBE_PEER_LEFT;
}

enum probe_peer_fate probe_peer_turn(struct probe_peer *peer, probe_peer_message_cb *on_message,
                                     void *context, struct err *err)
{
    static char bytes[READ_BYTES];
    int result = 1;

    if (probe_peer_nap_ms(peer) == 0)
        zmtp_out_end_greeting(&peer->out);
    zmtp_out_send(&peer->out, peer->fd);
    for (unsigned i = 0; i < READS_A_TURN && result == 1; i++) {
        ssize_t len = recv(peer->fd, bytes, sizeof bytes, MSG_DONTWAIT);

        if (len < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (len <= 0)
            return left(peer, len < 0 ? errno : 0, err);
        result = feed(peer, bytes, (size_t)len, on_message, context, err);
    }
    zmtp_out_send(&peer->out, peer->fd);
    return result < 0 ? PROBE_PEER_USELESS : PROBE_PEER_STAYS;
}
