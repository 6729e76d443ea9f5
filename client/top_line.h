/* top_line.h - one line of the picture of `logboom top`, in cells: what a terminal shows of it.
 *
 * How many cells a character takes is asked of the C library, so LC_CTYPE must be the terminal's.
 * What would stand beyond the last column is left out, a character that has no room for all of it
 * whole. */
#ifndef CLIENT_TOP_LINE_H
#define CLIENT_TOP_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "client/top_look.h"

struct top_style {
    unsigned columns, lines; /* lines 0: as many as it takes */
    bool colours;            /* by ECMA-48's SGR */
    bool utf8;               /* blocks for bars; else ASCII */
};

struct top_text {
    char *bytes; /* lines, each with its newline */
    size_t len, room;
    unsigned line_count;
};

/* After the last picture. */
void top_text_fini(struct top_text *text);

struct top_line {
    struct top_text *text;
    const struct top_style *style;
    unsigned cells;
    bool is_full; /* something was left out */
};

struct top_line top_begin_line(struct top_text *text, const struct top_style *style);
void top_end_line(struct top_line *line);

/* Without a look at cells. */
void top_put_bytes(struct top_text *text, const char *bytes, size_t len);

/* How many bytes of the words have room in so many cells, and how many they take. */
size_t top_fit(const char *words, unsigned cells, unsigned *used_out);

void top_put(struct top_line *line, const char *words);
void top_put_format(struct top_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* So many cells, the last of them empty; `~` stands for the end of words that are longer. */
void top_put_column(struct top_line *line, unsigned cells, const char *words);

enum top_colour { TOP_PLAIN = 0, TOP_BOLD = 1, TOP_RED = 31, TOP_GREEN = 32, TOP_YELLOW = 33 };

void top_set_colour(struct top_line *line, enum top_colour colour);
void top_put_coloured(struct top_line *line, enum top_colour colour, const char *words);

/* From 0 to 1. */
double top_part(double amount, double whole);

void top_put_bar(struct top_line *line, double part, enum top_colour colour);

/* The last minute, or as much of it as there is room for; its highest value fills a cell. Some
 * is never shown as none. */
void top_put_sparkline(struct top_line *line, const struct top_past *past);

#endif
