/* framing.h - where an entry ends for those who read a stream of them.
 *
 *     lines           one line\n
 *     nul             one line\0
 *     octet-counted   8 one line          RFC 6587, 3.4.1
 *
 * Formats write lines with their newline; a frame is made of one in place, and is part of
 * the bytes in a block. No line holds a NUL. */
#ifndef AGGREGATE_FRAMING_H
#define AGGREGATE_FRAMING_H

#include <stddef.h>

enum framing { FRAMING_LINES, FRAMING_OCTET_COUNTED, FRAMING_NUL };

/* What may stand before a line: digits and a space. */
enum { FRAMING_HEAD_MAX = 8, FRAMING_LINE_MAX = 9999999 };

/* Of the count before a line, newline included. */
size_t framing_head_len(size_t line_len);

/* Of the frame of a line of so many bytes, newline included. */
static inline size_t framing_len(enum framing framing, size_t line_len)
{
    return framing == FRAMING_OCTET_COUNTED ? framing_head_len(line_len) + line_len - 1 : line_len;
}

/* A line of so many bytes has a frame that fits the room. */
static inline size_t framing_longest_line(enum framing framing, size_t room)
{
    return framing == FRAMING_OCTET_COUNTED ? room - FRAMING_HEAD_MAX : room;
}

/* Writes what stands before the line, and returns where the line begins. */
static inline char *framing_begin(enum framing framing, char *to, size_t line_len);

/* Once the line is written: `end` is behind its newline, which may then be no part of the
 * frame. Returns the frame's end. */
static inline char *framing_end(enum framing framing, char *end);

/* How long the first frame of these bytes is; all of them where none ends. */
size_t framing_first(enum framing framing, const char *bytes, size_t len);

/* ---- inside ---------------------------------------------------------------------------- */

char *framing_write_count(char *to, size_t line_len);

static inline char *framing_begin(enum framing framing, char *to, size_t line_len)
{
    return framing == FRAMING_OCTET_COUNTED ? framing_write_count(to, line_len) : to;
}

static inline char *framing_end(enum framing framing, char *end)
{
    if (framing == FRAMING_NUL)
        end[-1] = '\0';
    return framing == FRAMING_OCTET_COUNTED ? end - 1 : end;
}

#endif
