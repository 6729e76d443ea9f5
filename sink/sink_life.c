/* What changes a sink's descriptor: opening, reopening, closing. What moves bytes is in
 * sink.c, what happens where that fails in sink_trouble.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/log.h"
#include "conf/must.h"
#include "sink/sink_parts.h"

static const struct sink_kind *kind_of(enum conf_sink_type type)
{
    return type == CONF_SINK_FILE ? &sink_kind_file : &sink_kind_stdout;
}

/* ---- the descriptor ------------------------------------------------------------------ */

void sink_adopt(struct sink *sink, int fd)
{
    struct stat st;

    must(fstat(fd, &st) == 0);
    sink->fd = fd;
    sink->dev = st.st_dev;
    sink->ino = st.st_ino;
    sink->engine =
        S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd) ? &engine_poll : &engine_job;
    sink->state = SINK_IDLE;
    outbox_rewind_entry(sink->outbox);
}

static bool is_same_file(const struct sink *sink, int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && st.st_dev == sink->dev && st.st_ino == sink->ino;
}

void sink_close_descriptor(struct sink *sink)
{
    if (sink->fd < 0)
        return;
    sink->engine->release(sink);
    close(sink->fd);
    sink->fd = -1;
}

/* ---- opening and reopening --------------------------------------------------------------- */

void sink_reopen_now(struct sink *sink)
{
    struct err err;
    int fd = sink->kind->open(sink->conf, &err);

    sink->reopen_wanted = false;
    if (fd < 0) {
        log_line(LOG_LEVEL_WARNING, "sink %s: not reopened, still writing to the old file: %s",
                 sink->conf->name, err.text);
        return;
    }
    if (sink->engine == &engine_poll && is_same_file(sink, fd)) {
        close(fd); /* its reader stays, and may have half an entry */
        return;
    }
    sink_close_descriptor(sink);
    sink_adopt(sink, fd);
    log_line(LOG_LEVEL_INFO, "sink %s: reopened '%s'", sink->conf->name, sink_target(sink));
}

void sink_reopen(struct sink *sink)
{
    if (sink->conf->type != CONF_SINK_FILE || sink->stopping)
        return;
    sink->reopen_wanted = true;
    sink_flush(sink);
}

struct sink *sink_open(const struct conf_sink *conf, uv_loop_t *loop, struct outbox *outbox,
                       struct err *err)
{
    struct sink *sink = calloc(1, sizeof *sink);
    const struct sink_kind *kind = kind_of(conf->type);
    struct err reason;
    int fd = kind->open(conf, &reason);
    int error = errno;

    must(sink);
    if (fd < 0 && !sink_error_is_temporary(error)) {
        err_set(err, "%s", reason.text);
        free(sink);
        return NULL;
    }
    sink->conf = conf;
    sink->kind = kind;
    sink->outbox = outbox;
    sink->loop = loop;
    sink->fd = -1;
    uv_timer_init(loop, &sink->alarm);
    sink->handles_open = 1;
    if (fd >= 0)
        sink_adopt(sink, fd);
    else
        sink_go_down(sink, error, reason.text);
    return sink;
}

/* ---- closing ----------------------------------------------------------------------------- */

void sink_handle_closed(struct sink *sink)
{
    must(sink->handles_open > 0);
    sink->handles_open--;
    if (sink->handles_open > 0 || sink->state != SINK_CLOSING)
        return;
    sink->state = SINK_CLOSED;
    sink->on_closed(sink->context);
}

static void on_alarm_closed(uv_handle_t *handle)
{
    sink_handle_closed(container_of((uv_timer_t *)handle, struct sink, alarm));
}

static void close_handles(struct sink *sink)
{
    sink->state = SINK_CLOSING;
    sink_close_descriptor(sink);
    uv_close((uv_handle_t *)&sink->alarm, on_alarm_closed);
}

void sink_synced(struct sink *sink, int error)
{
    must(sink->state == SINK_SYNCING);
    if (sink->last_words_said)
        outbox_said_last_words(sink->outbox);
    sink->sync_failed = error != 0;
    if (error)
        log_line(LOG_LEVEL_ERROR, "sink %s: fsync of '%s' failed: %s", sink->conf->name,
                 sink_target(sink), strerror(error));
    close_handles(sink);
}

void sink_say_last_words(struct sink *sink)
{
    while (sink->last_words_len > 0) {
        ssize_t written = write(sink->fd, sink->last_words, sink->last_words_len);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        sink->last_words += written;
        sink->last_words_len -= (size_t)written;
        sink->last_words_said = sink->last_words_len == 0;
    }
}

void sink_finish(struct sink *sink)
{
    outbox_drop_all(sink->outbox, DROP_SHUTDOWN);
    sink->last_words_len = outbox_last_words(sink->outbox, &sink->last_words);
    if (sink->fd < 0) {
        close_handles(sink);
        return;
    }
    sink->state = SINK_SYNCING;
    sink->sync_failed = true; /* until it has returned */
    sink->engine->sync(sink);
}

void sink_close(struct sink *sink, sink_closed_cb *on_closed, void *context)
{
    must(!sink->stopping);
    sink->stopping = true;
    sink->on_closed = on_closed;
    sink->context = context;
    uv_timer_stop(&sink->alarm);
    if (sink->state == SINK_IDLE || sink->state == SINK_DOWN || sink->engine == &engine_poll)
        sink_finish(sink); /* engine_poll: it waits for a reader who does not come */
}

void sink_free(struct sink **sink_address)
{
    struct sink *sink = *sink_address;

    *sink_address = NULL;
    if (!sink)
        return;
    must(sink->state == SINK_CLOSED && sink->fd < 0);
    free(sink);
}
