/* library.h - a shared library that is loaded when it is configured, so that it costs others
 * nothing.
 *
 * Whoever needs one writes a table of its functions, each with the pointer by which it is called,
 * and calls library_load before the first of them. It is never unloaded. One thread. */
#ifndef CONF_LIBRARY_H
#define CONF_LIBRARY_H

#include <stdbool.h>

#include "conf/err.h"

struct library_function {
    const char *name;
    void *pointer; /* the address of a pointer to such a function */
};

/* Words are for sentences. */
struct library {
    const char *file; /* libssl.so.3: with its version, since the types are those of its header */
    const char *name; /* OpenSSL */
    const char *who_needs_it;                 /* type tls needs */
    const char *package;                      /* libssl3 */
    const char *least;                        /* a newer OpenSSL 3: where a function is missing */
    const struct library_function *functions; /* up to one without a name */
    bool is_loaded;
};

/* 0, or -1 and a sentence: it is not there, or lacks a function; then none of its pointers may be
 * used. Once it is loaded, nothing is done. */
int library_load(struct library *library, struct err *err);

#endif
