/* tls_context.h - what the `tls` of a sink says, read and ready for connections.
 *
 * The files are read once, when it is made: a certificate that is replaced needs a restart. */
#ifndef SINK_TLS_CONTEXT_H
#define SINK_TLS_CONTEXT_H

#include <stdbool.h>

#include "conf/conf.h"
#include "sink/openssl.h"

struct tls_context {
    SSL_CTX *ssl;
    const char *name; /* of the receiver, as its certificate must say; the conf's or the caller's */
    bool is_ip;       /* then it is not told what we call it */
};

/* TLS 1.2 or newer. `host` is that of the address. Borrows both. 0, or -1, the setting that is
 * wrong, and a sentence: a file that cannot be used, a key that others may read, no OpenSSL. */
int tls_context_init(struct tls_context *context, const struct conf_sink *conf, const char *host,
                     const void **setting_out, struct err *err);
void tls_context_fini(struct tls_context *context);

/* Where authorities are where `ca` is not given: a file, or NULL: wherever OpenSSL looks. */
const char *tls_system_ca(void);

/* Memory that all such sinks need together, and this one for itself with its authorities. */
size_t tls_library_bytes(void);
size_t tls_sink_bytes(const struct conf_sink *conf);

#endif
