/* ahead.h - frames that were received from a ZeroMQ socket, and whose turn is still to come.
 *
 * Problem. What libzmq's thread allocates for a message this thread frees, each under the lock of
 * one arena, whose lines go from core to core for every message; and the payload is in the other
 * core's cache when it is asked for.
 *
 * Trick. Several frames are received in a row, and their payloads are on their way here while the
 * first ones are worked on. When all have had their turn, they are freed in a row, too.
 *
 * Who asks for frames sees no difference, but that ZMQ_EVENTS does not know of those that are
 * here. Loop thread only. */
#ifndef INGEST_AHEAD_H
#define INGEST_AHEAD_H

#include <stdbool.h>
#include <zmq.h>

enum { AHEAD_MAX = 32 };

struct ahead {
    unsigned max; /* so many are received at once, AHEAD_MAX at most */
    unsigned at, count;
    bool dry; /* behind these there was nothing */
    zmq_msg_t frames[AHEAD_MAX];
};

/* A turn begins: what the socket said before counts no more. Whatever else is done to it, be it the
 * question for ZMQ_EVENTS, comes before this. */
void ahead_begin(struct ahead *ahead);

/* The next frame, the caller's until the next call. NULL and errno: there is none; after EAGAIN
 * the socket's bell will ring for the next. */
zmq_msg_t *ahead_next(struct ahead *ahead, void *socket);

/* Whether there are some whose turn is still to come. */
bool ahead_has(const struct ahead *ahead);

/* Nothing is asked for, for a while, and the frame that came last is the caller's no more: if it is
 * long it is freed, and if none is still to come, all are. */
void ahead_rest(struct ahead *ahead);

/* Frees all. */
void ahead_clear(struct ahead *ahead);

#endif
