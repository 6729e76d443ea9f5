/* text_parts.h - what the decoders of text share: the line in hand.
 *
 * Each decoder knows one shape. It answers "mine" and has filled the entry, text and all, or
 * "not mine": then the entry is in no good state, and the line is somebody else's. A decoder
 * is strict, because what only begins like its shape must stay the text that it is. Spans
 * point into the line; what has to be unescaped or put together is left in the message's
 * scratch area. Bytes behind the line may be read, up to MESSAGE_SPARE. Loop thread only. */
#ifndef DECODE_TEXT_PARTS_H
#define DECODE_TEXT_PARTS_H

#include <string.h>

#include "aggregate/span.h"
#include "decode/decode_parts.h"

struct text_line {
    struct decoder *decoder;
    struct message *message;
    struct entry *entry; /* empty, see entry_reset */
    uint32_t at;         /* the byte that comes next */
    uint32_t end;        /* of the line, without its newline */
    uint32_t scratch;    /* the next free byte of the scratch area */
};

static inline const char *text_here(const struct text_line *line)
{
    return line->message->bytes + line->at;
}

static inline uint32_t text_left(const struct text_line *line)
{
    return line->end - line->at;
}

/* The byte that comes next; NUL at the end. */
static inline char text_peek(const struct text_line *line)
{
    return line->at < line->end ? *text_here(line) : '\0';
}

/* Steps over what must come next. */
static inline bool text_take(struct text_line *line, const char *expected, uint32_t len)
{
    if (text_left(line) < len || memcmp(text_here(line), expected, len) != 0)
        return false;
    line->at += len;
    return true;
}
#define TEXT_TAKE(line, literal) text_take(line, literal, sizeof(literal) - 1)

/* What a byte is to those who read words. */
enum text_class {
    BYTE_BACKSLASH = 1,
    BYTE_SPACE = 2,
    BYTE_QUOTE = 4,
    BYTE_ODD = 8, /* neither a space nor printable ASCII */
    BYTE_EQUALS = 16,
    BYTE_BRACKET = 32, /* the closing one */
    BYTE_COLON = 64,
    BYTE_OTHER = 128 /* what else is in no name of a host or a program */
};
enum {
    BYTE_NO_NAME =
        BYTE_SPACE | BYTE_QUOTE | BYTE_ODD | BYTE_EQUALS | BYTE_BRACKET | BYTE_COLON | BYTE_OTHER
};
extern const uint8_t text_classes[256];

/* From `at` on, the first byte that is one of `stop`, or the end; `seen` is what the others
 * were. */
static inline uint32_t text_run(const struct text_line *line, uint32_t at, unsigned stop,
                                unsigned *seen)
{
    const unsigned char *from = (const unsigned char *)line->message->bytes;
    const unsigned char *byte = from + at, *end = from + line->end;
    unsigned class, all = 0;

    for (; byte < end && !((class = text_classes[*byte]) & stop); byte++)
        all |= class;
    *seen = all;
    return (uint32_t)(byte - from);
}

/* The span with the bits that a scan would find, of bytes that are such. */
static inline struct span text_span_of(uint32_t begin, uint32_t end, unsigned seen)
{
    bool clean = !(seen & (BYTE_BACKSLASH | BYTE_ODD));

    return span_make(begin, end - begin,
                     (clean ? SPAN_CLEAN : 0) | (clean && !(seen & BYTE_SPACE) ? SPAN_SOLID : 0) |
                         (seen & BYTE_QUOTE ? 0 : SPAN_QUOTELESS));
}

static inline struct span text_span(const struct text_line *line, uint32_t begin, uint32_t end)
{
    return span_scan(line->message->bytes, begin, end - begin);
}

/* What is left of the line is what its entry says. Always true. */
bool text_rest(struct text_line *line);

/* Up to the next space or the end: printable ASCII, at least one byte of it. */
bool text_word(struct text_line *line, struct span *word_out);

/* The word, or nothing where it is `-`. */
struct span text_or_nil(const struct text_line *line, struct span word);

/* A decimal number of 1 to `digits_max` digits. */
bool text_number(struct text_line *line, unsigned digits_max, unsigned *number_out);

/* Copies a word of ours, plain and without a space, to the scratch area. False: no room. */
bool text_copy(struct text_line *line, const char *word, uint32_t len, struct span *copy_out);

/* Adds a field with a name of ours. False: no room. */
bool text_add(struct text_line *line, const char *name, uint32_t name_len, struct span value);
#define TEXT_ADD(line, literal, value) text_add(line, literal, sizeof(literal) - 1, value)

/* ---- the decoders, one a file ------------------------------------------------------------- */

/* `<PRI>` and what follows: one of the next two, or any text. */
bool text_syslog(struct text_line *line);
bool text_only_rfc5424(struct text_line *line);
bool text_only_rfc3164(struct text_line *line);

/* Behind the `<PRI>`: RFC 5424 from its version on; RFC 3164 from its time on, which, if it is
 * not mine, leaves the entry as it was. */
bool text_rfc5424(struct text_line *line);
bool text_rfc3164(struct text_line *line);

bool text_czmq(struct text_line *line);
bool text_ruby(struct text_line *line);
bool text_uwsgi_request(struct text_line *line);
bool text_uwsgi_dated(struct text_line *line);
bool text_zlogger(struct text_line *line);

/* Of a topic that is zlogger's, `program:pid`, the length of the program. 0: it is not. */
uint32_t text_program_len(const char *topic, uint32_t len);

/* A JSON document behind something else. */
bool text_glued(struct text_line *line);

#endif
