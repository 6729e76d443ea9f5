/* autobind.h - a listening socket of nobody's choice: for a program that talks to itself.
 *
 * The kernel finds a free abstract name (unix(7), "autobind"): no file, no port. */
#ifndef ZEROMQ_AUTOBIND_H
#define ZEROMQ_AUTOBIND_H

enum { AUTOBIND_TEXT_MAX = 128 };

/* A descriptor that listens, non-blocking, and its address as libzmq reads it; -1 and errno. */
int autobind_listen(char address_out[AUTOBIND_TEXT_MAX]);

#endif
