/* block.h - the pre-sized string builder: whole lines upward, their ends downward.
 *
 *     bytes: | line\n | line\n | … ->      spare     <- … | end 1 | end 0 |
 *                              ^ len                 u32 each, from bytes + cap
 *
 * In front of the bytes is room for the notices of what was dropped before them. They
 * end where the bytes begin, so that both go out in one piece:
 *
 *     notice: |        …        | --- logboom: sink … | bytes: line\n …
 *
 * It never grows and is never copied: it is filled, handed to the sink, written,
 * and goes home to its pool. The ends let resending, datagrams, drop counts and
 * acknowledgements know where each entry ends. One owner at a time. */
#ifndef AGGREGATE_BLOCK_H
#define AGGREGATE_BLOCK_H

#include <stdint.h>

#include "aggregate/notice.h"
#include "aggregate/pool.h"

struct block {
    struct block *next;
    uint64_t last_number;      /* ingest number of the last entry in it */
    int64_t first_received_ns; /* of the first entry in it */
    int64_t last_received_ns;
    struct gaps gaps; /* what was dropped before its first entry, and not told yet */
    uint32_t cap;
    uint32_t len;
    uint32_t entry_count;
    uint32_t notice_len;  /* the last bytes of `notice` that are in use */
    uint32_t sent_count;  /* entries that were ever sent whole (aggregate/outbox_ack.h) */
    uint32_t batch_count; /* entries in flight of it (aggregate/outbox_batch.c) */
    char notice[NOTICES_ROOM];
    char bytes[];
};

/* What is written of it: the notices, then the entries. */
static inline uint32_t block_wire_len(const struct block *block)
{
    return block->notice_len + block->len;
}

static inline char *block_wire(struct block *block)
{
    return block->notice + NOTICES_ROOM - block->notice_len;
}

/* Bytes past `len` that a writer may overwrite with anything: a format's spare, and the
 * newline that is no part of a frame. */
enum { BLOCK_SPARE = 64 + 1, BLOCK_CAP_MIN = 64 * 1024 };

/* Every slot of the pool is one block of the same capacity. */
size_t block_slot_bytes(size_t cap);

/* NULL: the pool has none left. */
struct block *block_take(struct pool *blocks, size_t cap);
void block_return(struct pool *blocks, struct block *block);

/* The longest entry that fits an empty block of this capacity. */
size_t block_longest(size_t cap);

static inline uint32_t *block_ends(const struct block *block)
{
    return (uint32_t *)(void *)(block->bytes + block->cap);
}

/* Where entry i ends; entries count from 0. */
static inline uint32_t block_end(const struct block *block, uint32_t entry)
{
    return block_ends(block)[-1 - (int64_t)entry];
}

static inline bool block_has_room(const struct block *block, size_t entry_len)
{
    return block->len + entry_len + BLOCK_SPARE + (block->entry_count + 1) * sizeof(uint32_t) <=
           block->cap;
}

/* Adds one entry of entry_len bytes, which the caller writes at the place returned. */
char *block_add(struct block *block, size_t entry_len, uint64_t number, int64_t received_ns);

/* How many entries end at or before this byte. */
uint32_t block_entries_until(const struct block *block, uint32_t byte);

#endif
