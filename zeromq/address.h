/* address.h - where a socket listens or connects, as libzmq writes it.
 *
 *   tcp://HOST:PORT   HOST is a number, [IPv6 number], `localhost`; to bind also
 *                     `*` (every IPv4 address), to connect also a name
 *   ipc:///PATH       a socket file, at most 107 bytes
 *   ipc://@NAME       an abstract one (unix(7)): no file, thus no mode or owner
 *
 * Nothing is looked up: names stay names, and an address to bind is all numbers
 * (`localhost` becomes 127.0.0.1, `*` becomes 0.0.0.0). Any thread. */
#ifndef ZEROMQ_ADDRESS_H
#define ZEROMQ_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "conf/err.h"

enum address_use { ADDRESS_TO_BIND, ADDRESS_TO_CONNECT };
enum address_transport { ADDRESS_TCP, ADDRESS_IPC };

enum {
    ADDRESS_HOST_MAX = 253, /* bytes of a name in the DNS */
    ADDRESS_PATH_MAX = 107, /* sun_path less its NUL; libzmq takes no more either */
    ADDRESS_TEXT_MAX = sizeof "tcp://[]:65535" + ADDRESS_HOST_MAX,
};

struct address {
    enum address_transport transport;
    unsigned port;                   /* tcp; 0, only to bind: the kernel's choice */
    char host[ADDRESS_HOST_MAX + 1]; /* tcp, without brackets */
    char path[ADDRESS_PATH_MAX + 1]; /* ipc, `@` in front of an abstract name */
};

/* 0, or -1 and a sentence that quotes the text and says what would be right. */
int address_parse(const char *text, enum address_use use, struct address *address_out,
                  struct err *err);

/* Whether only this machine can reach it: ipc, 127.0.0.0/8, ::1, `localhost`. */
bool address_is_loopback(const struct address *address);

/* Whether it stands in the file system. */
bool address_is_file(const struct address *address);

/* Writes the address as libzmq reads it. Returns text. */
const char *address_show(const struct address *address, char text[ADDRESS_TEXT_MAX]);

/* Of an address parsed to bind. Returns the length in use. */
socklen_t address_to_sockaddr(const struct address *address, struct sockaddr_storage *sockaddr_out);

#endif
