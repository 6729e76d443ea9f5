#include "client/probe_peer.h"

#include <errno.h>
#include <inttypes.h>
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

enum { ZMTP_MORE = 1, ZMTP_LONG = 2, ZMTP_COMMAND = 4 };

static const char ready_name[] = "\5READY";
enum { READY_NAME_LEN = sizeof ready_name - 1 };

static int feed_sealed(struct probe_peer *peer, const char *bytes, size_t len,
                       probe_peer_message_cb *on_message, void *context, struct err *err);

/* ---- what we say ---------------------------------------------------------------- */

static void say_ready(struct probe_peer *peer)
{
    if (!peer->told_type)
        zmtp_out_ready(&peer->out, probe_socket_name(peer->socket));
    if (peer->socket == PROBE_SUB)
        zmtp_out_subscribe(&peer->out);
}

static void say_hello(struct probe_peer *peer)
{
    unsigned char hello[CURVE_HELLO_LEN];

    curve_talk_hello(&peer->talk, hello);
    zmtp_out_command(&peer->out, hello, sizeof hello);
}

static int say_welcome(struct probe_peer *peer, struct err *err)
{
    unsigned char welcome[CURVE_WELCOME_LEN];

    if (curve_talk_welcome(&peer->talk, peer->gather.body, peer->gather.len, welcome, err) < 0)
        return -1;
    zmtp_out_command(&peer->out, welcome, sizeof welcome);
    return 1;
}

