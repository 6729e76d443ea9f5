#include "aggregate/framing.h"

#include <string.h>

#include "conf/must.h"

size_t framing_head_len(size_t line_len)
{
    size_t count = line_len - 1, len = sizeof "0 " - 1;

    must(line_len > 0 && count <= FRAMING_LINE_MAX);
    while (count >= 10) {
        count /= 10;
        len++;
    }
    return len;
}

char *framing_write_count(char *to, size_t line_len)
{
    char *line = to + framing_head_len(line_len);
    char *at = line;
    size_t count = line_len - 1;

    *--at = ' ';
    do {
        *--at = (char)('0' + count % 10);
        count /= 10;
    } while (at > to);
    return line;
}

/* We wrote the count ourselves. */
static size_t counted_len(const char *bytes, size_t len)
{
    size_t count = 0, at = 0;

    while (at < len && bytes[at] >= '0' && bytes[at] <= '9')
        count = count * 10 + (size_t)(bytes[at++] - '0');
    return at + 1 + count < len ? at + 1 + count : len;
}

size_t framing_first(enum framing framing, const char *bytes, size_t len)
{
    const char *end;

    if (framing == FRAMING_OCTET_COUNTED)
        return counted_len(bytes, len);
    end = memchr(bytes, framing == FRAMING_NUL ? '\0' : '\n', len);
    return end ? (size_t)(end - bytes) + 1 : len;
}
