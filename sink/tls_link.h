/* tls_link.h - one encrypted connection: what OpenSSL makes of it, and what is known of the way.
 *
 *     plain bytes ──SSL_write──► held, at most TLS_HELD_BYTES ──send──► the kernel ──► arrived
 *
 * What is encrypted is never encrypted again: plain bytes are taken only while there is room for
 * all that they become, so that no call into OpenSSL is left half done. Nothing waits. */
#ifndef SINK_TLS_LINK_H
#define SINK_TLS_LINK_H

#include <stdbool.h>
#include <sys/uio.h>

#include "sink/openssl.h"
#include "sink/tls_context.h"
#include "sink/tls_records.h"
#include "sink/transport.h"

/* A record of the longest, encrypted; some of them, and room for answers to the peer. */
enum { TLS_RECORD_BYTES = 16384, TLS_RECORD_MAX = TLS_RECORD_BYTES + 512 };
enum { TLS_ANSWERS_BYTES = 8192, TLS_HELD_BYTES = 8 * TLS_RECORD_MAX + TLS_ANSWERS_BYTES };

/* OpenSSL reads at most so much in one call: what a peer sends of its own, such as tickets, it
 * takes for itself without coming back. */
enum { TLS_READ_BYTES = 16384 };

struct tls_link {
    SSL *ssl; /* NULL: there is no connection */
    int fd;
    const char *name;
    int error;          /* of the connection below; 0: none */
    bool is_at_end;     /* the peer has closed it */
    bool is_asked;      /* the peer wants our certificate */
    bool is_answered;   /* and has said something since */
    size_t may_read;    /* bytes, before it is the others' turn */
    uint64_t encrypted; /* bytes made so far */
    size_t held_len;
    struct err why; /* what went wrong */
    struct tls_records records;
    char held[TLS_HELD_BYTES];
};

/* Begins on a connected socket, which it borrows. 0, or -1 and `why`. */
int tls_link_begin(struct tls_link *link, const struct tls_context *context, int fd);

/* Does what can be done of the handshake. MORE: it is done, and all of it is with the kernel. */
enum transport_word tls_link_greet(struct tls_link *link);

/* After a handshake of TLS 1.3: the peer has not said yet whether it likes our certificate. */
bool tls_link_is_judged(const struct tls_link *link);

/* How many of these bytes it has taken; BROKEN: -1 and errno. */
ssize_t tls_link_send(struct tls_link *link, const struct iovec *vectors, unsigned count);

/* As those of a transport. */
enum transport_word tls_link_push(struct tls_link *link);
enum transport_word tls_link_receive(struct tls_link *link);
uint64_t tls_link_under_way(struct tls_link *link);

/* Tells the peer that no more will come, if all has gone before. */
void tls_link_farewell(struct tls_link *link);

/* Frees what OpenSSL has of it. */
void tls_link_end(struct tls_link *link);

#endif
