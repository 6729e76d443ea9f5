/* oldest.h - of any number of files the oldest few, in memory of a fixed size.
 *
 * A heap with the newest of the few on top, so that one older than that replaces it. */
#ifndef LOGFILE_OLDEST_H
#define LOGFILE_OLDEST_H

#include <stdint.h>

struct dated {
    uint64_t time_us;
    uint64_t bytes;
};

struct oldest {
    struct dated *items; /* the caller's, `room` of them */
    unsigned count;
    unsigned room; /* at least 1 */
};

void oldest_init(struct oldest *oldest, struct dated *items, unsigned room);

/* Keeps it if it is one of the oldest `room` so far. */
void oldest_add(struct oldest *oldest, struct dated file);

/* The items from the oldest to the newest; nothing can be added afterwards. */
void oldest_sort(struct oldest *oldest);

#endif
