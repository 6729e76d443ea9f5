#include "aggregate/escape.h"

#include <string.h>

/* What stands for itself among the ASCII bytes, a bit a style. */
static const uint16_t plain[256] = {
#define TEXT_STYLES                                                                                \
    (1u << ESCAPE_MESSAGE | 1u << ESCAPE_COLUMN | 1u << ESCAPE_VALUE | 1u << ESCAPE_KEY)
#define JSON_STYLES (1u << ESCAPE_JSON | 1u << ESCAPE_JSON_LITERAL)
#define RAW_STYLE   (1u << ESCAPE_RAW)
#define SD_STYLES   (1u << ESCAPE_SD_NAME | 1u << ESCAPE_SD_VALUE)
#define HEADERS     (1u << ESCAPE_HEADER | 1u << ESCAPE_TAG)
#define EVERY_STYLE (TEXT_STYLES | JSON_STYLES | RAW_STYLE | SD_STYLES | HEADERS)
    [0x01 ... '\t'] = RAW_STYLE,
    [0x0b ... 0x0c] = RAW_STYLE, /* not \n */
    [0x0e ... 0x1f] = RAW_STYLE, /* not \r */
    [' '] = 1u << ESCAPE_MESSAGE | 1u << ESCAPE_SD_VALUE | JSON_STYLES | RAW_STYLE,
    ['!'] = EVERY_STYLE,
    ['"'] = 1u << ESCAPE_MESSAGE | 1u << ESCAPE_COLUMN | 1u << ESCAPE_JSON_LITERAL | RAW_STYLE |
            HEADERS,
    ['#' ... '9'] = EVERY_STYLE,
    [':'] = EVERY_STYLE & ~(1u << ESCAPE_TAG),
    [';' ... '<'] = EVERY_STYLE,
    ['='] = EVERY_STYLE & ~(1u << ESCAPE_KEY | 1u << ESCAPE_SD_NAME),
    ['>' ... 'Z'] = EVERY_STYLE,
    ['['] = EVERY_STYLE & ~(1u << ESCAPE_TAG),
    ['\\'] = 1u << ESCAPE_JSON_LITERAL | RAW_STYLE,
    [']'] = EVERY_STYLE & ~(SD_STYLES | 1u << ESCAPE_TAG),
    ['^' ... '~'] = EVERY_STYLE,
    [0x7f] = RAW_STYLE,
    [0x80 ... 0xff] = RAW_STYLE,
};

unsigned utf8_sequence(const char *text, size_t len, uint32_t *code_point_out)
{
    const unsigned char *bytes = (const void *)text;
    uint32_t lead = bytes[0];
    unsigned count = lead < 0x80   ? 1
                     : lead < 0xc2 ? 0
                     : lead < 0xe0 ? 2
                     : lead < 0xf0 ? 3
                     : lead < 0xf5 ? 4
                                   : 0;
    uint32_t code_point = count == 1 ? lead : lead & (0x7fu >> count);

    if (count == 0 || count > len)
        return 0;
    for (unsigned i = 1; i < count; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        code_point = code_point << 6 | (bytes[i] & 0x3f);
    }
    if ((count == 3 && (code_point < 0x800 || (code_point >= 0xd800 && code_point < 0xe000))) ||
        (count == 4 && (code_point < 0x10000 || code_point > 0x10ffff)))
        return 0;
    *code_point_out = code_point;
    return count;
}

/* C1 controls, the bidirectional controls of Unicode UAX #9, and the two line ends
 * that are not ASCII: a terminal or a pager might obey them. */
static bool misleads(uint32_t code_point)
{
    return (code_point >= 0x80 && code_point <= 0x9f) || code_point == 0x061c ||
           code_point == 0x200e || code_point == 0x200f ||
           (code_point >= 0x2028 && code_point <= 0x202e) ||
           (code_point >= 0x2066 && code_point <= 0x2069);
}

static bool is_json(enum escape_style style)
{
    return style == ESCAPE_JSON || style == ESCAPE_JSON_LITERAL;
}

static bool is_ascii_only(enum escape_style style)
{
    return style == ESCAPE_HEADER || style == ESCAPE_TAG || style == ESCAPE_SD_NAME;
}

enum { ESCAPED_MAX = 16 }; /* a character of four bytes, each as \xHH */

static const char hex[] = "0123456789abcdef";

/* The letter of `\n` and its like, or 0. */
static char short_escape(enum escape_style style, unsigned char byte)
{
    switch (byte) {
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    case '\\':
        return '\\';
    case '"':
        return style == ESCAPE_JSON || style == ESCAPE_SD_VALUE ? '"' : 0;
    case ']':
        return style == ESCAPE_SD_VALUE ? ']' : 0;
    case '\0':
        return style == ESCAPE_RAW ? '0' : 0;
    default:
        return 0;
    }
}

static unsigned write_byte_escape(enum escape_style style, unsigned char byte, char *to)
{
    char letter = short_escape(style, byte);

    *to++ = '\\';
    if (letter) {
        *to = letter;
        return 2;
    }
    if (is_json(style)) {
        memcpy(to, "u00", 3);
        to[3] = hex[byte >> 4];
        to[4] = hex[byte & 15];
        return 6;
    }
    to[0] = 'x';
    to[1] = hex[byte >> 4];
    to[2] = hex[byte & 15];
    return 4;
}

