/* explicit_key.h - finds YAML's `? key`, before libfyaml sees it.
 *
 * No setting needs one, and libfyaml 0.7.12 writes through a stale pointer while
 * it closes a parser that met `? a:<tab>? b` or `: ? a`. */
#ifndef CONF_EXPLICIT_KEY_H
#define CONF_EXPLICIT_KEY_H

#include <stdbool.h>

#include "conf/source.h"

/* True, and the first place, when one stands where a key may begin: first in a line, be it
 * behind `- `, `--- `, a tag or an anchor, or behind a `:`, `[`, `{` or `,`. Found in a text
 * of several lines, too, but not in quotes that end on the line where they began. */
bool explicit_key_find(const struct source *source, struct place *where_out);

#endif
