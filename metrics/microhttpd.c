#include "metrics/microhttpd.h"

#include "conf/library.h"

struct microhttpd microhttpd;

#define ROW(name) {#name, &microhttpd.name},

int microhttpd_load(struct err *err)
{
    static const struct library_function functions[] = {MICROHTTPD_FUNCTIONS(ROW){NULL, NULL}};
    static struct library library = {.file = "libmicrohttpd.so.12",
                                     .name = "libmicrohttpd",
                                     .who_needs_it = "metrics need",
                                     .package = "libmicrohttpd12",
                                     .least = "version 0.9.75 or newer",
                                     .functions = functions};

    return library_load(&library, err);
}
