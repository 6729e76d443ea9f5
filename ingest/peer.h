/* peer.h - who sent a message, as ZeroMQ knows it: one row for each descriptor.
 *
 * The text of a row is `10.1.2.3` or `fe80::1` where the client came over tcp, and
 * `uid:1000,pid:812` over ipc, where the kernel vouches for it (SO_PEERCRED). A row is begun
 * anew for each client: for connections that the gate watches, by their number; for those that
 * we open, or without the gate, when ZeroMQ names another peer, so that one that comes back
 * from the same place at once may count as the same. Loop thread only. */
#ifndef INGEST_PEER_H
#define INGEST_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zmq.h>

#include "conf/err.h"

/* The name of a client has as much, at most; an IPv6 address with the name of an interface has 55
 * bytes. */
enum { PEER_TEXT_MAX = 64, PEER_KEY_LEN = 40 };

struct peer {
    uint64_t client;          /* a number that no other client has; 0: the row is free */
    uint64_t connection;      /* the gate's number */
    uint64_t entries;         /* that it sent so far */
    uint8_t len;              /* of the text; 0: ZeroMQ does not know */
    uint8_t uid_at;           /* where in it the user's number stands */
    uint8_t uid_len;          /* 0: there is none */
    uint8_t key_len;          /* PEER_KEY_LEN, or 0: it has shown none */
    char text[PEER_TEXT_MAX]; /* printable, without spaces, quotes, backslashes and `=` */
    char key[PEER_KEY_LEN];   /* Z85: printable, without spaces, quotes and backslashes */
};

struct peers;

/* For descriptors below this number. */
struct peers *peers_new(unsigned descriptors, struct err *err);
void peers_free(struct peers **peers);

/* What one descriptor occupies, for planning. */
size_t peer_bytes(void);

/* The row of whoever sent this frame, until the next call. `is_named`: it came over a socket that
 * lets in only clients that we know (zap.h), and its text is the name that we gave it; on
 * any other socket a client could give itself one. NULL: nobody knows, or its descriptor is
 * beyond the table. */
struct peer *peers_find(struct peers *peers, zmq_msg_t *frame, bool is_named);

/* What ZeroMQ calls a peer, as our text. */
void peer_name(struct peer *peer, const char *address);

#endif
