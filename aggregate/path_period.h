/* path_period.h - how long a path with {date} or {hour} in it stays the same.
 *
 * Periods are counted since 1970 in the configured zone: in hours where the path has an
 * {hour}, in days where it has only a {date}. So the text of both follows from the period
 * alone, by arithmetic. Any thread. */
#ifndef AGGREGATE_PATH_PERIOD_H
#define AGGREGATE_PATH_PERIOD_H

#include <stdbool.h>
#include <stdint.h>

enum path_period_unit { PATH_PERIOD_NONE, PATH_PERIOD_DAY, PATH_PERIOD_HOUR };

enum { PATH_DATE_LEN = 10, PATH_HOUR_LEN = 2 };

struct path_period_text {
    char date[PATH_DATE_LEN]; /* 2026-11-25 */
    char hour[PATH_HOUR_LEN]; /* 21 */
};

/* The period of this time, 0 for PATH_PERIOD_NONE. Times before 1970 are of the first one:
 * nobody's clock is there for long. */
uint32_t path_period_at(enum path_period_unit unit, bool local_time, int64_t time_ns);

void path_period_write(enum path_period_unit unit, uint32_t period, struct path_period_text *text);

#endif
