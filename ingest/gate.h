/* gate.h - sees every connection that libzmq accepts and every byte it reads.
 *
 * Four functions of the C library that libzmq calls, accept4, recv, close and
 * epoll_ctl, are defined by this executable; gate.c tells why and how. So far
 * they count and change nothing. Hooks run on any thread. */
#ifndef INGEST_GATE_H
#define INGEST_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/err.h"

struct gate_stats {
    uint64_t accepted;       /* connections of watched listeners, since the start */
    uint64_t closed;         /* of these */
    uint64_t open_now;       /* of these */
    uint64_t received_bytes; /* on these, with ZMTP's framing and handshakes */
    uint64_t heard_bytes;    /* on these and on connections that we opened */
    uint64_t polls;          /* changes to what epoll watches on these */
};

/* Makes the table, one slot for each descriptor that RLIMIT_NOFILE allows now,
 * and one for good: hooks may run until the process ends. Call once, before the
 * first zmq context. */
int gate_init(struct err *err);

/* From now on, connections accepted on this descriptor are watched, until it is
 * closed. False: it is beyond the table. Any thread. */
bool gate_watch_listener(int fd);

/* A snapshot. Any thread. */
struct gate_stats gate_stats(void);

/* Proves that this libzmq, in this build, goes through the hooks: one message
 * over a private context and an abstract socket of our own. Takes about 1 ms and
 * at most 1 s, and leaves nothing behind, the statistics at 0 included. Call
 * before the first listener is watched. 0, or -1 and the hook that was missed. */
int gate_self_test(struct err *err);

#endif
