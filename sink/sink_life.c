/* What changes a sink's descriptor: opening, reopening, closing. What moves bytes is in
 * sink.c, what happens where that fails in sink_trouble.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/log.h"
#include "conf/must.h"
#include "sink/remote.h"
#include "sink/sink_parts.h"
#include "sink/sink_zmq.h"

static const struct sink_kind *kind_of(enum conf_sink_type type)
{
    static const struct sink_kind *const kinds[] = {
        [CONF_SINK_FILE] = &sink_kind_file, [CONF_SINK_STDOUT] = &sink_kind_stdout,
        [CONF_SINK_TCP] = &sink_kind_tcp,   [CONF_SINK_UNIX] = &sink_kind_unix,
        [CONF_SINK_UDP] = &sink_kind_udp,   [CONF_SINK_UNIX_DGRAM] = &sink_kind_unix_dgram,
        [CONF_SINK_ZMQ] = &sink_kind_zmq,   [CONF_SINK_TLS] = &sink_kind_tls,
    };

    return kinds[type];
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
    log_file_init(&sink->file.log); /* whatever it was: it is no more */
    outbox_rewind_entry(sink->outbox);
}

static bool is_same_file(const struct sink *sink, int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && st.st_dev == sink->dev && st.st_ino == sink->ino;
}

/* What cannot be written to may be something else by the next attempt. */
void sink_close_descriptor(struct sink *sink)
{
    if (sink->engine)
        sink->engine->release(sink);
    if (sink->fd >= 0)
        close(sink->fd);
    sink->fd = -1;
    sink->engine = NULL;
}

/* On the loop thread, the only time: what the path leads to decides who writes it. */
static int open_log(struct sink *sink, struct err *err)
{
    struct sink_file *file = &sink->file;
    struct log_news news = {0};
    int result = log_place_look(&file->place, err);

    if (result == 0)
        result = log_file_open(&file->log, &file->place, file->name, sink_now_ns(), &news, err);
    if (result == 0 || sink_error_is_temporary(errno))
        sink->engine = &engine_log;
    if (result == 0 && !file->log.in_line)
        outbox_rewind_entry(sink->outbox);
    sink_tell_news(sink, &news);
    return result;
}

/* Of many files only the folder; each is opened when it has an entry. */
static int open_tree(struct sink *sink, struct err *err)
{
    int result = log_place_look(&sink->file.place, err);

    if (result == 0 || sink_error_is_temporary(errno))
        sink->engine = &engine_tree;
    return result;
}

