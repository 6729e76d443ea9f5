/* push_options.h - the command line of `logboom push`. */
#ifndef CLIENT_PUSH_OPTIONS_H
#define CLIENT_PUSH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/encryption.h"
#include "client/shipment.h"
#include "conf/err.h"

extern const char PUSH_HELP[];

struct push_conf {
    const char *address;
    struct shipment_conf shipment;
    uint64_t timeout_ms;
    struct encryption_conf encryption;
    bool follow;
    bool new_only; /* with follow: of what is there already, nothing */
    bool quiet;
    char **paths; /* within argv */
    int path_count;
};

/* 0, or -1 and a sentence. Strings stay in argv, which gets sorted, and in the environment.
 * When *help_out is true, conf_out was left alone. */
int push_options_parse(int argc, char **argv, struct push_conf *conf_out, bool *help_out,
                       struct err *err);

#endif
