/* foreign.h - payloads that are programs as much as data, and are refused by name.
 *
 * Whoever opens a pickle of Python's or a serialised object of Java's runs what its sender
 * wants; without opening it nothing can be made of one. Told by how they begin and, as far as
 * that might be text, by how they end; the bytes between are not looked at. Any thread. */
#ifndef DECODE_FOREIGN_H
#define DECODE_FOREIGN_H

#include <stddef.h>

enum foreign { FOREIGN_NONE, FOREIGN_PICKLE, FOREIGN_JAVA };

enum foreign foreign_of(const char *bytes, size_t len);

#endif
