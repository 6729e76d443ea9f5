/* backoff.h - how long to wait before something is tried again.
 *
 * The time doubles with each attempt. Each wait is somewhere between half of it and all of
 * it, so that many who lost the same server do not come back at the same moment. */
#ifndef SINK_BACKOFF_H
#define SINK_BACKOFF_H

#include <stdint.h>

struct backoff {
    uint64_t first_ms, most_ms;
    uint64_t next_ms;
    uint64_t random;
};

/* Two with different seeds wait for different times. */
void backoff_init(struct backoff *backoff, uint64_t first_ms, uint64_t most_ms, uint64_t seed);

uint64_t backoff_next(struct backoff *backoff);

/* It went well: the next wait is a first one. */
void backoff_reset(struct backoff *backoff);

#endif
