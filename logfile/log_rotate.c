/* How a file is put away under a name with a time in it; log_file.h has the picture. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logfile/log_file_parts.h"
#include "logfile/period.h"
#include "logfile/rotated_name.h"
#include "logfile/safe_open.h"

/* One rotation: both names are in the same folder. */
struct turn {
    int folder;
    const char *name;
    char put_away[NAME_MAX + 1];
    uint64_t time_us;
    int fd; /* of the new file */
};

bool log_file_is_outdated(const struct log_file *file, int64_t now_ns)
{
    return file->size_bytes > 0 && !file->in_line && now_ns >= file->period_end_ns;
}

void log_file_begin_period(struct log_file *file, const struct log_place *place, int64_t now_ns)
{
    struct period now = period_around(now_ns, place->rotate_every, place->local_time);

    file->period_begin_ns = now.begin_ns;
    file->period_end_ns = now.end_ns;
}

/* ---- the steps ----------------------------------------------------------------------------- */

/* The newest time of this folder's rotated files, whichever file they are of. Read once for all
 * files in the folder: where there are many, each would have to look through the names of all. */
static int newest_of_all(const struct turn *turn, struct log_folder_seen *seen, uint64_t *newest_us)
{
    struct stat st;

    if (fstat(turn->folder, &st) < 0)
        return -1;
    if (seen->dev != st.st_dev || seen->ino != st.st_ino) {
        uint64_t found_us;

        if (rotated_name_newest(turn->folder, NULL, &found_us) < 0)
            return -1;
        *seen = (struct log_folder_seen){st.st_dev, st.st_ino, found_us};
    }
    *newest_us = seen->newest_us;
    return 0;
}

/* A name that is newer than all is newer than its own; only a clock that was set back needs to
 * know which those are. */
static int find_newest(const struct turn *turn, struct log_file *file, struct log_place *place,
                       int64_t now_ns)
{
    uint64_t newest_us;

    if (newest_of_all(turn, &place->seen, &newest_us) < 0)
        return -1;
    if (newest_us >= (uint64_t)now_ns / 1000)
        return rotated_name_newest(turn->folder, turn->name, &file->rotated_us);
    file->rotated_us = newest_us;
    return 0;
}

/* Makes the new file under the name that the old one will have. */
static int make_new(struct turn *turn, struct log_file *file, struct log_place *place,
                    int64_t now_ns, struct err *err)
{
    enum { ATTEMPTS = 4 };

    if (file->rotated_us == 0 && find_newest(turn, file, place, now_ns) < 0)
        return err_set(err, "cannot read its folder: %s", strerror(errno));
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        turn->time_us = rotated_name_next((uint64_t)now_ns / 1000, file->rotated_us);
        if (rotated_name_make(turn->name, turn->time_us, turn->put_away, err) < 0)
            return -1;
        turn->fd = safe_open_new(turn->folder, turn->put_away, &place->modes);
        if (turn->fd >= 0)
            return 0;
        file->rotated_us = turn->time_us;
        if (errno != EEXIST)
            break;
    }
    return err_set(err, "cannot make '%s': %s", turn->put_away, strerror(errno));
}

static void take_back(struct turn *turn)
{
    int saved_errno = errno;

    close(turn->fd);
    turn->fd = -1;
    unlinkat(turn->folder, turn->put_away, 0);
    errno = saved_errno;
}

static bool is_unsupported(int error)
{
    return error == EINVAL || error == ENOSYS || error == EOPNOTSUPP;
}

/* Where names cannot be exchanged, for a moment the name leads to no file. */
static int move_and_make(struct turn *turn, const struct log_place *place)
{
    int folder = turn->folder;

    if (renameat2(folder, turn->name, folder, turn->put_away, RENAME_NOREPLACE) < 0 &&
        (!is_unsupported(errno) || renameat(folder, turn->name, folder, turn->put_away) < 0))
        return -1;
    turn->fd = safe_open_new(folder, turn->name, &place->modes);
    return turn->fd < 0 ? -1 : 0;
}

static int exchange(struct turn *turn, const struct log_place *place, struct err *err)
{
    int folder = turn->folder;

    if (renameat2(folder, turn->put_away, folder, turn->name, RENAME_EXCHANGE) == 0)
        return 0;
    take_back(turn);
    if (is_unsupported(errno) && move_and_make(turn, place) == 0)
        return 0;
    return err_set(err, "cannot rename it to '%s': %s", turn->put_away, strerror(errno));
}

/* One less, so that the files that are put away at the same time do not take it for a clock
 * that was set back; a name that is taken is seen when it is made. */
static void remember_newest(struct log_folder_seen *seen, uint64_t time_us)
{
    if (seen->newest_us < time_us - 1)
        seen->newest_us = time_us - 1;
}

/* With a sync, the names as well are to last. */
static void settle_names(const struct turn *turn, const struct log_place *place)
{
    int fd;

    if (place->sync_ms == 0)
        return;
    fd = openat(turn->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

static void go_on_with_new(struct log_file *file, const struct log_place *place,
                           const struct turn *turn, int64_t now_ns, struct log_news *news)
{
    struct stat st = {0};

    log_file_settle(file, place, news);
    log_file_close(file);
    (void)fstat(turn->fd, &st);
    file->fd = turn->fd;
    file->dev = st.st_dev;
    file->ino = st.st_ino;
    file->size_bytes = 0;
    file->rotated_us = turn->time_us;
    log_file_begin_period(file, place, now_ns);
    settle_names(turn, place);
}

/* ---- all together -------------------------------------------------------------------------- */

static int rotate(struct log_file *file, struct log_place *place, const char *name, int64_t now_ns,
                  struct log_news *news, struct err *err)
{
    const char *slash = strrchr(name, '/');
    struct turn turn = {.fd = -1, .name = slash ? slash + 1 : name, .folder = place->fd};
    int result;

    if (slash)
        turn.folder = safe_open_parent(place->fd, name, NULL);
    if (turn.folder < 0)
        return err_set(err, "cannot open its folder: %s", strerror(errno));
    result = make_new(&turn, file, place, now_ns, err);
    if (result == 0)
        result = exchange(&turn, place, err);
    if (result == 0) {
        go_on_with_new(file, place, &turn, now_ns, news);
        remember_newest(&place->seen, turn.time_us);
    }
    if (slash)
        close(turn.folder);
    return result;
}

bool log_file_rotate(struct log_file *file, struct log_place *place, const char *name,
                     int64_t now_ns, struct log_news *news)
{
    char shown[512];
    struct err why;

    if (now_ns < file->stuck_until_ns)
        return false;
    if (rotate(file, place, name, now_ns, news, &why) < 0) {
        if (errno == ENOENT)
            return false; /* somebody has moved the file just now: the next append sees it */
        log_file_is_stuck(file, now_ns, news);
        err_set(&news->why, "cannot rotate '%s': %s", log_file_show(place, name, shown), why.text);
        return false;
    }
    file->stuck_until_ns = 0;
    news->rotated++;
    caretaker_rotated(place->ward);
    return true;
}
