/* latency.h - how long entries took from being received to being written, as a histogram.
 *
 * Counted by the block, not by the entry: whatever of a block a write has taken counts with the
 * age of the oldest entry of that block, at the time when the write ended. So an entry is never
 * shown quicker than it was, and slower by at most the time in which its block filled. That is
 * what makes it cost an entry next to nothing.
 *
 * From zmq_msg_recv, thus without what ZeroMQ and the kernel had queued before; to the end of
 * the system call, or to when the receiver has acknowledged, where one does. By the wall clock:
 * while somebody sets it, ages are wrong; none is below 0. Loop thread only. */
#ifndef AGGREGATE_LATENCY_H
#define AGGREGATE_LATENCY_H

#include <stdint.h>

enum { LATENCY_BUCKETS = 17 };

/* Bucket i holds ages of at most this, and more than the bound before it; growing. */
extern const uint64_t latency_bounds_us[LATENCY_BUCKETS];

struct latency {
    uint64_t counts[LATENCY_BUCKETS + 1]; /* entries; the last: above all bounds */
    uint64_t sum_us;                      /* of all ages */
};

void latency_add(struct latency *latency, int64_t age_ns, uint64_t entries);

#endif
