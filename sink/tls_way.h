/* tls_way.h - between OpenSSL and the socket: what is to be sent goes into what the link holds,
 * what has come is read from the socket as OpenSSL asks for it. */
#ifndef SINK_TLS_WAY_H
#define SINK_TLS_WAY_H

#include "sink/tls_link.h"

/* Both ways of a link, which it borrows and which must not move; NULL: no memory. */
BIO *tls_way_new(struct tls_link *link);

/* For a context: links are told that the peer has asked for our certificate (is_asked), and that it
 * has given a ticket (is_answered). */
void tls_way_watch(SSL_CTX *ssl);

#endif
