#include "aggregate/path_period.h"

#include <time.h>

#define NS_PER_S 1000000000LL

uint32_t path_period_at(enum path_period_unit unit, bool local_time, int64_t time_ns)
{
    int64_t seconds = time_ns / NS_PER_S;
    time_t clock = (time_t)seconds;
    struct tm tm;

    if (unit == PATH_PERIOD_NONE)
        return 0;
    if (local_time && localtime_r(&clock, &tm))
        seconds += tm.tm_gmtoff;
    return seconds > 0 ? (uint32_t)(seconds / (unit == PATH_PERIOD_HOUR ? 3600 : 86400)) : 0;
}

static char *put2(char *to, uint32_t value)
{
    to[0] = (char)('0' + value / 10 % 10);
    to[1] = (char)('0' + value % 10);
    return to + 2;
}

/* Days since 1970 as a date of the calendar. Years are counted from March, so that the leap
 * day is their last, and from a multiple of 400 of them. */
static void write_date(char *to, uint32_t days)
{
    uint32_t from_era = days + 719468;
    uint32_t era = from_era / 146097, day_of_era = from_era % 146097;
    uint32_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t month_from_march = (5 * day_of_year + 2) / 153;
    uint32_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    uint32_t year = era * 400 + year_of_era + (month <= 2);

    to = put2(to, year / 100);
    to = put2(to, year);
    *to++ = '-';
    to = put2(to, month);
    *to++ = '-';
    put2(to, day_of_year - (153 * month_from_march + 2) / 5 + 1);
}

void path_period_write(enum path_period_unit unit, uint32_t period, struct path_period_text *text)
{
    bool hours = unit == PATH_PERIOD_HOUR;

    write_date(text->date, hours ? period / 24 : period);
    put2(text->hour, hours ? period % 24 : 0);
}
