/* handshake.h - how a handshake with a server ended, as libzmq's monitor says it, in words.
 *
 * ZeroMQ hides why a socket that connects has nobody: be it that nobody is there, that the
 * server does not know our key, or that one of the two encrypts and the other does not. Its
 * monitor tells. After some of these ends it never connects again by itself. Any thread. */
#ifndef ZEROMQ_HANDSHAKE_H
#define ZEROMQ_HANDSHAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/err.h"
#include "zeromq/curve_key.h"

enum handshake_end {
    HANDSHAKE_NONE, /* the event is about something else */
    HANDSHAKE_DONE,
    HANDSHAKE_BROKEN,     /* the server closed the connection, without a word */
    HANDSHAKE_REFUSED,    /* our key is none that it lets in */
    HANDSHAKE_UNDECIDED,  /* it cannot say whether it does */
    HANDSHAKE_MISMATCHED, /* one of us encrypts and the other does not, or in another way */
    HANDSHAKE_STRANGE,    /* what it says is no handshake, or not of the server whose key we have */
};

/* Those that a monitor must be asked for. */
int handshake_events(void);
enum handshake_end handshake_end_of(uint16_t event, uint32_t value);

/* Whether libzmq has given up the address: it connects again only when it is disconnected from
 * there, and then connected anew. */
bool handshake_is_final(enum handshake_end end);

/* Who we are, for sentences. */
struct handshake_self {
    const char *address;         /* whom we connect to */
    const struct curve_key *key; /* our public one; NULL: we do not encrypt */
    const char *to_encrypt;      /* what would have to be given for it: "--key and --server-key" */
    const char *server_key;      /* what the server's key is called: "--server-key" */
};

/* What is wrong, and what to do. Nothing where it is HANDSHAKE_NONE or HANDSHAKE_DONE. */
void handshake_tell(enum handshake_end end, const struct handshake_self *self,
                    struct err *sentence);

#endif
