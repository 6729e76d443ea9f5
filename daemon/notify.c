#include "daemon/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* As the kernel takes it: the path of a socket, or an abstract name. 0: none. */
static socklen_t find_address(struct sockaddr_un *address)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t path_len = path ? strlen(path) : 0;

    if (path_len < 2 || path_len >= sizeof address->sun_path || (*path != '/' && *path != '@'))
        return 0;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, path_len);
    if (*path == '@')
        address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_len);
}

bool notify_is_heard(void)
{
    struct sockaddr_un address;

    return find_address(&address) > 0;
}

void notify_send(const char *state)
{
    struct sockaddr_un address;
    socklen_t address_len = find_address(&address);
    int fd;

    if (address_len == 0)
        return;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    (void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, address_len);
    close(fd);
}
