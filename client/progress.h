/* progress.h - one line on a terminal: how much of the input is read, how fast, how long it will
 * take.
 *
 *     [==========>                   ]  37 %  370 MiB of 1000 MiB  96.1 MiB/s  6 s left
 *     370 MiB  96.1 MiB/s  in 4 s                          the input may be of any size
 *
 * It is drawn at most five times a second, over itself, and wiped before a sentence is said
 * (say_over). One thread; one of them at a time. */
#ifndef CLIENT_PROGRESS_H
#define CLIENT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    bool is_shown;
    uint64_t total_bytes; /* 0: not known */
    uint64_t done_bytes;
    int64_t begin_ms;
    int64_t drawn_ms; /* 0: not drawn so far */
    uint64_t drawn_bytes;
    double bytes_per_s; /* of late */
};

/* Whether standard error is a terminal that can draw over a line. */
bool progress_is_possible(void);

/* Begins to show, until progress_end. total_bytes 0: not known. */
void progress_begin(struct progress *progress, uint64_t total_bytes);
void progress_add(struct progress *progress, size_t bytes);

/* The last look at it stays on the terminal. */
void progress_end(struct progress *progress);

/* ---- inside, for tests ------------------------------------------------------------------- */

enum { PROGRESS_TEXT_MAX = 512 };

/* What is drawn on a terminal of so many columns, `elapsed_ms` after the beginning. */
void progress_text(const struct progress *progress, int64_t elapsed_ms, unsigned columns,
                   char text[PROGRESS_TEXT_MAX]);

#endif
