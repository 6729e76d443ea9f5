/* zmq_watch.h - lets a libuv loop wait for ZeroMQ sockets.
 *
 * One watch a loop, any number of sockets. Each turn of the loop, after libuv's
 * own events:
 *
 *     on_turn_begin   always: retry what had to wait
 *     on_turn         of each wanted socket that has something to read, or
 *                     whose bell rang; who comes first moves on by one a turn
 *     on_turn_end     always: hand on what was gathered
 *
 * on_turn need not read everything: it is called again next turn, without sleep
 * in between, until the socket is empty. So it must bound its own work. All
 * callbacks may add, remove, pause and resume any socket. Loop thread only. */
#ifndef ZEROMQ_ZMQ_WATCH_H
#define ZEROMQ_ZMQ_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "conf/err.h"

struct zmq_watch;
struct zmq_watched;

typedef void zmq_watch_cb(struct zmq_watch *watch);
typedef void zmq_watched_cb(struct zmq_watched *watched);

/* One a socket, embedded by its owner; container_of leads back. */
struct zmq_watched {
    bool wanted; /* the owner's: false pauses. Commands of libzmq (peers that
                  * leave, memory given back) are served all the same. */

    bool emptied; /* the owner's, may stay false: its last call on the socket was a
                   * receive that said EAGAIN. Spares asking before the next sleep;
                   * wrong after a send, which may answer the bell unheard. */

    bool has_more; /* the owner's: it has something at hand of which the socket knows nothing, and
                    * is served again without asking. */

    int waits_for; /* the owner's: ZMQ_POLLIN, unless it sets ZMQ_POLLOUT */

    /* the rest is the watch's */
    bool readable; /* or writable, as asked before the last sleep */
    bool rang;     /* in that sleep */
    struct zmq_watch *watch;
    struct zmq_watched *prev, *next;
    void *zmq_socket;
    uv_poll_t doorbell;
    zmq_watched_cb *on_turn, *on_removed;
};

struct zmq_watch {
    uint64_t turn_count;      /* for the owner to read */
    uint64_t busy_turn_count; /* in which at least one socket was served */

    /* the rest is the watch's */
    uv_prepare_t before_sleep;
    uv_check_t after_poll;
    uv_idle_t stay_awake;
    unsigned handles_open;
    struct zmq_watched *sockets; /* the first is served first */
    struct zmq_watched *next_served;
    zmq_watch_cb *on_turn_begin, *on_turn_end, *on_closed;
};

/* Either callback may be NULL. */
void zmq_watch_init(struct zmq_watch *watch, uv_loop_t *loop, zmq_watch_cb *on_turn_begin,
                    zmq_watch_cb *on_turn_end);

/* Borrows the socket until on_removed; starts wanted. 0, or -1 and a sentence. */
int zmq_watch_add(struct zmq_watch *watch, struct zmq_watched *watched, void *zmq_socket,
                  zmq_watched_cb *on_turn, struct err *err);

/* No more on_turn from here on. The socket may be closed, and `watched` is its
 * owner's again, inside on_removed, which the loop calls later; NULL where the
 * owner waits for something later still, such as uv_run's end. */
void zmq_watch_remove(struct zmq_watched *watched, zmq_watched_cb *on_removed);

/* After every socket was removed. The memory is the owner's again inside
 * on_closed, which the loop calls later, after every on_removed; or NULL. */
void zmq_watch_close(struct zmq_watch *watch, zmq_watch_cb *on_closed);

#endif
