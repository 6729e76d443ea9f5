#include "conf/library.h"

#include <dlfcn.h>
#include <string.h>

/* What the library itself needs is looked through as well. Of a function the address fits into a
 * pointer, by POSIX. */
static int find_functions(const struct library *library, void *handle, struct err *err)
{
    for (const struct library_function *function = library->functions; function->name; function++) {
        void *address = dlsym(handle, function->name);

        if (!address)
            return err_set(err, "%s lacks %s; %s is needed", library->file, function->name,
                           library->least);
        memcpy(function->pointer, &address, sizeof address);
    }
    return 0;
}

int library_load(struct library *library, struct err *err)
{
    void *handle;

    if (library->is_loaded)
        return 0;
    handle = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return err_set(err, "cannot load %s, which %s: %s; it is in the package %s", library->name,
                       library->who_needs_it, dlerror(), library->package);
    if (find_functions(library, handle, err) < 0) {
        dlclose(handle);
        return -1;
    }
    library->is_loaded = true;
    return 0;
}
