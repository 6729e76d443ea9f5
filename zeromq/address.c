#include "zeromq/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "conf/must.h"
#include "conf/suggest.h"

static const char *const transports[] = {"tcp", "ipc"};

_Static_assert(ADDRESS_PATH_MAX == sizeof((struct sockaddr_un *)0)->sun_path - 1, "see unix(7)");
_Static_assert(ADDRESS_PATH_MAX < ADDRESS_HOST_MAX, "ADDRESS_TEXT_MAX holds either");

static bool is_ipv4(const char *host)
{
    struct in_addr number;
    return inet_pton(AF_INET, host, &number) == 1;
}

static bool is_ipv6(const char *host)
{
    struct in6_addr number;
    return inet_pton(AF_INET6, host, &number) == 1;
}

static bool is_name(const char *host)
{
    return *host && !host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789-._")];
}

/* Finds HOST and PORT; `rest` is what follows `tcp://`. */
static int split_tcp(const char *text, const char *rest, struct address *address,
                     const char **port_out, struct err *err)
{
    bool bracketed = *rest == '[';
    const char *colon = strrchr(rest, ':');
    const char *host = rest + bracketed;
    const char *host_end = bracketed ? strchr(rest, ']') : colon;

    if (bracketed && !host_end)
        return err_set(err, "address '%s' lacks the ']' after its IPv6 number", text);
    if (!colon || (bracketed && colon < host_end))
        return err_set(err, "address '%s' lacks a port; write it after the host, as in '%s:5514'",
                       text, text);
    if (!bracketed && memchr(rest, ':', (size_t)(colon - rest)))
        return err_set(
            err, "address '%s': an IPv6 number stands in brackets, as in tcp://[::1]:5514", text);
    if (bracketed && colon != host_end + 1)
        return err_set(err, "address '%s' has something between ']' and the port", text);
    if (host_end == host)
        return err_set(err, "address '%s' lacks a host; for this machine only, write 127.0.0.1",
                       text);
    if (host_end - host > ADDRESS_HOST_MAX)
        return err_set(err, "address '%s': the host is longer than %d bytes", text,
                       ADDRESS_HOST_MAX);

    memcpy(address->host, host, (size_t)(host_end - host));
    if (bracketed && !is_ipv6(address->host))
        return err_set(err, "address '%s': '%s' is not an IPv6 number", text, address->host);
    *port_out = colon + 1;
    return 0;
}

static int parse_port(const char *text, const char *port, enum address_use use,
                      struct address *address, struct err *err)
{
    size_t digits = strspn(port, "0123456789");

    if (digits == 0 && (port[0] == '\0' || strcmp(port, "*") == 0))
        return err_set(err, "address '%s' lacks a port%s", text,
                       use == ADDRESS_TO_BIND ? "; 0 lets the kernel choose one" : "");
    if (digits == 0 || digits > 5 || port[digits] || atoi(port) > 65535)
        return err_set(err, "address '%s': port '%s' is not a number from %d to 65535", text, port,
                       use == ADDRESS_TO_BIND ? 0 : 1);
    address->port = (unsigned)atoi(port);
    if (address->port == 0 && use == ADDRESS_TO_CONNECT)
        return err_set(err, "address '%s': nobody can be reached at port 0", text);
    return 0;
}

static int check_bind_host(const char *text, struct address *address, struct err *err)
{
    if (strcmp(address->host, "*") == 0)
        strcpy(address->host, "0.0.0.0");
    else if (strcasecmp(address->host, "localhost") == 0)
        strcpy(address->host, "127.0.0.1");
    if (is_ipv4(address->host) || is_ipv6(address->host))
        return 0;
    return err_set(err,
                   "address '%s': '%s' is not a number; to listen, write the IP number of an "
                   "interface, 'localhost' or '*'",
                   text, address->host);
}

static int check_connect_host(const char *text, struct address *address, struct err *err)
{
    if (strcmp(address->host, "*") == 0)
        return err_set(err, "address '%s': '*' is for listening; to connect, name one host", text);
    if (is_ipv6(address->host) || is_name(address->host))
        return 0;
    return err_set(err, "address '%s': '%s' is neither a number nor the name of a host", text,
                   address->host);
}

static int parse_tcp(const char *text, const char *rest, enum address_use use,
                     struct address *address, struct err *err)
{
    const char *port = "";

    if (split_tcp(text, rest, address, &port, err) < 0 ||
        parse_port(text, port, use, address, err) < 0)
        return -1;
    return use == ADDRESS_TO_BIND ? check_bind_host(text, address, err)
                                  : check_connect_host(text, address, err);
}

