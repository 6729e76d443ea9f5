/* The source of slots under SAN=1: each is a malloc of exactly the size asked for,
 * so that AddressSanitizer sees every byte past its end and every use after its
 * return. */
#include <stdlib.h>

#include "aggregate/pool_slots.h"
#include "conf/must.h"

int pool_slots_open(struct pool *pool)
{
    (void)pool;
    return 0;
}

void pool_slots_close(struct pool *pool)
{
    (void)pool;
}

void *pool_take(struct pool *pool)
{
    void *slot = NULL;

    if (pool->used == pool->slot_count ||
        posix_memalign(&slot, POOL_SLOT_ALIGN, pool->slot_bytes) != 0) {
        pool->refused++;
        return NULL;
    }
    if (++pool->used > pool->peak)
        pool->peak = pool->used;
    return slot;
}

void pool_return(struct pool *pool, void *slot)
{
    must(pool->used > 0);
    pool->used--;
    free(slot);
}

void pool_give_back(struct pool *pool)
{
    (void)pool; /* free() did already */
}
