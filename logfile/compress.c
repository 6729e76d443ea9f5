#include "logfile/compress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "conf/must.h"
#include "conf/write_all.h"
#include "logfile/rotated_name.h"

enum { IN_BYTES = 64 * 1024, OUT_BYTES = 64 * 1024 };

/* What is to be synced at the end is bounded, and with it how long a stop may have to wait for
 * the disk. */
enum { SYNC_BYTES = 4 * 1024 * 1024 };

/* Text becomes much smaller than half. Where even that would not fit, it is not begun: it would
 * take the last room from those who write. */
enum { ROOM_PART = 2 };

/* The code of both libraries, as far as it is touched. */
enum { CODE_BYTES = 512 * 1024 };

struct compress {
    enum compress_kind kind; /* of the codec */
    struct codec *codec;     /* NULL: there is none now */
    pthread_mutex_t *names;  /* NULL: nobody else counts */
    uint8_t in[IN_BYTES];
    uint8_t out[OUT_BYTES];
};

/* One file on its way. */
struct job {
    struct compress *compress;
    int folder_fd;
    const char *name;
    struct stat st; /* the plain file's, at the beginning */
    int plain_fd, part_fd;
    char part[NAME_MAX + 1], target[NAME_MAX + 1];
    uint64_t read_bytes;
    size_t unsynced_bytes;
    compress_chunk_cb *on_chunk;
    void *context;
    struct err *err;
};

struct compress *compress_new(pthread_mutex_t *names)
{
    struct compress *compress = calloc(1, sizeof *compress);

    if (compress)
        compress->names = names;
    return compress;
}

void compress_free(struct compress **compress_address)
{
    if (*compress_address)
        compress_rest(*compress_address);
    free(*compress_address);
    *compress_address = NULL;
}

void compress_rest(struct compress *compress)
{
    codec_free(&compress->codec);
}

size_t compress_bytes(enum compress_kind kind)
{
    return kind == COMPRESS_NONE ? 0 : sizeof(struct compress) + codec_bytes(kind) + CODE_BYTES;
}

static enum compress_result failed(struct job *job, const char *what)
{
    int error = errno;

    err_set(job->err, "cannot %s '%s': %s", what, job->name, strerror(error));
    errno = error;
    return error == ENOSPC || error == EDQUOT || error == EROFS || error == EIO ||
                   error == ENOMEM || error == EMFILE || error == ENFILE
               ? COMPRESS_NO_ROOM
               : COMPRESS_FAILED;
}

/* ---- twins ----------------------------------------------------------------------------- */

static enum rotated_ending ending_of(enum compress_kind kind)
{
    return kind == COMPRESS_ZSTD ? ROTATED_ZSTD : ROTATED_GZIP;
}

