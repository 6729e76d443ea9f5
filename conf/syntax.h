/* syntax.h - what is told where YAML itself breaks off.
 *
 * libfyaml tells it in the words of the YAML specification ("wrongly indented flow
 * sequence"). The mistakes that people make in a configuration are few: a quote or
 * a bracket that is not closed, no space behind a colon, a line that stands too far
 * left or right. These have sentences of ours; the rest keep libfyaml's. */
#ifndef CONF_SYNTAX_H
#define CONF_SYNTAX_H

#include "conf/problems.h"
#include "conf/source.h"

struct syntax_error {
    const char *said;   /* by libfyaml */
    struct place at;    /* where it noticed */
    struct place value; /* the start of a value before that, outside all [] and {} */
    struct place flow;  /* the [ or { that was open then; source NULL: none */
};

void syntax_tell(struct conf_problems *problems, const struct syntax_error *error);

/* Bytes of the key in `key:value`, which YAML takes for one word; 0: not like that. */
size_t syntax_glued_key(const char *text);

#endif
