#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/log.h"
#include "sink/sink_file.h"
#include "sink/sink_kind.h"

static const char torn_mark[] = " \\[torn]\n";

/* A full disk may take a part; only the write after it says why. */
static int write_mark(int fd)
{
    size_t written = 0;

    while (written < sizeof torn_mark - 1) {
        ssize_t bytes = write(fd, torn_mark + written, sizeof torn_mark - 1 - written);

        if (bytes < 0)
            return -1;
        written += (size_t)bytes;
    }
    return 0;
}

/* A crash or a full disk may have left a line without its end. It is ended, never cut
 * off: `tail -F` prints a file that shrinks all over again. */
static int end_torn_line(int fd, const char *path, struct err *err)
{
    char self[64], last;
    struct stat st;
    int reader;
    bool torn;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
        return 0;
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    reader = open(self, O_RDONLY | O_CLOEXEC);
    if (reader < 0)
        return 0; /* may be written but not read: nobody can tell */
    torn = pread(reader, &last, 1, st.st_size - 1) == 1 && last != '\n';
    close(reader);
    if (!torn)
        return 0;
    if (write_mark(fd) < 0)
        return err_set(err, "cannot end the unfinished last line of '%s': %s", path,
                       strerror(errno));
    log_line(LOG_LEVEL_NOTICE, "'%s' ended in an unfinished line; it is now marked \\[torn]", path);
    return 0;
}

/* Regular file, FIFO or terminal, and no second name that somebody else chose. */
int sink_file_judge(const struct stat *st, const char *path, struct err *err)
{
    if (S_ISLNK(st->st_mode)) {
        errno = ELOOP;
        return err_set(err, "'%s' is a symbolic link; name the file itself", path);
    }
    if (!S_ISREG(st->st_mode) && !S_ISFIFO(st->st_mode) && !S_ISCHR(st->st_mode)) {
        errno = EINVAL;
        return err_set(err, "'%s' is no regular file, FIFO or terminal", path);
    }
    if (S_ISREG(st->st_mode) && st->st_nlink > 1) {
        errno = EMLINK;
        return err_set(err, "'%s' has %lu hard links; a log file must have one name only", path,
                       (unsigned long)st->st_nlink);
    }
    return 0;
}

static int judge_open(int fd, const char *path, struct err *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return err_set(err, "cannot look at '%s': %s", path, strerror(errno));
    if (sink_file_judge(&st, path, err) < 0)
        return -1;
    return end_torn_line(fd, path, err);
}

/* Why open(2) failed: what the path is tells more than its errno, which is ENXIO for a
 * FIFO without a reader, who may come, and for a socket file, where nobody ever will. */
static int open_failed(const char *path, struct err *err)
{
    int saved_errno = errno;
    struct stat st;

    if (lstat(path, &st) == 0 && !S_ISDIR(st.st_mode) && sink_file_judge(&st, path, err) < 0)
        return -1;
    errno = saved_errno;
    if (errno == ENXIO)
        return err_set(err, "nobody reads the FIFO '%s'", path);
    return err_set(err, "cannot append to '%s': %s", path, strerror(errno));
}

static int file_open(const struct conf_sink *conf, struct err *err)
{
    int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK;
    int fd = open(conf->path, flags, conf->mode.bits);
    int saved_errno;

    if (fd < 0)
        return open_failed(conf->path, err);
    if (judge_open(fd, conf->path, err) < 0) {
        saved_errno = errno;
        close(fd);
        errno = saved_errno;
        return -1;
    }
    return fd;
}

static const char *file_target(const struct conf_sink *conf)
{
    return conf->path;
}

const struct sink_kind sink_kind_file = {.open = file_open, .target = file_target};
