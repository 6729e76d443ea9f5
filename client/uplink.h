/* uplink.h - the way to the daemon: one PUSH socket, and what of the sent has left.
 *
 * Who is there, and how long every call may wait for it, is link.h's part.
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
#include "client/encryption.h"
#include "conf/err.h"

struct uplink_conf {
    const char *address; /* tcp://HOST:PORT or ipc://PATH */
    int64_t timeout_ms;
    struct encryption_conf encryption;
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

/* The same once, and for so long at most, whatever came. fd may be -1. */
int uplink_nap(struct uplink *uplink, int fd, long nap_ms, struct err *err);

/* Waits until chunks_may_turn. */
int uplink_await_chunk(struct uplink *uplink, struct err *err);

/* Sends bytes of the current chunk, which must stay until the chunk is home; waits when
 * there is no room. */
int uplink_send(struct uplink *uplink, char *bytes, size_t len, struct err *err);

/* Waits until everything left; afterwards nothing can be sent any more. */
int uplink_drain(struct uplink *uplink, struct err *err);

/* The signal that came, or 0. */
int uplink_signal(const struct uplink *uplink);

/* Messages sent of which ZeroMQ has let go. */
uint64_t uplink_handed_over_count(const struct uplink *uplink);

/* Messages sent that ZeroMQ still holds. */
uint64_t uplink_held_count(const struct uplink *uplink);

/* How often the connection broke; each time, what was under way may be lost. */
unsigned uplink_break_count(const struct uplink *uplink);

#endif
