#include "aggregate/span.h"

#include <string.h>

#include "aggregate/escape.h"

/* Sixteen bytes at a time, in the compiler's own vectors: every architecture. Signed,
 * because that is the comparison that they all have. */
typedef signed char vector __attribute__((vector_size(16)));
typedef unsigned char unsigned_vector __attribute__((vector_size(16))); /* may wrap */

struct marks {
    vector special, space, quote;
};

static bool any(vector mask)
{
    uint64_t halves[2];

    memcpy(halves, &mask, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

static vector load(const char *bytes)
{
    vector loaded;

    memcpy(&loaded, bytes, sizeof loaded);
    return loaded;
}

/* All ones in the first `count` places, of up to 16. */
static vector first_places(uint32_t count)
{
    static const vector index = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

    return (vector)(index < (signed char)count);
}

/* Where bytes are below a space, above a tilde, or a backslash. Adding 0x60 moves the
 * 95 bytes that are neither to the low end of the signed range. */
static vector special(vector bytes)
{
    vector moved = (vector)((unsigned_vector)bytes + 0x60);

    return (vector)(moved > (signed char)('~' + 0x60 - 0x100)) | (vector)(bytes == '\\');
}

static void mark(struct marks *marks, vector bytes, vector within, signed char quote)
{
    marks->special |= special(bytes) & within;
    marks->space |= (vector)(bytes == ' ') & within;
    marks->quote |= ((vector)(bytes == '"') | (vector)(bytes == quote)) & within;
}

static struct span scan(const char *base, uint32_t offset, uint32_t len, signed char quote)
{
    const char *bytes = base + offset;
    struct marks marks = {{0}, {0}, {0}};
    uint32_t at = 0;
    bool clean;

    for (; at + sizeof(vector) <= len; at += sizeof(vector))
        mark(&marks, load(bytes + at), (vector){0} - 1, quote);
    if (at < len)
        mark(&marks, load(bytes + at), first_places(len - at), quote);
    clean = !any(marks.special) || escape_len(ESCAPE_MESSAGE, bytes, len) == len;
    return span_make(offset, len,
                     (clean ? SPAN_CLEAN : 0) | (clean && !any(marks.space) ? SPAN_SOLID : 0) |
                         (any(marks.quote) ? 0 : SPAN_QUOTELESS));
}

bool span_is_plain(const char *base, uint32_t offset, uint32_t len)
{
    const char *bytes = base + offset;
    vector found = {0};
    uint32_t at = 0;

    for (; at + sizeof(vector) <= len; at += sizeof(vector))
        found |= special(load(bytes + at));
    if (at < len)
        found |= special(load(bytes + at)) & first_places(len - at);
    return !any(found);
}

static bool has(const char *bytes, uint32_t len, signed char byte)
{
    vector found = {0};
    uint32_t at = 0;

    for (; at + sizeof(vector) <= len; at += sizeof(vector))
        found |= (vector)(load(bytes + at) == byte);
    if (at < len)
        found |= (vector)(load(bytes + at) == byte) & first_places(len - at);
    return any(found);
}

struct span span_of_plain(const char *base, uint32_t offset, uint32_t len)
{
    return span_make(offset, len,
                     SPAN_CLEAN | SPAN_QUOTELESS | (has(base + offset, len, ' ') ? 0 : SPAN_SOLID));
}

struct span span_of_plain_key(const char *base, uint32_t offset, uint32_t len)
{
    return span_make(offset, len,
                     SPAN_CLEAN | (has(base + offset, len, ' ') ? 0 : SPAN_SOLID) |
                         (has(base + offset, len, '=') ? 0 : SPAN_QUOTELESS));
}

struct span span_scan(const char *base, uint32_t offset, uint32_t len)
{
    return scan(base, offset, len, '"');
}

struct span span_scan_key(const char *base, uint32_t offset, uint32_t len)
{
    return scan(base, offset, len, '=');
}
