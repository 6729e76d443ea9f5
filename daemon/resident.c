#include "daemon/resident.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The beginning of a file of /proc, ended by a NUL; "" if it cannot be read. */
static void read_beginning(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, text, size - 1);

    text[len > 0 ? len : 0] = '\0';
    if (fd >= 0)
        close(fd);
}

size_t resident_bytes(void)
{
    char text[128];
    unsigned long pages = 0;

    read_beginning("/proc/self/statm", text, sizeof text);
    if (sscanf(text, "%*u %lu", &pages) != 1)
        pages = 0;
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

size_t resident_peak_bytes(void)
{
    char text[2048];
    unsigned long kib = 0;
    const char *line;

    read_beginning("/proc/self/status", text, sizeof text);
    line = strstr(text, "\nVmHWM:");
    if (!line || sscanf(line, "\nVmHWM: %lu", &kib) != 1)
        kib = 0;
    return kib * 1024;
}
