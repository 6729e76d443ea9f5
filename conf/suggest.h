/* suggest.h - "did you mean": the known word nearest to a mistyped one. */
#ifndef CONF_SUGGEST_H
#define CONF_SUGGEST_H

#include <stddef.h>

/* The nearest of `count` words by edit distance (swaps count once), or NULL when
 * none is near enough to be meant. */
const char *suggest_nearest(const char *word, const char *const *words, size_t count);

#endif
