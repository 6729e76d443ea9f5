#include "logfile/torn.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* A full disk may take a part; only the write after it says why. */
static int write_mark(int fd)
{
    int written = 0;

    while (written < TORN_MARK_LEN) {
        ssize_t bytes = write(fd, &TORN_MARK[written], (size_t)(TORN_MARK_LEN - written));

        if (bytes < 0)
            return -1;
        written += (int)bytes;
    }
    return 0;
}

/* Through /proc, since our own descriptor is for writing alone. A file that may be written
 * but not read keeps its secret. */
static char last_byte(int fd, uint64_t size_bytes)
{
    char self[64], last = '\n';
    int reader;

    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    reader = open(self, O_RDONLY | O_CLOEXEC);
    if (reader < 0)
        return last;
    if (pread(reader, &last, 1, (off_t)size_bytes - 1) != 1)
        last = '\n';
    close(reader);
    return last;
}

int torn_end(int fd, uint64_t size_bytes)
{
    if (size_bytes == 0 || last_byte(fd, size_bytes) == '\n')
        return 0;
    return write_mark(fd) < 0 ? -1 : 1;
}
