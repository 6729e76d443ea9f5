/* yaml.h - a YAML document as a small tree in which everything knows its place.
 *
 * Read event by event from libfyaml, so that no alias is ever followed. What a
 * configuration has no use for (anchors, aliases, tags, complex keys, more
 * documents, more than YAML_DEPTH_MAX levels) is told as a problem, and where
 * reading can go on its node is YAML_REFUSED. Keys keep their order and may repeat. */
#ifndef CONF_YAML_H
#define CONF_YAML_H

#include <stdbool.h>

#include "conf/problems.h"
#include "conf/source.h"

enum { YAML_DEPTH_MAX = 16 };

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP, YAML_REFUSED };

struct yaml_node {
    enum yaml_kind kind;
    bool quoted;     /* a scalar in quotes or a block scalar */
    bool flow;       /* a list in [] or a map in {} */
    char *text;      /* of a scalar, without NULs; else NULL */
    char *key;       /* in a map; else NULL */
    unsigned count;  /* of children */
    unsigned depth;  /* of the root 1 */
    struct place at; /* an empty scalar stands where its key or its dash does */
    struct place key_at;
    struct yaml_node *children, *last, *next, *parent;
    struct yaml_node *pending; /* a key whose value is not there yet */
};

/* NULL after adding the problem when there is no document, or none that YAML can read.
 * Of several the first, after a problem at the second. */
struct yaml_node *yaml_read(const struct source *source, struct conf_problems *problems);
void yaml_free(struct yaml_node **root);

/* What to say of a file with nothing in it. */
extern const char yaml_empty[];

#endif
