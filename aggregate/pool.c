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
    return pool_new_growing(budget, share, slot_bytes, slot_count, slot_count, err);
}

/* Where there are no addresses for what may come later, those for now will do. */
static int open_slots(struct pool *pool, unsigned slots_most)
{
    pool->slots_most = slots_most > pool->slot_count ? slots_most : pool->slot_count;
    if (pool_slots_open(pool) == 0)
        return 0;
    pool->slots_most = pool->slot_count;
    return pool_slots_open(pool);
}

struct pool *pool_new_growing(struct budget *budget, enum budget_share share, size_t slot_bytes,
                              unsigned slot_count, unsigned slots_most, struct err *err)
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
    if (open_slots(pool, slots_most) < 0) {
        err_set(err, "cannot map %zu KiB for %s: %s", all_kib, budget_share_name(share),
                strerror(errno));
        budget_release(budget, share, all_bytes);
        free(pool);
        return NULL;
    }
    return pool;
}

bool pool_set_count(struct pool *pool, unsigned slot_count)
{
    size_t bytes = pool_bytes(pool->slot_bytes, slot_count);
    size_t claimed = pool_bytes(pool->slot_bytes, pool->slot_count);

    must(slot_count >= pool->used);
    if (slot_count > pool->slots_most ||
        (bytes > claimed && !budget_claim(pool->budget, pool->share, bytes - claimed)))
        return false;
    if (bytes < claimed)
        budget_release(pool->budget, pool->share, claimed - bytes);
    pool->slot_count = slot_count;
    return true;
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
