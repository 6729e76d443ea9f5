/* Where a write in flight may be cut in two, so that each part is of whole lines. In the
 * blocks in flight nothing changes until the write has ended, so another thread may look. */
#include <string.h>

#include "aggregate/outbox_parts.h"

/* Ends in the notices in front of the entries; 0: none at or before the byte. */
static uint32_t last_notice_end(struct block *block, uint32_t limit)
{
    uint32_t len = limit < block->notice_len ? limit : block->notice_len;
    const char *newline = memrchr(block_wire(block), '\n', len);

    return newline ? (uint32_t)(newline - block_wire(block)) + 1 : 0;
}

/* The last end at or before a byte of the block on the wire; 0: none. */
static uint32_t last_end(struct block *block, uint32_t limit)
{
    uint32_t entries =
        limit > block->notice_len ? block_entries_until(block, limit - block->notice_len) : 0;

    return entries > 0 ? block->notice_len + block_end(block, entries - 1)
                       : last_notice_end(block, limit);
}

/* The first end beyond a byte that is in the block. */
static uint32_t next_end(struct block *block, uint32_t byte)
{
    const char *newline;

    if (byte >= block->notice_len)
        return block->notice_len +
               block_end(block, block_entries_until(block, byte - block->notice_len));
    newline = memchr(block_wire(block) + byte, '\n', block->notice_len - byte);
    return newline ? (uint32_t)(newline - block_wire(block)) + 1 : block->notice_len;
}

size_t outbox_line_end(const void *context, size_t from, size_t limit)
{
    const struct outbox *outbox = context;
    struct block *block = outbox->head;
    size_t begin = 0; /* of the block in the write; the head's lies before its cursor */
    uint32_t skip = outbox->head_written;
    size_t end = 0;

    for (unsigned i = 0; i < outbox->in_flight_blocks; i++) {
        size_t len = block_wire_len(block) - skip;

        if (begin + len > limit) {
            uint32_t last = last_end(block, (uint32_t)(limit - begin) + skip);

            if (last > skip && begin + last - skip > from)
                return begin + last - skip;
            if (end > from)
                return end;
            return begin + next_end(block, (uint32_t)(limit - begin) + skip) - skip;
        }
        end = begin += len;
        skip = 0;
        if (i + 1 < outbox->in_flight_blocks)
            block = block->next;
    }
    return end;
}
