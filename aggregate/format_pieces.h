/* format_pieces.h - the inside of a format: for format.c, render.c, render_json.c. */
#ifndef AGGREGATE_FORMAT_PIECES_H
#define AGGREGATE_FORMAT_PIECES_H

#include "aggregate/escape.h"
#include "aggregate/format.h"

enum piece_kind {
    PIECE_LITERAL,
    PIECE_TIME,
    PIECE_HOST,
    PIECE_APP,
    PIECE_LEVEL,
    PIECE_TOPIC,
    PIECE_MESSAGE,
    PIECE_FIELDS,
    PIECE_FIELD
};

struct piece {
    enum piece_kind kind;
    unsigned len;  /* of text */
    char text[24]; /* a stretch of the template, or a field's name; longer literals are several */
};

enum format_kind { FORMAT_TEMPLATE, FORMAT_JSON, FORMAT_RAW };

/* A template of this many pieces with every column at its cut length still fits
 * FORMAT_ROOM_MIN. */
enum { PIECES_MAX = 64 };

struct format {
    enum format_kind kind;
    bool indent_newlines;
    struct timestamp_writer clock;
    unsigned piece_count;
    struct piece pieces[PIECES_MAX];

    /* Sums that are known once the template is: what of it has the same length in each
     * entry, how often the time stands in it, and which pieces are neither. */
    size_t fixed_len;
    unsigned time_count;
    unsigned varying_count;
    unsigned char varying[PIECES_MAX];
};

/* What the two renderers share: a span is copied in whole vectors, with up to 15 bytes
 * of surplus that the next piece overwrites. A call of memcpy costs more than most
 * spans are long. */
static inline char *put_span(char *to, const char *base, struct span span)
{
    const char *from = base + span.offset;
    size_t len = span.len;

    if (len > 16)
        __builtin_memcpy(to, from, len);
    else
        __builtin_memcpy(to, from, 16);
    return to + len;
}

#define CUT_MARK      " \\[cut]"
#define FORMAT_INDENT "\n    " /* before each later line, where newlines are indented */

size_t json_len(struct format *format, const struct entry *entry, const char *base);
char *json_write(struct format *format, const struct entry *entry, const char *base, char *to);

#endif
