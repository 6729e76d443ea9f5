#include "aggregate/timestamp.h"

#include <string.h>
#include <time.h>

#include "conf/must.h"

#define NS_PER_S 1000000000LL

/* Years within which a nanosecond count fits 64 bits. */
enum { YEAR_MIN = 1678, YEAR_MAX = 2261 };

/* Reads exactly `count` digits. */
static bool read_digits(const char *text, unsigned count, unsigned *value_out)
{
    unsigned value = 0;

    for (unsigned i = 0; i < count; i++) {
        unsigned digit = (unsigned char)text[i] - '0';

        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    *value_out = value;
    return true;
}

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

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 && leap ? 29 : days[month - 1];
}

/* `2026-11-23T03:34` as seconds, as if it were UTC. */
static bool parse_minute(const char *text, int64_t *seconds_out)
{
    unsigned year, month, day, hour, minute;

    if (!read_digits(text, 4, &year) || text[4] != '-' || !read_digits(text + 5, 2, &month) ||
        text[7] != '-' || !read_digits(text + 8, 2, &day) ||
        (text[10] != 'T' && text[10] != 't' && text[10] != ' ') ||
        !read_digits(text + 11, 2, &hour) || text[13] != ':' || !read_digits(text + 14, 2, &minute))
        return false;
    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month) || hour > 23 || minute > 59)
        return false;
    *seconds_out = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60;
    return true;
}

