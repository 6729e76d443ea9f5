#include "conf/printable.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { ESCAPE_LEN = 4 }; /* \xHH */

/* Bytes that a first byte announces; 0 for one that cannot be first. */
static size_t announced_len(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    if (first >= 0xf0 && first <= 0xf4)
        return 4;
    return 0;
}

/* The code point, or -1 when a later byte is not a continuation. */
static long code_point(const unsigned char *bytes, size_t len)
{
    long point = len == 1 ? bytes[0] : bytes[0] & (0x7f >> len);

    for (size_t i = 1; i < len; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return -1;
        point = point << 6 | (bytes[i] & 0x3f);
    }
    return point;
}

static bool is_overlong(long point, size_t len)
{
    return (len == 3 && point < 0x800) || (len == 4 && point < 0x10000);
}

static bool is_control(long point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x061c ||
           (point >= 0x200e && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2066 && point <= 0x2069);
}

size_t printable_char(const char *at, size_t left)
{
    const unsigned char *bytes = (const unsigned char *)at;
    size_t len = left > 0 ? announced_len(bytes[0]) : 0;
    long point;

    if (len == 0 || len > left)
        return 0;
    point = code_point(bytes, len);
    if (is_control(point) || is_overlong(point, len))
        return 0;
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    return len;
}

size_t printable_copy(char *out, size_t cap, const char *text, size_t len)
{
    size_t used = 0;

    for (size_t at = 0; at < len;) {
        size_t char_len = printable_char(text + at, len - at);

        if (used + (char_len ? char_len : ESCAPE_LEN) >= cap)
            break;
        if (char_len > 0)
            memcpy(out + used, text + at, char_len);
        else
            snprintf(out + used, cap - used, "\\x%02X", (unsigned)(unsigned char)text[at]);
        used += char_len ? char_len : ESCAPE_LEN;
        at += char_len ? char_len : 1;
    }
    out[used] = '\0';
    return used;
}