/* The name with an ending behind it; rotated names leave room for each. */
static void append_ending(const char *name, enum rotated_ending ending, char text[NAME_MAX + 1])
{
    must(snprintf(text, NAME_MAX + 1, "%s%s", name, rotated_ending_text(ending)) <= NAME_MAX);
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* A file that is still being written may have been begun within the same tick of the clock;
 * then it was changed when it was modified. In a whole one the time was set afterwards. */
static bool is_twin(int folder_fd, const char *target, const struct stat *plain)
{
    struct stat st;

    return fstatat(folder_fd, target, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           st.st_size > 0 && is_same_time(&st.st_mtim, &plain->st_mtim) &&
           !is_same_time(&st.st_ctim, &st.st_mtim);
}

bool compress_has_twin(int folder_fd, const char *name, const struct stat *plain)
{
    char target[NAME_MAX + 1];

    append_ending(name, ROTATED_ZSTD, target);
    if (is_twin(folder_fd, target, plain))
        return true;
    append_ending(name, ROTATED_GZIP, target);
    return is_twin(folder_fd, target, plain);
}

/* ---- opening ---------------------------------------------------------------------------- */

static enum compress_result open_plain(struct job *job)
{
    job->plain_fd = openat(job->folder_fd, job->name,
                           O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (job->plain_fd < 0)
        return errno == ENOENT || errno == ELOOP ? COMPRESS_NOTHING : failed(job, "read");
    if (fstat(job->plain_fd, &job->st) < 0)
        return failed(job, "look at");
    if (!S_ISREG(job->st.st_mode) || job->st.st_nlink != 1 || job->st.st_size == 0)
        return COMPRESS_NOTHING;
    return COMPRESS_DONE;
}

/* Only we make files of that name; an old one is what a crash left. */
static enum compress_result open_part(struct job *job)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;

    unlinkat(job->folder_fd, job->part, 0);
    job->part_fd = openat(job->folder_fd, job->part, flags, 0600);
    return job->part_fd < 0 ? failed(job, "compress") : COMPRESS_DONE;
}

static enum compress_result open_codec(struct job *job, enum compress_kind kind)
{
    struct compress *compress = job->compress;

    if (compress->codec && compress->kind != kind)
        compress_rest(compress);
    if (!compress->codec)
        compress->codec = codec_new(kind);
    if (!compress->codec) {
        errno = ENOMEM;
        return failed(job, "compress");
    }
    compress->kind = kind;
    codec_begin(compress->codec, (uint64_t)job->st.st_size);
    return COMPRESS_DONE;
}

/* ---- the bytes -------------------------------------------------------------------------- */

static enum compress_result write_out(struct job *job, size_t len)
{
    if (write_all(job->part_fd, job->compress->out, len) < 0)
        return failed(job, "compress");
    job->unsynced_bytes += len;
    if (job->unsynced_bytes < SYNC_BYTES)
        return COMPRESS_DONE;
    job->unsynced_bytes = 0;
    return fdatasync(job->part_fd) < 0 ? failed(job, "compress") : COMPRESS_DONE;
}

static enum compress_result press(struct job *job, struct codec_flow *flow, size_t *written_out)
{
    enum compress_result result = COMPRESS_DONE;

    do {
        if (codec_run(job->compress->codec, flow) < 0) {
            errno = EINVAL; /* not the length that it had at first */
            return failed(job, "compress");
        }
        result = write_out(job, flow->out_len);
        *written_out += flow->out_len;
    } while (result == COMPRESS_DONE && flow->more);
    return result;
}

/* Somebody removed it: nobody wants it compressed. */
static bool is_gone(const struct job *job)
{
    struct stat st;

    return fstat(job->plain_fd, &st) == 0 && st.st_nlink == 0;
}

static enum compress_result press_chunk(struct job *job, size_t len)
{
    struct codec_flow flow = {
        .in = job->compress->in, .in_len = len, .out = job->compress->out, .out_room = OUT_BYTES};
    size_t written_bytes = 0;
    enum compress_result result;

    job->read_bytes += len;
    flow.is_last = job->read_bytes >= (uint64_t)job->st.st_size;
    result = press(job, &flow, &written_bytes);
    if (result != COMPRESS_DONE)
        return result;
    if (!job->on_chunk(job->context, written_bytes))
        return COMPRESS_STOPPED;
    return is_gone(job) ? COMPRESS_NOTHING : COMPRESS_DONE;
}

static enum compress_result press_bytes(struct job *job)
{
    enum compress_result result = COMPRESS_DONE;

    while (result == COMPRESS_DONE && job->read_bytes < (uint64_t)job->st.st_size) {
        ssize_t len = read(job->plain_fd, job->compress->in, IN_BYTES);

        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return failed(job, "read");
        if (len == 0)
            return COMPRESS_NOTHING; /* somebody cuts it off */
        result = press_chunk(job, (size_t)len);
    }
    return result;
}

/* ---- the end ----------------------------------------------------------------------------- */

/* Written to since, by whomever: it is another file than the one that was read. */
static bool has_changed(const struct job *job)
{
    struct stat st;

    return fstat(job->plain_fd, &st) < 0 || st.st_size != job->st.st_size ||
           !is_same_time(&st.st_mtim, &job->st.st_mtim);
}

/* The owner first: chown takes away bits that chmod gives. */
static enum compress_result dress(struct job *job)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, job->st.st_mtim};

    if (fchown(job->part_fd, job->st.st_uid, job->st.st_gid) < 0)
        return failed(job, "keep the owner of");
    if (fchmod(job->part_fd, job->st.st_mode & 07777) < 0 || futimens(job->part_fd, times) < 0)
        return failed(job, "compress");
    return fsync(job->part_fd) < 0 ? failed(job, "compress") : COMPRESS_DONE;
}

