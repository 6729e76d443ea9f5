/* probe_socket.h - which socket of logboomd suits which client. */
#ifndef CLIENT_PROBE_SOCKET_H
#define CLIENT_PROBE_SOCKET_H

#include <stdbool.h>

#include "decode/frames.h"

enum probe_socket {
    PROBE_PULL,
    PROBE_SUB,
    PROBE_ROUTER,
    PROBE_REP,
    PROBE_PAIR,
    PROBE_SOCKETS,
    PROBE_AUTO = PROBE_SOCKETS, /* whichever suits the client */
    PROBE_NONE,                 /* there is none: it is no client that sends */
};

/* As configurations say it: "pull"; and as ZeroMQ does: "PULL". */
const char *probe_socket_word(enum probe_socket socket);
const char *probe_socket_name(enum probe_socket socket);

/* PROBE_AUTO for "auto", PROBE_NONE for what is no such word. */
enum probe_socket probe_socket_called(const char *word);

/* "pull, sub, router, rep, pair". */
const char *probe_socket_words(void);

/* `type` is the client's, as ZeroMQ says it: "PUSH". */
bool probe_socket_suits(enum probe_socket socket, const char *type);
enum probe_socket probe_socket_for(const char *type);

enum frames_envelope probe_socket_envelope(enum probe_socket socket);

#endif
