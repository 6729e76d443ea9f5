/* open_files.h - enough descriptors for the clients that are planned. */
#ifndef DAEMON_OPEN_FILES_H
#define DAEMON_OPEN_FILES_H

#include "plan/plan.h"

/* Sets the soft limit of open files (RLIMIT_NOFILE) to what the plan counts on, as far as
 * the hard limit goes; lowers it, too, so that no descriptor lies beyond the gate's table.
 * Where that is too few for all clients, says so, and plan->clients_served is how many
 * there can be. 0, or -1 and a sentence: it would not do without any client either. */
int open_files_prepare(struct plan *plan, struct err *err);

#endif
