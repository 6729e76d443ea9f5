/* uplink.h - the connection to the daemon: one PUSH socket, and what is known of it.
 *
 * ZeroMQ hides whether anybody is there. The uplink listens to the socket's monitor
 * and holds these rules, whatever it is waiting for:
 *   - nobody there, or a lost connection that does not return, for timeout_ms: an error;
 *   - a connection that stands but does not take anything: wait, and say so once;
 *   - a signal: what was sent may still leave within timeout_ms; a second one: an error.
 *
 * A message sent is a message that our side has queued; uplink_drain makes sure that
 * the kernel of the daemon's machine has it (tcp) or that the daemon has read it
 * (ipc). No ZeroMQ sender knows more. One thread. */
#ifndef CLIENT_UPLINK_H
#define CLIENT_UPLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/chunks.h"
#include "conf/err.h"

struct uplink_conf {
    const char *address; /* tcp://HOST:PORT or ipc://PATH */
    int64_t timeout_ms;
    int signal_fd; /* signalfd(2) of those that end the command */
};

struct uplink;

/* Keeps conf's strings and descriptor and the chunks, which must outlive it. */
struct uplink *uplink_new(const struct uplink_conf *conf, struct chunks *chunks, struct err *err);

/* Throws away what was not drained. */
void uplink_free(struct uplink **uplink);

/* Begins to connect; fails only when the address is no address. */
int uplink_connect(struct uplink *uplink, struct err *err);

/* Waits until the daemon has answered; also returns 0 when a signal came. */
int uplink_await_daemon(struct uplink *uplink, struct err *err);

/* Waits until there is something to read and the daemon is there; also returns 0 when a
 * signal came: ask uplink_signal. */
int uplink_await_input(struct uplink *uplink, int fd, struct err *err);

/* Waits until chunks_may_turn. */
int uplink_await_chunk(struct uplink *uplink, struct err *err);

/* Sends bytes of the current chunk, which must stay until the chunk is home; waits when
 * there is no room. */
int uplink_send(struct uplink *uplink, char *bytes, size_t len, struct err *err);

/* Waits until everything left; afterwards nothing can be sent any more. */
int uplink_drain(struct uplink *uplink, struct err *err);

/* The signal that came, or 0. */
int uplink_signal(const struct uplink *uplink);

/* Messages sent of which ZeroMQ has let go; and how often the connection broke on the way. */
uint64_t uplink_handed_over_count(const struct uplink *uplink);
uint64_t uplink_held_count(const struct uplink *uplink);
unsigned uplink_break_count(const struct uplink *uplink);

#endif
