/* span.h - a view into a message: offset and length instead of a pointer.
 *
 * Eight bytes, and still right after the message was copied elsewhere. The bits
 * are facts about the bytes, found by one scan when the entry is decoded, so that
 * no sink has to look at them again: with all of them set, most formats are sums
 * of lengths and plain copies. A bit that is not set promises nothing. */
#ifndef AGGREGATE_SPAN_H
#define AGGREGATE_SPAN_H

#include <stdbool.h>
#include <stdint.h>

struct span {
    union {
        struct {
            uint64_t offset : 32;   /* bytes from the message's first */
            uint64_t len : 28;      /* bytes */
            uint64_t clean : 1;     /* text shows it as it is: no control byte, backslash,
                                     * odd Unicode */
            uint64_t solid : 1;     /* no space either: a column shows it as it is */
            uint64_t quoteless : 1; /* no double quote */
            uint64_t literal : 1;   /* a JSON value that is not a string: 12, true, [1,2] */
        };
        uint64_t word; /* all of it, for span_make */
    };
};

enum { SPAN_LEN_MAX = (1 << 28) - 1 };

/* Compilers write bit-fields in pieces, and reading a word just written in pieces stalls
 * the processor: once half of the decoder's time. So where it matters a span is put
 * together in a register. C leaves the order of bit-fields to the ABI; these are the two
 * that there are. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { SPAN_OFFSET_SHIFT = 0, SPAN_LEN_SHIFT = 32 };
#define SPAN_BIT(place) (1ULL << (60 + (place)))
#else
enum { SPAN_OFFSET_SHIFT = 32, SPAN_LEN_SHIFT = 4 };
#define SPAN_BIT(place) (1ULL << (3 - (place)))
#endif
#define SPAN_CLEAN     SPAN_BIT(0)
#define SPAN_SOLID     SPAN_BIT(1)
#define SPAN_QUOTELESS SPAN_BIT(2)
#define SPAN_LITERAL   SPAN_BIT(3)

static inline struct span span_make(uint32_t offset, uint32_t len, uint64_t bits)
{
    return (struct span){.word = (uint64_t)offset << SPAN_OFFSET_SHIFT |
                                 (uint64_t)len << SPAN_LEN_SHIFT | bits};
}

/* The span with its bits set. At least 16 bytes past it must be readable. */
struct span span_scan(const char *base, uint32_t offset, uint32_t len);

/* The same for the name of a field, in which an equals sign counts as a quote. */
struct span span_scan_key(const char *base, uint32_t offset, uint32_t len);

/* How many bytes, from the first on, are plain: printable ASCII and no backslash. What is
 * true of so many is true of every span among them. At least 32 bytes past them must be
 * readable. */
uint32_t span_plain_len(const char *base, uint32_t offset, uint32_t len);

/* What a scan would say of a span, or of a field's name, among plain bytes none of which
 * is a double quote. Cheaper, because little is left to ask. */
struct span span_of_plain(const char *base, uint32_t offset, uint32_t len);
struct span span_of_plain_key(const char *base, uint32_t offset, uint32_t len);

#endif
