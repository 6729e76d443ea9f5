#include "conf/suggest.h"

#include <ctype.h>
#include <string.h>

enum { WORD_MAX = 63 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static int same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Optimal string alignment: the fewest insertions, deletions, replacements and
 * swaps of neighbours. Of the table, three rows are enough: a swap looks two up. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    unsigned rows[3][WORD_MAX + 1];

    for (unsigned j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a_len; i++) {
        const unsigned *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];
        unsigned *row = rows[i % 3];

        row[0] = i;
        for (unsigned j = 1; j <= b_len; j++) {
            row[j] = least(above[j], row[j - 1]) + 1;
            row[j] = least(row[j], above[j - 1] + !same(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

/* A third of the longer word may differ: `fromat` is format, `foo` is not raw. */
static unsigned tolerance(size_t a_len, size_t b_len)
{
    size_t longer = a_len > b_len ? a_len : b_len;

    return longer < 3 ? 0 : (unsigned)(longer / 3);
}

const char *suggest_nearest(const char *word, const char *const *words, size_t count)
{
    const char *nearest = NULL;
    size_t word_len = strlen(word);
    unsigned nearest_distance = WORD_MAX + 1;

    if (word_len > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(words[i]);
        unsigned edits = len <= WORD_MAX ? distance(word, word_len, words[i], len) : WORD_MAX + 1;

        if (edits < nearest_distance && edits <= tolerance(word_len, len)) {
            nearest = words[i];
            nearest_distance = edits;
        }
    }
    return nearest;
}

const char *suggest_nearest_part(const char *from, size_t len, const char *const *words,
                                 size_t count, char word[SUGGEST_WORD_MAX])
{
    if (len >= SUGGEST_WORD_MAX)
        len = SUGGEST_WORD_MAX - 1;
    memcpy(word, from, len);
    word[len] = '\0';
    return suggest_nearest(word, words, count);
}
