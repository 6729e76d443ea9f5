/* message.h - one pooled copy of a ZeroMQ payload, and room to work on it.
 *
 *     bytes: | payload | 64 spare | topic | unescaped strings → |
 *                                          ^ scratch_offset
 *
 * The spare bytes let a parser read past the payload's end in whole vectors. All
 * spans of an entry point into these bytes. A message belongs to whoever took it,
 * until he returns it. Loop thread only. */
#ifndef AGGREGATE_MESSAGE_H
#define AGGREGATE_MESSAGE_H

#include <stdint.h>

#include "aggregate/pool.h"
#include "aggregate/span.h"

enum { MESSAGE_SPARE = 64 };

struct message {
    struct pool *home;
    uint32_t payload_len;
    uint32_t scratch_offset; /* the first byte that unescaping may use */
    uint32_t cap;            /* bytes that there are */
    int64_t received_ns;     /* CLOCK_REALTIME; 0 until somebody stamps it */
    struct span topic;       /* scanned; length 0: the client sent none */
    bool topic_cut;          /* it was longer than MESSAGE_TOPIC_MAX */
    char bytes[];
};

/* A few size classes, so that small messages stay on few pages. */
struct message_pool;

/* Each class has message_count slots; the largest holds max_payload bytes of
 * payload with a topic of up to MESSAGE_TOPIC_MAX. */
enum { MESSAGE_TOPIC_MAX = 1024 };
struct message_pool *message_pool_new(struct budget *budget, size_t max_payload,
                                      unsigned message_count, struct err *err);
void message_pool_free(struct message_pool **pool);

/* Copies payload and topic. NULL: none left. The payload must fit the pool's promise;
 * of a longer topic the beginning is kept. */
struct message *message_take(struct message_pool *pool, const void *payload, size_t payload_len,
                             const void *topic, size_t topic_len);
void message_return(struct message *message);

/* pool_give_back of each class. */
void message_pool_give_back(struct message_pool *pool);

/* Claimed by a pool for these arguments; for planning. */
size_t message_pool_bytes(size_t max_payload, unsigned message_count);

unsigned message_pool_used(const struct message_pool *pool);

#endif