static int say_initiate(struct probe_peer *peer, struct err *err)
{
    unsigned char initiate[CURVE_INITIATE_HEAD + ZMTP_OUT_PROPERTIES_MAX];
    char properties[ZMTP_OUT_PROPERTIES_MAX];
    size_t len = zmtp_out_properties(properties, probe_socket_name(peer->socket));

    if (curve_talk_initiate(&peer->talk, peer->gather.body, peer->gather.len, properties, len,
                            initiate, err) < 0)
        return -1;
    zmtp_out_command(&peer->out, initiate, CURVE_INITIATE_HEAD + len);
    peer->told_type = true;
    return 1;
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

    if (strcmp(mechanism, peer->out.talk ? "CURVE" : "NULL") == 0)
        return 0;
    if (strcmp(mechanism, "CURVE") == 0)
        return err_set(err, "asks for ZeroMQ's CURVE: give --key with the key pair of the server "
                            "that it expects; or, where it is the server itself, --key with one "
                            "that it lets in, and --server-key");
    if (strcmp(mechanism, "NULL") == 0)
        return err_set(err, "does not encrypt; leave --key out");
    return err_set(err,
                   "asks for ZeroMQ's %s, which neither the probe nor logboomd speaks; let it log "
                   "without",
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

    return err_set(err, "refuses %s: '%.*s'", peer->out.talk ? "our key" : "us",
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
        if (peer->out.talk && !peer->talk.self->is_server)
            say_hello(peer);
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

static int feed_plain(struct probe_peer *peer, const void *bytes, size_t len,
                      probe_peer_message_cb *on_message, void *context, struct err *err)
{
    const char *at = bytes;
    enum zmtp_in_event event;
    int result = 1;

    while (len > 0 && result == 1) {
        size_t used = zmtp_in_feed(&peer->in, at, len, &event);

        at += used;
        len -= used;
        result = on_event(peer, event, on_message, context, err);
        if (peer->out.talk && event == ZMTP_IN_GREETED && result == 1)
            return feed_sealed(peer, at, len, on_message, context, err);
    }
    return result;
}

/* As it would have come unsealed. */
static int feed_frame(struct probe_peer *peer, unsigned char flags, const void *body, size_t len,
                      probe_peer_message_cb *on_message, void *context, struct err *err)
{
    unsigned char head[9] = {flags | ZMTP_LONG};
    uint64_t left = len;
    int result;

    for (unsigned i = 8; i > 0; i--, left >>= 8)
        head[i] = (unsigned char)left;
    result = feed_plain(peer, head, sizeof head, on_message, context, err);
    return result == 1 ? feed_plain(peer, body, len, on_message, context, err) : result;
}

static bool is_called(const struct zmtp_gather *gather, const char *name)
{
    size_t len = strlen(name);

    return gather->len >= len && memcmp(gather->body, name, len) == 0;
}

/* The other side's properties, as the READY of one that does not encrypt has them. */
static int feed_ready(struct probe_peer *peer, char *ready, size_t properties_len,
                      probe_peer_message_cb *on_message, void *context, struct err *err)
{
    memcpy(ready, ready_name, READY_NAME_LEN);
    return feed_frame(peer, ZMTP_COMMAND, ready, READY_NAME_LEN + properties_len, on_message,
                      context, err);
}

/* A step of the handshake: the answer to it, or what it says of the peer. */
static int take_step(struct probe_peer *peer, probe_peer_message_cb *on_message, void *context,
                     struct err *err)
{
    struct zmtp_gather *gather = &peer->gather;
    char ready[READY_NAME_LEN + CURVE_PROPERTIES_MAX];
    bool is_server = peer->talk.self->is_server;
    size_t len = 0;

    if (is_called(gather, "\5ERROR"))
        return feed_frame(peer, ZMTP_COMMAND, gather->body, gather->len, on_message, context, err);
    if (is_called(gather, "\5HELLO") && is_server)
        return say_welcome(peer, err);
    if (is_called(gather, "\7WELCOME") && !is_server)
        return say_initiate(peer, err);
    if (is_called(gather, "\10INITIATE") && is_server)
        return curve_talk_accept(&peer->talk, gather->body, gather->len, ready + READY_NAME_LEN,
                                 &len, err) < 0
                   ? -1
                   : feed_ready(peer, ready, len, on_message, context, err);
    if (is_called(gather, "\5READY") && !is_server)
        return curve_talk_take_ready(&peer->talk, gather->body, gather->len, ready + READY_NAME_LEN,
                                     &len, err) < 0
                   ? -1
                   : feed_ready(peer, ready, len, on_message, context, err);
    return err_set(err, "does not shake hands as CURVE does");
}

static int take_sealed(struct probe_peer *peer, probe_peer_message_cb *on_message, void *context,
                       struct err *err)
{
    struct zmtp_gather *gather = &peer->gather;
    unsigned char *body;
    unsigned flags;
    size_t len;

    if (!peer->talk.is_open)
        return take_step(peer, on_message, context, err);
    if (curve_talk_open(&peer->talk, gather->body, gather->len, &flags, &body, &len, err) < 0)
        return -1;
    return feed_frame(peer,
                      (unsigned char)((flags & CURVE_MORE ? ZMTP_MORE : 0) |
                                      (flags & CURVE_COMMAND ? ZMTP_COMMAND : 0)),
                      body, len, on_message, context, err);
}

static int feed_sealed(struct probe_peer *peer, const char *bytes, size_t len,
                       probe_peer_message_cb *on_message, void *context, struct err *err)
{
    int result = 1;

    while (len > 0 && result == 1) {
        size_t used = zmtp_gather_feed(&peer->gather, bytes, len);

        bytes += used;
        len -= used;
        if (peer->gather.is_too_long)
            return err_set(err,
                           "sends a frame of %" PRIu64 " bytes, longer than the 256KiB that the "
                           "probe opens, and than logboomd's 'max_message' if that is not written",
                           peer->gather.len - CURVE_SEAL_EXTRA);
        if (peer->gather.is_whole)
            result = take_sealed(peer, on_message, context, err);
    }
    return result;
}

static int feed(struct probe_peer *peer, const char *bytes, size_t len,
                probe_peer_message_cb *on_message, void *context, struct err *err)
{
    bool is_sealed = peer->out.talk && *peer->in.mechanism;

    return is_sealed ? feed_sealed(peer, bytes, len, on_message, context, err)
                     : feed_plain(peer, bytes, len, on_message, context, err);
}

/* ---- life ------------------------------------------------------------------------ */

struct probe_peer *probe_peer_new(int fd, const char *name, enum probe_socket socket,
                                  const struct curve_self *self, struct err *err)
{
    struct probe_peer *peer = calloc(1, sizeof *peer);
    char *kept = calloc(1, ZMTP_IN_KEPT_MAX + ZMTP_IN_SPARE);
    unsigned char *sealed = self ? malloc(ZMTP_GATHER_MAX) : NULL;

    if (!peer || !kept || (self && !sealed)) {
        err_set(err, "no memory for a connection");
        free(sealed);
        free(kept);
        free(peer);
        close(fd);
        return NULL;
    }
    peer->fd = fd;
    peer->kept = kept;
    peer->socket = socket;
    peer->gather.body = sealed;
    if (self) {
        curve_talk_begin(&peer->talk, self);
        peer->out.talk = &peer->talk;
    }
    strncat(peer->name, name, sizeof peer->name - 1);
    zmtp_in_begin(&peer->in, kept);
    peer->since_ms = monotonic_ms();
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
    curve_talk_wipe(&peer->talk);
    free(peer->gather.body);
    free(peer->kept);
    free(peer);
}

short probe_peer_events(const struct probe_peer *peer)
{
    return peer->out.len > 0 ? POLLIN | POLLOUT : POLLIN;
}

int probe_peer_nap_ms(const struct probe_peer *peer)
{
    int64_t left_ms = peer->since_ms + HEAD_ALONE_MS - monotonic_ms();

    if (peer->out.greeted)
        return -1;
    return left_ms > 0 ? (int)left_ms : 0;
}

bool probe_peer_is_ready(const struct probe_peer *peer)
{
    return peer->in.is_ready;
}

/* A server that does not have the key that we take it for, and a client, close on us. */
static bool is_answered_by_silence(const struct probe_peer *peer)
{
    return peer->out.talk && *peer->in.mechanism && !peer->talk.self->is_server && !peer->told_type;
}

static enum probe_peer_fate left(const struct probe_peer *peer, int error, struct err *err)
{
    const char *when = zmtp_in_is_inside(&peer->in) ? " in the middle of a message"
                       : peer->in.is_ready          ? ""
                                                    : " before it had said what it is";

    if (is_answered_by_silence(peer))
        err_set(err, "closed the connection at our first word; is its key another than that of "
                     "--server-key, or is it a client itself? Then leave that out");
    else if (error == 0)
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
