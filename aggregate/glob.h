/* glob.h - a pattern for names: of apps, hosts and topics.
 *
 *     *        any bytes, also none          [a-z0-9]  one of these ASCII characters
 *     ?        one character (UTF-8)         [!a-z]    one character, but none of these
 *     \x       x itself
 *
 * Compiled once. Most globs are a name, its beginning or its end, and cost a few
 * instructions; their first eight bytes are compared at once. The others take at worst as
 * many steps as the name is long times the glob is long, whatever they are. */
#ifndef AGGREGATE_GLOB_H
#define AGGREGATE_GLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "conf/err.h"

/* What is compared. At least GLOB_HEAD bytes from its first on must be readable, however
 * short it is. */
enum { GLOB_HEAD = sizeof(uint64_t) };
struct glob_name {
    const char *bytes;
    size_t len;
    uint64_t head; /* the first bytes, as they lie in memory */
};

static inline struct glob_name glob_name(const char *bytes, size_t len)
{
    struct glob_name name = {.bytes = bytes, .len = len};

    memcpy(&name.head, bytes, sizeof name.head);
    return name;
}

enum glob_kind {
    GLOB_NAME,   /* abc */
    GLOB_PREFIX, /* abc*, and * alone */
    GLOB_SUFFIX, /* *abc */
    GLOB_OTHER
};

struct glob_atom;

struct glob {
    uint64_t head; /* what every name that it is like begins with, and where that counts */
    uint64_t mask;
    uint32_t least_len; /* no shorter name is like it */
    enum glob_kind kind;
    char *text; /* of a name, prefix or suffix: least_len bytes */
    struct glob_atom *atoms;
    unsigned atom_count;
};

/* 0, or -1 and what is wrong with it. */
int glob_init(struct glob *glob, const char *pattern, struct err *err);
void glob_fini(struct glob *glob);

/* Whether it is like every name. */
bool glob_is_any(const struct glob *glob);

/* The same memory, at most, for any pattern of so many bytes. */
size_t glob_bytes(size_t pattern_len);

/* For what the first bytes and the length do not rule out. */
bool glob_matches_rest(const struct glob *glob, const char *bytes, size_t len);

static inline bool glob_matches(const struct glob *glob, struct glob_name name)
{
    return name.len >= glob->least_len && (name.head & glob->mask) == glob->head &&
           glob_matches_rest(glob, name.bytes, name.len);
}

#endif
