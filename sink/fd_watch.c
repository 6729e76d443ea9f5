#include "sink/fd_watch.h"

#include <errno.h>
#include <stdlib.h>

#include "conf/must.h"

struct fd_watch {
    uv_poll_t poll;
    int events;
    fd_watch_cb *on_events;
    void *context;
};

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct fd_watch *watch = container_of(poll, struct fd_watch, poll);

    watch->on_events(watch->context, status < 0 ? UV_READABLE | UV_WRITABLE : events);
}

int fd_watch_open(struct fd_watch **watch_out, uv_loop_t *loop, int fd, fd_watch_cb *on_events,
                  void *context)
{
    struct fd_watch *watch = calloc(1, sizeof *watch);
    int error;

    if (!watch)
        return ENOMEM;
    error = uv_poll_init(loop, &watch->poll, fd);
    if (error) {
        free(watch);
        return -error;
    }
    watch->on_events = on_events;
    watch->context = context;
    *watch_out = watch;
    return 0;
}

void fd_watch_for(struct fd_watch *watch, int events)
{
    if (events == watch->events)
        return;
    watch->events = events;
    if (events)
        must(uv_poll_start(&watch->poll, events, on_poll) == 0);
    else
        uv_poll_stop(&watch->poll);
}

static void on_closed(uv_handle_t *handle)
{
    free(container_of((uv_poll_t *)handle, struct fd_watch, poll));
}

void fd_watch_close(struct fd_watch **watch_address)
{
    struct fd_watch *watch = *watch_address;

    *watch_address = NULL;
    if (watch)
        uv_close((uv_handle_t *)&watch->poll, on_closed);
}
