#include "daemon/watchdog.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

bool watchdog_sees_life(struct watchdog *watchdog, const struct watchdog_look *look,
                        uint64_t now_ms)
{
    bool stuck = look->waiting && !look->explained && look->moved == watchdog->moved;

    watchdog->moved = look->moved;
    if (!stuck)
        watchdog->stuck_since_ms = 0;
    else if (watchdog->stuck_since_ms == 0)
        watchdog->stuck_since_ms = now_ms;
    return !stuck || now_ms - watchdog->stuck_since_ms < WATCHDOG_PATIENCE_MS;
}

/* 0: not there, or no number. */
static unsigned long long number_in(const char *variable)
{
    const char *text = getenv(variable);
    char *end;
    unsigned long long number;

    if (!text || *text < '0' || *text > '9')
        return 0;
    errno = 0;
    number = strtoull(text, &end, 10);
    return *end == '\0' && errno == 0 ? number : 0;
}

uint64_t watchdog_interval_ms(void)
{
    unsigned long long period_us = number_in("WATCHDOG_USEC");
    uint64_t interval_ms = period_us / 3 / 1000;

    if (period_us == 0)
        return 0;
    if (getenv("WATCHDOG_PID") && number_in("WATCHDOG_PID") != (unsigned long long)getpid())
        return 0;
    return interval_ms > 0 ? interval_ms : 1;
}