int sink_open_target(struct sink *sink, struct err *err)
{
    int fd;

    if (sink->tree)
        return open_tree(sink, err);
    if (sink->file.folder && sink_file_is_log(sink->conf))
        return open_log(sink, err);
    fd = sink->kind->open(sink->conf, err);
    if (fd < 0)
        return -1;
    sink_adopt(sink, fd);
    return 0;
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

static struct sink *sink_new(const struct conf_sink *conf, uv_loop_t *loop, struct outbox *outbox)
{
    struct sink *sink = calloc(1, sizeof *sink);

    must(sink);
    sink->conf = conf;
    sink->kind = kind_of(conf->type);
    sink->outbox = outbox;
    sink->loop = loop;
    sink->fd = -1;
    return sink;
}

struct sink *sink_hold(const struct conf_sink *conf, uv_loop_t *loop, struct outbox *outbox)
{
    struct sink *sink = sink_new(conf, loop, outbox);

    sink->is_held = true;
    sink->state = SINK_DOWN;
    return sink;
}

bool sink_is_held(const struct sink *sink)
{
    return sink->is_held;
}

void sink_configure(struct sink *sink, const struct conf_sink *conf)
{
    must(sink->conf->type == conf->type);
    sink->conf = conf;
    if (sink->remote)
        sink->remote->dial.timeout_ms = conf->timeout.ms;
}

static int make_tree(struct sink *sink, const struct sink_shared *shared, struct err *err)
{
    sink->tree = sink_tree_new(sink->conf, &sink->file.place, shared->local_time, err);
    if (sink->tree)
        return 0;
    errno = EINVAL;
    return -1;
}

struct sink *sink_open(const struct conf_sink *conf, const struct sink_shared *shared,
                       struct outbox *outbox, struct err *err)
{
    const struct sink_kind *kind = kind_of(conf->type);
    struct sink *sink;
    struct err reason;
    int result = 0, error;

    if (kind->remote)
        return remote_open(conf, kind, shared->loop, outbox, err);
    if (kind->is_zmq)
        return sink_zmq_open(conf, kind, shared, outbox, err);
    sink = sink_new(conf, shared->loop, outbox);
    if (conf->type == CONF_SINK_FILE)
        result = sink_file_init(&sink->file, conf, shared->local_time, &reason);
    if (result == 0 && shared->caretaker && conf_rotates(conf))
        result = sink_file_care(&sink->file, conf, shared->caretaker, &reason);
    if (result == 0 && conf->type == CONF_SINK_FILE && path_template_is_one(conf->path))
        result = make_tree(sink, shared, &reason);
    if (result == 0)
        result = sink_open_target(sink, &reason);
    error = errno;
    if (result < 0 && !sink_error_is_temporary(error)) {
        err_set(err, "%s", reason.text);
        caretaker_remove(sink->file.place.ward);
        sink_tree_free(&sink->tree);
        sink_file_fini(&sink->file);
        free(sink);
        return NULL;
    }
    uv_timer_init(shared->loop, &sink->alarm);
    uv_timer_init(shared->loop, &sink->chores);
    sink->handles_open = 2;
    if (result < 0)
        sink_go_down(sink, error, reason.text);
    else
        sink->state = SINK_IDLE;
    if (sink_has_jobs(sink))
        sink_watch_log(sink);
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

static void on_chores_closed(uv_handle_t *handle)
{
    sink_handle_closed(container_of((uv_timer_t *)handle, struct sink, chores));
}

static void close_handles(struct sink *sink)
{
    sink->state = SINK_CLOSING;
    sink_close_descriptor(sink);
    uv_close((uv_handle_t *)&sink->alarm, on_alarm_closed);
    uv_close((uv_handle_t *)&sink->chores, on_chores_closed);
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

void sink_say_last_words(struct sink *sink, int fd)
{
    while (sink->last_words_len > 0) {
        ssize_t written = write(fd, sink->last_words, sink->last_words_len);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        sink->last_words += written;
        sink->last_words_len -= (size_t)written;
        sink->last_words_said = sink->last_words_len == 0;
    }
}

void sink_drop_as(struct sink *sink, enum drop_reason reason)
{
    sink->last_reason = reason;
}

void sink_hand_over(struct sink *sink)
{
    must(sink->conf->type == CONF_SINK_FILE || sink->is_held);
    sink->hands_over = true;
}

void sink_drop_rest(struct sink *sink)
{
    if (!sink->hands_over)
        outbox_drop_all(sink->outbox, sink->last_reason);
}

void sink_finish(struct sink *sink)
{
    sink_drop_rest(sink);
    if (!sink->hands_over)
        sink->last_words_len = outbox_last_words(sink->outbox, &sink->last_words);
    if (!sink_has_target(sink)) {
        close_handles(sink);
        return;
    }
    sink->state = SINK_SYNCING;
    sink->sync_failed = true; /* until it has returned */
    sink->engine->sync(sink);
}

static void close_held(struct sink *sink)
{
    sink_drop_rest(sink);
    sink->state = SINK_CLOSED;
    sink->on_closed(sink->context);
}

void sink_leave_caretaker(struct sink *sink)
{
    must(sink->state == SINK_CLOSED);
    caretaker_remove(sink->file.place.ward);
    sink->file.place.ward = NULL;
}

void sink_close(struct sink *sink, sink_closed_cb *on_closed, void *context)
{
    must(!sink->stopping);
    sink->stopping = true;
    sink->on_closed = on_closed;
    sink->context = context;
    if (sink->is_held) {
        close_held(sink);
        return;
    }
    if (sink->remote) {
        remote_close(sink);
        return;
    }
    if (sink->zmq) {
        sink_zmq_close(sink);
        return;
    }
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
    must(sink->state == SINK_CLOSED && !sink_has_target(sink));
    sink_tree_free(&sink->tree);
    sink_file_fini(&sink->file);
    free(sink->remote);
    if (sink->zmq)
        sink_zmq_fini(sink);
    free(sink->zmq);
    free(sink);
}
