/* listener_keys.h - one address, and a server that has one key or, while it changes it, two.
 *
 * libzmq copies the keys of a socket into a listener when it is bound. So there is a listener of
 * libzmq's for each key, on a duplicate of our descriptor, and the gate deals newcomers to them.
 * One that has served keeps its descriptor, and libzmq its key, until the socket is closed: those
 * who came in by it go on. Loop thread only. */
#ifndef ZEROMQ_LISTENER_KEYS_H
#define ZEROMQ_LISTENER_KEYS_H

#include "zeromq/admission.h"
#include "zeromq/listener.h"

/* The socket, whose domain has its list at the desk, takes clients at these listeners by the keys
 * of this admission, too. 0, or -1 and a sentence: then by those as before. */
int listener_keys_add(struct listener *listeners, unsigned count, void *zmq_socket,
                      struct gate_group *group, const struct admission *admission,
                      const char *domain, struct err *err);

/* After that: either by no others from now on, and how many came and went is told; or by none but
 * those of before. */
void listener_keys_settle(struct listener *listeners, unsigned count,
                          const struct admission *admission, struct admission_change *change);
void listener_keys_undo(struct listener *listeners, unsigned count);

#endif
