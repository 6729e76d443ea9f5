#include "aggregate/block.h"

#include <stddef.h>
#include <string.h>

#include "conf/must.h"

_Static_assert(offsetof(struct block, bytes) % sizeof(uint32_t) == 0, "the ends are aligned");

size_t block_slot_bytes(size_t cap)
{
    return sizeof(struct block) + cap;
}

size_t block_longest(size_t cap)
{
    return cap - BLOCK_SPARE - sizeof(uint32_t);
}

struct block *block_take(struct pool *blocks, size_t cap)
{
    struct block *block = pool_take(blocks);

    must(cap >= BLOCK_CAP_MIN && cap <= UINT32_MAX && cap % sizeof(uint32_t) == 0);
    if (!block)
        return NULL;
    memset(block, 0, offsetof(struct block, notice));
    block->cap = (uint32_t)cap;
    return block;
}

void block_return(struct pool *blocks, struct block *block)
{
    pool_return(blocks, block);
}

char *block_add(struct block *block, size_t entry_len, uint64_t number, int64_t received_ns)
{
    char *to = block->bytes + block->len;

    must(block_has_room(block, entry_len));
    if (block->entry_count == 0)
        block->first_received_ns = received_ns;
    block->last_received_ns = received_ns;
    block->last_number = number;
    block->len += (uint32_t)entry_len;
    block_ends(block)[-1 - (int64_t)block->entry_count++] = block->len;
    return to;
}

uint32_t block_entries_until(const struct block *block, uint32_t byte)
{
    uint32_t low = 0, high = block->entry_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (block_end(block, middle) <= byte)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