static int parse_ipc(const char *text, const char *path, struct address *address, struct err *err)
{
    size_t path_bytes = strlen(path);

    if (path_bytes == 0 || strcmp(path, "@") == 0)
        return err_set(err, "address '%s' lacks a path, as in ipc:///run/logboom/ingest.sock",
                       text);
    if (*path != '/' && *path != '@')
        return err_set(err, "address '%s': the path must begin with '/'; did you mean 'ipc:///%s'?",
                       text, path);
    if (path[path_bytes - 1] == '/')
        return err_set(err, "address '%s' names a directory, not a socket file in it", text);
    if (path_bytes > ADDRESS_PATH_MAX)
        return err_set(err, "address '%s': the path has %zu bytes, the system allows %d", text,
                       path_bytes, ADDRESS_PATH_MAX);
    memcpy(address->path, path, path_bytes);
    return 0;
}

static int refuse_transport(const char *text, size_t word_bytes, struct err *err)
{
    char word[16];
    const char *meant;

    snprintf(word, sizeof word, "%.*s", (int)word_bytes, text);
    meant = suggest_nearest(word, transports, sizeof transports / sizeof *transports);
    if (meant)
        return err_set(err, "address '%s': unknown transport '%.*s'; did you mean '%s'?", text,
                       (int)word_bytes, text, meant);
    return err_set(err, "address '%s': transport '%.*s' is not supported; there are tcp and ipc",
                   text, (int)word_bytes, text);
}

static int refuse_bare(const char *text, struct err *err)
{
    if (*text == '/' || *text == '@')
        return err_set(err, "address '%s' lacks a transport; did you mean 'ipc://%s'?", text, text);
    if (strchr(text, ':'))
        return err_set(err, "address '%s' lacks a transport; did you mean 'tcp://%s'?", text, text);
    return err_set(err, "address '%s' is neither tcp://HOST:PORT nor ipc:///PATH", text);
}

int address_parse(const char *text, enum address_use use, struct address *address_out,
                  struct err *err)
{
    struct address address = {0};
    const char *separator = strstr(text, "://");

    if (!separator)
        return refuse_bare(text, err);
    if (strncmp(text, "tcp://", 6) == 0) {
        address.transport = ADDRESS_TCP;
        if (parse_tcp(text, separator + 3, use, &address, err) < 0)
            return -1;
    } else if (strncmp(text, "ipc://", 6) == 0) {
        address.transport = ADDRESS_IPC;
        if (parse_ipc(text, separator + 3, &address, err) < 0)
            return -1;
    } else {
        return refuse_transport(text, (size_t)(separator - text), err);
    }
    *address_out = address;
    return 0;
}

bool address_is_loopback(const struct address *address)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (address->transport == ADDRESS_IPC || strcasecmp(address->host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, address->host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
    return inet_pton(AF_INET6, address->host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool address_is_file(const struct address *address)
{
    return address->transport == ADDRESS_IPC && *address->path != '@';
}

const char *address_show(const struct address *address, char text[ADDRESS_TEXT_MAX])
{
    if (address->transport == ADDRESS_IPC)
        snprintf(text, ADDRESS_TEXT_MAX, "ipc://%s", address->path);
    else
        snprintf(text, ADDRESS_TEXT_MAX,
                 strchr(address->host, ':') ? "tcp://[%s]:%u" : "tcp://%s:%u", address->host,
                 address->port);
    return text;
}

static socklen_t ipc_to_sockaddr(const struct address *address, struct sockaddr_un *un)
{
    size_t path_bytes = strlen(address->path);

    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, address->path, path_bytes + 1);
    if (address_is_file(address))
        return sizeof *un;
    un->sun_path[0] = '\0'; /* the `@`; an abstract name ends with the length */
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_bytes);
}

socklen_t address_to_sockaddr(const struct address *address, struct sockaddr_storage *sockaddr_out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)sockaddr_out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)sockaddr_out;

    *sockaddr_out = (struct sockaddr_storage){0};
    if (address->transport == ADDRESS_IPC)
        return ipc_to_sockaddr(address, (struct sockaddr_un *)sockaddr_out);
    if (inet_pton(AF_INET, address->host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)address->port);
        return sizeof *v4;
    }
    must(inet_pton(AF_INET6, address->host, &v6->sin6_addr) == 1);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)address->port);
    return sizeof *v6;
}
