#include "sink/openssl.h"

#include "conf/library.h"

struct openssl openssl;

#define ROW(name) {#name, &openssl.name},

/* Functions of libcrypto are among them: libssl needs it itself. */
int openssl_load(struct err *err)
{
    static const struct library_function functions[] = {OPENSSL_FUNCTIONS(ROW){NULL, NULL}};
    static struct library library = {.file = "libssl.so.3",
                                     .name = "OpenSSL",
                                     .who_needs_it = "type tls needs",
                                     .package = "libssl3",
                                     .least = "a newer OpenSSL 3",
                                     .functions = functions};

    return library_load(&library, err);
}
