/* listen.h - where metrics are served: HOST:PORT, as Prometheus users write it.
 *
 *     127.0.0.1:9514   localhost:9514   [::1]:9514   0.0.0.0:9514
 *     :9514            every IPv4 address
 *
 * Port 0 is the kernel's choice. Any thread. */
#ifndef METRICS_LISTEN_H
#define METRICS_LISTEN_H

#include "zeromq/listener.h"

/* 0, or -1 and a sentence. */
int metrics_parse_listen(const char *text, struct address *address_out, struct err *err);

/* Listens; to be closed by listener_close. 0, or -1 and a sentence with the remedy. */
int metrics_listen(const char *text, struct listener *listener, struct err *err);

#endif
