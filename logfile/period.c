#include "logfile/period.h"

#include <time.h>

#define NS 1000000000ll

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S };

static int64_t floor_to(int64_t value, int64_t step)
{
    int64_t rest = value % step;

    return value - (rest < 0 ? rest + step : rest);
}

/* Midnight, or the first moment of a day that has none; of two, the first, which is the one
 * in summer time. */
static int64_t day_begin_s(struct tm tm, int days_later)
{
    struct tm summer;
    int64_t begin_s, summer_s;

    tm.tm_sec = tm.tm_min = tm.tm_hour = 0;
    tm.tm_mday += days_later;
    tm.tm_isdst = -1;
    summer = tm;
    begin_s = mktime(&tm);
    summer.tm_isdst = 1;
    summer_s = mktime(&summer);
    if (summer_s == -1 || summer_s > begin_s || summer.tm_isdst <= 0 || summer.tm_hour != 0)
        return begin_s;
    return summer_s;
}

/* Zones are off by half and quarter hours, too. */
static int64_t hour_begin_s(int64_t time_s, const struct tm *tm)
{
    return time_s - tm->tm_min * 60 - tm->tm_sec;
}

static struct period seconds(int64_t begin_s, int64_t end_s)
{
    return (struct period){begin_s * NS, end_s * NS};
}

struct period period_around(int64_t time_ns, enum log_period every, bool local)
{
    int64_t time_s = floor_to(time_ns, NS) / NS;
    int64_t begin_s = floor_to(time_s, every == LOG_PERIOD_DAY ? DAY_S : HOUR_S);
    time_t moment = time_s;
    struct tm tm;

    if (every == LOG_PERIOD_NONE)
        return (struct period){INT64_MIN, INT64_MAX};
    if (!local || !localtime_r(&moment, &tm))
        return seconds(begin_s, begin_s + (every == LOG_PERIOD_DAY ? DAY_S : HOUR_S));
    if (every == LOG_PERIOD_DAY)
        return seconds(day_begin_s(tm, 0), day_begin_s(tm, 1));
    begin_s = hour_begin_s(time_s, &tm);
    return seconds(begin_s, begin_s + HOUR_S);
}
