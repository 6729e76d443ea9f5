/* screen.h - a terminal that a command has for itself: another page, no echo, no cursor.
 *
 * Only one at a time. What it changes is put back by screen_close, which whoever opened it calls
 * before the process ends, for whatever reason. */
#ifndef CLIENT_SCREEN_H
#define CLIENT_SCREEN_H

#include <stddef.h>

/* Keys are read from standard input at once and are not shown, if that is a terminal. */
void screen_open(void);
void screen_close(void);

/* Whole lines from the upper left corner; what was there before is gone. Waits for nobody: a
 * terminal that is stopped (Ctrl-S) keeps what it shows. */
void screen_show(const char *lines, size_t len);

#endif
