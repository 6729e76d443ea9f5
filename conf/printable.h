/* printable.h - text that others wrote, made safe to show on one line.
 *
 * Well-formed UTF-8 stays; control characters (C0, DEL, C1), line separators,
 * bidirectional controls and bytes that are no UTF-8 become `\xHH`. */
#ifndef CONF_PRINTABLE_H
#define CONF_PRINTABLE_H

#include <stddef.h>

/* Bytes of the printable character that begins at `at`, looking at no more than
 * `left` of them; 0 when its first byte must be escaped. */
size_t printable_char(const char *at, size_t left);

/* Writes what fits whole into out[cap], always NUL-terminated. Returns its length. */
size_t printable_copy(char *out, size_t cap, const char *text, size_t len);

#endif
