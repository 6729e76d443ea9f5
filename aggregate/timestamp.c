#include "aggregate/timestamp.h"

#include <endian.h>
#include <string.h>

#include "aggregate/calendar.h"
#include "aggregate/timestamp_parts.h"

/* Years within which a nanosecond count fits 64 bits. */
enum { YEAR_MIN = 1678, YEAR_MAX = 2261 };

/* Days from 1970-01-01 to a civil date: the year is counted from March, so that
 * the leap day is its last, and from a multiple of 400 years. */
static int64_t days_from_civil(unsigned year, unsigned month, unsigned day)
{
    unsigned march_year = month > 2 ? year : year - 1;
    unsigned era = march_year / 400;
    unsigned year_of_era = march_year % 400;
    unsigned month_from_march = month > 2 ? month - 3 : month + 9;
    unsigned day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return (int64_t)era * 146097 + day_of_era - 719468;
}

/* `2026-11-23T03:34` as seconds, as if it were UTC. */
static bool parse_minute(const char *text, int64_t *seconds_out)
{
    unsigned year, month, day, hour, minute;

    if (!calendar_digits(text, 4, &year) || text[4] != '-' ||
        !calendar_digits(text + 5, 2, &month) || text[7] != '-' ||
        !calendar_digits(text + 8, 2, &day) ||
        (text[10] != 'T' && text[10] != 't' && text[10] != ' ') ||
        !calendar_digits(text + 11, 2, &hour) || text[13] != ':' ||
        !calendar_digits(text + 14, 2, &minute))
        return false;
    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12 || day < 1 ||
        day > calendar_days_in_month(year, month) || hour > 23 || minute > 59)
        return false;
    *seconds_out = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60;
    return true;
}

/* Six digits behind a dot, which are what most programs send, without a loop: pairs of them
 * add up side by side in one register. */
static bool read_six(const char *dot, unsigned *value_out)
{
    const uint64_t ones = 0x010101010101;
    uint64_t six;

    memcpy(&six, dot, sizeof six);
    six = le64toh(six) >> 8 & 0xff * ones;
    six -= '0' * ones;
    if (((six + 0x76 * ones) | six) & 0x80 * ones)
        return false;
    six = six * 10 + (six >> 8);
    *value_out = (unsigned)((six & 0xff) * 10000 + (six >> 16 & 0xff) * 100 + (six >> 32 & 0xff));
    return true;
}

size_t timestamp_fraction(const char *text, size_t len, int64_t *ns_out, uint8_t *digits_out)
{
    static const int scale[] = {1000000000, 100000000, 10000000, 1000000, 100000,
                                10000,      1000,      100,      10,      1};
    unsigned digits = 0, value = 0;
    size_t i = 1;

    if (len >= 8 && read_six(text, &value)) {
        if ((unsigned char)(text[7] - '0') > 9) {
            *ns_out = (int64_t)value * 1000;
            *digits_out = 6;
            return 7;
        }
        digits = 6;
        i = 7;
    }
    for (; i < len && (unsigned char)(text[i] - '0') <= 9; i++) {
        if (digits < 9) {
            value = value * 10 + (unsigned char)(text[i] - '0');
            digits++;
        }
    }
    *ns_out = (int64_t)value * scale[digits];
    *digits_out = *ns_out % 1000 ? 9 : 6;
    return i;
}

/* `Z`, `±hh:mm`, `±hhmm`, `±hh`, and nothing after it. */
static bool parse_offset(const char *text, size_t len, int *seconds_out)
{
    unsigned hours, minutes = 0;

    if (len == 1 && (*text == 'Z' || *text == 'z')) {
        *seconds_out = 0;
        return true;
    }
    if (len < 3 || (*text != '+' && *text != '-') || !calendar_digits(text + 1, 2, &hours))
        return false;
    if (len == 6 && text[3] == ':') {
        if (!calendar_digits(text + 4, 2, &minutes))
            return false;
    } else if (len == 5) {
        if (!calendar_digits(text + 3, 2, &minutes))
            return false;
    } else if (len != 3) {
        return false;
    }
    if (hours > 23 || minutes > 59)
        return false;
    *seconds_out = (int)(hours * 3600 + minutes * 60) * (*text == '-' ? -1 : 1);
    return true;
}

bool timestamp_parse(struct timestamp_parser *parser, const char *text, size_t len,
                     int64_t *time_ns_out, uint8_t *digits_out)
{
    unsigned second;
    int64_t fraction_ns = 0;
    uint8_t digits = 6;
    size_t at = 19;
    int offset_s;

    if (len < 20 || text[16] != ':' || !calendar_digits(text + 17, 2, &second) || second > 60)
        return false;
    /* A new parser remembers zero bytes, which a client may send as well. */
    if (!parser->minute[0] || memcmp(parser->minute, text, sizeof parser->minute) != 0) {
        if (!parse_minute(text, &parser->minute_s))
            return false;
        memcpy(parser->minute, text, sizeof parser->minute);
    }
    if (text[at] == '.' || text[at] == ',')
        at += timestamp_fraction(text + at, len - at, &fraction_ns, &digits);
    if (at == 20 || !parse_offset(text + at, len - at, &offset_s))
        return false;
    *time_ns_out = (parser->minute_s + second - offset_s) * NS_PER_S + fraction_ns;
    *digits_out = digits;
    return true;
}
