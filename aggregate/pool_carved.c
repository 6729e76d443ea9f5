/* The slots lie in one anonymous mapping:
 *
 *     | taken before: in use, or free and linked by `next` | never taken |
 *       ^ slots                                            ^ fresh
 *
 * A take prefers the free list, whose first slot is the one returned last, and
 * only then touches fresh ground: pages that were never needed stay unbacked. */
#include <sys/mman.h>

#include "aggregate/pool_slots.h"
#include "conf/must.h"

struct free_slot {
    struct free_slot *next;
};

int pool_slots_open(struct pool *pool)
{
    void *slots = mmap(NULL, pool->pitch_bytes * pool->slot_count, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (slots == MAP_FAILED)
        return -1;
    pool->slots = slots;
    return 0;
}

void pool_slots_close(struct pool *pool)
{
    munmap(pool->slots, pool->pitch_bytes * pool->slot_count);
}

void *pool_take(struct pool *pool)
{
    struct free_slot *slot = pool->free_list;

    if (slot) {
        pool->free_list = slot->next;
    } else if (pool->fresh < pool->slot_count) {
        slot = (void *)(pool->slots + pool->pitch_bytes * pool->fresh++);
    } else {
        pool->refused++;
        return NULL;
    }
    if (++pool->used > pool->peak)
        pool->peak = pool->used;
    return slot;
}

void pool_return(struct pool *pool, void *taken)
{
    struct free_slot *slot = taken;

    must(pool->used > 0);
    must((size_t)((char *)taken - pool->slots) < pool->pitch_bytes * pool->slot_count);
    pool->used--;
    slot->next = pool->free_list;
    pool->free_list = slot;
}
