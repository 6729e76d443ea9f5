/* tls_trouble.h - what OpenSSL says, in words for whoever runs the daemon. */
#ifndef SINK_TLS_TROUBLE_H
#define SINK_TLS_TROUBLE_H

#include "sink/openssl.h"

/* Why the last call failed, of which the errors are queued; `name` is whom the certificate should
 * be for. `its certificate has expired (OpenSSL: certificate has expired)` */
void tls_trouble(const SSL *ssl, const char *name, struct err *why);

/* What the oldest queued error says in OpenSSL's words. */
const char *tls_reason(void);

#endif
