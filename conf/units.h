/* units.h - sizes, times and counts that carry their unit in the type, and their text.
 *
 * Sizes: B, KiB MiB GiB (1024) and KB MB GB (1000). Times: ms s m h d. A number
 * alone is refused where a unit is meant; zero needs none. Counts are whole numbers alone. */
#ifndef CONF_UNITS_H
#define CONF_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "conf/err.h"

struct conf_bytes {
    uint64_t bytes;
};

struct conf_ms {
    uint64_t ms;
};

struct conf_count {
    unsigned count;
};

/* 0, or -1 and a sentence that names the accepted units. */
int units_parse_bytes(const char *text, struct conf_bytes *size_out, struct err *err);
int units_parse_ms(const char *text, struct conf_ms *time_out, struct err *err);
int units_parse_count(const char *text, struct conf_count *count_out, struct err *err);

enum { UNITS_TEXT_MAX = 32 };

/* The shortest exact text, such as `64MiB` or `1500ms`. Returns text. */
const char *units_show_bytes(struct conf_bytes size, char text[UNITS_TEXT_MAX]);
const char *units_show_ms(struct conf_ms time, char text[UNITS_TEXT_MAX]);

#endif
