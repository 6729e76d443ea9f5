/* net_address.h - where a connection goes, as it is written.
 *
 *     loghost:514   192.0.2.7:514   [2001:db8::7]:514     host and port
 *     /run/x.sock   ./x.sock   @name                      a socket file, or an abstract name
 *
 * Nothing is looked up here. */
#ifndef SINK_NET_ADDRESS_H
#define SINK_NET_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "conf/err.h"

struct net_address {
    bool is_path;
    char host[256]; /* without brackets */
    char port[6];
    struct sockaddr_un path;
    socklen_t path_len;
};

enum net_address_form { NET_HOST_PORT, NET_PATH };

/* 0, or -1 and a sentence. */
int net_address_parse(const char *text, enum net_address_form form, struct net_address *address_out,
                      struct err *err);

#endif
