/* source.h - the text of one configuration file, and places in it.
 *
 * Lines and columns count from 1, columns in characters. A file is at most 1 MiB;
 * a byte order mark is left out. */
#ifndef CONF_SOURCE_H
#define CONF_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/err.h"

enum { SOURCE_MAX_BYTES = 1 << 20 };

struct source {
    char *name;     /* as shown in problems */
    char *text;     /* NUL-terminated, and may hold NULs */
    size_t len;     /* at most SOURCE_MAX_BYTES */
    unsigned order; /* the file itself 0, then what it includes */
    bool is_open;   /* others than root and ourselves may write the file */
};

/* line 0: the file as a whole; source NULL: nowhere. */
struct place {
    const struct source *source;
    unsigned line;
    unsigned column;
};

/* The result belongs to the caller. NULL and a sentence when it cannot be read or
 * is too large. Only a regular file is opened when `regular_only`. */
struct source *source_read(const char *path, bool regular_only, struct err *err);
struct source *source_from_text(const char *name, const char *text, size_t len, struct err *err);
void source_free(struct source **source);

/* The text of a line without its end; an empty one past the last. Lasts as long as
 * the source. */
const char *source_line(const struct source *source, unsigned line, size_t *len_out);

/* The text from a place on, to the NUL behind all of it. */
const char *source_at(struct place place);

/* True, and the first place, when the file holds something that is not UTF-8 text. */
bool source_has_binary(const struct source *source, struct place *where_out,
                       unsigned char *byte_out);

#endif
