/* curve_text.h - a small file of keys, read as lines of words.
 *
 * A line has up to three words with blanks between them; an empty one, and one whose first word
 * is or begins with `# `, says nothing. Since `#` may also begin a key, a comment needs the blank
 * behind it. What is read is wiped when it is freed. */
#ifndef ZEROMQ_CURVE_TEXT_H
#define ZEROMQ_CURVE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/err.h"

enum curve_secrecy {
    CURVE_SECRET, /* nobody but us (or root) may own it, nor anybody else read it */
    CURVE_PUBLIC, /* nobody but us (or root) may own it, nor everybody write it */
};

enum { CURVE_LINE_WORDS = 3 };

struct curve_text {
    const char *path; /* borrowed */
    char *bytes;
    size_t len, cap;
    size_t at;      /* where the next line begins */
    unsigned line;  /* the number of the one in work */
    unsigned count; /* its words, or CURVE_LINE_WORDS + 1: too many */
    const char *words[CURVE_LINE_WORDS];
};

/* Reads a regular file, of at most 4 KiB where it is secret, else 2 MiB. 0, or -1 and a sentence
 * that names it and says what to do. */
int curve_text_read(struct curve_text *text, const char *path, enum curve_secrecy secrecy,
                    struct err *err);

/* The next line with a word in it; false: there is none. */
bool curve_text_next(struct curve_text *text);

void curve_text_free(struct curve_text *text);

#endif
