/* escape.c - any bytes: the bits of a scan are true, what is escaped can be read back,
 * and what fits is the longest beginning that does. */
#include "aggregate/escape.h"
#include "aggregate/span.h"

#include <stdlib.h>
#include <string.h>

#include "conf/must.h"
#include "tests/unit/aggregate/unescape.h"

enum { LONGEST = 4096, SLACK = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char escaped[8 * LONGEST], back[8 * LONGEST];

static void check_scan(const char *base, uint32_t offset, uint32_t len)
{
    const char *bytes = base + offset;
    struct span span = span_scan(base, offset, len);
    struct span key = span_scan_key(base, offset, len);
    size_t text_len = (size_t)(escape_write(ESCAPE_MESSAGE, escaped, bytes, len) - escaped);
    bool clean = text_len == len && memcmp(escaped, bytes, len) == 0;

    must(span.offset == offset && span.len == len && !span.literal);
    must(span.clean == clean && key.clean == clean);
    must(span.solid == (clean && !memchr(bytes, ' ', len)) && key.solid == span.solid);
    must(span.quoteless == !memchr(bytes, '"', len));
    must(key.quoteless == (span.quoteless && !memchr(bytes, '=', len)));
    must(span_plain_len(base, offset, len) < len || clean);
}

static unsigned character_len(const char *bytes, size_t len)
{
    uint32_t code_point;
    unsigned count = utf8_sequence(bytes, len, &code_point);

    return count ? count : 1;
}

static void check_style(enum escape_style style, const char *bytes, size_t len, size_t room)
{
    size_t escaped_len = (size_t)(escape_write(style, escaped, bytes, len) - escaped);
    size_t fit = escape_fit(style, bytes, len, room), at = 0;

    must(escaped_len == escape_len(style, bytes, len));
    must(!memchr(escaped, '\n', escaped_len) && !memchr(escaped, '\r', escaped_len));
    if (style <= ESCAPE_KEY)
        must(unescape(escaped, escaped_len, back) == len && memcmp(back, bytes, len) == 0);
    must(escape_fit(style, bytes, len, escaped_len) == len);
    must(escape_len(style, bytes, fit) <= room);
    while (at < fit)
        at += character_len(bytes + at, len - at);
    must(at == fit);
    if (fit < len)
        must(escape_len(style, bytes, fit + character_len(bytes + fit, len - fit)) > room);
}

/* The first byte moves the bytes against their alignment, the second says the room. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t offset, len;
    char *base;

    if (size < 2 || size > LONGEST)
        return 0;
    offset = data[0] % 16;
    len = (uint32_t)size - 2;
    base = malloc(offset + len + SLACK);
    memset(base, data[1], offset + len + SLACK);
    memcpy(base + offset, data + 2, len);
    check_scan(base, offset, len);
    for (enum escape_style style = 0; style < ESCAPE_STYLES; style++)
        check_style(style, base + offset, len, data[1]);
    free(base);
    return 0;
}
