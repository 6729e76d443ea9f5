#include "conf/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int descriptors_fill_standard(struct err *err)
{
    /* What is said on a closed stderr is lost without an error. */
    static const int flags[] = {
        [STDIN_FILENO] = O_WRONLY, [STDOUT_FILENO] = O_RDONLY, [STDERR_FILENO] = O_WRONLY};

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags[fd]) != fd)
            return err_set(err, "cannot open /dev/null for closed descriptor %d: %s", fd,
                           strerror(errno));
    return 0;
}
