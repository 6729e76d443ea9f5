#include "aggregate/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/pool_slots.h"
#include "conf/must.h"

size_t pool_slot_bytes(size_t bytes)
{
    return (bytes + POOL_SLOT_ALIGN - 1) & ~(size_t)(POOL_SLOT_ALIGN - 1);
}

size_t pool_bytes(size_t slot_bytes, unsigned slot_count)
{
    return (pool_slot_bytes(slot_bytes) + sizeof(void *)) * slot_count;
}

struct pool *pool_new(struct budget *budget, enum budget_share share, size_t slot_bytes,
                      unsigned slot_count, struct err *err)
{
    size_t all_bytes = pool_bytes(slot_bytes, slot_count);
    size_t all_kib = all_bytes / 1024;
    struct pool *pool;

    must(slot_bytes > 0 && slot_count > 0);
    if (!budget_claim(budget, share, all_bytes)) {
        err_set(err, "memory.cap leaves %zu KiB for %s, which need %zu KiB",
                budget_free(budget, share) / 1024, budget_share_name(share), all_kib);
        return NULL;
    }
    pool = calloc(1, sizeof *pool);
    must(pool);
    pool->slot_bytes = slot_bytes;
    pool->pitch_bytes = pool_slot_bytes(slot_bytes);
    pool->slot_count = slot_count;
    pool->budget = budget;
    pool->share = share;
    if (pool_slots_open(pool) < 0) {
        err_set(err, "cannot map %zu KiB for %s: %s", all_kib, budget_share_name(share),
                strerror(errno));
        budget_release(budget, share, all_bytes);
        free(pool);
        return NULL;
    }
    return pool;
}

void pool_free(struct pool **pool_address)
{
    struct pool *pool = *pool_address;

    *pool_address = NULL;
    if (!pool)
        return;
    must(pool->used == 0);
    pool_slots_close(pool);
    budget_release(pool->budget, pool->share, pool_bytes(pool->slot_bytes, pool->slot_count));
    free(pool);
}

unsigned pool_used(const struct pool *pool)
{
    return pool->used;
}

unsigned pool_peak(const struct pool *pool)
{
    return pool->peak;
}

unsigned pool_capacity(const struct pool *pool)
{
    return pool->slot_count;
}

unsigned long pool_refused(const struct pool *pool)
{
    return pool->refused;
}
