/* unescape.h - the bytes that the text format's escapes stand for: escape.h's other way.
 *
 *     \n \r \t \\      \xHH      \u{H…}, one to six digits
 *
 * The text may come in pieces, which end anywhere. ` \[cut]` and ` \[torn]` are marks, no escapes,
 * and stay. So does any other backslash, which logboom never wrote: it is counted. Lengths in
 * bytes. Any thread. */
#ifndef AGGREGATE_UNESCAPE_H
#define AGGREGATE_UNESCAPE_H

#include <stdbool.h>
#include <stddef.h>

/* Of a piece that is not the last, fewer than this may be left for the next. */
enum { UNESCAPE_LONGEST = sizeof "\\u{10ffff}" - 1 };

struct unescaped {
    size_t taken; /* the rest belongs in front of the next piece */
    size_t written;
    size_t strange; /* backslashes that begin nothing we know */
};

/* Writes at most as much as it takes, and may do so where the text stands: `to` may be `text`. All
 * is taken of the last piece. */
struct unescaped unescape_piece(const char *text, size_t len, bool is_last, char *to);

#endif
