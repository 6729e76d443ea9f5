/* terminal.h - what is at the other end of a descriptor, and what its user wants. */
#ifndef CLIENT_TERMINAL_H
#define CLIENT_TERMINAL_H

#include <stdbool.h>

/* Whether it is a terminal that obeys more than newlines: $TERM says what it is, and not dumb. */
bool terminal_obeys(int fd);

/* $NO_COLOR is set, and not empty (https://no-color.org). */
bool terminal_refuses_color(void);

struct terminal_size {
    unsigned columns, lines;
};

/* 80 × 24 where it does not say. */
struct terminal_size terminal_size(int fd);

#endif
