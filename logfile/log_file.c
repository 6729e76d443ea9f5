#include "logfile/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/nanoseconds.h"
#include "logfile/log_file_parts.h"
#include "logfile/period.h"
#include "logfile/safe_open.h"
#include "logfile/torn.h"

#define MS_NS 1000000ll

void log_file_init(struct log_file *file)
{
    *file = (struct log_file){.fd = -1};
}

const char *log_file_show(const struct log_place *place, const char *name, char text[512])
{
    snprintf(text, 512, "%s%s", place->folder, name);
    return text;
}

/* ---- opening ----------------------------------------------------------------------------- */

static bool is_as_we_left_it(const struct log_file *file, const struct stat *st)
{
    return st->st_dev == file->dev && st->st_ino == file->ino &&
           (uint64_t)st->st_size == file->size_bytes;
}

/* A file that somebody else may have written to. */
static int end_torn_line(struct log_file *file, const char *shown, struct log_news *news,
                         struct err *err)
{
    int torn = torn_end(file->fd, file->size_bytes);

    if (torn < 0)
        return err_set(err, "cannot end the unfinished last line of '%s': %s", shown,
                       strerror(errno));
    file->in_line = false;
    if (torn) {
        news->torn++;
        file->size_bytes += TORN_MARK_LEN;
    }
    return 0;
}

/* Takes the descriptor over, also on failure. */
static int adopt(struct log_file *file, int fd, const struct stat *st, const char *shown,
                 struct log_news *news, struct err *err)
{
    bool known = is_as_we_left_it(file, st);
    int saved_errno;

    file->fd = fd;
    file->dev = st->st_dev;
    file->ino = st->st_ino;
    file->size_bytes = (uint64_t)st->st_size;
    if (known || end_torn_line(file, shown, news, err) == 0)
        return 0;
    saved_errno = errno;
    log_file_close(file);
    file->ino = 0; /* a part of the mark may be there */
    errno = saved_errno;
    return -1;
}

/* The period of what is in it, or of now. */
static void set_period(struct log_file *file, const struct log_place *place, const struct stat *st,
                       int64_t now_ns)
{
    struct period of_content;

    log_file_begin_period(file, place, now_ns);
    if (place->rotate_every == LOG_PERIOD_NONE || file->size_bytes == 0)
        return;
    of_content = period_around(nanoseconds(st->st_mtim), place->rotate_every, place->local_time);
    if (of_content.begin_ns < file->period_begin_ns) {
        file->period_begin_ns = of_content.begin_ns;
        file->period_end_ns = of_content.end_ns;
    }
}

static int refuse_kind(int fd, const char *shown, struct err *err)
{
    close(fd);
    errno = EINVAL;
    return err_set(err, "'%s' is no regular file", shown);
}

int log_file_open(struct log_file *file, struct log_place *place, const char *name, int64_t now_ns,
                  struct log_news *news, struct err *err)
{
    char shown[512];
    struct stat st;
    int fd;

    log_file_show(place, name, shown);
    fd = safe_open(place->fd, name, &place->modes, shown, &st, err);
    if (fd < 0)
        return -1;
    if (!S_ISREG(st.st_mode))
        return refuse_kind(fd, shown, err);
    if (adopt(file, fd, &st, shown, news, err) < 0)
        return -1;
    set_period(file, place, &st, now_ns);
    if (log_file_is_outdated(file, now_ns))
        log_file_rotate(file, place, name, now_ns, news);
    return 0;
}

void log_file_close(struct log_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
    file->unsynced_since_ns = 0;
}

/* ---- durable ----------------------------------------------------------------------------- */

int log_file_sync(struct log_file *file)
{
    file->unsynced_since_ns = 0; /* what has failed is not tried again: the kernel forgets it */
    return fdatasync(file->fd) < 0 ? errno : 0;
}

void log_file_settle(struct log_file *file, const struct log_place *place, struct log_news *news)
{
    int error;

    if (place->sync_ms == 0 || file->unsynced_since_ns == 0)
        return;
    error = log_file_sync(file);
    news->synced += !error;
    news->sync_failed += error != 0;
    if (!error)
        return;
    err_set(&news->why, "fdatasync: %s", strerror(error));
}

static int64_t later(int64_t a_ns, int64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

int64_t log_file_due_ns(const struct log_file *file, const struct log_place *place)
{
    int64_t due_ns = INT64_MAX;

    if (!log_file_is_open(file))
        return due_ns;
    if (file->size_bytes > 0)
        due_ns = later(file->period_end_ns, file->stuck_until_ns);
    if (place->sync_ms > 0 && place->sync_ms != LOG_SYNC_EACH && file->unsynced_since_ns > 0) {
        int64_t sync_ns = file->unsynced_since_ns + (int64_t)place->sync_ms * MS_NS;

        due_ns = sync_ns < due_ns ? sync_ns : due_ns;
    }
    return due_ns;
}

void log_file_is_stuck(struct log_file *file, int64_t now_ns, struct log_news *news)
{
    file->stuck_until_ns = now_ns + LOG_FILE_PAUSE_NS;
    news->stuck++;
}
