/* probe_look.h - looking for a client, and at what it sends, for a while.
 *
 * One poll(2) loop over the place where it may be, those that are there, and the signals, until
 * enough messages came or the time is over. One thread. */
#ifndef CLIENT_PROBE_LOOK_H
#define CLIENT_PROBE_LOOK_H

#include "client/probe_options.h"
#include "client/probe_peer.h"
#include "client/probe_place.h"
#include "client/probe_show.h"

enum { PROBE_PEERS_MAX = 8 }; /* at once; more wait in the backlog */

struct probe_look {
    const struct probe_conf *conf;
    int signal_fd;
    struct probe_place *place;
    struct probe_peer *peers[PROBE_PEERS_MAX];
    struct probe_show show; /* what came */
    struct curve_self self; /* where we encrypt */
    unsigned guess;         /* as a client of CURVE: which socket may suit, from 0 on */
    struct err said;        /* of peers, the last time */
    int64_t until_ms;
    bool somebody_was_there; /* and could be understood */
    bool useless;            /* what is at the address will never do */
    int signal;              /* that ended it, or 0 */
};

/* Keeps the conf. -1, a sentence and the exit status that suits it; to be closed all the same. */
int probe_look_open(struct probe_look *look, const struct probe_conf *conf, int *status_out,
                    struct err *err);
void probe_look_close(struct probe_look *look);

/* Shows what comes. 0 when it is over, -1 and a sentence when the system refuses. */
int probe_look(struct probe_look *look, struct err *err);

#endif
