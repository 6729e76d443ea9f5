/* What a sink's job does to one file: look whether it is still the one that its name leads
 * to, rotate where that is due, and write, each line into one file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/must.h"
#include "logfile/log_file_parts.h"
#include "logfile/torn.h"
#include "logfile/write_vectors.h"

/* What all steps of one append share. */
struct job {
    struct log_file *file;
    struct log_place *place;
    const char *name;
    struct log_append *append;
    struct log_news *news;
    struct vectors left;
    size_t at, total; /* of all vectors together */
};

static int fail(const struct job *job, int error, const char *sentence)
{
    job->append->error = error;
    return err_set(&job->append->why, "%s", sentence);
}

/* ---- is it still the file? ----------------------------------------------------------------- */

/* The old file ends in a part of a line, whose whole goes to the new one. */
static void leave(struct job *job, struct log_file *old)
{
    if (old->in_line)
        (void)torn_end(old->fd, old->size_bytes);
    log_file_settle(old, job->place, job->news);
    log_file_close(old);
}

/* A deleted file keeps its blocks until we let go of it, and what is written to it is lost. */
static bool is_deleted(const struct log_file *file)
{
    struct stat st;

    return fstat(file->fd, &st) == 0 && st.st_nlink == 0;
}

/* The new one first; where it cannot be had, the old one goes on, but not if it is deleted. */
static int open_anew(struct job *job)
{
    struct log_file *file = job->file, next;
    int64_t now_ns = job->append->now_ns;
    bool deleted = is_deleted(file);
    struct err why;

    if (now_ns < file->stuck_until_ns && !job->append->reopen && !deleted)
        return 0;
    log_file_init(&next);
    next.rotated_us = file->rotated_us; /* it has the same name */
    if (log_file_open(&next, job->place, job->name, now_ns, job->news, &why) == 0) {
        leave(job, file);
        *file = next;
        job->news->anew++;
        return 0;
    }
    if (deleted) {
        fail(job, errno, why.text);
        log_file_close(file);
        return -1;
    }
    log_file_is_stuck(file, now_ns, job->news);
    file->is_lost = true;
    job->news->why = why;
    return 0;
}

/* Somebody else has written to it, or cut it: a line of ours that had begun is no more. */
static int see_size(struct job *job, uint64_t size_bytes)
{
    struct log_file *file = job->file;
    int torn = 0;

    if (size_bytes == file->size_bytes)
        return 0;
    if (file->in_line)
        torn = torn_end(file->fd, size_bytes);
    if (torn < 0)
        return fail(job, errno, "cannot end an unfinished line");
    file->size_bytes = size_bytes + (torn ? TORN_MARK_LEN : 0);
    file->in_line = false;
    return 0;
}

