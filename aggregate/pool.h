/* pool.h - objects of one size, carved at start, handed out last-in first-out.
 *
 * Last-in first-out keeps the slot that was touched last, and is still in the
 * cache, in use; slots never taken are never touched and cost no resident
 * memory, and pool_give_back makes those that are home cost none again. The whole
 * pool is claimed from the budget when it is made, so taking one can fail (NULL:
 * none left, slow down) but never grows the process.
 *
 * Under SAN=1 the same header is served by pool_plain.c, whose slots come from
 * malloc one by one, so that AddressSanitizer sees past each object's end.
 * Loop thread only. */
#ifndef AGGREGATE_POOL_H
#define AGGREGATE_POOL_H

#include "aggregate/budget.h"

struct pool;

/* Claims pool_bytes from the share. NULL and a sentence when the
 * budget refuses or the kernel has no address space. */
struct pool *pool_new(struct budget *budget, enum budget_share share, size_t slot_bytes,
                      unsigned slot_count, struct err *err);

/* The same, and it may have up to so many slots later (pool_set_count): addresses are kept for
 * them, if the kernel has so many, and nothing is claimed. */
struct pool *pool_new_growing(struct budget *budget, enum budget_share share, size_t slot_bytes,
                              unsigned slot_count, unsigned slots_most, struct err *err);

/* From now on it has so many slots, not fewer than are in use, and maybe none; claims what that is
 * more, or releases what it is less. False, and nothing has changed: the budget refuses, or there
 * are no addresses for so many. */
bool pool_set_count(struct pool *pool, unsigned slot_count);

/* Every slot must be home again. */
void pool_free(struct pool **pool);

/* A slot of at least slot_bytes, 64-byte aligned, contents undefined. */
void *pool_take(struct pool *pool);
void pool_return(struct pool *pool, void *slot);

/* After a burst: the kernel gets back the pages on which there is nothing but slots that
 * are home. The slots are still the pool's; whoever touches one next pays for its pages
 * again. Costs a system call for each slot that is home, and one in all when
 * every slot is. */
void pool_give_back(struct pool *pool);

unsigned pool_used(const struct pool *pool);
unsigned pool_peak(const struct pool *pool);
unsigned pool_capacity(const struct pool *pool);
unsigned long pool_refused(const struct pool *pool);

/* What one object of `bytes` really occupies: its size rounded to the alignment. */
size_t pool_slot_bytes(size_t bytes);

/* What a whole pool claims: its slots, and a pointer for each; for planning. */
size_t pool_bytes(size_t slot_bytes, unsigned slot_count);

#endif
