/* fd_watch.h - tells when a descriptor can be read or written.
 *
 * A uv_poll_t that lives on its own: libuv needs its memory until it calls back after the
 * close, by when its owner may have another descriptor, or be gone. Loop thread only. */
#ifndef SINK_FD_WATCH_H
#define SINK_FD_WATCH_H

#include <uv.h>

struct fd_watch;

/* `events` are UV_READABLE and UV_WRITABLE; both where something is wrong with it, which
 * the next call on the descriptor tells. */
typedef void fd_watch_cb(void *context, int events);

/* Watches for nothing yet. 0, or an errno: there is no room for one more watch. */
int fd_watch_open(struct fd_watch **watch_out, uv_loop_t *loop, int fd, fd_watch_cb *on_events,
                  void *context);

/* From now on for these events; 0: for none. */
void fd_watch_for(struct fd_watch *watch, int events);

/* When it returns, the descriptor may be closed. NULL inside is fine. */
void fd_watch_close(struct fd_watch **watch);

#endif
