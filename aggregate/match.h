/* match.h - which entries a sink takes: its `match:`, compiled.
 *
 * An entry is taken if it is like all keys that are written, and not like all keys of
 * `not:`, if there are any. What costs least is asked first. Read-only once made. */
#ifndef AGGREGATE_MATCH_H
#define AGGREGATE_MATCH_H

#include "aggregate/entry.h"
#include "aggregate/expression.h"
#include "conf/conf.h"

struct match;

/* NULL: a sentence, and the setting of the conf that it is about. Borrows the conf until it
 * returns. */
struct match *match_new(const struct conf_match *conf, const void **setting_out, struct err *err);
void match_free(struct match **match);

/* Whether it takes every entry, whatever it is like. */
bool match_is_everything(const struct match *match);

/* Whether it searches messages, and then needs a room; and whether that must do without JIT. */
bool match_searches(const struct match *match);
bool match_lacks_jit(const struct match *match);

enum match_answer {
    MATCH_LEAVES,
    MATCH_TAKES,
    MATCH_GAVE_UP = 2 /* may be added to either: a search was too long, and found nothing */
};

/* Borrows entry and base until it returns. At least GLOB_HEAD bytes past each span must be
 * readable, as they are in a message. The room may be NULL if it does not search. */
unsigned match_ask(const struct match *match, struct expression_room *room,
                   const struct entry *entry, const char *base);

/* What all of these occupy at most, but for a few hundred bytes that every sink needs. */
size_t match_bytes(const struct conf_match *conf);
bool match_conf_searches(const struct conf_match *conf);

/* Whether any of its keys is `peer`, so that somebody must find that out. */
bool match_conf_asks_peer(const struct conf_match *conf);

#endif
