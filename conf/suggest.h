/* suggest.h - "did you mean": the known word nearest to a mistyped one. */
#ifndef CONF_SUGGEST_H
#define CONF_SUGGEST_H

#include <stddef.h>

/* The nearest of `count` words by edit distance (swaps count once), or NULL when
 * none is near enough to be meant. */
const char *suggest_nearest(const char *word, const char *const *words, size_t count);

/* The same for a word of so many bytes, which is copied for the sentence, as far as it has
 * room. */
enum { SUGGEST_WORD_MAX = 64 };
const char *suggest_nearest_part(const char *from, size_t len, const char *const *words,
                                 size_t count, char word[SUGGEST_WORD_MAX]);

#endif
