/* escape.h - keeping one entry on one line; reversibly, but for raw and invalid UTF-8 in JSON.
 *
 * Text and templates (docs/semantics.md, Text): \n \r \t \\ for those bytes, \xHH
 * for other control bytes, DEL and invalid UTF-8, \u{…} for C1 controls,
 * bidirectional controls and U+2028/9; everything else stands for itself. JSON
 * (RFC 8259 §7) escapes the same characters in its own way, and puts U+FFFD for
 * invalid UTF-8, which it cannot carry. The columns of syslog carry ASCII only, so that every
 * other byte is \xHH there. Lengths in bytes. Any thread. */
#ifndef AGGREGATE_ESCAPE_H
#define AGGREGATE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum escape_style {
    ESCAPE_MESSAGE,      /* the message of a line: spaces stay */
    ESCAPE_COLUMN,       /* any other column: a space is \x20 */
    ESCAPE_VALUE,        /* a column between double quotes: also \x22 */
    ESCAPE_KEY,          /* a field's name in text: also \x3d for the equals sign */
    ESCAPE_JSON,         /* a JSON string */
    ESCAPE_JSON_LITERAL, /* valid JSON text, passed on: only what a terminal would obey */
    ESCAPE_RAW,          /* \r \n \0 only */
    ESCAPE_HEADER,       /* a column of a syslog header (RFC 5424 PRINTUSASCII): only ASCII */
    ESCAPE_TAG,          /* the tag of RFC 3164: nor what may end it, a colon or a bracket */
    ESCAPE_SD_NAME,      /* a name in RFC 5424 structured data: nor = ] and the quote */
    ESCAPE_SD_VALUE,     /* a value there: \" \\ \], spaces and UTF-8 stay */
    ESCAPE_STYLES
};

size_t escape_len(enum escape_style style, const char *bytes, size_t len);

/* Returns the end of what was written, escape_len bytes after `to`. */
char *escape_write(enum escape_style style, char *to, const char *bytes, size_t len);

/* The same for the two styles of JSON; true in replaced_out if U+FFFD had to stand for a byte, else
 * it is left as it is. */
char *escape_write_json(enum escape_style style, char *to, const char *bytes, size_t len,
                        bool *replaced_out);

/* The longest beginning of the bytes that escapes to at most `room` bytes and ends
 * between two characters. */
size_t escape_fit(enum escape_style style, const char *bytes, size_t len, size_t room);

/* The length of the valid UTF-8 sequence (RFC 3629) at bytes, or 0. len > 0. */
unsigned utf8_sequence(const char *bytes, size_t len, uint32_t *code_point_out);

#endif
