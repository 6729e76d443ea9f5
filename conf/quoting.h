/* quoting.h - the advice for a value that needed quotes: `format: {message}` is a
 * section to YAML, and `path: *x` an alias. */
#ifndef CONF_QUOTING_H
#define CONF_QUOTING_H

#include "conf/source.h"

/* "; … put the value in 'single quotes'" when the line of this place holds an
 * unquoted value whose first character means something to YAML; else "". */
const char *quoting_hint(struct place place);

#endif
