/* follow.h - files that grow, are rotated, or do not exist yet: what tail -F does, as entries.
 *
 * A file is known by its path. When another one is there, the old is read to its end, and for
 * some seconds along with the new one, since its writer may not have noticed. One that got
 * shorter is read from its beginning. inotify only says that it is time to look; where it says
 * nothing (a network's file system), we look every second. One thread. */
#ifndef CLIENT_FOLLOW_H
#define CLIENT_FOLLOW_H

#include "client/shipment.h"

struct follow;

/* Keeps the paths and the shipment, which must outlive it. from_end: of files that are there
 * now only lines that end from now on. */
struct follow *follow_new(char **paths, int path_count, bool from_end, struct shipment *shipment,
                          struct err *err);
void follow_free(struct follow **follow);

/* Until a signal comes, which is told by the uplink; -1 and a sentence when the daemon is gone. */
int follow_run(struct follow *follow, struct err *err);

#endif
