#include "conf/write_all.h"

#include <errno.h>
#include <unistd.h>

int write_all(int fd, const void *bytes, size_t len)
{
    const char *rest = bytes;

    while (len > 0) {
        ssize_t written = write(fd, rest, len);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        rest += written;
        len -= (size_t)written;
    }
    return 0;
}
