/* cargo.h - bytes that ZeroMQ has borrowed until it has sent them.
 *
 *     hold │ message │ message │ message │ …   spare │      a few of one size, from a pool
 *            ^ lent    ^ back    ^ lent
 *
 * A message is not given to ZeroMQ as a copy that only it knows of: it gets a pointer into a
 * hold, and says, from its own thread, when it needs it no more. So what it keeps for slow
 * receivers is bounded by the holds there are, whatever the size of messages and the number of
 * receivers, and how much is still unsent is known at any moment. A hold is filled from end to
 * end before it is used anew, which it is when all of it is back.
 *
 * Loop thread only, but for what comes back. */
#ifndef SINK_CARGO_H
#define SINK_CARGO_H

#include <stdatomic.h>
#include <uv.h>
#include <zmq.h>

#include "aggregate/pool.h"

struct cargo;

struct cargo_hold {
    struct cargo *cargo;
    char *bytes; /* NULL: at home in the pool */
    size_t len;  /* that is filled */
    uint64_t lent;
    atomic_uint_fast64_t back; /* any thread */
};

struct cargo {
    struct pool *pool; /* of slots of hold_bytes */
    size_t hold_bytes;
    unsigned hold_count;
    struct cargo_hold *holds, *filling;
    atomic_bool is_awaited;
    uv_async_t *on_back; /* sent when something comes back, where it is awaited */
};

/* At most so many slots of the pool. Borrows pool and handle until cargo_fini. */
void cargo_init(struct cargo *cargo, struct pool *pool, size_t hold_bytes, unsigned hold_count,
                uv_async_t *on_back);

/* When nothing is lent: every context that had messages has ended. */
void cargo_fini(struct cargo *cargo);

/* Copies so many bytes, at most hold_bytes, into a hold. NULL: none has room before something
 * comes back, of which on_back tells then. The place holds until the next call. */
char *cargo_add(struct cargo *cargo, const char *bytes, size_t len);

/* Makes a message of bytes that were added last. It must be sent or closed. */
void cargo_lend(struct cargo *cargo, zmq_msg_t *message, char *bytes, size_t len);

/* ZeroMQ has not taken what was added last, and its messages are closed: so many bytes are spare
 * again. */
void cargo_shorten(struct cargo *cargo, size_t len);

/* Messages that ZeroMQ has not sent yet. */
uint64_t cargo_lent(const struct cargo *cargo);

/* To the pool, what is all back. */
void cargo_go_home(struct cargo *cargo);

#endif
