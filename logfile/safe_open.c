#include "logfile/safe_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OPEN_FLAGS = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK };

/* Somebody may make, delete and make the file again while we look. */
enum { ATTEMPTS = 4 };

static int open_below(int folder, const char *name, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (unsigned)flags,
        .mode = mode,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };

    return (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
}

/* errno stays what it was. */
static void close_quietly(int fd)
{
    int saved_errno = errno;

    if (fd >= 0)
        close(fd);
    errno = saved_errno;
}

static bool has_owner(const struct log_modes *modes)
{
    return modes->owner != (uid_t)-1 || modes->group != (gid_t)-1;
}

/* ---- folders ----------------------------------------------------------------------------- */

/* One that does not get its owner is not left behind. */
static void remove_folder(int folder, const char *name)
{
    int saved_errno = errno;

    unlinkat(folder, name, AT_REMOVEDIR);
    errno = saved_errno;
}

/* Makes it where it is missing. An O_PATH descriptor, or -1. */
static int enter(int folder, const char *name, const struct log_modes *modes)
{
    int fd = open_below(folder, name, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

    if (fd >= 0 || errno != ENOENT || !modes)
        return fd;
    if (mkdirat(folder, name, modes->folder) < 0)
        return errno == EEXIST ? open_below(folder, name, O_PATH | O_DIRECTORY | O_CLOEXEC, 0) : -1;
    fd = open_below(folder, name, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd >= 0 && has_owner(modes) &&
        fchownat(fd, "", modes->owner, modes->group, AT_EMPTY_PATH) < 0) {
        close_quietly(fd);
        remove_folder(folder, name);
        return -1;
    }
    return fd;
}

int safe_open_parent(int folder, const char *name, const struct log_modes *modes)
{
    int fd = openat(folder, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    const char *slash;

    while (fd >= 0 && (slash = strchr(name, '/')) != NULL) {
        char part[NAME_MAX + 1];
        int next;

        if (slash - name > NAME_MAX) {
            close(fd);
            errno = ENAMETOOLONG;
            return -1;
        }
        snprintf(part, sizeof part, "%.*s", (int)(slash - name), name);
        next = enter(fd, *part ? part : ".", modes);
        close_quietly(fd);
        fd = next;
        name = slash + 1;
    }
    return fd;
}

/* The nearest folder above it that is there, whatever links the operator has put in the way;
 * below_out is what is missing, and ends with a slash. -1 with errno. */
static int open_standing(const char *path, char below_out[PATH_MAX])
{
    char above[PATH_MAX];
    size_t end = strlen(path);
    int fd;

    if (end + 2 > PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    do {
        while (end > 0 && path[end - 1] == '/')
            end--;
        while (end > 0 && path[end - 1] != '/')
            end--;
        snprintf(above, sizeof above, "%.*s", (int)end, path);
        fd = open(end > 0 ? above : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    } while (fd < 0 && errno == ENOENT && end > 0);
    snprintf(below_out, PATH_MAX, "%s/", path + end);
    return fd;
}

/* As `mkdir -p`, but once one was made, whose owner may be another, no link is followed. */
static int make_folders(const char *path, const struct log_modes *modes)
{
    char below[PATH_MAX];
    int standing = open_standing(path, below);
    int fd = standing < 0 ? -1 : safe_open_parent(standing, below, modes);

    close_quietly(standing);
    return fd;
}

int safe_open_folder(const char *path, const struct log_modes *modes, struct err *err)
{
    int fd;

    if (*path == '\0')
        path = ".";
    fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        fd = make_folders(path, modes);
        if (fd < 0)
            return err_set(err, "cannot make the folder '%s': %s", path, strerror(errno));
    }
    if (fd < 0)
        return err_set(err, "cannot open the folder '%s': %s", path, strerror(errno));
    return fd;
}

/* ---- files ------------------------------------------------------------------------------- */

int safe_open_judge(const struct stat *st, const char *shown, struct err *err)
{
    if (S_ISLNK(st->st_mode)) {
        errno = ELOOP;
        return err_set(err, "'%s' is a symbolic link; name the file itself", shown);
    }
    if (!S_ISREG(st->st_mode) && !S_ISFIFO(st->st_mode) && !S_ISCHR(st->st_mode)) {
        errno = EINVAL;
        return err_set(err, "'%s' is no regular file, FIFO or terminal", shown);
    }
    if (S_ISREG(st->st_mode) && st->st_nlink > 1) {
        errno = EMLINK;
        return err_set(err, "'%s' has %lu hard links; a log file must have one name only", shown,
                       (unsigned long)st->st_nlink);
    }
    return 0;
}

/* A file that does not get its owner is not left behind. */
static int give_owner(int folder, const char *name, const struct log_modes *modes, int fd)
{
    int saved_errno;

    if (!has_owner(modes) || fchown(fd, modes->owner, modes->group) == 0)
        return fd;
    saved_errno = errno;
    close(fd);
    unlinkat(folder, name, 0);
    errno = saved_errno;
    return -1;
}

/* In the very folder of the file. */
static int make_file(int folder, const char *name, const struct log_modes *modes)
{
    int fd = open_below(folder, name, OPEN_FLAGS | O_CREAT | O_EXCL, modes->file);

    return fd < 0 ? -1 : give_owner(folder, name, modes, fd);
}

int safe_open_new(int folder, const char *name, const struct log_modes *modes)
{
    const char *slash = strrchr(name, '/');
    int parent, fd;

    if (!slash)
        return make_file(folder, name, modes);
    parent = safe_open_parent(folder, name, modes);
    if (parent < 0)
        return -1;
    fd = make_file(parent, slash + 1, modes);
    close_quietly(parent);
    return fd;
}

/* What is there is the usual case, and must cost one call. */
static int open_or_make(int folder, const char *name, const struct log_modes *modes)
{
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        int fd = open_below(folder, name, OPEN_FLAGS, 0);

        if (fd >= 0 || errno != ENOENT)
            return fd;
        fd = safe_open_new(folder, name, modes);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* Why open failed: what the path is tells more than its errno, which is ENXIO for a FIFO
 * without a reader, who may come, and for a socket file, where nobody ever will. */
static int open_failed(int folder, const char *name, const char *shown, struct err *err)
{
    int saved_errno = errno;
    struct stat st;

    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode) &&
        safe_open_judge(&st, shown, err) < 0)
        return -1;
    errno = saved_errno;
    switch (errno) {
    case ENXIO:
        return err_set(err, "nobody reads the FIFO '%s'", shown);
    case ELOOP:
        return err_set(err, "a symbolic link is on the way to '%s'; none is followed there", shown);
    case EXDEV:
        return err_set(err, "'%s' leads out of its folder", shown);
    case ENOSYS:
        return err_set(err, "cannot open '%s': this kernel has no openat2(2) (Linux 5.6)", shown);
    default:
        return err_set(err, "cannot append to '%s': %s", shown, strerror(errno));
    }
}

int safe_open(int folder, const char *name, const struct log_modes *modes, const char *shown,
              struct stat *st_out, struct err *err)
{
    int fd = open_or_make(folder, name, modes);
    struct stat st;

    if (fd < 0)
        return open_failed(folder, name, shown, err);
    if (fstat(fd, &st) < 0) {
        close_quietly(fd);
        return err_set(err, "cannot look at '%s': %s", shown, strerror(errno));
    }
    if (safe_open_judge(&st, shown, err) < 0) {
        close_quietly(fd);
        return -1;
    }
    *st_out = st;
    return fd;
}
