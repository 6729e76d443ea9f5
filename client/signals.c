#include "client/signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

int signals_open(struct err *err)
{
    sigset_t ending;
    int fd;

    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigprocmask(SIG_BLOCK, &ending, NULL);
    fd = signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? err_set(err, "cannot watch for signals: %s", strerror(errno)) : fd;
}
