/* match.h - which entries a sink takes: its `match:`, compiled.
 *
 * An entry is taken if it is like all keys that are written, and not like all keys of
 * `not:`, if there are any. What costs least is asked first. Read-only once made. */
#ifndef AGGREGATE_MATCH_H
#define AGGREGATE_MATCH_H

#include "aggregate/entry.h"
#include "conf/conf.h"

struct match;

/* NULL: a sentence, and the setting of the conf that it is about. Borrows the conf until it
 * returns. */
struct match *match_new(const struct conf_match *conf, const void **setting_out, struct err *err);
void match_free(struct match **match);

/* Whether it takes every entry, whatever it is like. */
bool match_is_everything(const struct match *match);

/* Borrows entry and base until it returns. At least GLOB_HEAD bytes past each span must be
 * readable, as they are in a message. */
bool match_takes(const struct match *match, const struct entry *entry, const char *base);

/* What it occupies at most, but for a few hundred bytes that every sink needs. */
size_t match_bytes(const struct conf_match *conf);

#endif
