/* zmtp_in.h - what a ZeroMQ peer says on one connection, from its first byte.
 *
 *     greeting 64 B │ commands: READY │ message: flags │ size 1 or 8 B │ body … │ …
 *                                       ^ MORE 1, LONG 2, COMMAND 4  (RFC 23/ZMTP, 37/ZMTP)
 *
 * ZeroMQ hides all of it: who connected, as what, and why nothing comes. And it stores what a
 * peer sends, without a limit that holds. So `logboom probe` listens itself. Of each message
 * the first ZMTP_IN_KEPT_MAX bytes are kept, the rest is counted; what logboomd would cut its
 * client off for is told before it is read. No I/O, no allocation; one thread at a time. */
#ifndef CLIENT_ZMTP_IN_H
#define CLIENT_ZMTP_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/frames.h"

enum {
    ZMTP_IN_KEPT_MAX = 256 * 1024,      /* logboomd's max_message, if nobody says otherwise */
    ZMTP_IN_SPARE = 64,                 /* readable behind what is kept, for those who scan it */
    ZMTP_IN_LONGEST = 16 * 1024 * 1024, /* the largest that max_message can be */
    ZMTP_IN_COMMAND_MAX = 1024,         /* a longer handshake is not ZeroMQ's */
    ZMTP_IN_NAME_MAX = 20,              /* of a mechanism, or a socket type */
};

enum zmtp_in_event {
    ZMTP_IN_MORE,    /* all bytes are used up, nothing to tell */
    ZMTP_IN_GREETED, /* version and mechanism are known */
    ZMTP_IN_READY,   /* the peer's type is known; messages may come, if ours suits it */
    ZMTP_IN_REFUSED, /* the peer says so itself: command_text */
    ZMTP_IN_PING,    /* wants a PONG that repeats command_text */
    ZMTP_IN_MESSAGE, /* a whole one: frames, until the next call */

    /* The connection cannot be followed any more: */
    ZMTP_IN_STRANGE,         /* this is no ZeroMQ */
    ZMTP_IN_OLD,             /* older than ZMTP 3, which is ZeroMQ 4; type, if it is known */
    ZMTP_IN_TOO_LONG,        /* a message beyond ZMTP_IN_LONGEST */
    ZMTP_IN_TOO_MANY_FRAMES, /* beyond FRAMES_MAX */
};

/* One frame of a message: as long as it was, and how much of its beginning is kept. */
struct zmtp_frame {
    uint64_t len;
    uint32_t kept_offset; /* in zmtp_in.kept */
    uint32_t kept_len;
};

enum zmtp_in_state { ZMTP_IN_GREETING, ZMTP_IN_FLAGS, ZMTP_IN_SIZE, ZMTP_IN_BODY };

struct zmtp_in {
    unsigned major, minor; /* of ZMTP */
    char mechanism[ZMTP_IN_NAME_MAX + 1];
    char type[ZMTP_IN_NAME_MAX + 1]; /* "PUSH"; what is not printable is '?' */

    /* what an event is about */
    struct zmtp_frame frames[FRAMES_MAX];
    unsigned frame_count;
    uint64_t message_len; /* of all frames */
    const char *command_text;
    size_t command_text_len;

    /* the rest is ours */
    char *kept;
    uint32_t kept_len;
    enum zmtp_in_state state;
    unsigned char head[64]; /* the greeting, or a frame's header */
    unsigned got;           /* bytes of it */
    unsigned char flags;
    uint64_t body_left;
    char command[ZMTP_IN_COMMAND_MAX];
    size_t command_len; /* as far as it is kept */
    bool is_ready;
    bool ended; /* the message has been told */
};

/* `kept` has ZMTP_IN_KEPT_MAX + ZMTP_IN_SPARE bytes, and stays the caller's. */
void zmtp_in_begin(struct zmtp_in *in, char *kept);

/* Follows these bytes up to the next event. Returns how many were used up. */
size_t zmtp_in_feed(struct zmtp_in *in, const void *bytes, size_t len,
                    enum zmtp_in_event *event_out);

/* A message has begun, and its end has not come. */
bool zmtp_in_is_inside(const struct zmtp_in *in);

#endif
