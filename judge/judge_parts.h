/* judge_parts.h - what the files of judge.h share. Each adds its problems. */
#ifndef JUDGE_JUDGE_PARTS_H
#define JUDGE_JUDGE_PARTS_H

#include "conf/conf.h"

struct inherited;

/* ---- judge.c --------------------------------------------------------------------------- */

bool judge_is_unknown_user(const char *name);
bool judge_is_unknown_group(const char *name);

/* Owner and group are settings of the same section; `what` is what they are of. */
void judge_owner(const struct conf *conf, char *const *owner, char *const *group, const char *what,
                 struct conf_problems *problems);

/* ---- judge_zmq.c ----------------------------------------------------------------------- */

void judge_endpoint(const struct conf *conf, unsigned index, struct conf_problems *problems);

/* Of a sink of type zmq. */
void judge_zmq(const struct conf *conf, unsigned index, struct conf_problems *problems);

/* What is inherited (NULL: nothing) listens already. `listening`: for --check, which is often asked
 * while the daemon runs: what it listens on, by its word, which is not tried. NULL: no check. */
void judge_try_to_listen(const struct conf *conf, const struct inherited *inherited,
                         const struct conf_strings *listening, struct conf_problems *problems);

/* Whether it is among these; NULL: none. */
bool judge_is_listening(const struct conf_strings *listening, const char *text);

/* ---- judge_metrics.c ------------------------------------------------------------------- */

void judge_metrics(const struct conf *conf, struct conf_problems *problems);
void judge_metrics_warnings(const struct conf *conf, struct conf_problems *warnings);
void judge_try_metrics(const struct conf *conf, const struct conf_strings *listening,
                       struct conf_problems *problems);

/* Behind what `--check` says of an address in use. */
#define JUDGE_ASK_THE_OTHER                                                                        \
    "; if that is the logboomd you are about to restart, ask 'logboom check' instead"

/* ---- judge_path.c ---------------------------------------------------------------------- */

void judge_path(const struct conf *conf, unsigned index, struct conf_problems *problems);

/* Of files that are put away: their names must have room, and be nobody else's. */
void judge_rotated_name(const struct conf *conf, const struct conf_sink *sink,
                        struct conf_problems *problems);

/* Whether they are, or can become, one file. */
bool judge_can_be_same_file(const char *a, const char *b);

/* What could not be made or written, told without opening it. */
void judge_path_surroundings(const struct conf *conf, const struct conf_sink *sink,
                             struct conf_problems *problems);

/* ---- judge_state.c --------------------------------------------------------------------- */

void judge_state_surroundings(const struct conf *conf, struct conf_problems *problems);

/* ---- judge_tls.c ----------------------------------------------------------------------- */

/* Whether the files of a sink's `tls` can be used, and only by those who should: reads them,
 * and forgets them. */
void judge_tls(const struct conf *conf, const struct conf_sink *sink,
               struct conf_problems *problems);

#endif
