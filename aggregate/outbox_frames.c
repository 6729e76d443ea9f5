/* The write in flight taken apart, for targets that take one entry at a time. */
#include "aggregate/outbox_parts.h"

/* Where the frame ends of which this byte of the block on the wire is a part. */
static uint32_t frame_end(const struct outbox *outbox, struct block *block, uint32_t byte)
{
    uint32_t entry;

    if (byte < block->notice_len)
        return byte + (uint32_t)framing_first(outbox->framing, block_wire(block) + byte,
                                              block->notice_len - byte);
    entry = block_entries_until(block, byte - block->notice_len);
    return block->notice_len + block_end(block, entry);
}

unsigned outbox_frames(const struct outbox *outbox, struct iovec *frames, unsigned max)
{
    struct block *block = outbox->head;
    uint32_t at = outbox->head_written;
    unsigned count = 0, left = outbox->in_flight_blocks;

    while (left > 0 && count < max) {
        uint32_t end = frame_end(outbox, block, at);

        frames[count].iov_base = block_wire(block) + at;
        frames[count++].iov_len = end - at;
        at = end;
        if (at < block_wire_len(block))
            continue;
        block = block->next;
        at = 0;
        left--;
    }
    return count;
}
