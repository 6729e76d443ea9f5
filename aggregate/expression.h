/* expression.h - a regular expression (PCRE2) over what strangers send.
 *
 * Compiled once, to machine code where the system lets us (JIT), with the same meaning where
 * it does not. Text is UTF-8; a byte that is not counts as the control character SUB (\x1a).
 * Whatever the expression and the text are, the steps are limited (see expression.c), and so
 * is the memory, all of which is there before the first text comes. One thread. */
#ifndef AGGREGATE_EXPRESSION_H
#define AGGREGATE_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/err.h"

struct expression;

/* What one expression at most occupies, its own part, and how long its source may be. */
enum { EXPRESSION_BYTES_MAX = 128 * 1024, EXPRESSION_SOURCE_MAX = 1024 };

enum expression_jit { EXPRESSION_JIT_IF_POSSIBLE, EXPRESSION_WITHOUT_JIT };

/* NULL: a sentence that says what is wrong, and where. */
struct expression *expression_new(const char *source, enum expression_jit jit, struct err *err);
void expression_free(struct expression **expression);

bool expression_has_jit(const struct expression *expression);

/* What an expression needs while it is searching, and all of them can share. Of a text that
 * is longer than text_max and no UTF-8 only so much is searched. */
struct expression_room;

struct expression_room *expression_room_new(size_t text_max);
void expression_room_free(struct expression_room **room);
size_t expression_room_bytes(size_t text_max);

enum expression_answer {
    EXPRESSION_NOT_FOUND,
    EXPRESSION_FOUND,
    EXPRESSION_LIMIT /* gave up: too many steps, or too much to remember */
};

/* Whether it is found anywhere in the text, which may hold any bytes. */
enum expression_answer expression_search(const struct expression *expression,
                                         struct expression_room *room, const char *text,
                                         size_t len);

#endif
