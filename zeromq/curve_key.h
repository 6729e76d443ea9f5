/* curve_key.h - the keys of CurveZMQ (RFC 26), and pairs of them.
 *
 * A key is 32 bytes; in text it has 40 characters (Z85, RFC 32), none of which is a quote, a
 * space, a comma or a backslash. A name belongs to a public key: letters, digits, `_`, `.` and
 * `-`. Secret keys are wiped by whoever has them last. Any thread. */
#ifndef ZEROMQ_CURVE_KEY_H
#define ZEROMQ_CURVE_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/err.h"

enum { CURVE_KEY_BYTES = 32, CURVE_KEY_CHARS = 40, CURVE_NAME_MAX = 64 };

struct curve_key {
    unsigned char bytes[CURVE_KEY_BYTES];
};

struct curve_pair {
    struct curve_key public_key, secret_key;
    char name[CURVE_NAME_MAX + 1]; /* of its owner; may be empty */
};

/* False: it is no key. A secret in `text` stays the caller's to wipe. */
bool curve_key_parse(const char *text, struct curve_key *key_out);

/* Returns text. */
const char *curve_key_show(const struct curve_key *key, char text[CURVE_KEY_CHARS + 1]);

bool curve_key_is_same(const struct curve_key *a, const struct curve_key *b);

/* Whether these may be the characters of a name, so that nothing can be forged with it. */
bool curve_name_is_right(const char *name);

/* A new pair without a name. Its public key begins with none of `#`, `/`, `.`, `-`, which would
 * mean something else at the beginning of a line or of an argument. 0, or -1 and a sentence: this
 * libzmq has no CURVE. */
int curve_pair_make(struct curve_pair *pair_out, struct err *err);

/* The public key that belongs to a secret one. 0, or -1 as above. */
int curve_key_derive(const struct curve_key *secret, struct curve_key *public_out, struct err *err);

/* Overwrites it, so that no secret stays behind in memory. */
void curve_pair_wipe(struct curve_pair *pair);

#endif
