/* say.h - one sentence on stderr, for the person at the terminal.
 *
 * `logboom push: sentence`, control bytes shown as \xHH, cut at about 1 KiB. */
#ifndef CLIENT_SAY_H
#define CLIENT_SAY_H

/* Names the command that speaks: "logboom push". Keeps the pointer. */
void say_as(const char *speaker);

/* What wipes the terminal's line before a sentence; "" where nothing is drawn on it. Keeps the
 * pointer. */
void say_over(const char *wipe);

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
