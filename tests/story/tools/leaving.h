/* leaving.h - tools that work until SIGTERM tells them to end in the orderly way, and their clock.
 */
#ifndef STORY_LEAVING_H
#define STORY_LEAVING_H

#include <signal.h>
#include <time.h>

static volatile sig_atomic_t told_to_leave;

static void on_sigterm(int number)
{
    (void)number;
    told_to_leave = 1;
}

static inline void leave_on_sigterm(void)
{
    signal(SIGTERM, on_sigterm);
}

/* Seconds, monotonic. */
static inline double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

#endif
