/* Regular files never say EAGAIN: a slow disk would stop the loop. So each write is a
 * job in libuv's thread pool, one a sink at a time, with plain writev: uv_fs_write
 * would allocate, and would hide the errno that follows a short write. */
#include <errno.h>
#include <unistd.h>

#include "conf/must.h"
#include "sink/sink_parts.h"

/* Takes `bytes` off the front of the vectors. */
static void advance(struct iovec **vectors, unsigned *count, size_t bytes)
{
    while (*count > 0 && bytes >= (*vectors)->iov_len) {
        bytes -= (*vectors)->iov_len;
        ++*vectors;
        --*count;
    }
    if (*count > 0) {
        (*vectors)->iov_base = (char *)(*vectors)->iov_base + bytes;
        (*vectors)->iov_len -= bytes;
    }
}

/* In a worker thread: touches only the job's members, the vectors and the fd. */
static void on_write_job(uv_work_t *job)
{
    struct sink *sink = container_of(job, struct sink, job);
    struct iovec *vectors = sink->vectors;
    unsigned count = sink->vector_count;

    sink->job_written = 0;
    sink->job_error = 0;
    while (count > 0) {
        ssize_t written = writev(sink->fd, vectors, (int)count);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            sink->job_error = written < 0 ? errno : EIO;
            return;
        }
        sink->job_written += (size_t)written;
        advance(&vectors, &count, (size_t)written);
    }
}

static void on_write_done(uv_work_t *job, int status)
{
    struct sink *sink = container_of(job, struct sink, job);

    must(status == 0); /* jobs are never cancelled */
    sink_wrote(sink, sink->job_written, sink->job_error);
}

static void job_write(struct sink *sink)
{
    must(uv_queue_work(sink->loop, &sink->job, on_write_job, on_write_done) == 0);
}

static void on_sync_job(uv_work_t *job)
{
    struct sink *sink = container_of(job, struct sink, job);

    sink_say_last_words(sink);
    /* EINVAL: nothing that could be synced, such as /dev/null. */
    sink->job_error = fsync(sink->fd) < 0 && errno != EINVAL ? errno : 0;
}

static void on_sync_done(uv_work_t *job, int status)
{
    struct sink *sink = container_of(job, struct sink, job);

    must(status == 0);
    sink_synced(sink, sink->job_error);
}

static void job_sync(struct sink *sink)
{
    must(uv_queue_work(sink->loop, &sink->job, on_sync_job, on_sync_done) == 0);
}

static void job_release(struct sink *sink)
{
    (void)sink;
}

const struct sink_engine engine_job = {
    .write = job_write,
    .sync = job_sync,
    .release = job_release,
};
