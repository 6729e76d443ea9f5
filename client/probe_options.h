/* probe_options.h - the command line of `logboom probe`. */
#ifndef CLIENT_PROBE_OPTIONS_H
#define CLIENT_PROBE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "client/encryption.h"
#include "client/probe_place.h"
#include "client/probe_socket.h"

extern const char PROBE_HELP[];

struct probe_conf {
    const char *address;
    enum probe_way way;
    enum probe_socket socket;
    unsigned count; /* of messages */
    uint64_t timeout_ms;
    struct encryption_conf encryption; /* key alone: the server's */
    bool only_yaml;
};

/* 0, or -1 and a sentence. Strings stay in argv, which gets sorted. When *help_out is true,
 * conf_out was left alone. */
int probe_options_parse(int argc, char **argv, struct probe_conf *conf_out, bool *help_out,
                        struct err *err);

#endif
