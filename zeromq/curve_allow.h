/* curve_allow.h - which clients are let in: their public keys, and the names we give them.
 *
 * Read from the items of `allow:`, each one of
 *
 *     'KEY' or 'NAME KEY'     a client; without a name its key is its name
 *     a file                  a client a line, in the same two ways; `# ` begins a comment
 *     a folder                of such files; a line without a name has the file's, less `.pub`
 *
 * What begins with `/`, `./` or `../` is a path, whatever else it might be. Several keys may
 * have one name, so that a client can change its key; no key stands twice. Any thread, one at a
 * time; it does not change once it is made. */
#ifndef ZEROMQ_CURVE_ALLOW_H
#define ZEROMQ_CURVE_ALLOW_H

#include "conf/conf.h"
#include "zeromq/curve_key.h"

enum { CURVE_CLIENTS_MAX = 10000 }; /* of one list */

struct curve_allow;

/* NULL and a sentence, with file and line where there are any, and the item to blame. */
struct curve_allow *curve_allow_new(const struct conf_strings *items, const void **item_out,
                                    struct err *err);
void curve_allow_free(struct curve_allow **allow);

unsigned curve_allow_count(const struct curve_allow *allow);

/* Each client once. */
void curve_allow_each(const struct curve_allow *allow,
                      void (*visit)(void *context, const struct curve_key *key, const char *name),
                      void *context);

/* The name of the client with this key, which lasts as long as the list; NULL: it is not let in. */
const char *curve_allow_find(const struct curve_allow *allow, const struct curve_key *key);

#endif
