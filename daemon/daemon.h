/* daemon.h - the running whole: everything open, turning, draining, closed.
 *
 *     RUNNING --SIGTERM--> DRAINING --quiet--> FLUSHING --written--> CLOSING --> loop ends
 *
 * DRAINING still receives, until nothing has arrived for a moment; FLUSHING only
 * writes. Both have a deadline from drain_timeout. */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "conf/conf.h"

/* sysexits.h, as docs/semantics.md lists them; must() ends in SIGABRT instead of 70. */
enum exit_status {
    EXIT_FINE = 0,
    EXIT_USAGE = 64,
    EXIT_SYSTEM = 71,
    EXIT_LOSSES = 75,
    EXIT_CONFIGURATION = 78
};

/* Opens everything, runs until a signal ends it, and closes everything. The conf was
 * judged to be right, and is read again from the path at a reload; what turns out wrong all the
 * same is added to the problems.
 * Returns an exit status; EXIT_LOSSES may leave a hung write behind, so that only
 * _exit ends the process in time. */
enum exit_status daemon_run(struct conf *conf, const char *path, struct conf_problems *problems);

#endif
