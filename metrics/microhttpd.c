#include "metrics/microhttpd.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>

struct microhttpd microhttpd;

static bool is_loaded;

static int find(void *library, const char *name, void **function_out, struct err *err)
{
    *function_out = dlsym(library, name);
    if (!*function_out)
        return err_set(err, "libmicrohttpd lacks %s; version 0.9.75 or newer is needed", name);
    return 0;
}

/* Of a function the address fits into a pointer, by POSIX. */
#define FIND(name)                                                                                 \
    if (find(library, #name, (void **)&microhttpd.name, err) < 0)                                  \
        return -1;

int microhttpd_load(struct err *err)
{
    void *library;

    if (is_loaded)
        return 0;
    library = dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return err_set(err,
                       "cannot load libmicrohttpd, which metrics need: %s; it is in the package "
                       "libmicrohttpd12",
                       dlerror());
    MICROHTTPD_FUNCTIONS(FIND)
    is_loaded = true;
    return 0;
}
