/* local_time.h - what a clock on the wall says, in the time zone of this machine.
 *
 * Many loggers write neither zone nor offset, some not even the year. Loop thread only. */
#ifndef DECODE_LOCAL_TIME_H
#define DECODE_LOCAL_TIME_H

#include <stdbool.h>
#include <stdint.h>

struct civil {
    unsigned year, month, day; /* 1 to 12, 1 to 31 */
    unsigned hour, minute, second;
};

/* Entries come in order of time, mostly: the quarter of an hour that was asked for last is
 * remembered, and no zone changes its offset within one. Zero it to begin. */
struct local_time {
    uint64_t quarter;
    int64_t quarter_s;
    /* the year that was found last, for which quarter, and when that was received */
    uint64_t yearless;
    int64_t received_hour;
    unsigned year;
};

/* There is such a day in that year, and such a time in a day; second 60 may be. */
bool civil_is_real(const struct civil *civil);

/* Seconds since 1970, UTC, of a real time of the years 1970 to 2261. A time that the zone
 * leaves out, or has twice, is one of those near it. */
int64_t local_time_seconds(struct local_time *local, const struct civil *civil);

/* Fills in the year: the last one in which the time is not more than a month later than the
 * moment at which it was received. So a December that arrives in January is last year's, and
 * the 29th of February that of the last leap year. False: there is no such day. */
bool local_time_find_year(struct local_time *local, struct civil *civil, int64_t received_ns);

/* `2026-11-23T03:34:12`, `T` may be a space: its 19 bytes must be readable. */
enum { CIVIL_ISO_LEN = 19 };
bool civil_read_iso(const char *text, struct civil *civil_out);

/* `Nov`, as 1 to 12; 0: no month. */
unsigned civil_month(const char *text);

/* `03:34:12`: 8 readable bytes. */
bool civil_read_clock(const char *text, struct civil *civil);

/* A fraction of a second, `.` or `,` and digits, from text on, before end; none is 0. False:
 * a point without digits. Moves text behind it. */
bool civil_read_fraction(const char **text, const char *end, int64_t *ns_out, uint8_t *digits_out);

#endif