static int look(struct job *job)
{
    struct log_file *file = job->file;
    struct stat st;

    if (!log_file_is_open(file)) {
        struct err why;

        if (log_file_open(file, job->place, job->name, job->append->now_ns, job->news, &why) < 0)
            return fail(job, errno, why.text);
        return 0;
    }
    if (fstatat(job->place->fd, job->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        st.st_dev == file->dev && st.st_ino == file->ino) {
        job->news->found += file->is_lost;
        file->is_lost = false;
        return see_size(job, (uint64_t)st.st_size);
    }
    return open_anew(job);
}

/* ---- writing ------------------------------------------------------------------------------- */

/* log_line_end for vectors that are whole lines; only of what is left. */
static size_t vector_end(const struct job *job, size_t limit)
{
    size_t end = job->at, next = job->at;

    for (unsigned i = 0; i < job->left.count; i++) {
        next = end + job->left.first[i].iov_len;
        if (next > limit)
            break;
        end = next;
    }
    return end > job->at ? end : next;
}

static size_t line_end(const struct job *job, size_t limit)
{
    const struct log_append *append = job->append;

    return append->line_end ? append->line_end(append->lines, job->at, limit)
                            : vector_end(job, limit);
}

/* Where the open file must end: all of it, or the last line that has room. Rotates when no
 * line has. */
static size_t next_stop(struct job *job)
{
    struct log_file *file = job->file;
    uint64_t limit = job->place->rotate_bytes;
    uint64_t room;
    size_t stop;

    for (;;) {
        room = limit > file->size_bytes ? limit - file->size_bytes : 0;
        if (limit == 0 || job->total - job->at <= room)
            return job->total;
        stop = line_end(job, job->at + (size_t)room);
        if (stop <= job->at + room || file->in_line || file->size_bytes == 0)
            return stop; /* the last two: a line that is longer than a file may be */
        if (!log_file_rotate(file, job->place, job->name, job->append->now_ns, job->news))
            return job->total;
    }
}

/* Whether what was written last ended a line. */
static bool ended_line(const struct job *job)
{
    const struct log_append *append = job->append;

    if (!append->line_end)
        return !job->left.is_cut;
    return append->line_end(append->lines, job->at - 1, job->at) == job->at;
}

static int write_until(struct job *job, size_t stop)
{
    size_t moved = 0;
    int error = vectors_write(&job->left, job->file->fd, stop - job->at, &moved);

    job->at += moved;
    job->file->size_bytes += moved;
    if (moved > 0)
        job->file->in_line = error && !ended_line(job);
    if (moved > 0 && job->file->unsynced_since_ns == 0)
        job->file->unsynced_since_ns = job->append->now_ns;
    return error;
}

static void write_all(struct job *job)
{
    char shown[512];
    int error = 0;

    if (job->file->size_bytes == 0)
        log_file_begin_period(job->file, job->place, job->append->now_ns);
    while (!error && job->at < job->total)
        error = write_until(job, next_stop(job));
    job->append->written_bytes = job->at;
    if (!error)
        return;
    job->append->error = error;
    err_set(&job->append->why, "cannot write to '%s': %s",
            log_file_show(job->place, job->name, shown), strerror(error));
}

/* A clock that was set back: nothing waits for the time that it had before. */
static void see_clock(struct log_file *file, const struct log_place *place, int64_t now_ns)
{
    if (now_ns < file->period_begin_ns)
        log_file_begin_period(file, place, now_ns);
    if (now_ns < file->unsynced_since_ns)
        file->unsynced_since_ns = now_ns;
    if (now_ns < file->stuck_until_ns - LOG_FILE_PAUSE_NS)
        file->stuck_until_ns = 0;
}

/* ---- all together -------------------------------------------------------------------------- */

static bool is_sync_due(const struct job *job)
{
    const struct log_place *place = job->place;

    return place->sync_ms == LOG_SYNC_EACH ||
           job->append->now_ns >= log_file_due_ns(job->file, place);
}

void log_file_append(struct log_file *file, struct log_place *place, const char *name,
                     struct log_append *append, struct log_news *news)
{
    struct job job = {.file = file,
                      .place = place,
                      .name = name,
                      .append = append,
                      .news = news,
                      .left = {append->vectors, append->count, false}};
    bool was_in_line = file->in_line;
    struct err why;

    append->written_bytes = 0;
    append->error = 0;
    append->begin_anew = false;
    job.total = vectors_bytes(&job.left);
    see_clock(file, place, append->now_ns);
    if (look(&job) < 0)
        return;
    append->begin_anew = was_in_line && !file->in_line;
    if (append->begin_anew)
        return;
    if (log_file_is_outdated(file, append->now_ns))
        log_file_rotate(file, place, name, append->now_ns, news);
    if (job.total > 0 && log_place_check_free(place, append->now_ns, &why) < 0)
        fail(&job, ENOSPC, why.text);
    else
        write_all(&job);
    caretaker_wrote(place->ward, append->written_bytes);
    if (is_sync_due(&job))
        log_file_settle(file, place, news);
}
