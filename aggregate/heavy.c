#include "aggregate/heavy.h"

#include <stdlib.h>
#include <string.h>

/* Open addressing, half empty: the number of a counter, or EMPTY. */
enum { SLOTS = 2 * HEAVY_COUNTERS, EMPTY = 0xffff };
_Static_assert((SLOTS & (SLOTS - 1)) == 0, "a slot is found by a mask");

struct heavy {
    struct heavy_counter counters[HEAVY_COUNTERS];
    unsigned used;
    uint16_t slots[SLOTS];
};

struct heavy *heavy_new(void)
{
    struct heavy *heavy = calloc(1, sizeof *heavy);

    if (heavy)
        memset(heavy->slots, 0xff, sizeof heavy->slots);
    return heavy;
}

void heavy_free(struct heavy **heavy)
{
    free(*heavy);
    *heavy = NULL;
}

size_t heavy_bytes(void)
{
    return sizeof(struct heavy);
}

/* ---- the table ----------------------------------------------------------------------------- */

/* FNV-1a, 32 bit. Names that collide on purpose make it as slow as a search of all counters. */
static uint32_t hash_of(const char *name, size_t len)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    return hash;
}

static unsigned next_slot(unsigned slot)
{
    return (slot + 1) & (SLOTS - 1);
}

/* Where the name is, or where it could be put. */
static unsigned find_slot(const struct heavy *heavy, uint32_t hash, const char *name, size_t len)
{
    unsigned slot = hash & (SLOTS - 1);

    for (; heavy->slots[slot] != EMPTY; slot = next_slot(slot)) {
        const struct heavy_counter *counter = &heavy->counters[heavy->slots[slot]];

        if (counter->hash == hash && counter->len == len && memcmp(counter->name, name, len) == 0)
            break;
    }
    return slot;
}

/* Those behind it that would not be found any more move up (Knuth, vol. 3, 6.4, algorithm R). */
static void empty_slot(struct heavy *heavy, unsigned slot)
{
    unsigned hole = slot;

    for (unsigned i = next_slot(slot); heavy->slots[i] != EMPTY; i = next_slot(i)) {
        unsigned home = heavy->counters[heavy->slots[i]].hash & (SLOTS - 1);

        if (((i - home) & (SLOTS - 1)) < ((i - hole) & (SLOTS - 1)))
            continue;
        heavy->slots[hole] = heavy->slots[i];
        hole = i;
    }
    heavy->slots[hole] = EMPTY;
}

/* ---- counting ------------------------------------------------------------------------------ */

static unsigned find_smallest(const struct heavy *heavy)
{
    unsigned smallest = 0;

    for (unsigned i = 1; i < HEAVY_COUNTERS; i++) {
        if (heavy->counters[i].bytes < heavy->counters[smallest].bytes)
            smallest = i;
    }
    return smallest;
}

/* The smallest counter passes on what it has counted, as an error. */
static unsigned take_over(struct heavy *heavy)
{
    unsigned smallest = find_smallest(heavy);
    struct heavy_counter *counter = &heavy->counters[smallest];

    empty_slot(heavy, find_slot(heavy, counter->hash, counter->name, counter->len));
    counter->entries_error = counter->entries;
    counter->bytes_error = counter->bytes;
    return smallest;
}

static struct heavy_counter *counter_of(struct heavy *heavy, const char *name, size_t len)
{
    uint32_t hash = hash_of(name, len);
    unsigned slot = find_slot(heavy, hash, name, len), number;
    struct heavy_counter *counter;

    if (heavy->slots[slot] != EMPTY)
        return &heavy->counters[heavy->slots[slot]];
    if (heavy->used < HEAVY_COUNTERS) {
        number = heavy->used++;
    } else {
        number = take_over(heavy);
        slot = find_slot(heavy, hash, name, len); /* what stood here may have moved */
    }
    heavy->slots[slot] = (uint16_t)number;
    counter = &heavy->counters[number];
    counter->hash = hash;
    counter->len = (uint8_t)len;
    memcpy(counter->name, name, len);
    return counter;
}

void heavy_add(struct heavy *heavy, const char *name, size_t name_len, size_t bytes)
{
    size_t len = name_len < HEAVY_NAME_MAX ? name_len : HEAVY_NAME_MAX;
    struct heavy_counter *counter = counter_of(heavy, name, len);

    counter->entries++;
    counter->bytes += bytes;
}

unsigned heavy_top(const struct heavy *heavy, const struct heavy_counter *top_out[], unsigned count)
{
    unsigned found = 0;

    for (unsigned i = 0; i < heavy->used; i++) {
        const struct heavy_counter *counter = &heavy->counters[i];
        unsigned at = found < count ? found++ : count;

        for (; at > 0 && top_out[at - 1]->bytes < counter->bytes; at--) {
            if (at < count)
                top_out[at] = top_out[at - 1];
        }
        if (at < count)
            top_out[at] = counter;
    }
    return found;
}
