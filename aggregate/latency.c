#include "aggregate/latency.h"

const uint64_t latency_bounds_us[LATENCY_BUCKETS] = {
    100,    250,    500,    1000,    2500,    5000,    10000,    25000,    50000,
    100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 60000000,
};

void latency_add(struct latency *latency, int64_t age_ns, uint64_t entries)
{
    uint64_t age_us = age_ns > 0 ? ((uint64_t)age_ns + 999) / 1000 : 0;
    unsigned bucket = 0;

    while (bucket < LATENCY_BUCKETS && age_us > latency_bounds_us[bucket])
        bucket++;
    latency->counts[bucket] += entries;
    latency->sum_us += age_us * entries;
}
