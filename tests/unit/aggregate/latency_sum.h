/* latency_sum.h - how many entries a histogram has counted. */
#ifndef TESTS_UNIT_AGGREGATE_LATENCY_SUM_H
#define TESTS_UNIT_AGGREGATE_LATENCY_SUM_H

#include "aggregate/latency.h"

static inline uint64_t latency_sum(const struct latency *latency)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i <= LATENCY_BUCKETS; i++)
        sum += latency->counts[i];
    return sum;
}

#endif