/* File systems without RENAME_NOREPLACE say EINVAL; that the name was free was checked. */
static int rename_part(const struct job *job)
{
    int result =
        renameat2(job->folder_fd, job->part, job->folder_fd, job->target, RENAME_NOREPLACE);

    if (result < 0 && (errno == EINVAL || errno == ENOSYS))
        result = renameat(job->folder_fd, job->part, job->folder_fd, job->target);
    return result;
}

/* Both are there and whole. EINVAL: folders of this file system need no sync. */
static enum compress_result remove_plain(struct job *job)
{
    if (fsync(job->folder_fd) < 0 && errno != EINVAL)
        return failed(job, "compress");
    if (unlinkat(job->folder_fd, job->name, 0) < 0 && errno != ENOENT)
        return failed(job, "remove");
    return COMPRESS_DONE;
}

static enum compress_result exchange(struct job *job)
{
    if (has_changed(job) || is_gone(job))
        return COMPRESS_NOTHING;
    return rename_part(job) < 0 ? failed(job, "compress") : remove_plain(job);
}

/* Whoever counts sees one of the two. */
static enum compress_result finish(struct job *job, enum compress_result (*step)(struct job *))
{
    pthread_mutex_t *names = job->compress->names;
    enum compress_result result;

    must(!names || pthread_mutex_lock(names) == 0);
    result = step(job);
    must(!names || pthread_mutex_unlock(names) == 0);
    return result;
}

static enum compress_result check_room(struct job *job)
{
    struct statvfs fs;

    if (fstatvfs(job->folder_fd, &fs) < 0 ||
        fs.f_bavail * fs.f_frsize >= (uint64_t)job->st.st_size / ROOM_PART)
        return COMPRESS_DONE;
    errno = ENOSPC;
    return failed(job, "compress");
}

static enum compress_result make_twin(struct job *job, enum compress_kind kind)
{
    enum compress_result result = check_room(job);

    if (result == COMPRESS_DONE)
        result = open_codec(job, kind);
    if (result == COMPRESS_DONE)
        result = open_part(job);
    if (result == COMPRESS_DONE)
        result = press_bytes(job);
    if (result == COMPRESS_DONE)
        result = dress(job);
    if (result == COMPRESS_DONE)
        result = finish(job, exchange);
    return result;
}

/* Somebody else's file under the compressed name stays as it is. */
static enum compress_result run_under_name(struct job *job, enum compress_kind kind)
{
    if (faccessat(job->folder_fd, job->target, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return is_twin(job->folder_fd, job->target, &job->st) ? finish(job, remove_plain)
                                                              : COMPRESS_NOTHING;
    return errno == ENOENT ? make_twin(job, kind) : failed(job, "compress");
}

static enum compress_result run(struct job *job, enum compress_kind kind)
{
    enum compress_result result = open_plain(job);

    return result == COMPRESS_DONE ? run_under_name(job, kind) : result;
}

enum compress_result compress_file(struct compress *compress, enum compress_kind kind,
                                   int folder_fd, const char *name, compress_chunk_cb *on_chunk,
                                   void *context, struct err *err)
{
    struct job job = {.compress = compress,
                      .folder_fd = folder_fd,
                      .name = name,
                      .plain_fd = -1,
                      .part_fd = -1,
                      .on_chunk = on_chunk,
                      .context = context,
                      .err = err};
    enum compress_result result;
    int error;

    append_ending(name, ending_of(kind), job.target);
    append_ending(name, ROTATED_PART, job.part);
    result = run(&job, kind);
    error = errno;
    if (job.part_fd >= 0) {
        if (result != COMPRESS_DONE)
            unlinkat(folder_fd, job.part, 0);
        close(job.part_fd);
    }
    if (job.plain_fd >= 0)
        close(job.plain_fd);
    errno = error;
    return result;
}
