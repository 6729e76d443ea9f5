/* unclosed.h - the bracket that a configuration forgot to close, looked for once YAML has
 * given up.
 *
 * libfyaml notices only where the rest makes no sense any more, often lines further
 * down. This looks again, with half an eye: brackets, quotes and comments. */
#ifndef CONF_UNCLOSED_H
#define CONF_UNCLOSED_H

#include "conf/source.h"

/* True, and its place, when the innermost [ or { that is open at `noticed` is never
 * closed, or by the wrong bracket. Looks from `from`, the start of a value that
 * comes before. */
bool unclosed_find(struct place from, struct place noticed, struct place *where_out);

#endif
