/* message.h - one pooled copy of a ZeroMQ payload, and room to work on it.
 *
 *     bytes: | payload | 64 spare | topic | header | key | added | unescaped strings → |
 *                                                                 ^ scratch_offset
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
    struct span header;      /* as it came, not scanned; length 0: the client sent none */
    struct span key;         /* scanned, the beginning of a longer one; length 0: the same */
    struct span key_name;    /* `key`, in these bytes, for a field */
    struct span added;       /* our own, for spans of its entries; length 0: nothing is */
    bool topic_cut;          /* it was longer than MESSAGE_TOPIC_MAX */
    bool header_lost;        /* there was one, longer than MESSAGE_HEADER_MAX */
    char bytes[];
};

/* A few size classes, so that small messages stay on few pages. */
struct message_pool;

/* Each class has message_count slots; the largest holds max_payload bytes of payload
 * with a topic of up to MESSAGE_TOPIC_MAX, and so on. */
enum {
    MESSAGE_TOPIC_MAX = 1024,
    MESSAGE_HEADER_MAX = 1024,
    MESSAGE_KEY_MAX = 1024,
    MESSAGE_ADDED_MAX = 2048
};
struct message_pool *message_pool_new(struct budget *budget, size_t max_payload,
                                      unsigned message_count, struct err *err);
void message_pool_free(struct message_pool **pool);

/* What a client sent, frame by frame: the entry or entries, what they are about, and what
 * stands beside them in binary form (CMDP; decode/frames.h). Length 0: no such frame. */
struct message_part {
    const void *bytes; /* anything, where len is 0 */
    size_t len;
};
struct message_parts {
    struct message_part payload;
    struct message_part topic;
    struct message_part header;
    struct message_part key;
    struct message_part added; /* no client's: what the endpoint has to say of its entries */
};

/* Copies the parts. NULL: none left. The payload must fit the pool's promise; of a longer
 * topic or key the beginning is kept, of a longer header nothing: half of one says nothing.
 * At most MESSAGE_ADDED_MAX may be added. */
struct message *message_take(struct message_pool *pool, const struct message_parts *parts);
void message_return(struct message *message);

/* pool_give_back of each class. */
void message_pool_give_back(struct message_pool *pool);

/* Claimed by a pool for these arguments; for planning. */
size_t message_pool_bytes(size_t max_payload, unsigned message_count);

unsigned message_pool_used(const struct message_pool *pool);

#endif
