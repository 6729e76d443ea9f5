/* The slots lie in one anonymous mapping, and behind them the list of those that are home:
 *
 *     | taken before: in use, or home | never taken |  home, by address →        |
 *       ^ slots                       ^ fresh          ^ free_slots   ^ free_count
 *
 * A take prefers the slot returned last, and only then touches fresh ground: pages that
 * were never needed stay unbacked. The list is outside the slots so that a slot that is
 * home holds nothing, and its pages can be given back. */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "aggregate/pool_slots.h"
#include "conf/must.h"

int pool_slots_open(struct pool *pool)
{
    void *slots = mmap(NULL, pool_bytes(pool->slot_bytes, pool->slots_most), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (slots == MAP_FAILED)
        return -1;
    pool->slots = slots;
    pool->slots_bytes = pool->pitch_bytes * pool->slots_most;
    pool->free_slots = (void *)(pool->slots + pool->slots_bytes);
    return 0;
}

void pool_slots_close(struct pool *pool)
{
    munmap(pool->slots, pool_bytes(pool->slot_bytes, pool->slots_most));
}

void *pool_take(struct pool *pool)
{
    void *slot;

    if (pool->used == pool->slot_count) {
        pool->refused++;
        return NULL;
    }
    if (pool->free_count > 0)
        slot = pool->free_slots[--pool->free_count];
    else
        slot = pool->slots + pool->pitch_bytes * pool->fresh++;
    if (++pool->used > pool->peak)
        pool->peak = pool->used;
    return slot;
}

void pool_return(struct pool *pool, void *slot)
{
    must(pool->used > 0);
    must((size_t)((char *)slot - pool->slots) < pool->slots_bytes);
    pool->used--;
    pool->free_slots[pool->free_count++] = slot;
}

/* The whole pages between two addresses, which are the kernel's until touched again. */
static void give_back_between(char *begin, char *end)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)begin + page - 1) & ~(page - 1);
    uintptr_t last = (uintptr_t)end & ~(page - 1);

    /* Pages that are locked stay; nobody relies on it. */
    if (first < last)
        madvise((void *)first, last - first, MADV_DONTNEED);
}

void pool_give_back(struct pool *pool)
{
    if (pool->used == 0) {
        give_back_between(pool->slots, pool->slots + pool->pitch_bytes * pool->fresh);
        pool->fresh = pool->free_count = 0;
        return;
    }
    for (unsigned i = 0; i < pool->free_count; i++) {
        char *slot = pool->free_slots[i];

        give_back_between(slot, slot + pool->pitch_bytes);
    }
}
