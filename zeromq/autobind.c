#include "zeromq/autobind.h"

#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4 };

int autobind_listen(char address_out[AUTOBIND_TEXT_MAX])
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t name_len = sizeof name;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&name, sizeof name.sun_family) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&name, &name_len) < 0) {
        close(fd);
        return -1;
    }
    snprintf(address_out, AUTOBIND_TEXT_MAX, "ipc://@%.*s",
             (int)(name_len - offsetof(struct sockaddr_un, sun_path) - 1), name.sun_path + 1);
    return fd;
}
