/* signals.h - the signals that end a command, as a descriptor. */
#ifndef CLIENT_SIGNALS_H
#define CLIENT_SIGNALS_H

#include "conf/err.h"

/* From now on SIGINT and SIGTERM are read from this signalfd(2), which does not block; threads
 * begun later inherit that. -1 and a sentence. */
int signals_open(struct err *err);

#endif
