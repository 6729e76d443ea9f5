/* greeting.h - which mechanism does whoever listens at an address ask for?
 *
 * Two ZeroMQs with different mechanisms hang up on each other, and which of them learns why is a
 * matter of luck. So this greets as the probe does, in two pieces: after the first, ZeroMQ says
 * all of its own greeting. One thread. */
#ifndef CLIENT_GREETING_H
#define CLIENT_GREETING_H

#include <stdbool.h>
#include <stdint.h>

#include "client/zmtp_in.h"
#include "conf/err.h"

/* "NULL", "CURVE", "PLAIN"; takes timeout_ms at most. False: nobody greeted as ZeroMQ 4 does. */
bool greeting_look(const char *address, int64_t timeout_ms, char mechanism[ZMTP_IN_NAME_MAX + 1]);

/* Can it be connected to? 0, or -1 and why not, in the words of the system. Takes timeout_ms at
 * most, and as long as it takes to look up a name. */
int greeting_reach(const char *address, int64_t timeout_ms, struct err *err);

#endif
