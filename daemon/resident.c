#include "daemon/resident.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

size_t resident_bytes(void)
{
    char text[128] = "";
    unsigned long pages = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    if (read(fd, text, sizeof text - 1) <= 0 || sscanf(text, "%*u %lu", &pages) != 1)
        pages = 0;
    close(fd);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}
