/* timestamp.h - RFC 3339 times, read and written.
 *
 * Entries come in order of time, mostly, so both directions remember the last
 * minute or second that they worked out and redo only the fraction. Nanoseconds
 * since 1970-01-01 UTC; years 1678 to 2261. Loop thread only. */
#ifndef AGGREGATE_TIMESTAMP_H
#define AGGREGATE_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the last parse found, for the next. Zero it to begin. */
struct timestamp_parser {
    char minute[16]; /* 2026-11-23T03:34 */
    int64_t minute_s;
};

/* `2026-11-23T03:34:12[(.|,)fraction](Z|±hh:mm|±hhmm|±hh)`, `T` or `t` or a space; the
 * offset must be there. Second 60 counts as the next minute's 0. Digits are 6, or
 * 9 when there was anything below the microsecond. False: not such a time. */
bool timestamp_parse(struct timestamp_parser *parser, const char *text, size_t len,
                     int64_t *time_ns_out, uint8_t *digits_out);

/* Seconds since 1970, as a JSON number without sign or exponent, with any fraction;
 * numbers too large for seconds are taken as milli-, micro- or nanoseconds by their magnitude. */
bool timestamp_parse_epoch(const char *text, size_t len, int64_t *time_ns_out, uint8_t *digits_out);

/* Whether a text is a number of at least nine digits, with or without a fraction: shorter
 * ones are more likely a year or a code than a time of day in 1970. */
bool timestamp_looks_like_epoch(const char *text, size_t len);

/* Digits and nothing else, worth at most `most`. */
bool timestamp_read_digits(const char *text, size_t len, uint64_t most, uint64_t *value_out);

/* `.123456789…` at text, as nanoseconds; digits past the ninth are dropped. Digits are 6, or
 * 9 when there was anything below the microsecond. Returns how many bytes that is. */
size_t timestamp_fraction(const char *text, size_t len, int64_t *ns_out, uint8_t *digits_out);

/* How times are shown: the second shown last stands ready as text. */
struct timestamp_writer {
    bool local;
    int64_t second_ns; /* the first nanosecond of that second */
    char text[32];     /* 2026-11-23T03:34:12. */
    char offset[8];    /* Z, or +01:00 */
    unsigned offset_len;
};

/* 2026-11-23T03:34:12.123456789+01:00 is 35; its offset is copied as 8 bytes. */
enum { TIMESTAMP_MAX = 37 };

void timestamp_writer_init(struct timestamp_writer *writer, bool local);

/* Bytes that timestamp_write will need. */
static inline size_t timestamp_len(const struct timestamp_writer *writer, uint8_t digits)
{
    return sizeof "2026-11-23T03:34:12." - 1 + digits + writer->offset_len;
}

/* Returns the end of what was written. May touch up to TIMESTAMP_MAX bytes from `to`. */
char *timestamp_write(struct timestamp_writer *writer, char *to, int64_t time_ns, uint8_t digits);

/* `Nov  3 03:34:12`, as in RFC 3164 §4.1.2: no year, no fraction, no offset. */
enum { TIMESTAMP_BSD_LEN = 15 };
char *timestamp_write_bsd(struct timestamp_writer *writer, char *to, int64_t time_ns);

#endif
