#include "zeromq/inherited.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/must.h"

struct heir {
    int fd;
    struct address address;
    bool taken;
};

struct inherited {
    struct heir heirs[INHERITED_MAX];
    unsigned count;
};

struct inherited *inherited_new(void)
{
    struct inherited *inherited = calloc(1, sizeof *inherited);

    must(inherited);
    return inherited;
}

void inherited_free(struct inherited **inherited_address)
{
    struct inherited *inherited = *inherited_address;

    *inherited_address = NULL;
    if (!inherited)
        return;
    for (unsigned i = 0; i < inherited->count; i++)
        close(inherited->heirs[i].fd);
    free(inherited);
}

/* ---- what it is ---------------------------------------------------------------------------- */

static int number_of(int fd, int option)
{
    int value = -1;
    socklen_t value_len = sizeof value;

    return getsockopt(fd, SOL_SOCKET, option, &value, &value_len) == 0 ? value : -1;
}

/* An abstract name begins with a NUL, which is written as `@`. */
static bool read_unix(const struct sockaddr_un *un, socklen_t len, struct address *address)
{
    size_t path_len = len > offsetof(struct sockaddr_un, sun_path)
                          ? len - offsetof(struct sockaddr_un, sun_path)
                          : 0;

    if (path_len == 0 || path_len > ADDRESS_PATH_MAX + 1)
        return false;
    address->transport = ADDRESS_IPC;
    memcpy(address->path, un->sun_path, path_len < sizeof address->path ? path_len : path_len - 1);
    if (*address->path == '\0')
        *address->path = '@';
    return true;
}

/* Of tcp: the number of either family, as text. */
static bool read_host(int family, const void *number, in_port_t port, struct address *address)
{
    address->transport = ADDRESS_TCP;
    address->port = ntohs(port);
    return inet_ntop(family, number, address->host, sizeof address->host);
}

static bool read_address(int fd, struct address *address)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un un;
    } sockaddr = {0};
    socklen_t len = sizeof sockaddr;

    if (getsockname(fd, &sockaddr.any, &len) < 0)
        return false;
    switch (sockaddr.any.sa_family) {
    case AF_INET:
        return read_host(AF_INET, &sockaddr.v4.sin_addr, sockaddr.v4.sin_port, address);
    case AF_INET6:
        return read_host(AF_INET6, &sockaddr.v6.sin6_addr, sockaddr.v6.sin6_port, address);
    case AF_UNIX:
        return read_unix(&sockaddr.un, len, address);
    default:
        return false;
    }
}

int inherited_add(struct inherited *inherited, int fd, struct err *err)
{
    struct heir heir = {.fd = fd};
    int result = -1;

    if (fcntl(fd, F_GETFD) < 0)
        return err_set(err, "descriptor %d: %s", fd, strerror(errno));
    if (number_of(fd, SO_TYPE) != SOCK_STREAM || number_of(fd, SO_ACCEPTCONN) != 1 ||
        !read_address(fd, &heir.address))
        err_set(err, "descriptor %d is no socket that listens for connections", fd);
    else if (inherited->count == INHERITED_MAX)
        err_set(err, "descriptor %d is one too many; there may be %d", fd, INHERITED_MAX);
    else
        result = 0;
    if (result < 0) {
        close(fd);
        return -1;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    inherited->heirs[inherited->count++] = heir;
    return 0;
}

/* ---- whose it is --------------------------------------------------------------------------- */

/* Numbers may be written in many ways. */
static bool is_same(const struct address *a, const struct address *b)
{
    struct sockaddr_storage one, other;
    socklen_t one_len = address_to_sockaddr(a, &one), other_len = address_to_sockaddr(b, &other);

    return one_len == other_len && memcmp(&one, &other, one_len) == 0;
}

static struct heir *find(const struct inherited *inherited, const struct address *address)
{
    for (unsigned i = 0; inherited && i < inherited->count; i++) {
        const struct heir *heir = &inherited->heirs[i];

        if (is_same(&heir->address, address))
            return (struct heir *)heir;
    }
    return NULL;
}

unsigned inherited_count(const struct inherited *inherited)
{
    return inherited->count;
}

bool inherited_has(const struct inherited *inherited, const struct address *address)
{
    return find(inherited, address) != NULL;
}

int inherited_take(struct inherited *inherited, const struct address *address)
{
    struct heir *heir = find(inherited, address);
    int fd, flags;

    if (!heir) {
        errno = ENOENT;
        return -1;
    }
    fd = fcntl(heir->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    flags = fcntl(fd, F_GETFL);
    must(flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0);
    heir->taken = true;
    return fd;
}

bool inherited_close_untaken(struct inherited *inherited, char text[ADDRESS_TEXT_MAX])
{
    for (unsigned i = 0; i < inherited->count; i++) {
        struct heir *heir = &inherited->heirs[i];

        if (heir->taken)
            continue;
        address_show(&heir->address, text);
        close(heir->fd);
        *heir = inherited->heirs[--inherited->count];
        return true;
    }
    return false;
}
