/* Many log files of one sink: as engine_log, but the job has a batch of entries for any of
 * them (sink/sink_tree.h). Files are opened by the job alone; only the folder that they
 * are in is opened on the loop, at the start. */
#include <string.h>

#include "conf/log.h"
#include "conf/must.h"
#include "sink/sink_parts.h"

/* ---- what happened ------------------------------------------------------------------------- */

static void tell_refused(struct sink *sink)
{
    const struct sink_tree *tree = sink->tree;
    char other[LABEL_MAX + 1];

    if (tree->beyond)
        log_line(
            LOG_LEVEL_WARNING,
            "sink %s: more than max_paths (%u) different paths; entries of others go to '%s%s'",
            sink->conf->name, tree->tree.max_paths, sink->file.place.folder,
            sink_tree_other(tree, other));
    if (tree->refused > 0)
        log_line(LOG_LEVEL_WARNING, "sink %s: %s; %s go to '%s%s'", sink->conf->name,
                 tree->refused_why.text,
                 tree->refused == 1 ? "its entries" : "its entries and those of others",
                 sink->file.place.folder, sink_tree_other(tree, other));
}

static const char *plural(unsigned count)
{
    return count == 1 ? "" : "s";
}

static void tell_files(struct sink *sink, const struct log_news *news)
{
    if (news->torn > 0)
        log_line(LOG_LEVEL_NOTICE,
                 "sink %s: %u file%s ended in an unfinished line; it is now marked \\[torn]",
                 sink->conf->name, news->torn, plural(news->torn));
    if (sink->tree->reopen)
        log_line(LOG_LEVEL_INFO, "sink %s: reopens the files of '%s'", sink->conf->name,
                 sink_target(sink));
    if (news->anew > 0)
        log_line(LOG_LEVEL_INFO, "sink %s: %u file%s of '%s' moved or deleted; opened anew",
                 sink->conf->name, news->anew, plural(news->anew), sink_target(sink));
    if (news->stuck > 0 && !sink->stuck)
        log_line(LOG_LEVEL_WARNING, "sink %s: %s; still writing to the same file, retrying",
                 sink->conf->name, news->why.text);
    sink->stuck = news->stuck > 0;
}

/* Once: the last job may have been the one before. */
static void tell(struct sink *sink)
{
    struct sink_tree *tree = sink->tree;

    tell_refused(sink);
    tell_files(sink, &tree->news);
    sink_tell_sync(sink, &tree->news);
    tree->files = (struct sink_files){
        .paths = log_tree_paths(&tree->tree),
        .open = tree->tree.open_count,
        .others = tree->others,
    };
    tree->beyond = false;
    tree->refused = 0;
    memset(&tree->news, 0, sizeof tree->news);
}

/* ---- the job ------------------------------------------------------------------------------- */

static void on_tree_job(uv_work_t *job)
{
    struct sink_tree *tree = container_of(job, struct sink, job)->tree;
    uint64_t began_ns = uv_hrtime();

    sink_tree_write(tree);
    tree->took_ms = (uv_hrtime() - began_ns) / 1000000;
}

static void on_tree_done(uv_work_t *job, int status)
{
    struct sink *sink = container_of(job, struct sink, job);
    struct sink_tree *tree = sink->tree;

    must(status == 0); /* jobs are never cancelled */
    tell(sink);
    sink_watch_log(sink);
    sink_wrote(sink, tree->written_bytes, tree->error, tree->why.text);
}

static void tree_write(struct sink *sink)
{
    sink->tree->now_ns = sink_now_ns();
    sink->tree->reopen = sink->reopen_wanted;
    sink->reopen_wanted = false;
    sink->chore = false;
    must(uv_queue_work(sink->loop, &sink->job, on_tree_job, on_tree_done) == 0);
}

/* ---- the end ------------------------------------------------------------------------------- */

static void on_sync_job(uv_work_t *job)
{
    struct sink *sink = container_of(job, struct sink, job);

    if (sink->last_words_len > 0)
        sink->last_words_said = sink_tree_say(sink->tree, sink->last_words, sink->last_words_len);
    sink->job_error = log_tree_sync(&sink->tree->tree);
}

static void on_sync_done(uv_work_t *job, int status)
{
    struct sink *sink = container_of(job, struct sink, job);

    must(status == 0);
    tell(sink);
    sink_synced(sink, sink->job_error);
}

static void tree_sync(struct sink *sink)
{
    sink->tree->now_ns = sink_now_ns();
    must(uv_queue_work(sink->loop, &sink->job, on_sync_job, on_sync_done) == 0);
}

/* No job is under way. */
static void tree_release(struct sink *sink)
{
    struct log_news news = {0};

    log_tree_close(&sink->tree->tree, &news);
    log_place_close(&sink->file.place);
    uv_timer_stop(&sink->chores);
}

const struct sink_engine engine_tree = {
    .write = tree_write,
    .sync = tree_sync,
    .release = tree_release,
};
