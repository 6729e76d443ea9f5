/* probe_yaml.h - the configuration that fits what was seen: whole, so that it can be tried. */
#ifndef CLIENT_PROBE_YAML_H
#define CLIENT_PROBE_YAML_H

#include <stdio.h>

#include "client/probe_show.h"

struct probe_yaml {
    const struct probe_found *found; /* at least one message */
    const char *address;
    bool is_loopback;
    bool binds;                   /* logboomd listens, the client connects */
    const char *key, *server_key; /* as given, or NULL: the file of our pair, its key */
};

/* `logboomd --check` has nothing against it. */
void probe_yaml_print(const struct probe_yaml *yaml, FILE *out);

#endif
