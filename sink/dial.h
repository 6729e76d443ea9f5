/* dial.h - from an address to a connected socket, without holding up the loop.
 *
 * A name is looked up anew each time, in libuv's thread pool; what it stands for is tried in
 * the order in which it was found, until one answers. Loop thread only. */
#ifndef SINK_DIAL_H
#define SINK_DIAL_H

#include <uv.h>

#include "sink/fd_watch.h"
#include "sink/net_address.h"

/* `fd` is connected, non-blocking, and the receiver's; or -1, an errno and a sentence. */
typedef void dial_done_cb(void *context, int fd, int error, const char *sentence);

struct dial {
    uv_loop_t *loop;
    const struct net_address *address;
    int socket_type;
    uint64_t timeout_ms;
    void (*prepare)(int fd, const void *prepare_context);
    const void *prepare_context;
    dial_done_cb *on_done;
    void *context;

    /* inside */
    uv_getaddrinfo_t lookup;
    bool is_looking_up;
    bool is_dialling;
    bool is_closing;
    bool timer_is_open;
    uv_timer_t timer; /* for one attempt to connect */
    struct addrinfo *found;
    const struct addrinfo *trying; /* the next that is tried */
    int fd;                        /* of the attempt; -1: none */
    struct fd_watch *watch;
    int error; /* of the last attempt */
    void (*on_closed)(void *context);
};

/* The first members are set; borrows the address. `prepare` may set a socket's options
 * before it connects. */
void dial_init(struct dial *dial);

/* Calls on_done once, now or later. None may be under way. */
void dial_start(struct dial *dial);

/* Whether on_done is still to come. */
bool dial_is_under_way(const struct dial *dial);

/* on_done will not be called any more. Calls on_closed, later, when the memory is the
 * caller's again; a lookup that has begun is waited for. */
void dial_close(struct dial *dial, void (*on_closed)(void *context));

/* Where nobody listens on a port of this machine that a client might get for itself, a
 * connect can meet its own socket: TCP calls that a connection. Any thread. */
bool dial_met_itself(int fd);

#endif
