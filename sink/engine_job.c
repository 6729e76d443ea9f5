/* Regular files never say EAGAIN: a slow disk would stop the loop. So each write is a
 * job in libuv's thread pool, one a sink at a time, with plain writev: uv_fs_write
 * would allocate, and would hide the errno that follows a short write. For files that
 * have no name of ours, such as a stdout that was redirected, and for devices. */
#include <errno.h>
#include <unistd.h>

#include "conf/must.h"
#include "logfile/write_vectors.h"
#include "sink/sink_parts.h"

/* In a worker thread: touches only the job's members, the vectors and the fd. */
static void on_write_job(uv_work_t *job)
{
    struct sink *sink = container_of(job, struct sink, job);
    struct vectors left = {sink->vectors, sink->vector_count, false};

    sink->job_written = 0;
    sink->job_error = vectors_write(&left, sink->fd, vectors_bytes(&left), &sink->job_written);
}

static void on_write_done(uv_work_t *job, int status)
{
    struct sink *sink = container_of(job, struct sink, job);

    must(status == 0); /* jobs are never cancelled */
    sink_wrote(sink, sink->job_written, sink->job_error, NULL);
}

static void job_write(struct sink *sink)
{
    must(uv_queue_work(sink->loop, &sink->job, on_write_job, on_write_done) == 0);
}

static void on_sync_job(uv_work_t *job)
{
    struct sink *sink = container_of(job, struct sink, job);

    sink_say_last_words(sink, sink->fd);
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
