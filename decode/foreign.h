/* foreign.h - payloads that are programs as much as data, and are refused by name.
 *
 * Whoever opens a pickle of Python's or a serialised object of Java's runs what its sender
 * wants; without opening it nothing can be made of one. Told by how they begin and, as far as
 * that might be text, by how they end; the bytes between are not looked at. Any thread. */
#ifndef DECODE_FOREIGN_H
#define DECODE_FOREIGN_H

#include <stddef.h>

enum foreign { FOREIGN_NONE, FOREIGN_PICKLE, FOREIGN_JAVA };

/* Of what does not begin as a JSON document does. */
enum foreign foreign_look(const char *bytes, size_t len);

/* Most payloads are JSON, and pay no more than a look at their first byte. */
static inline enum foreign foreign_of(const char *bytes, size_t len)
{
    return len == 0 || bytes[0] == '{' ? FOREIGN_NONE : foreign_look(bytes, len);
}

/* What the payload is, for people: "pickled Python objects". Not of FOREIGN_NONE. */
const char *foreign_name(enum foreign foreign);

#endif
