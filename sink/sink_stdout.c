#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sink/sink_kind.h"

static bool is_writable(void)
{
    int flags = fcntl(STDOUT_FILENO, F_GETFL);

    if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY)
        return true;
    errno = EBADF;
    return false;
}

/* Terminals and pipes are opened anew where that is possible, because O_NONBLOCK is a
 * property of the open file that we share with the shell and with our own stderr. */
static int stdout_open(const struct conf_sink *conf, struct err *err)
{
    struct stat st;
    int fd = -1;

    (void)conf;
    if (fstat(STDOUT_FILENO, &st) < 0 || !is_writable())
        return err_set(err, "cannot write to stdout: %s", strerror(errno));
    if (S_ISFIFO(st.st_mode) || isatty(STDOUT_FILENO))
        fd = open("/proc/self/fd/1", O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd >= 0)
        return fd;
    if (S_ISFIFO(st.st_mode) && errno == ENXIO)
        return err_set(err, "nobody reads stdout any more");
    fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return err_set(err, "cannot write to stdout: %s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
}

static const char *stdout_target(const struct conf_sink *conf)
{
    (void)conf;
    return "stdout";
}

const struct sink_kind sink_kind_stdout = {.open = stdout_open, .target = stdout_target};
