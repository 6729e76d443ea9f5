#include "aggregate/level_dialects.h"

#include <string.h>
#include <strings.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static const struct {
    const char *letters;
    enum level level;
} words[] = {
    {"dpanic", LEVEL_CRIT}, {"status", LEVEL_NOTICE}, {"success", LEVEL_NOTICE},
    {"http", LEVEL_DEBUG},  {"config", LEVEL_DEBUG},  {"finer", LEVEL_TRACE},
    {"silly", LEVEL_TRACE},
};

/* slog's levels are four apart; what is between or beyond is said as a distance. */
static const struct {
    const char *letters;
    int value;
} slog_words[] = {{"DEBUG", -4}, {"INFO", 0}, {"WARN", 4}, {"ERROR", 8}};

static enum level slog_level(int value)
{
    return value >= 12   ? LEVEL_CRIT
           : value >= 8  ? LEVEL_ERROR
           : value >= 4  ? LEVEL_WARNING
           : value >= 2  ? LEVEL_NOTICE
           : value >= 0  ? LEVEL_INFO
           : value >= -4 ? LEVEL_DEBUG
                         : LEVEL_TRACE;
}

bool level_read_number(const char *text, size_t len, unsigned *number_out)
{
    unsigned number = 0;

    if (len < 1 || len > 3)
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned char)text[i] - '0';

        if (digit > 9)
            return false;
        number = number * 10 + digit;
    }
    *number_out = number;
    return true;
}

static enum level parse_slog(const char *word, size_t len)
{
    for (size_t i = 0; i < COUNT_OF(slog_words); i++) {
        size_t at = strlen(slog_words[i].letters);
        unsigned distance;

        if (len < at + 2 || memcmp(word, slog_words[i].letters, at) != 0)
            continue;
        if ((word[at] != '+' && word[at] != '-') ||
            !level_read_number(word + at + 1, len - at - 1, &distance))
            return LEVEL_NONE;
        return slog_level(slog_words[i].value + (word[at] == '-' ? -(int)distance : (int)distance));
    }
    return LEVEL_NONE;
}

enum level level_parse_dialect(const char *word, size_t len)
{
    enum level level = level_parse(word, len);

    if (level != LEVEL_NONE)
        return level;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strlen(words[i].letters) == len && strncasecmp(word, words[i].letters, len) == 0)
            return words[i].level;
    }
    return parse_slog(word, len);
}

/* What the tens of a number say. */
static enum level by_tens(const enum level *levels, unsigned count, unsigned number,
                          bool *exact_out)
{
    unsigned tens = number / 10;

    *exact_out = number % 10 == 0 && tens < count;
    return levels[tens < count ? tens : count - 1];
}

enum level level_from_number(enum level_scale scale, unsigned number, bool *exact_out)
{
    static const enum level python[] = {LEVEL_TRACE,   LEVEL_DEBUG, LEVEL_INFO,
                                        LEVEL_WARNING, LEVEL_ERROR, LEVEL_CRIT};
    static const enum level pino[] = {LEVEL_TRACE,   LEVEL_TRACE, LEVEL_DEBUG, LEVEL_INFO,
                                      LEVEL_WARNING, LEVEL_ERROR, LEVEL_CRIT};
    static const enum level logbook[] = {LEVEL_TRACE,   LEVEL_DEBUG, LEVEL_INFO, LEVEL_NOTICE,
                                         LEVEL_WARNING, LEVEL_ERROR, LEVEL_CRIT};
    enum { LOGBOOK_LEAST = 9, TENS_END = 100 };

    *exact_out = true;
    switch (scale) {
    case LEVEL_SCALE_SYSLOG:
        return number <= LEVEL_DEBUG ? (enum level)number : LEVEL_NONE;
    case LEVEL_SCALE_LOGBOOK:
        number -= LOGBOOK_LEAST;
        return number < COUNT_OF(logbook) ? logbook[number] : LEVEL_NONE;
    case LEVEL_SCALE_PYTHON:
        if (number == 0 || number >= TENS_END)
            return LEVEL_NONE;
        return by_tens(python, COUNT_OF(python), number, exact_out);
    case LEVEL_SCALE_PINO:
        if (number < 10 || number >= TENS_END)
            return LEVEL_NONE;
        return by_tens(pino, COUNT_OF(pino), number, exact_out);
    }
    return LEVEL_NONE;
}
