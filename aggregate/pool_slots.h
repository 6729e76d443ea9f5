/* pool_slots.h - where a pool's slots come from: for pool.c and its two sources.
 *
 * Exactly one of pool_carved.c (one mapping) and pool_plain.c (malloc, SAN=1) is
 * built; besides these two functions each brings pool_take, pool_return and
 * pool_give_back. */
#ifndef AGGREGATE_POOL_SLOTS_H
#define AGGREGATE_POOL_SLOTS_H

#include "aggregate/pool.h"

enum { POOL_SLOT_ALIGN = 64 };

struct pool {
    unsigned used;
    unsigned peak;
    unsigned fresh;      /* slots that were touched since all were given back */
    unsigned slot_count; /* that are claimed */
    unsigned slots_most; /* that there are addresses for */
    unsigned long refused;
    size_t slot_bytes;  /* as asked for */
    size_t pitch_bytes; /* rounded to the alignment */
    char *slots;
    size_t slots_bytes;
    void **free_slots; /* those that are home and were touched; taken from the end */
    unsigned free_count;
    struct budget *budget;
    enum budget_share share;
};

/* 0, or -1 and errno. */
int pool_slots_open(struct pool *pool);
void pool_slots_close(struct pool *pool);

#endif
