/* Pipes, terminals and sockets: one writev on the loop thread, and where that would
 * have to wait, uv_poll tells when to go on. uv_write is not used because it cannot
 * say how much was sent before it failed. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "conf/must.h"
#include "sink/sink_parts.h"

/* libuv needs the handle's memory until it calls back, by when the sink may have
 * another descriptor and another handle: so the handle lives on its own. */
struct poll_handle {
    uv_poll_t poll;
    struct sink *sink;
};

static void on_writable(uv_poll_t *poll, int status, int events)
{
    struct sink *sink = container_of(poll, struct poll_handle, poll)->sink;

    (void)status; /* whatever it is, the next write tells */
    (void)events;
    uv_poll_stop(poll);
    sink_writable(sink);
}

/* Fails where the kernel has no room for one more watch. */
static int open_handle(struct sink *sink)
{
    struct poll_handle *handle = calloc(1, sizeof *handle);
    int error;

    if (!handle)
        return ENOMEM;
    error = uv_poll_init(sink->loop, &handle->poll, sink->fd);
    if (error) {
        free(handle);
        return -error;
    }
    handle->sink = sink;
    sink->poll = handle;
    sink->handles_open++;
    return 0;
}

static int poll_wait(struct sink *sink)
{
    int error = sink->poll ? 0 : open_handle(sink);

    if (!error)
        uv_poll_start(&sink->poll->poll, UV_WRITABLE, on_writable);
    return error;
}

static void poll_write(struct sink *sink)
{
    ssize_t written;

    do {
        written = writev(sink->fd, sink->vectors, (int)sink->vector_count);
    } while (written < 0 && errno == EINTR);
    sink_wrote(sink, written > 0 ? (size_t)written : 0, written < 0 ? errno : 0, NULL);
}

static void poll_sync(struct sink *sink)
{
    sink_say_last_words(sink, sink->fd);
    sink_synced(sink, 0);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct poll_handle *poll = container_of((uv_poll_t *)handle, struct poll_handle, poll);
    struct sink *sink = poll->sink;

    free(poll);
    sink_handle_closed(sink);
}

static void poll_release(struct sink *sink)
{
    if (!sink->poll)
        return;
    uv_close((uv_handle_t *)&sink->poll->poll, on_poll_closed);
    sink->poll = NULL;
}

const struct sink_engine engine_poll = {
    .write = poll_write,
    .wait = poll_wait,
    .sync = poll_sync,
    .release = poll_release,
};
