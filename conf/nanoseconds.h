/* nanoseconds.h - moments as one number, since the beginning of a clock. Any thread. */
#ifndef CONF_NANOSECONDS_H
#define CONF_NANOSECONDS_H

#include <stdint.h>
#include <time.h>

static inline int64_t nanoseconds(struct timespec moment)
{
    return (int64_t)moment.tv_sec * 1000000000 + moment.tv_nsec;
}

/* Of a clock that this system has, as it has all that we ask for. */
static inline int64_t clock_nanoseconds(clockid_t clock)
{
    struct timespec now = {0};

    clock_gettime(clock, &now);
    return nanoseconds(now);
}

/* For waiting: nobody sets this clock. */
static inline int64_t monotonic_ms(void)
{
    return clock_nanoseconds(CLOCK_MONOTONIC) / 1000000;
}

#endif
