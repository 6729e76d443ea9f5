/* Log files: what engine_job does, and in the same job all else that is done to the file:
 * opening, opening anew, rotating, syncing (logfile/log_file.h). So no call that a disk could
 * hold up runs on the loop, but for the first opening and the last closing. A job may have
 * nothing to write: a chore, for what is due without an entry. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conf/log.h"
#include "conf/must.h"
#include "conf/nanoseconds.h"
#include "sink/sink_parts.h"

/* Clocks are set, and machines sleep: no timer is trusted for longer. */
enum { LOOK_MS_MAX = 60 * 1000 };

int64_t sink_now_ns(void)
{
    return clock_nanoseconds(CLOCK_REALTIME);
}

/* ---- what is due --------------------------------------------------------------------------- */

static void arm(struct sink *sink);

static void on_due(uv_timer_t *timer)
{
    struct sink *sink = container_of(timer, struct sink, chores);
    int64_t now_ns = sink_now_ns();

    if (now_ns < sink->due_ns && now_ns >= sink->armed_ns) {
        arm(sink);
        return;
    }
    sink->chore = true;
    sink_flush(sink);
}

static void arm(struct sink *sink)
{
    int64_t left_ms;

    sink->armed_ns = sink_now_ns();
    left_ms = (sink->due_ns - sink->armed_ns) / 1000000 + 1;
    if (left_ms > LOOK_MS_MAX)
        left_ms = LOOK_MS_MAX;
    uv_timer_start(&sink->chores, on_due, left_ms > 0 ? (uint64_t)left_ms : 0, 0);
}

void sink_watch_log(struct sink *sink)
{
    int64_t due_ns = sink->tree ? log_tree_due_ns(&sink->tree->tree)
                                : log_file_due_ns(&sink->file.log, &sink->file.place);

    if (due_ns == sink->due_ns && uv_is_active((uv_handle_t *)&sink->chores))
        return;
    sink->due_ns = due_ns;
    uv_timer_stop(&sink->chores);
    if (due_ns != INT64_MAX && !sink->stopping)
        arm(sink);
}

/* ---- what happened ------------------------------------------------------------------------- */

static void tell_reopen(struct sink *sink, const struct log_news *news)
{
    if (!log_file_is_open(&sink->file.log))
        return; /* told when the sink went down, and when it is up again */
    if (news->stuck > 0)
        log_line(LOG_LEVEL_WARNING, "sink %s: not reopened, still writing to the old file: %s",
                 sink->conf->name, news->why.text);
    else
        log_line(LOG_LEVEL_INFO, "sink %s: reopened '%s'", sink->conf->name, sink_target(sink));
    sink->stuck = news->stuck > 0;
}

/* What nobody asked for. */
static void tell_change(struct sink *sink, const struct log_news *news)
{
    if (news->anew > 0)
        log_line(LOG_LEVEL_INFO, "sink %s: '%s' was moved or deleted; opened anew",
                 sink->conf->name, sink_target(sink));
    if (news->stuck > 0 && !sink->stuck)
        log_line(LOG_LEVEL_WARNING, "sink %s: %s; still writing to the same file, retrying",
                 sink->conf->name, news->why.text);
    if (news->stuck == 0 && news->anew + news->found + news->rotated == 0)
        return;
    if (news->stuck == 0 && sink->stuck && news->anew == 0)
        log_line(LOG_LEVEL_NOTICE, "sink %s: '%s' is %s again", sink->conf->name, sink_target(sink),
                 news->found > 0 ? "the file that is open" : "rotated");
    sink->stuck = news->stuck > 0;
}

void sink_tell_sync(struct sink *sink, const struct log_news *news)
{
    if (news->sync_failed > 0 && !sink->sync_failing)
        log_line(LOG_LEVEL_ERROR,
                 "sink %s: cannot sync '%s': %s; nobody knows what of it is on "
                 "the disk",
                 sink->conf->name, sink_target(sink), news->why.text);
    if (news->sync_failed > 0)
        sink->sync_failed_once = sink->sync_failing = true;
    else if (news->synced > 0)
        sink->sync_failing = false;
}

void sink_tell_news(struct sink *sink, const struct log_news *news)
{
    if (news->torn > 0)
        log_line(LOG_LEVEL_NOTICE, "'%s' ended in an unfinished line; it is now marked \\[torn]",
                 sink_target(sink));
    if (sink->append.reopen)
        tell_reopen(sink, news);
    else
        tell_change(sink, news);
    sink_tell_sync(sink, news);
}

/* ---- the job ------------------------------------------------------------------------------- */

/* In a worker thread: touches only the job's members, the vectors and the file. */
static void on_append_job(uv_work_t *job)
{
    struct sink *sink = container_of(job, struct sink, job);
    struct sink_file *file = &sink->file;
    bool was_lost = file->place.is_lost;
    struct err why = {.text = ""};

    memset(&sink->news, 0, sizeof sink->news);
    if (log_place_look(&file->place, &why) < 0) {
        if (file->place.fd < 0) {
            sink->append.error = errno;
            sink->append.why = why;
            return;
        }
        sink->news.stuck++;
        sink->news.why = why;
    } else {
        sink->news.found += was_lost;
    }
    log_file_append(&file->log, &file->place, file->name, &sink->append, &sink->news);
    if (log_file_is_open(&file->log))
        return;
    sink->news.stuck = 0; /* no file is written on */
    if (why.text[0])
        sink->append.why = why; /* that of the folder tells more */
}

static void on_append_done(uv_work_t *job, int status)
{
    struct sink *sink = container_of(job, struct sink, job);
    const struct log_append *append = &sink->append;

    must(status == 0); /* jobs are never cancelled */
    sink_tell_news(sink, &sink->news);
    sink_watch_log(sink);
    sink->rewind = append->begin_anew;
    sink_wrote(sink, append->written_bytes, append->error, append->why.text);
}

static void log_write(struct sink *sink)
{
    sink->append = (struct log_append){
        .vectors = sink->vectors,
        .count = sink->vector_count,
        .line_end = outbox_line_end,
        .lines = sink->outbox,
        .now_ns = sink_now_ns(),
        .reopen = sink->reopen_wanted,
    };
    sink->reopen_wanted = false;
    sink->chore = false;
    must(uv_queue_work(sink->loop, &sink->job, on_append_job, on_append_done) == 0);
}

/* ---- the end ------------------------------------------------------------------------------- */

static void on_sync_job(uv_work_t *job)
{
    struct sink *sink = container_of(job, struct sink, job);
    int fd = sink->file.log.fd;

    sink_say_last_words(sink, fd);
    sink->job_error = fsync(fd) < 0 ? errno : 0;
}

static void on_sync_done(uv_work_t *job, int status)
{
    struct sink *sink = container_of(job, struct sink, job);

    must(status == 0);
    sink_synced(sink, sink->job_error);
}

static void log_sync(struct sink *sink)
{
    must(uv_queue_work(sink->loop, &sink->job, on_sync_job, on_sync_done) == 0);
}

static void log_release(struct sink *sink)
{
    log_file_close(&sink->file.log);
    uv_timer_stop(&sink->chores);
}

const struct sink_engine engine_log = {
    .write = log_write,
    .sync = log_sync,
    .release = log_release,
};
