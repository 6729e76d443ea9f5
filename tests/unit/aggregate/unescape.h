/* unescape.h - the bytes that an escaped text stands for, as docs/semantics.md tells
 * its readers: \n \r \t \\ \xHH \u{…}. Strict: what escape.c never writes is wrong. */
#ifndef TESTS_AGGREGATE_UNESCAPE_H
#define TESTS_AGGREGATE_UNESCAPE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define UNESCAPE_WRONG SIZE_MAX

/* `count` lower-case hexadecimal digits, or -1. */
static inline long unescape_hex(const char *text, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    long value = 0;

    for (size_t i = 0; i < count; i++) {
        const char *digit = memchr(digits, text[i], 16);

        if (!digit)
            return -1;
        value = value * 16 + (digit - digits);
    }
    return value;
}

/* UTF-8 of a code point below U+10000; returns its length. */
static inline size_t unescape_utf8(char *to, long code_point)
{
    if (code_point < 0x800) {
        to[0] = (char)(0xc0 | code_point >> 6);
        to[1] = (char)(0x80 | (code_point & 0x3f));
        return 2;
    }
    to[0] = (char)(0xe0 | code_point >> 12);
    to[1] = (char)(0x80 | (code_point >> 6 & 0x3f));
    to[2] = (char)(0x80 | (code_point & 0x3f));
    return 3;
}

/* What stands at the backslash. Returns how much of the text that was, or 0. */
static inline size_t unescape_one(const char *text, size_t len, char *to, size_t *written_out)
{
    static const char letters[] = "n\nr\rt\t\\\\";
    const char *end;
    long value;

    *written_out = 1;
    if (len < 2)
        return 0;
    for (size_t i = 0; i < 8; i += 2) {
        if (text[1] == letters[i]) {
            *to = letters[i + 1];
            return 2;
        }
    }
    if (text[1] == 'x' && len >= 4 && (value = unescape_hex(text + 2, 2)) >= 0) {
        *to = (char)value;
        return 4;
    }
    end = len > 3 && text[1] == 'u' && text[2] == '{' && text[3] != '0'
              ? memchr(text, '}', len < 8 ? len : 8)
              : NULL;
    if (!end || (value = unescape_hex(text + 3, (size_t)(end - text) - 3)) < 0x80)
        return 0;
    *written_out = unescape_utf8(to, value);
    return (size_t)(end - text) + 1;
}

/* Returns the number of bytes written, at most len, or UNESCAPE_WRONG. */
static inline size_t unescape(const char *text, size_t len, char *to)
{
    size_t written, total = 0;

    for (size_t at = 0; at < len;) {
        if (text[at] != '\\') {
            to[total++] = text[at++];
        } else {
            size_t count = unescape_one(text + at, len - at, to + total, &written);

            if (!count)
                return UNESCAPE_WRONG;
            at += count;
            total += written;
        }
    }
    return total;
}

#endif
