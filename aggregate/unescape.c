#include "aggregate/unescape.h"

#include <stdint.h>
#include <string.h>

enum { NO_DIGIT = 16, BYTE_ESCAPE_LEN = 4, CODE_POINT_DIGITS_MAX = 6 };

static unsigned digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return (unsigned)(digit - '0');
    if (digit >= 'a' && digit <= 'f')
        return (unsigned)(digit - 'a') + 10;
    if (digit >= 'A' && digit <= 'F')
        return (unsigned)(digit - 'A') + 10;
    return NO_DIGIT;
}

/* ---- one escape: how many bytes of the text it is, 0 if it is none; what it stands for --------
 */

static size_t take_letter(const char *text, char *to)
{
    switch (text[1]) {
    case 'n':
        *to = '\n';
        return 2;
    case 'r':
        *to = '\r';
        return 2;
    case 't':
        *to = '\t';
        return 2;
    case '\\':
        *to = '\\';
        return 2;
    default:
        return 0;
    }
}

static size_t take_byte(const char *text, size_t len, char *to)
{
    unsigned high, low;

    if (len < BYTE_ESCAPE_LEN)
        return 0;
    high = digit_value(text[2]);
    low = digit_value(text[3]);
    if (high == NO_DIGIT || low == NO_DIGIT)
        return 0;
    *to = (char)(high << 4 | low);
    return BYTE_ESCAPE_LEN;
}

/* As UTF-8 (RFC 3629); 0 bytes for what is no character. */
static size_t write_character(uint32_t code_point, char *to)
{
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    unsigned count = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;

    if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point < 0xe000))
        return 0;
    for (unsigned i = count; i-- > 1; code_point >>= 6)
        to[i] = (char)(0x80 | (code_point & 0x3f));
    to[0] = (char)(leads[count] | code_point);
    return count;
}

static size_t take_code_point(const char *text, size_t len, char *to, size_t *written_out)
{
    uint32_t code_point = 0;
    size_t at = sizeof "\\u{" - 1, begin = at;

    if (len <= at || text[2] != '{')
        return 0;
    for (; at < len && at - begin < CODE_POINT_DIGITS_MAX; at++) {
        unsigned digit = digit_value(text[at]);

        if (digit == NO_DIGIT)
            break;
        code_point = code_point << 4 | digit;
    }
    if (at == begin || at == len || text[at] != '}')
        return 0;
    *written_out = write_character(code_point, to);
    return *written_out > 0 ? at + 1 : 0;
}

static size_t take_escape(const char *text, size_t len, char *to, size_t *written_out)
{
    *written_out = 1;
    if (len < 2)
        return 0;
    if (text[1] == 'x')
        return take_byte(text, len, to);
    if (text[1] == 'u')
        return take_code_point(text, len, to, written_out);
    return take_letter(text, to);
}

/* ---- pieces ------------------------------------------------------------------------------ */

static bool is_mark(const char *text, size_t len)
{
    static const char *const marks[] = {"\\[cut]", "\\[torn]"};

    for (unsigned i = 0; i < 2; i++) {
        size_t mark_len = strlen(marks[i]);

        if (len >= mark_len && memcmp(text, marks[i], mark_len) == 0)
            return true;
    }
    return false;
}

/* What stands up to the next backslash, and may have to move to the left. */
static size_t take_plain(const char *text, size_t len, char *to)
{
    const char *backslash = memchr(text, '\\', len);
    size_t plain_len = backslash ? (size_t)(backslash - text) : len;

    if (to != text)
        memmove(to, text, plain_len);
    return plain_len;
}

/* At a backslash. False: more of the text must be seen first. */
static bool take_one(const char *text, size_t len, bool is_last, char *to, struct unescaped *done)
{
    char bytes[4]; /* the place for them may be the escape's own */
    size_t written, taken = take_escape(text, len, bytes, &written);

    if (taken == 0 && len < UNESCAPE_LONGEST && !is_last && !is_mark(text, len))
        return false;
    if (taken == 0) {
        done->strange += !is_mark(text, len);
        bytes[0] = '\\';
        taken = written = 1;
    }
    memcpy(to, bytes, written);
    done->taken += taken;
    done->written += written;
    return true;
}

struct unescaped unescape_piece(const char *text, size_t len, bool is_last, char *to)
{
    struct unescaped done = {0};

    while (done.taken < len) {
        size_t plain_len = take_plain(text + done.taken, len - done.taken, to + done.written);

        done.taken += plain_len;
        done.written += plain_len;
        if (done.taken < len &&
            !take_one(text + done.taken, len - done.taken, is_last, to + done.written, &done))
            break;
    }
    return done;
}
