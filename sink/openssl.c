#include "sink/openssl.h"

#include <dlfcn.h>
#include <stdbool.h>

struct openssl openssl;

static bool is_loaded;

static int find(void *library, const char *name, void **function_out, struct err *err)
{
    *function_out = dlsym(library, name);
    if (!*function_out)
        return err_set(err, "libssl.so.3 lacks %s; a newer OpenSSL 3 is needed", name);
    return 0;
}

/* Of a function the address fits into a pointer, by POSIX. dlsym looks through what the library
 * itself needs as well, which is libcrypto. */
#define FIND(name)                                                                                 \
    if (find(library, #name, (void **)&openssl.name, err) < 0)                                     \
        return -1;

int openssl_load(struct err *err)
{
    void *library;

    if (is_loaded)
        return 0;
    library = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return err_set(err,
                       "cannot load OpenSSL, which type tls needs: %s; it is in the package "
                       "libssl3",
                       dlerror());
    OPENSSL_FUNCTIONS(FIND)
    is_loaded = true;
    return 0;
}