/* `.123456789…` at text; digits past the ninth are dropped. */
static size_t parse_fraction(const char *text, size_t len, int64_t *ns_out, uint8_t *digits_out)
{
    static const int scale[] = {1000000000, 100000000, 10000000, 1000000, 100000,
                                10000,      1000,      100,      10,      1};
    unsigned digits = 0, value = 0;
    size_t i = 1;

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
    if (len < 3 || (*text != '+' && *text != '-') || !read_digits(text + 1, 2, &hours))
        return false;
    if (len == 6 && text[3] == ':') {
        if (!read_digits(text + 4, 2, &minutes))
            return false;
    } else if (len == 5) {
        if (!read_digits(text + 3, 2, &minutes))
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

    if (len < 20 || text[16] != ':' || !read_digits(text + 17, 2, &second) || second > 60)
        return false;
    /* A new parser remembers zero bytes, which a client may send as well. */
    if (!parser->minute[0] || memcmp(parser->minute, text, sizeof parser->minute) != 0) {
        if (!parse_minute(text, &parser->minute_s))
            return false;
        memcpy(parser->minute, text, sizeof parser->minute);
    }
    if (text[at] == '.' || text[at] == ',')
        at += parse_fraction(text + at, len - at, &fraction_ns, &digits);
    if (at == 20 || !parse_offset(text + at, len - at, &offset_s))
        return false;
    *time_ns_out = (parser->minute_s + second - offset_s) * NS_PER_S + fraction_ns;
    *digits_out = digits;
    return true;
}

bool timestamp_parse_epoch(const char *text, size_t len, int64_t *time_ns_out, uint8_t *digits_out)
{
    /* Each unit up to the year 2261 in the next coarser one. */
    static const struct {
        uint64_t below;
        int64_t unit_ns;
    } units[] = {
        {10000000000ULL, NS_PER_S}, {10000000000000ULL, 1000000}, {10000000000000000ULL, 1000}};
    uint64_t whole = 0;
    int64_t unit_ns = 1, fraction_ns = 0;
    uint8_t digits = 6;
    size_t i = 0;

    for (; i < len && (unsigned char)(text[i] - '0') <= 9; i++) {
        if (i == 19)
            return false;
        whole = whole * 10 + (unsigned char)(text[i] - '0');
    }
    if (i == 0)
        return false;
    for (unsigned u = 0; u < sizeof units / sizeof units[0]; u++) {
        if (whole < units[u].below) {
            unit_ns = units[u].unit_ns;
            break;
        }
    }
    if (whole > (uint64_t)(INT64_MAX / unit_ns) - 1)
        return false;
    if (i < len && text[i] == '.')
        i += parse_fraction(text + i, len - i, &fraction_ns, &digits);
    if (i != len || text[i - 1] == '.')
        return false;
    *time_ns_out = (int64_t)whole * unit_ns + fraction_ns / (NS_PER_S / unit_ns);
    *digits_out = *time_ns_out % 1000 ? 9 : 6;
    return true;
}

void timestamp_writer_init(struct timestamp_writer *writer, bool local)
{
    memset(writer, 0, sizeof *writer);
    writer->local = local;
    writer->second_ns = INT64_MIN;
    writer->offset_len = local ? 6 : 1;
}

static char *put2(char *to, unsigned value)
{
    to[0] = (char)('0' + value / 10 % 10);
    to[1] = (char)('0' + value % 10);
    return to + 2;
}

static void write_offset(struct timestamp_writer *writer, long offset_s)
{
    unsigned minutes = (unsigned)(offset_s < 0 ? -offset_s : offset_s) / 60;
    char *to = writer->offset;

    *to++ = offset_s < 0 ? '-' : '+';
    to = put2(to, minutes / 60);
    *to++ = ':';
    put2(to, minutes % 60);
}

/* Works out the text of the second that time_ns lies in. Rare, so it stays out of the way
 * of what is done for each entry. */
static __attribute__((noinline)) void write_second(struct timestamp_writer *writer, int64_t time_ns)
{
    int64_t seconds = time_ns / NS_PER_S - (time_ns % NS_PER_S < 0);
    time_t clock = (time_t)seconds;
    struct tm tm;
    unsigned year;
    char *to = writer->text;

    must(writer->local ? localtime_r(&clock, &tm) : gmtime_r(&clock, &tm));
    year = (unsigned)tm.tm_year + 1900;
    to = put2(to, year / 100);
    to = put2(to, year);
    *to++ = '-';
    to = put2(to, (unsigned)tm.tm_mon + 1);
    *to++ = '-';
    to = put2(to, (unsigned)tm.tm_mday);
    *to++ = 'T';
    to = put2(to, (unsigned)tm.tm_hour);
    *to++ = ':';
    to = put2(to, (unsigned)tm.tm_min);
    *to++ = ':';
    to = put2(to, (unsigned)tm.tm_sec);
    *to = '.';
    if (writer->local)
        write_offset(writer, tm.tm_gmtoff);
    else
        writer->offset[0] = 'Z';
    writer->second_ns = seconds * NS_PER_S;
}

/* The fraction is two or three groups of three digits, each looked up whole. */
#define DIGITS_1(n)                                                                                \
    {                                                                                              \
        '0' + (n) / 100, '0' + (n) / 10 % 10, '0' + (n) % 10, 0                                    \
    }
#define DIGITS_10(n)                                                                               \
    DIGITS_1((n)), DIGITS_1((n) + 1), DIGITS_1((n) + 2), DIGITS_1((n) + 3), DIGITS_1((n) + 4),     \
        DIGITS_1((n) + 5), DIGITS_1((n) + 6), DIGITS_1((n) + 7), DIGITS_1((n) + 8),                \
        DIGITS_1((n) + 9)
#define DIGITS_100(n)                                                                              \
    DIGITS_10((n)), DIGITS_10((n) + 10), DIGITS_10((n) + 20), DIGITS_10((n) + 30),                 \
        DIGITS_10((n) + 40), DIGITS_10((n) + 50), DIGITS_10((n) + 60), DIGITS_10((n) + 70),        \
        DIGITS_10((n) + 80), DIGITS_10((n) + 90)

static const char groups[1000][4] = {
    DIGITS_100(0),   DIGITS_100(100), DIGITS_100(200), DIGITS_100(300), DIGITS_100(400),
    DIGITS_100(500), DIGITS_100(600), DIGITS_100(700), DIGITS_100(800), DIGITS_100(900),
};

static char *put3(char *to, unsigned value)
{
    memcpy(to, groups[value], sizeof groups[value]);
    return to + 3;
}

char *timestamp_write(struct timestamp_writer *writer, char *to, int64_t time_ns, uint8_t digits)
{
    unsigned fraction_ns;

    if ((uint64_t)time_ns - (uint64_t)writer->second_ns >= (uint64_t)NS_PER_S)
        write_second(writer, time_ns);
    fraction_ns = (unsigned)(time_ns - writer->second_ns);
    memcpy(to, writer->text, sizeof "2026-11-23T03:34:12." - 1);
    to += sizeof "2026-11-23T03:34:12." - 1;
    to = put3(to, fraction_ns / 1000000);
    to = put3(to, fraction_ns / 1000 % 1000);
    if (digits == 9)
        to = put3(to, fraction_ns % 1000);
    memcpy(to, writer->offset, sizeof writer->offset);
    return to + writer->offset_len;
}

char *timestamp_write_bsd(struct timestamp_writer *writer, char *to, int64_t time_ns)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[TIMESTAMP_MAX];
    unsigned month = 0;

    timestamp_write(writer, text, time_ns, 6);
    must(read_digits(text + sizeof "2026-" - 1, 2, &month) && month >= 1 && month <= 12);
    memcpy(to, months + 3 * (month - 1), 3);
    to[3] = ' ';
    memcpy(to + 4, text + sizeof "2026-11-" - 1, sizeof "23T03:34:12" - 1);
    to[4] = to[4] == '0' ? ' ' : to[4];
    to[6] = ' ';
    return to + TIMESTAMP_BSD_LEN;
}
