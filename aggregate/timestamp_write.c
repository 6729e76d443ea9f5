#include <string.h>
#include <time.h>

#include "aggregate/timestamp_parts.h"
#include "conf/must.h"

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
    unsigned month;

    timestamp_write(writer, text, time_ns, 6);
    month = (unsigned)(10 * (text[5] - '0') + text[6] - '0');
    must(month >= 1 && month <= 12);
    memcpy(to, months + 3 * (month - 1), 3);
    to[3] = ' ';
    memcpy(to + 4, text + sizeof "2026-11-" - 1, sizeof "23T03:34:12" - 1);
    to[4] = to[4] == '0' ? ' ' : to[4];
    to[6] = ' ';
    return to + TIMESTAMP_BSD_LEN;
}
