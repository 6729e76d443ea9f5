/* probe_peer.h - one connection to a program that may be a client, in logboomd's place.
 *
 * It greets, waits until the other side has said what it is, and only then says what we are:
 * so whoever sends finds the socket that he needs. A REQ is answered, a PING too; a PUB is
 * asked for all topics. What a peer can make us hold is fixed. One thread. */
#ifndef CLIENT_PROBE_PEER_H
#define CLIENT_PROBE_PEER_H

#include "client/probe_socket.h"
#include "client/zmtp_gather.h"
#include "client/zmtp_in.h"
#include "client/zmtp_out.h"
#include "conf/err.h"

enum { PROBE_PEER_NAME_MAX = 320 };

enum probe_peer_fate {
    PROBE_PEER_STAYS,
    PROBE_PEER_LEFT,   /* it closed the connection; it may come again */
    PROBE_PEER_USELESS /* and will be when it comes again */
};

struct probe_peer {
    char name[PROBE_PEER_NAME_MAX]; /* for sentences */
    int fd;                         /* ours */
    enum probe_socket socket;       /* what we are to it; PROBE_AUTO until we know */
    struct zmtp_in in;
    char *kept;
    struct zmtp_out out;
    struct curve_talk talk; /* of one that encrypts, as is the next */
    struct zmtp_gather gather;
    bool told_type;   /* we have said what we are, and it not yet what it is */
    int64_t since_ms; /* CLOCK_MONOTONIC */
};

/* Called for each whole message, which is in peer->in. False: enough. */
typedef bool probe_peer_message_cb(void *context, struct probe_peer *peer);

/* Takes over the descriptor, which does not block, also when it fails. Borrows `self`, or NULL:
 * nothing is encrypted. A client of CURVE must say what it is first, so then the socket is not
 * PROBE_AUTO. NULL: a sentence. */
struct probe_peer *probe_peer_new(int fd, const char *name, enum probe_socket socket,
                                  const struct curve_self *self, struct err *err);
void probe_peer_free(struct probe_peer **peer);

/* For poll(2): what to wait for, and how long until a turn is due, or -1. */
short probe_peer_events(const struct probe_peer *peer);
int probe_peer_nap_ms(const struct probe_peer *peer);

/* Reads and writes what can be. Anything but STAYS comes with a sentence, which lacks only its
 * subject: "closed the connection". */
enum probe_peer_fate probe_peer_turn(struct probe_peer *peer, probe_peer_message_cb *on_message,
                                     void *context, struct err *err);

/* It has said what it is, and we have told it what we are. */
bool probe_peer_is_ready(const struct probe_peer *peer);

#endif
