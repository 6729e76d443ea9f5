/* zmtp_name.h - takes the id that a peer gives itself out of its handshake.
 *
 * To a ROUTER a peer is the id in its property `Identity`. Of two peers with one id it either
 * never reads what the second has sent, nor forgets it when that has left; or it ends the first
 * one's queue, and then neither reads that connection nor sees it close. With no id it makes one
 * that nobody else has. So the name of that property is changed to one that libzmq does not know
 * (RFC 23: it then is metadata as any other). Behind the curtain of CURVE nothing is found;
 * docs/security.md says what that costs. */
#ifndef ZEROMQ_ZMTP_NAME_H
#define ZEROMQ_ZMTP_NAME_H

#include <stddef.h>

/* Bytes of a handshake come in any pieces; `got` is 0 before the first one, and kept between. */
void zmtp_name_hide(unsigned char *got, void *bytes, size_t len);

#endif
