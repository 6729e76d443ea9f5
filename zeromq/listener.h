/* listener.h - a listening descriptor that we open ourselves, for libzmq to use.
 *
 * Opened by us because libzmq knows neither modes nor owners of socket files,
 * nor when a file there is still somebody's, and because the gate must know
 * which descriptors are ours. libzmq gets a duplicate, so a socket may be closed
 * and another attached while clients wait in the backlog. One thread at a time. */
#ifndef ZEROMQ_LISTENER_H
#define ZEROMQ_LISTENER_H

#include <stdbool.h>
#include <sys/types.h>

#include "conf/conf.h"
#include "conf/err.h"
#include "zeromq/address.h"
#include "zeromq/curve_key.h"
#include "zeromq/gate.h"
#include "zeromq/inherited.h"

enum { LISTENER_RECEIVE_BUFFER_BYTES = 256 * 1024 };

/* See listener_keys.h. While one key takes the place of another there are both of both. */
enum { LISTENER_KEYS_MAX = 4 };
struct listener_key {
    int fd; /* libzmq's */
    struct curve_key public_key;
};

struct listener {
    int fd;
    struct address address; /* the real one: its port is never 0 */
    char text[ADDRESS_TEXT_MAX];
    bool owns_file; /* a socket file is ours, and this is how to know it again: */
    dev_t file_dev;
    ino_t file_ino;
    struct listener_key keys[LISTENER_KEYS_MAX]; /* by which it takes clients now */
    unsigned key_count;                          /* 0: without encryption */
    unsigned settled_count;                      /* of these, before the change in work */
    unsigned number;                             /* not 0, and no other has it */
};

/* Listens; a client that connects from now on waits until listener_attach. A
 * socket file gets the mode, owner and group of `ipc` before anybody can connect.
 * One left behind by a dead process is replaced; one that answers, and any file
 * that is not a socket, is left alone. 0, or -1 and a sentence with the remedy. */
int listener_open(struct listener *listener, const struct address *address,
                  const struct conf_ipc *ipc, struct err *err);

/* The same, but where a descriptor of this address was inherited, it is used as it is: mode,
 * owner and group of a socket file are those that it has, and it stays at the end. `inherited`
 * may be NULL. */
int listener_get(struct listener *listener, struct inherited *inherited,
                 const struct address *address, const struct conf_ipc *ipc, struct err *err);

/* Lets the socket accept here, watched by the gate as one of this group. The
 * descriptor that libzmq has now, or -1 and a sentence. */
int listener_attach(const struct listener *listener, void *zmq_socket, struct gate_group *group,
                    struct err *err);

/* As libzmq reads it, with the port that the kernel chose. Lasts until close. */
const char *listener_address(const struct listener *listener);

/* Removes the socket file if it is still ours. Sockets that were attached go on
 * listening until they are closed themselves. */
void listener_close(struct listener *listener);

#endif
