#include "aggregate/level.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "conf/must.h"

static const struct level_name names[] = {
    [LEVEL_EMERG] = {"emerg", 5}, [LEVEL_ALERT] = {"alert", 5},     [LEVEL_CRIT] = {"crit", 4},
    [LEVEL_ERROR] = {"error", 5}, [LEVEL_WARNING] = {"warning", 7}, [LEVEL_NOTICE] = {"notice", 6},
    [LEVEL_INFO] = {"info", 4},   [LEVEL_DEBUG] = {"debug", 5},     [LEVEL_TRACE] = {"trace", 5},
    [LEVEL_NONE] = {"-", 1},
};

const struct level_name *level_name(unsigned level)
{
    must(level <= LEVEL_NONE);
    return &names[level];
}

/* A word of up to eight letters as one number. Setting 0x20 in every byte lowers letters,
 * makes no other byte a letter, and treats the unused ones alike. */
union packed_word {
    char letters[8];
    uint64_t number;
};

#define LOWERED 0x2020202020202020ULL

static const struct {
    union packed_word word;
    enum level level;
} words[] = {
    {{"info"}, LEVEL_INFO},    {{"error"}, LEVEL_ERROR}, {{"warning"}, LEVEL_WARNING},
    {{"warn"}, LEVEL_WARNING}, {{"debug"}, LEVEL_DEBUG}, {{"notice"}, LEVEL_NOTICE},
    {{"err"}, LEVEL_ERROR},    {{"crit"}, LEVEL_CRIT},   {{"critical"}, LEVEL_CRIT},
    {{"fatal"}, LEVEL_CRIT},   {{"trace"}, LEVEL_TRACE}, {{"alert"}, LEVEL_ALERT},
    {{"emerg"}, LEVEL_EMERG},  {{"panic"}, LEVEL_EMERG}, {{"verbose"}, LEVEL_DEBUG},
    {{"severe"}, LEVEL_ERROR}, {{"fine"}, LEVEL_DEBUG},  {{"finest"}, LEVEL_TRACE},
};

/* The few that are longer than eight letters. */
static enum level long_word(const char *word, size_t len)
{
    static const struct {
        const char *word;
        enum level level;
    } long_words[] = {
        {"emergency", LEVEL_EMERG}, {"information", LEVEL_INFO}, {"informational", LEVEL_INFO}};

    for (size_t i = 0; i < sizeof long_words / sizeof long_words[0]; i++) {
        if (strlen(long_words[i].word) == len && strncasecmp(word, long_words[i].word, len) == 0)
            return long_words[i].level;
    }
    return LEVEL_NONE;
}

/* Two loads that overlap are any four to eight letters, without a loop. */
static union packed_word pack(const char *word, size_t len)
{
    union packed_word packed = {.number = 0};

    if (len >= 4) {
        memcpy(packed.letters, word, 4);
        memcpy(packed.letters + len - 4, word + len - 4, 4);
    } else {
        memcpy(packed.letters, word, len);
    }
    return packed;
}

enum level level_parse(const char *word, size_t len)
{
    uint64_t number;

    if (len > sizeof(union packed_word))
        return long_word(word, len);
    number = pack(word, len).number | LOWERED;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (number == (words[i].word.number | LOWERED) &&
            len == strnlen(words[i].word.letters, sizeof words[i].word.letters))
            return words[i].level;
    }
    return LEVEL_NONE;
}
