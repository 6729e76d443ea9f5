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
    uint32_t offset;        /* bytes from the message's first */
    uint32_t len : 28;      /* bytes */
    uint32_t clean : 1;     /* text shows it as it is: no control byte, backslash, odd Unicode */
    uint32_t solid : 1;     /* no space either: it stands in a column as it is */
    uint32_t quoteless : 1; /* no double quote */
    uint32_t literal : 1;   /* a JSON value that is not a string: 12, true, [1,2], {"a":null} */
};

enum { SPAN_LEN_MAX = (1 << 28) - 1 };

#endif