/* Those that mislead lie below U+10000: four hexadecimal digits are enough. */
static unsigned write_code_point_escape(enum escape_style style, uint32_t code_point, char *to)
{
    char digits[4] = {hex[code_point >> 12 & 15], hex[code_point >> 8 & 15],
                      hex[code_point >> 4 & 15], hex[code_point & 15]};
    unsigned skip = 0;

    if (is_json(style)) {
        memcpy(to, "\\u", 2);
        memcpy(to + 2, digits, 4);
        return 6;
    }
    while (digits[skip] == '0')
        skip++;
    memcpy(to, "\\u{", 3);
    memcpy(to + 3, digits + skip, 4 - skip);
    to[7 - skip] = '}';
    return 8 - skip;
}

/* A character is escaped as a whole, so that no column ends in the middle of one. */
static unsigned step_bytes(enum escape_style style, const char *bytes, size_t len, char *to,
                           unsigned *written_out)
{
    uint32_t code_point;
    unsigned count = utf8_sequence(bytes, len, &code_point);

    count = count ? count : 1;
    *written_out = 0;
    for (unsigned i = 0; i < count; i++)
        *written_out += write_byte_escape(style, (unsigned char)bytes[i], to + *written_out);
    return count;
}

/* One character that is not plain: how many bytes it has, and what stands for it. */
static unsigned step(enum escape_style style, const char *bytes, size_t len, char *to,
                     unsigned *written_out)
{
    unsigned char lead = (unsigned char)*bytes;
    uint32_t code_point;
    unsigned count;

    if (is_ascii_only(style))
        return step_bytes(style, bytes, len, to, written_out);
    if (lead < 0x80) {
        *written_out = write_byte_escape(style, lead, to);
        return 1;
    }
    count = utf8_sequence(bytes, len, &code_point);
    if (count == 0 && is_json(style)) {
        memcpy(to, "\xef\xbf\xbd", 3);
        *written_out = 3;
        return 1;
    }
    if (count == 0) {
        *written_out = write_byte_escape(style, lead, to);
        return 1;
    }
    if (misleads(code_point)) {
        *written_out = write_code_point_escape(style, code_point, to);
        return count;
    }
    memcpy(to, bytes, count);
    *written_out = count;
    return count;
}

/* How many bytes from `at` on stand for themselves. */
static size_t plain_run(enum escape_style style, const char *bytes, size_t at, size_t len)
{
    size_t end = at;

    while (end < len && plain[(unsigned char)bytes[end]] & 1u << style)
        end++;
    return end - at;
}

size_t escape_len(enum escape_style style, const char *bytes, size_t len)
{
    char escaped[ESCAPED_MAX];
    unsigned written;
    size_t total = 0;

    for (size_t at = 0; at < len;) {
        size_t run = plain_run(style, bytes, at, len);

        total += run;
        at += run;
        if (at < len) {
            at += step(style, bytes + at, len - at, escaped, &written);
            total += written;
        }
    }
    return total;
}

/* What stands for no character at all is the only thing of three bytes that one byte becomes. */
static inline char *write_escaped(enum escape_style style, char *to, const char *bytes, size_t len,
                                  bool *replaced_out)
{
    char escaped[ESCAPED_MAX];
    unsigned written;

    for (size_t at = 0; at < len;) {
        size_t run = plain_run(style, bytes, at, len);

        memcpy(to, bytes + at, run);
        to += run;
        at += run;
        if (at < len) {
            unsigned count = step(style, bytes + at, len - at, escaped, &written);

            if (replaced_out && count == 1 && written == 3)
                *replaced_out = true;
            at += count;
            memcpy(to, escaped, written);
            to += written;
        }
    }
    return to;
}

char *escape_write(enum escape_style style, char *to, const char *bytes, size_t len)
{
    return write_escaped(style, to, bytes, len, NULL);
}

char *escape_write_json(enum escape_style style, char *to, const char *bytes, size_t len,
                        bool *replaced_out)
{
    return write_escaped(style, to, bytes, len, replaced_out);
}

/* The last boundary up to `at`: under ESCAPE_RAW a plain run has characters of several
 * bytes. */
static size_t whole_characters(const char *bytes, size_t at, size_t len)
{
    uint32_t code_point;

    for (unsigned back = 1; back < 4 && back <= at; back++) {
        if (utf8_sequence(bytes + at - back, len - at + back, &code_point) > back)
            return at - back;
    }
    return at;
}

size_t escape_fit(enum escape_style style, const char *bytes, size_t len, size_t room)
{
    char escaped[ESCAPED_MAX];
    unsigned written;
    size_t at = 0;

    while (at < len) {
        size_t run = plain_run(style, bytes, at, len);
        unsigned count;

        if (run > room)
            return whole_characters(bytes, at + room, len);
        at += run;
        room -= run;
        if (at == len)
            break;
        count = step(style, bytes + at, len - at, escaped, &written);
        if (written > room)
            return at;
        at += count;
        room -= written;
    }
    return at;
}
