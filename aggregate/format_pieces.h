/* format_pieces.h - the inside of a format: for format.c, format_cut.c and render*.c. */
#ifndef AGGREGATE_FORMAT_PIECES_H
#define AGGREGATE_FORMAT_PIECES_H

#include "aggregate/escape.h"
#include "aggregate/format.h"
#include "aggregate/own_host.h"

enum piece_kind {
    PIECE_LITERAL,
    PIECE_TIME,
    PIECE_HOST,
    PIECE_APP,
    PIECE_LEVEL,
    PIECE_TOPIC,
    PIECE_MESSAGE,
    PIECE_FIELDS,
    PIECE_RECEIVED,
    PIECE_SEQ,
    PIECE_PEER,
    PIECE_KEY,
    PIECE_UID,
    PIECE_FIELD
};

struct piece {
    enum piece_kind kind;
    unsigned len;  /* of text */
    char text[24]; /* a stretch of the template, or a field's name; longer literals are several */
};

enum format_kind {
    FORMAT_TEMPLATE,
    FORMAT_JSON,
    FORMAT_RAW,
    FORMAT_LOGFMT,
    FORMAT_RFC5424,
    FORMAT_RFC3164,
    FORMAT_KINDS
};

/* A template of this many pieces with every column at its cut length still fits
 * FORMAT_ROOM_MIN. */
enum { PIECES_MAX = 64 };

struct format {
    enum format_kind kind;
    bool indent_newlines;
    bool origin; /* json and rfc5424: what we know of it, too */
    struct timestamp_writer clock;
    struct timestamp_writer
        arrivals;           /* its own: entries may be from another second than they arrive in */
    bool has_replaced;      /* json, logfmt: a byte of this entry that is not UTF-8 */
    uint64_t *not_utf8;     /* counts such entries */
    uint64_t not_utf8_here; /* as long as nobody else wants it */
    char own_host[OWN_HOST_ROOM]; /* rfc3164: for entries that have none */
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

/* Our own clock has no more. */
enum { ARRIVAL_DIGITS = 6 };

#define CUT_MARK      " \\[cut]"
#define FORMAT_INDENT "\n    " /* before each later line, where newlines are indented */

/* One way of rendering: both passes, and what format_cut and format_new must know of it. */
struct renderer {
    const char *name; /* NULL: a template */
    size_t (*len)(struct format *format, const struct entry *entry, const char *base);
    char *(*write)(struct format *format, const struct entry *entry, const char *base, char *to);
    enum escape_style column, text;
    bool always_utc;
};
extern const struct renderer renderers[FORMAT_KINDS]; /* by format_kind; in render.c */

/* render_json.c, render_logfmt.c, render_syslog.c */
size_t json_len(struct format *format, const struct entry *entry, const char *base);
char *json_write(struct format *format, const struct entry *entry, const char *base, char *to);
size_t logfmt_len(struct format *format, const struct entry *entry, const char *base);
char *logfmt_write(struct format *format, const struct entry *entry, const char *base, char *to);
size_t rfc5424_len(struct format *format, const struct entry *entry, const char *base);
char *rfc5424_write(struct format *format, const struct entry *entry, const char *base, char *to);
size_t rfc3164_len(struct format *format, const struct entry *entry, const char *base);
char *rfc3164_write(struct format *format, const struct entry *entry, const char *base, char *to);

/* After an entry is written as JSON, or in its way: counts it, if something had to be replaced. */
static inline char *end_of_json(struct format *format, char *end)
{
    if (__builtin_expect(format->has_replaced, 0)) {
        ++*format->not_utf8;
        format->has_replaced = false;
    }
    return end;
}

/* render_origin.c: when we took the entry, and which of its client's it is, `-` if nobody
 * counts. */
static inline size_t arrival_len(const struct format *format)
{
    return timestamp_len(&format->arrivals, ARRIVAL_DIGITS);
}
char *arrival_write(struct format *format, const struct entry *entry, char *to);
size_t seq_len(const struct entry *entry);
char *seq_write(const struct entry *entry, char *to);

/* The message as in text, marked when it was cut; and the fields, each as ` key="value"`. */
size_t render_message_len(const struct format *format, const struct entry *entry, const char *base);
char *render_message(const struct format *format, const struct entry *entry, const char *base,
                     char *to);
size_t render_fields_len(const struct entry *entry, const char *base);
char *render_fields(const struct entry *entry, const char *base, char *to);

#endif
