/* curve_env.h - encryption of a bench's socket, when its environment has keys (Z85).
 *
 * BENCH_CURVE_SECRET is the socket's own; a client also has BENCH_CURVE_SERVER, the public key of
 * the server, and a socket without one is a server, which lets everybody in. */
#ifndef BENCH_CURVE_ENV_H
#define BENCH_CURVE_ENV_H

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

static inline void curve_env_apply(void *socket)
{
    const char *secret = getenv("BENCH_CURVE_SECRET"), *server = getenv("BENCH_CURVE_SERVER");
    char public[41];
    int yes = 1;

    if (!secret)
        return;
    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, strlen(secret));
    if (!server) {
        zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &yes, sizeof yes);
        return;
    }
    zmq_curve_public(public, secret);
    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public, strlen(public));
    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server, strlen(server));
}

#endif
