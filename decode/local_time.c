#include "decode/local_time.h"

#include <string.h>
#include <time.h>

#include "aggregate/calendar.h"
#include "aggregate/timestamp.h"
#include "conf/must.h"

enum { YEAR_MIN = 1970, YEAR_MAX = 2261, LEAP_YEARS_APART_MAX = 8, YEARLESS_MAX = 1 << 16 };
#define NS_PER_S         1000000000LL
#define SECONDS_IN_MONTH (31 * 86400LL)

bool civil_is_real(const struct civil *civil)
{
    return civil->year >= YEAR_MIN && civil->year <= YEAR_MAX && civil->month >= 1 &&
           civil->month <= 12 && civil->day >= 1 &&
           civil->day <= calendar_days_in_month(civil->year, civil->month) && civil->hour <= 23 &&
           civil->minute <= 59 && civil->second <= 60;
}

/* All but the year, the minute within the quarter, and the second. */
static uint64_t yearless_quarter(const struct civil *civil)
{
    return ((civil->month * 32 + civil->day) * 32 + civil->hour) * 4 + civil->minute / 15;
}

int64_t local_time_seconds(struct local_time *local, const struct civil *civil)
{
    uint64_t quarter = civil->year * (uint64_t)YEARLESS_MAX + yearless_quarter(civil);

    if (local->quarter != quarter) {
        struct tm tm = {.tm_year = (int)civil->year - 1900,
                        .tm_mon = (int)civil->month - 1,
                        .tm_mday = (int)civil->day,
                        .tm_hour = (int)civil->hour,
                        .tm_min = (int)(civil->minute / 15 * 15),
                        .tm_isdst = -1};

        local->quarter_s = mktime(&tm);
        local->quarter = quarter;
    }
    return local->quarter_s + civil->minute % 15 * 60 + civil->second;
}

static bool fits(struct local_time *local, const struct civil *civil, int64_t received_s)
{
    return civil_is_real(civil) &&
           local_time_seconds(local, civil) <= received_s + SECONDS_IN_MONTH;
}

bool local_time_find_year(struct local_time *local, struct civil *civil, int64_t received_ns)
{
    int64_t received_s = received_ns / NS_PER_S;
    int64_t received_hour = received_s / 3600;
    uint64_t yearless = yearless_quarter(civil);
    time_t clock = (time_t)received_s;
    struct tm tm;

    if (local->yearless == yearless && local->received_hour == received_hour) {
        civil->year = local->year;
        return civil_is_real(civil);
    }
    must(gmtime_r(&clock, &tm));
    civil->year = (unsigned)tm.tm_year + 1900 + 1;
    for (unsigned tries = 0; !fits(local, civil, received_s); tries++) {
        if (tries > 1 + LEAP_YEARS_APART_MAX)
            return false;
        civil->year--;
    }
    local->yearless = yearless;
    local->received_hour = received_hour;
    local->year = civil->year;
    return true;
}

bool civil_read_clock(const char *text, struct civil *civil)
{
    return calendar_digits(text, 2, &civil->hour) && text[2] == ':' &&
           calendar_digits(text + 3, 2, &civil->minute) && text[5] == ':' &&
           calendar_digits(text + 6, 2, &civil->second);
}

bool civil_read_iso(const char *text, struct civil *civil_out)
{
    struct civil civil;

    if (!calendar_digits(text, 4, &civil.year) || text[4] != '-' ||
        !calendar_digits(text + 5, 2, &civil.month) || text[7] != '-' ||
        !calendar_digits(text + 8, 2, &civil.day) || (text[10] != 'T' && text[10] != ' ') ||
        !civil_read_clock(text + 11, &civil) || !civil_is_real(&civil))
        return false;
    *civil_out = civil;
    return true;
}

unsigned civil_month(const char *text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (unsigned i = 0; i < 12; i++) {
        if (memcmp(text, months + 3 * i, 3) == 0)
            return i + 1;
    }
    return 0;
}

bool civil_read_fraction(const char **text, const char *end, int64_t *ns_out, uint8_t *digits_out)
{
    size_t len;

    *ns_out = 0;
    *digits_out = 6;
    if (*text == end || (**text != '.' && **text != ','))
        return true;
    len = timestamp_fraction(*text, (size_t)(end - *text), ns_out, digits_out);
    if (len == 1)
        return false;
    *text += len;
    return true;
}
