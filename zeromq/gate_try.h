/* gate_try.h - who may try a handshake that costs us something.
 *
 * Tries are lent. A newcomer takes one of those of its address and, if nobody from there was ever
 * let in, one of those that all such addresses share; when its key is let in, both are given
 * back. So those that can shake hands do not run out of tries, and what others have spent comes
 * back with time. Addresses are IPv4 ones, prefixes of 64 bits of IPv6, and local users.
 *
 * The table is of fixed size: who is unknown makes room before who is known, and who tried
 * longest ago before others. No locks: under the gate's. */
#ifndef ZEROMQ_GATE_TRY_H
#define ZEROMQ_GATE_TRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct gate_address {
    enum gate_address_kind {
        GATE_ADDRESS_NONE,
        GATE_ADDRESS_4,
        GATE_ADDRESS_6,
        GATE_ADDRESS_USER
    } kind;
    uint64_t number; /* as it lies in memory */
};

/* How many tries there are, and how often there is another one. */
enum {
    TRIES_OF_UNKNOWN = 32,
    TRIES_OF_KNOWN = 256,
    TRY_EVERY_MS = 200, /* of one address */
    TRIES_SHARED = 64,
    TRY_SHARED_EVERY_MS = 40, /* of all unknown ones */
};
enum { GATE_TRY_SETS = 512, GATE_TRY_WAYS = 8 };

/* A try of this address, which may be used at once; false: it has none, or no unknown one has. */
bool gate_try_lend(struct gate_address address, int64_t now_ms);

/* Somebody from there was let in. */
void gate_try_give_back(struct gate_address address, int64_t now_ms);

/* Forgets everybody. */
void gate_try_reset(void);
size_t gate_try_bytes(void);

/* Who is at the other end of this connection; `address` is what accept(2) said of it, or NULL:
 * then the kernel is asked. */
struct gate_address gate_address_of(int fd, const struct sockaddr *address);

/* "10.0.0.7", "2001:db8:0:1::/64", "uid 1000". */
enum { GATE_ADDRESS_TEXT_MAX = 64 };
void gate_address_show(struct gate_address address, char text[GATE_ADDRESS_TEXT_MAX]);

#endif
