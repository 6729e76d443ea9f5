#include "sink/net_address.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_MAX = 65535 };

static int parse_path(const char *text, struct net_address *address, struct err *err)
{
    size_t len = strlen(text);
    struct sockaddr_un *path = &address->path;

    if (text[0] != '@' && !strchr(text, '/'))
        return err_set(err, "'%s' is no path; write /path/to/socket, ./socket or @name", text);
    if (len >= sizeof path->sun_path)
        return err_set(err, "'%s' has %zu bytes; the path of a socket has at most %zu", text, len,
                       sizeof path->sun_path - 1);
    path->sun_family = AF_UNIX;
    memcpy(path->sun_path, text, len + 1);
    address->path_len = (socklen_t)sizeof *path;
    if (text[0] == '@') {
        path->sun_path[0] = '\0';
        address->path_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    }
    address->is_path = true;
    return 0;
}

static bool is_port(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len <= 5 && strspn(text, "0123456789") == len && atoi(text) > 0 &&
           atoi(text) <= PORT_MAX;
}

/* The host's part of a text, whose port stands behind this colon. */
static int take_host(const char *text, const char *colon, struct net_address *address,
                     struct err *err)
{
    bool bracketed = text[0] == '[';
    const char *begin = bracketed ? text + 1 : text;
    const char *end = bracketed ? colon - 1 : colon;

    if (bracketed && (end < begin || *end != ']'))
        return err_set(err, "'%s' has a '[' without ']' before the port", text);
    if (!bracketed && memchr(begin, ':', (size_t)(end - begin)))
        return err_set(err, "'%s' has several colons; put an IPv6 address in [brackets]", text);
    if (begin == end)
        return err_set(err, "'%s' names no host", text);
    if ((size_t)(end - begin) >= sizeof address->host)
        return err_set(err, "'%s': a host's name has at most %zu bytes", text,
                       sizeof address->host - 1);
    memcpy(address->host, begin, (size_t)(end - begin));
    return 0;
}

static int parse_host_port(const char *text, struct net_address *address, struct err *err)
{
    const char *colon = strrchr(text, ':');

    if (strstr(text, "://"))
        return err_set(err, "'%s': write host:port alone; 'type' says what it is", text);
    if (!colon)
        return err_set(err, "'%s' needs a port, such as loghost:514 or [::1]:514", text);
    if (!is_port(colon + 1))
        return err_set(err, "'%s': the port must be a number from 1 to %d", text, PORT_MAX);
    if (take_host(text, colon, address, err) < 0)
        return -1;
    memcpy(address->port, colon + 1, strlen(colon + 1) + 1);
    return 0;
}

int net_address_parse(const char *text, enum net_address_form form, struct net_address *address_out,
                      struct err *err)
{
    struct net_address address = {0};
    int status =
        form == NET_PATH ? parse_path(text, &address, err) : parse_host_port(text, &address, err);

    if (status == 0)
        *address_out = address;
    return status;
}
