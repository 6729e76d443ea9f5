/* activation.h - addresses that the service manager holds for us (sd_listen_fds(3)).
 *
 * With $LISTEN_FDS, descriptors from 3 on listen already, if $LISTEN_PID is us. The variables
 * are taken away, so that nobody takes the descriptors twice. Before any thread. */
#ifndef DAEMON_ACTIVATION_H
#define DAEMON_ACTIVATION_H

#include "zeromq/inherited.h"

/* Says what of them cannot be used. Empty, if there are none. */
struct inherited *activation_take(void);

/* When everything is open: what no 'bind' names is said and closed. */
void activation_close_rest(struct inherited *inherited);

#endif
