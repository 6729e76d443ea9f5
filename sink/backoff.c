#include "sink/backoff.h"

void backoff_init(struct backoff *backoff, uint64_t first_ms, uint64_t most_ms, uint64_t seed)
{
    *backoff = (struct backoff){first_ms, most_ms, first_ms, seed};
}

/* Steele, Lea and Flood's SplitMix64. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

uint64_t backoff_next(struct backoff *backoff)
{
    uint64_t whole_ms = backoff->next_ms, half_ms = whole_ms / 2;
    uint64_t doubled_ms = whole_ms * 2;

    backoff->next_ms = doubled_ms < backoff->most_ms ? doubled_ms : backoff->most_ms;
    return half_ms + next_random(&backoff->random) % (whole_ms - half_ms + 1);
}

void backoff_reset(struct backoff *backoff)
{
    backoff->next_ms = backoff->first_ms;
}
