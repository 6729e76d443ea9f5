#include "aggregate/level.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

const struct level_name level_names[] = {
    [LEVEL_EMERG] = {"emerg", 5}, [LEVEL_ALERT] = {"alert", 5},     [LEVEL_CRIT] = {"crit", 4},
    [LEVEL_ERROR] = {"error", 5}, [LEVEL_WARNING] = {"warning", 7}, [LEVEL_NOTICE] = {"notice", 6},
    [LEVEL_INFO] = {"info", 4},   [LEVEL_DEBUG] = {"debug", 5},     [LEVEL_TRACE] = {"trace", 5},
    [LEVEL_NONE] = {"-", 1},
};

/* A word of four to eight letters is its first four and its last four, which overlap: two
 * loads, no loop. Setting 0x20 in every byte lowers letters, and makes no other byte one. */
struct ends {
    uint32_t first, last;
};

#define LOWERED 0x20202020u

static struct ends ends_of(const char *word, size_t len)
{
    struct ends ends;

    memcpy(&ends.first, word, sizeof ends.first);
    memcpy(&ends.last, word + len - sizeof ends.last, sizeof ends.last);
    ends.first |= LOWERED;
    ends.last |= LOWERED;
    return ends;
}

enum { SHORT_MIN = 4, SHORT_MAX = 8 };

static const struct word {
    char letters[15];
    unsigned char len;
    enum level level;
} words[] = {
#define WORD(letters, level)                                                                       \
    {                                                                                              \
        letters, sizeof(letters) - 1, level                                                        \
    }
    WORD("info", LEVEL_INFO),    WORD("error", LEVEL_ERROR),   WORD("warning", LEVEL_WARNING),
    WORD("warn", LEVEL_WARNING), WORD("debug", LEVEL_DEBUG),   WORD("notice", LEVEL_NOTICE),
    WORD("crit", LEVEL_CRIT),    WORD("fatal", LEVEL_CRIT),    WORD("critical", LEVEL_CRIT),
    WORD("trace", LEVEL_TRACE),  WORD("alert", LEVEL_ALERT),   WORD("emerg", LEVEL_EMERG),
    WORD("panic", LEVEL_EMERG),  WORD("verbose", LEVEL_DEBUG), WORD("severe", LEVEL_ERROR),
    WORD("fine", LEVEL_DEBUG),   WORD("finest", LEVEL_TRACE),
};

/* The few of another length. */
static const struct word odd_words[] = {
    WORD("err", LEVEL_ERROR),
    WORD("emergency", LEVEL_EMERG),
    WORD("information", LEVEL_INFO),
    WORD("informational", LEVEL_INFO),
};

static enum level odd_word(const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof odd_words / sizeof odd_words[0]; i++) {
        if (odd_words[i].len == len && strncasecmp(word, odd_words[i].letters, len) == 0)
            return odd_words[i].level;
    }
    return LEVEL_NONE;
}

enum level level_parse(const char *word, size_t len)
{
    struct ends ends;

    if (len < SHORT_MIN || len > SHORT_MAX)
        return odd_word(word, len);
    ends = ends_of(word, len);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct ends known;

        if (words[i].len != len)
            continue;
        known = ends_of(words[i].letters, len);
        if (ends.first == known.first && ends.last == known.last)
            return words[i].level;
    }
    return LEVEL_NONE;
}
