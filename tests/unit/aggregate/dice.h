/* dice.h - random streaks that are the same in every run (xorshift64). */
#ifndef TESTS_AGGREGATE_DICE_H
#define TESTS_AGGREGATE_DICE_H

#include <stddef.h>
#include <stdint.h>

/* 0 to below - 1. */
static inline uint32_t roll(uint32_t below)
{
    static uint64_t state = 0x9e3779b97f4a7c15u;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) % below);
}

/* Bytes as hostile clients send them: mostly plain, some of every other kind, and
 * characters of several bytes, whole and torn. */
static inline void roll_bytes(char *to, size_t len)
{
    static const char *const odd[] = {"\xc3\xa9",
                                      "\xe2\x82\xac",
                                      "\xf0\x9f\x98\x80",
                                      "\xe2\x80\xa8",
                                      "\xc2\x85",
                                      "\xed\xa0\x80",
                                      "\xc0\xaf",
                                      "\\",
                                      "\"",
                                      " ",
                                      "=",
                                      "\n"};

    for (size_t at = 0; at < len;) {
        const char *piece = odd[roll(sizeof odd / sizeof odd[0])];

        switch (roll(8)) {
        case 0:
            to[at++] = (char)roll(256);
            break;
        case 1:
            while (*piece && at < len)
                to[at++] = *piece++;
            break;
        default:
            to[at++] = (char)('a' + roll(26));
        }
    }
}

#endif
