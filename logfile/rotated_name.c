#include "logfile/rotated_name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conf/must.h"

#define MICROSECONDS 1000000ull

/* 10000-01-01T00:00:00Z: the first time that takes a fifth digit. */
#define TIME_US_END (253402300800ull * MICROSECONDS)

static const char *const endings[ROTATED_ENDINGS] = {"", ".zst", ".gz", ".part"};

const char *rotated_ending_text(enum rotated_ending ending)
{
    return endings[ending];
}

/* `@20261125T211828.123456Z` */
static void write_time(uint64_t time_us, char text[ROTATED_TIME_LEN + 1])
{
    time_t seconds = (time_t)(time_us / MICROSECONDS);
    char micros[8];
    struct tm tm;

    must(time_us < TIME_US_END && gmtime_r(&seconds, &tm));
    must(strftime(text, ROTATED_TIME_LEN + 1, "@%Y%m%dT%H%M%S.", &tm) == 17);
    snprintf(micros, sizeof micros, "%06uZ", (unsigned)(time_us % MICROSECONDS));
    memcpy(text + 17, micros, sizeof micros);
}

/* ---- reading --------------------------------------------------------------------------- */

/* `count` digits at *text, moved behind them; -1: something else stands there. */
static int read_digits(const char **text, unsigned count)
{
    int number = 0;

    for (; count > 0; count--, ++*text) {
        if (**text < '0' || **text > '9')
            return -1;
        number = number * 10 + (**text - '0');
    }
    return number;
}

static bool skip(const char **text, char expected)
{
    if (**text != expected)
        return false;
    ++*text;
    return true;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

/* Since 1970-01-01. The year begins with March here, so that the leap day is its last:
 * 719468 days are from March of the year 0 to 1970, 153 days are in any five months. */
static int days_until(int year, int month, int day)
{
    int from_march = (month + 9) % 12, y = month <= 2 ? year - 1 : year;

    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * from_march + 2) / 5 + day - 1 - 719468;
}

/* `20261125`; -1: no day since 1970. */
static int read_days(const char **at)
{
    int year = read_digits(at, 4), month = read_digits(at, 2), day = read_digits(at, 2);

    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_of_month(year, month))
        return -1;
    return days_until(year, month, day);
}

/* `211828`; -1: no time of day. */
static int read_seconds(const char **at)
{
    int hour = read_digits(at, 2), minute = read_digits(at, 2), second = read_digits(at, 2);

    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return -1;
    return (hour * 60 + minute) * 60 + second;
}

/* The time at `at`, which begins with '@'. There may be hundreds of thousands to read, so this
 * does without the C library, which asks for the time zone each time. */
static bool read_time(const char *at, uint64_t *time_us_out)
{
    int days, seconds, micros;

    at++;
    days = read_days(&at);
    if (days < 0 || !skip(&at, 'T'))
        return false;
    seconds = read_seconds(&at);
    if (seconds < 0 || !skip(&at, '.'))
        return false;
    micros = read_digits(&at, 6);
    if (micros < 0 || !skip(&at, 'Z'))
        return false;
    *time_us_out = ((uint64_t)days * 86400 + (uint64_t)seconds) * MICROSECONDS + (uint64_t)micros;
    return true;
}

bool rotated_name_parse(const char *name, struct rotated_name *rotated_out)
{
    const char *at = strrchr(name, '@');
    uint64_t time_us;

    if (!at || at == name || strnlen(at, ROTATED_TIME_LEN) < ROTATED_TIME_LEN ||
        !read_time(at, &time_us))
        return false;
    for (enum rotated_ending i = 0; i < ROTATED_ENDINGS; i++) {
        if (strcmp(at + ROTATED_TIME_LEN, endings[i]) == 0) {
            *rotated_out = (struct rotated_name){(size_t)(at - name), time_us, i};
            return true;
        }
    }
    return false;
}

/* ---- making ---------------------------------------------------------------------------- */

int rotated_name_make(const char *base, uint64_t time_us, char name_out[NAME_MAX + 1],
                      struct err *err)
{
    size_t len = strlen(base);

    must(len > 0 && !strchr(base, '/'));
    if (len > ROTATED_BASE_MAX) {
        errno = ENAMETOOLONG;
        return err_set(err,
                       "'%s' cannot be rotated: its name has %zu bytes, above the %d that leave "
                       "room for a time",
                       base, len, ROTATED_BASE_MAX);
    }
    if (time_us >= TIME_US_END) {
        errno = EOVERFLOW;
        return err_set(err, "'%s' cannot be rotated: no time is left after its newest rotated file",
                       base);
    }
    memcpy(name_out, base, len);
    write_time(time_us, name_out + len);
    return 0;
}

uint64_t rotated_name_next(uint64_t now_us, uint64_t last_us)
{
    return now_us > last_us ? now_us : last_us + 1;
}

/* ---- looking --------------------------------------------------------------------------- */

static uint64_t time_of(const char *name, const char *base, size_t base_len)
{
    struct rotated_name rotated;

    if (!rotated_name_parse(name, &rotated))
        return 0;
    if (base && (rotated.base_len != base_len || memcmp(name, base, base_len) != 0))
        return 0;
    return rotated.time_us;
}

int rotated_name_newest(int directory_fd, const char *base, uint64_t *newest_us_out)
{
    int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    size_t base_len = base ? strlen(base) : 0;
    uint64_t newest_us = 0;
    struct dirent *entry;
    int error;

    if (!directory) {
        error = errno;
        if (fd >= 0)
            close(fd);
        errno = error;
        return -1;
    }
    while (errno = 0, (entry = readdir(directory))) {
        uint64_t time_us = time_of(entry->d_name, base, base_len);

        newest_us = time_us > newest_us ? time_us : newest_us;
    }
    error = errno;
    closedir(directory);
    errno = error;
    if (error)
        return -1;
    *newest_us_out = newest_us;
    return 0;
}
