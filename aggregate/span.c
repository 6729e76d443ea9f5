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

static bool all(vector mask)
{
    uint64_t halves[2];

    memcpy(halves, &mask, sizeof halves);
    return (halves[0] & halves[1]) == UINT64_MAX;
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

/* Where bytes are from a space to a tilde, and no backslash. Adding 1 moves the tilde to
 * the end of the signed range, and what is above it to the other end. */
static vector plain(vector bytes)
{
    vector moved = (vector)((unsigned_vector)bytes + 1);

    /* A backslash is within the range, so this takes it out; compilers make more of a `~`. */
    return (vector)(moved > (signed char)' ') ^ (vector)(bytes == '\\');
}

/* Both are inlined, so that of the two quotes that are often one there is one. */
static inline __attribute__((always_inline)) void mark(struct marks *marks, vector bytes,
                                                       vector within, signed char quote)
{
    marks->special |= ~plain(bytes) & within;
    marks->space |= (vector)(bytes == ' ') & within;
    marks->quote |= ((vector)(bytes == '"') | (vector)(bytes == quote)) & within;
}

static inline __attribute__((always_inline)) struct span scan(const char *base, uint32_t offset,
                                                              uint32_t len, signed char quote)
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

/* The first place that is not set; one is not. */
static uint32_t first_unset(vector mask)
{
    uint64_t halves[2];
    unsigned which;

    memcpy(halves, &mask, sizeof halves);
    which = halves[0] == UINT64_MAX;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return which * 8 + (uint32_t)__builtin_ctzll(~halves[which]) / 8;
#else
    return which * 8 + (uint32_t)__builtin_clzll(~halves[which]) / 8;
#endif
}

/* Two vectors a round: half as many questions. */
uint32_t span_plain_len(const char *base, uint32_t offset, uint32_t len)
{
    const char *bytes = base + offset;

    for (uint32_t at = 0; at < len; at += 2 * sizeof(vector)) {
        vector first = plain(load(bytes + at));
        vector second = plain(load(bytes + at + sizeof(vector)));

        if (!all(first & second)) {
            at += all(first) ? sizeof(vector) + first_unset(second) : first_unset(first);
            return at < len ? at : len;
        }
    }
    return len;
}

struct span span_of_plain(const char *base, uint32_t offset, uint32_t len)
{
    const char *bytes = base + offset;
    vector space = {0};
    uint32_t at = 0;

    for (; at + sizeof(vector) <= len; at += sizeof(vector))
        space |= (vector)(load(bytes + at) == ' ');
    space |= (vector)(load(bytes + at) == ' ') & first_places(len - at);
    return span_make(offset, len, SPAN_CLEAN | SPAN_QUOTELESS | (any(space) ? 0 : SPAN_SOLID));
}

struct span span_of_plain_key(const char *base, uint32_t offset, uint32_t len)
{
    const char *bytes = base + offset;
    vector space = {0}, equals = {0}, last;
    uint32_t at = 0;

    for (; at + sizeof(vector) <= len; at += sizeof(vector)) {
        space |= (vector)(load(bytes + at) == ' ');
        equals |= (vector)(load(bytes + at) == '=');
    }
    last = load(bytes + at) & first_places(len - at);
    space |= (vector)(last == ' ');
    equals |= (vector)(last == '=');
    return span_make(offset, len,
                     SPAN_CLEAN | (any(space) ? 0 : SPAN_SOLID) |
                         (any(equals) ? 0 : SPAN_QUOTELESS));
}

struct span span_scan(const char *base, uint32_t offset, uint32_t len)
{
    return scan(base, offset, len, '"');
}

struct span span_scan_key(const char *base, uint32_t offset, uint32_t len)
{
    return scan(base, offset, len, '=');
}
