/* zmtp_out.h - the little that a receiver says to a ZeroMQ peer, and what of it is unsent.
 *
 * ZMTP 3.0 (RFC 23), without encryption. What has no room goes unsaid: only a peer that reads
 * nothing gets there. One thread. */
#ifndef CLIENT_ZMTP_OUT_H
#define CLIENT_ZMTP_OUT_H

#include <stdbool.h>
#include <stddef.h>

struct zmtp_out {
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
