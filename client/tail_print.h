/* tail_print.h - what `logboom tail` prints: lines, in the color of their level.
 *
 * Lines are gathered and written in one go. Whatever ends the program by a signal, the terminal
 * has its own color again. One of them at a time. */
#ifndef CLIENT_TAIL_PRINT_H
#define CLIENT_TAIL_PRINT_H

#include <stdbool.h>
#include <stddef.h>

#include "client/tail_options.h"
#include "conf/err.h"

/* Whether standard output gets colors. */
bool tail_print_wants_color(enum tail_color color);

/* From now on with colors, or without. */
void tail_print_begin(bool color);

/* One line without its end. The level is a word; NULL: it has none. -1 and a sentence when
 * standard output takes nothing any more. */
int tail_print(const char *level, const char *text, size_t len, struct err *err);
int tail_print_flush(struct err *err);

#endif
