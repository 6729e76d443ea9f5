/* encryption.h - `--key` and `--server-key`, for commands that connect to a daemon. */
#ifndef CLIENT_ENCRYPTION_H
#define CLIENT_ENCRYPTION_H

#include "conf/err.h"

struct encryption_conf {
    const char *key;        /* the file of our own key pair; NULL: nothing is encrypted */
    const char *server_key; /* the daemon's public key, or its line */
};

/* Both or none. 0, or -1 and a sentence. */
int encryption_judge(const struct encryption_conf *conf, struct err *err);

/* For those who speak ZMTP themselves: reads the key pair, which the caller wipes. Without a
 * server_key we are the server. 0, or -1 and a sentence. */
struct curve_self;
int encryption_read(const struct encryption_conf *conf, struct curve_self *self_out,
                    struct err *err);

/* Before the socket connects. Keeps nothing. 0, or -1 and a sentence. */
int encryption_apply(const struct encryption_conf *conf, void *zmq_socket, struct err *err);

#endif
