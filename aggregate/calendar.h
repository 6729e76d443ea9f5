/* calendar.h - the pieces of which all written times are made: digits, months, days.
 *
 * Inline, because a time stands in every entry. Any thread. */
#ifndef AGGREGATE_CALENDAR_H
#define AGGREGATE_CALENDAR_H

#include <stdbool.h>

/* Reads exactly `count` digits. */
static inline bool calendar_digits(const char *text, unsigned count, unsigned *value_out)
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

/* Of month 1 to 12. */
static inline unsigned calendar_days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 && leap ? 29 : days[month - 1];
}

#endif
