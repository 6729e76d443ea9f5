/* zmtp_out.h - the little that a receiver says to a ZeroMQ peer, and what of it is unsent.
 *
 * ZMTP 3.0 (RFC 23), sealed by CURVE where there is a talk (client/curve_talk.h). What has no room
 * goes unsaid: only a peer that reads nothing gets there. One thread. */
#ifndef CLIENT_ZMTP_OUT_H
#define CLIENT_ZMTP_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "client/curve_talk.h"

struct zmtp_out {
    struct curve_talk *talk; /* NULL: nothing is encrypted */
    char bytes[2048];
    size_t len;
    bool greeted; /* all of it is said */
};

/* The greeting comes in two pieces: up to the version, after which ZeroMQ says all of its own;
 * and the rest, which makes a peer leave without a word that wants another mechanism. */
void zmtp_out_begin_greeting(struct zmtp_out *out);
void zmtp_out_end_greeting(struct zmtp_out *out);

/* What kind of socket we are: "PULL". */
void zmtp_out_ready(struct zmtp_out *out, const char *type);

/* What our READY, or INITIATE, has to say of that; returns its length. */
enum { ZMTP_OUT_PROPERTIES_MAX = 64 };
size_t zmtp_out_properties(char bytes[ZMTP_OUT_PROPERTIES_MAX], const char *type);

/* A command of a handshake, as it is. */
void zmtp_out_command(struct zmtp_out *out, const void *body, size_t len);

/* Of a SUB: every topic. */
void zmtp_out_subscribe(struct zmtp_out *out);

/* Repeats the context of a PING. */
void zmtp_out_pong(struct zmtp_out *out, const void *context, size_t context_len);

/* One of a message's frames, of at most 255 bytes. */
enum { ZMTP_OUT_FRAME_MAX = 255 };
void zmtp_out_frame(struct zmtp_out *out, const void *body, size_t len, bool more);

/* Sends what the socket takes now. That the peer is gone, reading from it will tell. */
void zmtp_out_send(struct zmtp_out *out, int fd);

#endif
