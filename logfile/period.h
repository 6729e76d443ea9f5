/* period.h - the hour or the day that a moment lies in, in UTC or local time. Any thread. */
#ifndef LOGFILE_PERIOD_H
#define LOGFILE_PERIOD_H

#include <stdbool.h>
#include <stdint.h>

enum log_period { LOG_PERIOD_NONE, LOG_PERIOD_HOUR, LOG_PERIOD_DAY };

/* From begin_ns up to, not including, end_ns; nanoseconds since 1970. */
struct period {
    int64_t begin_ns, end_ns;
};

/* All of time for LOG_PERIOD_NONE. A day is as long as its zone makes it: 23, 24 or 25 hours. */
struct period period_around(int64_t time_ns, enum log_period every, bool local);

#endif
