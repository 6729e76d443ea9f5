/* heavy.h - who sends most, in a fixed amount of memory: a sketch of the heaviest names.
 *
 * Space-Saving (Metwally, Agrawal, El Abbadi: Efficient computation of frequent and top-k elements
 * in data streams, 2005), by bytes: a name that has no counter takes over the smallest one, and its
 * bytes. So no name is ever underestimated, whoever sent more than 1/HEAVY_COUNTERS of all is
 * there, and what a counter took over, its error, is known. No I/O, no allocation but at the
 * beginning; one thread at a time. */
#ifndef AGGREGATE_HEAVY_H
#define AGGREGATE_HEAVY_H

#include <stddef.h>
#include <stdint.h>

enum { HEAVY_COUNTERS = 256, HEAVY_NAME_MAX = 64 };

struct heavy_counter {
    uint64_t entries, bytes; /* at most; at least so many less: */
    uint64_t entries_error, bytes_error;
    uint32_t hash;
    uint8_t len;
    char name[HEAVY_NAME_MAX]; /* as it was sent, cut; not ended by a NUL */
};

struct heavy;

/* NULL: no memory. */
struct heavy *heavy_new(void);
void heavy_free(struct heavy **heavy);
size_t heavy_bytes(void);

/* One entry of so many bytes. Of a long name the first HEAVY_NAME_MAX bytes count. */
void heavy_add(struct heavy *heavy, const char *name, size_t name_len, size_t bytes);

/* The heaviest by bytes, at most count of them, the heaviest first; how many. */
unsigned heavy_top(const struct heavy *heavy, const struct heavy_counter *top_out[],
                   unsigned count);

#endif
