/* link.h - is anybody there, and how long may we wait?
 *
 * ZeroMQ hides whether a socket is connected. The link listens to the socket's monitor
 * and to the signals that end the command, and every wait is a link_sleep, which holds
 * these rules:
 *   - nobody there, or a lost connection that does not return, for timeout_ms: an error;
 *   - somebody who refuses us, or encrypts where we do not or the other way around: at once;
 *   - a connection that stands but does not take anything: wait, and say so once;
 *   - a signal: what was sent may still leave within timeout_ms; a second one: an error.
 *
 *      NONE ---accepted---> MUTE ---ZeroMQ handshake---> UP
 *        ^--------------------+------------- lost --------+
 *
 * What is said about it goes to stderr at once. One thread. */
#ifndef CLIENT_LINK_H
#define CLIENT_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <zmq.h>

#include "conf/err.h"

struct link_conf {
    const char *address; /* for sentences */
    int64_t timeout_ms;
    int signal_fd; /* signalfd(2), not blocking */

    /* A connection that was up broke; says so, and changes nothing. */
    void (*on_lost)(void *context);
    void *context;
};

struct link;

/* Watches a socket that was not connected yet. Keeps conf's address, descriptor and
 * context, which must outlive it, as must the ZeroMQ context. */
struct link *link_new(const struct link_conf *conf, void *zmq, void *socket, struct err *err);

/* Once the socket is closed. */
void link_free(struct link **link);

/* The socket begins to connect: somebody must be there within timeout_ms. */
void link_begin(struct link *link);

/* The socket was closed with a linger: nobody needs to be there any more. Until ZeroMQ
 * has let go of the socket, link_is_closing answers true. */
void link_close(struct link *link);
bool link_is_closing(const struct link *link);

bool link_is_up(const struct link *link);

/* ZeroMQ's descriptor of the connection; valid while link_is_up, and not ours. */
int link_fd(const struct link *link);

/* How often a connection that was up broke. */
unsigned link_break_count(const struct link *link);

/* The first signal that came, or 0. */
int link_signal(const struct link *link);

/* Sleeps once: until `item` is ready (true in *ready_out), something was heard, or nap_ms
 * passed (-1: for ever). Looks at `item`, which may be NULL, only while the link is up.
 * 0, or -1 and a sentence when one of the rules ends the wait. */
int link_sleep(struct link *link, const zmq_pollitem_t *item, long nap_ms, bool *ready_out,
               struct err *err);

/* A wait for the daemon to take something; a long one is told, once, and so is its end.
 * Begins as {0}. */
struct stall {
    int64_t since_ms;
    bool told;
};

/* As link_sleep; the caller looks itself whether what it waits for has come. */
int stall_sleep(struct stall *stall, struct link *link, const zmq_pollitem_t *item, long nap_ms,
                struct err *err);
void stall_end(const struct stall *stall, const struct link *link);

#endif
