/* Which file has the name now, and what becomes of the one that had it before. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/follow_parts.h"
#include "client/say.h"
#include "conf/nanoseconds.h"

enum { OLD_FILE_PATIENCE_MS = 10 * 1000 }; /* without anything new in it */

static void watch_folder(struct follow *follow, struct followed *file)
{
    if (file->folder_watch < 0)
        file->folder_watch =
            inotify_add_watch(follow->inotify, file->folder, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
}

/* Said once for each reason. */
static void tell_missing(struct followed *file, int why)
{
    if (file->told_errno == why)
        return;
    file->told_errno = why;
    say(why == ENOENT ? "cannot open '%s': %s; waiting for it to appear"
                      : "cannot open '%s': %s; trying again every second",
        file->path, why == EINVAL ? "it is no ordinary file" : strerror(why));
}

static int open_regular(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

void follow_open_file(struct follow *follow, struct followed *file)
{
    int fd;

    watch_folder(follow, file);
    fd = open_regular(file->path);
    if (fd < 0) {
        tell_missing(file, errno);
        return;
    }
    if (file->told_errno != 0)
        say("'%s' is there now", file->path);
    file->told_errno = 0;
    file->now = (struct source){.fd = fd, .quiet_since_ms = monotonic_ms()};
    file->now.watch = inotify_add_watch(follow->inotify, file->path, IN_MODIFY | IN_ATTRIB);
}

/* Another file has its name now. If there is none, we go on with this one. */
static bool is_replaced(const struct followed *file)
{
    struct stat at_path, open_one;

    if (stat(file->path, &at_path) < 0 || fstat(file->now.fd, &open_one) < 0)
        return false;
    return at_path.st_ino != open_one.st_ino || at_path.st_dev != open_one.st_dev;
}

static bool is_shorter(const struct source *source)
{
    struct stat st;

    return fstat(source->fd, &st) == 0 && st.st_size < source->offset;
}

static int begin_anew(struct follow *follow, struct followed *file, struct err *err)
{
    say("'%s' became shorter; reading it from its beginning", file->path);
    if (follow_end_source(follow, &file->now, file->path, err) < 0)
        return -1;
    file->now.offset = 0;
    file->now.begun.line_count = file->now.begun.cut_bytes = 0;
    return lseek(file->now.fd, 0, SEEK_SET) < 0
               ? err_set(err, "cannot read '%s': %s", file->path, strerror(errno))
               : 0;
}

static int let_go(struct follow *follow, struct followed *file, struct err *err)
{
    if (file->before.fd < 0)
        return 0;
    if (follow_end_source(follow, &file->before, file->path, err) < 0)
        return -1;
    follow_close_source(follow, &file->before);
    return 0;
}

static int replace(struct follow *follow, struct followed *file, struct err *err)
{
    if (let_go(follow, file, err) < 0)
        return -1;
    file->before = file->now;
    file->before.quiet_since_ms = monotonic_ms();
    file->now = (struct source){.fd = -1};
    follow_open_file(follow, file);
    return 0;
}

/* After the end of what there was. */
static int judge_file(struct follow *follow, struct followed *file, bool *more_out, struct err *err)
{
    if (file->before.fd >= 0 &&
        monotonic_ms() - file->before.quiet_since_ms >= OLD_FILE_PATIENCE_MS &&
        let_go(follow, file, err) < 0)
        return -1;
    if (file->now.fd < 0)
        return 0;
    if (is_shorter(&file->now)) {
        *more_out = true;
        return begin_anew(follow, file, err);
    }
    if (is_replaced(file)) {
        *more_out = true;
        return replace(follow, file, err);
    }
    return 0;
}

int follow_look_at(struct follow *follow, struct followed *file, bool *more_out, struct err *err)
{
    bool more_before, more_now;

    if (file->now.fd < 0)
        follow_open_file(follow, file);
    if (follow_read_source(follow, &file->before, file->path, &more_before, err) < 0 ||
        follow_read_source(follow, &file->now, file->path, &more_now, err) < 0)
        return -1;
    *more_out = *more_out || more_before || more_now;
    return more_before || more_now ? 0 : judge_file(follow, file, more_out, err);
}
