/* sink_kind.h - for those who write a new kind of sink.
 *
 * A kind knows how to open its target and nothing else: queueing, retrying, telling
 * and counting are in sink.c, moving bytes in one of two engines, chosen by what the
 * descriptor is:
 *
 *     engine_poll   FIFOs, terminals, sockets: writev on the loop, EAGAIN waits
 *     engine_job    regular files: writev in libuv's thread pool, one job a sink
 */
#ifndef SINK_SINK_KIND_H
#define SINK_SINK_KIND_H

#include <sys/stat.h>

#include "sink/sink.h"

struct sink_kind {
    /* A descriptor of our own, or -1 with errno and a sentence. */
    int (*open)(const struct conf_sink *conf, struct err *err);
    const char *(*target)(const struct conf_sink *conf);
};

extern const struct sink_kind sink_kind_file;
extern const struct sink_kind sink_kind_stdout;

enum { SINK_VECTORS = 64 }; /* blocks in one write */

enum sink_state {
    SINK_DOWN,    /* waiting for the retry */
    SINK_IDLE,    /* open, nothing being written */
    SINK_WRITING, /* an engine has the descriptor */
    SINK_SYNCING, /* the last fsync is under way */
    SINK_CLOSING, /* handles are being closed */
    SINK_CLOSED
};

struct poll_handle;

struct sink {
    const struct conf_sink *conf;
    const struct sink_kind *kind;
    const struct sink_engine *engine;
    struct outbox *outbox;
    uv_loop_t *loop;
    enum sink_state state;
    int fd; /* -1: not open */
    dev_t dev;
    ino_t ino;
    bool draining; /* nothing is held back any more */
    bool stopping; /* nothing is written any more */
    bool hurry;    /* batch_for is over */
    bool sync_failed;
    bool reopen_wanted;
    int error;              /* errno of the last attempt, 0 when it went well */
    uint64_t down_since_ms; /* loop time */
    unsigned retry_ms;
    uv_timer_t alarm; /* the retry when down, the end of batch_for when idle */
    unsigned handles_open;
    sink_closed_cb *on_closed;
    void *context;

    /* the engines' */
    uv_work_t job;
    struct poll_handle *poll; /* NULL: never had to wait on this fd */
    struct iovec vectors[SINK_VECTORS];
    unsigned vector_count;
    size_t vector_bytes; /* of the last write */
    size_t job_written;
    int job_error;
};

struct sink_engine {
    /* sink->vectors are to be written; reports to sink_wrote, now or later. */
    void (*write)(struct sink *sink);
    /* Calls sink_writable, later; or returns an errno. NULL where a write takes the time
     * it takes. */
    int (*wait)(struct sink *sink);
    /* Makes what was written durable; reports to sink_synced, now or later. */
    void (*sync)(struct sink *sink);
    /* Lets go of the descriptor; when it returns, the fd may be closed. */
    void (*release)(struct sink *sink);
};

extern const struct sink_engine engine_poll;
extern const struct sink_engine engine_job;

/* For the engines: this many bytes went out, then this errno, or 0. */
void sink_wrote(struct sink *sink, size_t bytes, int error);
void sink_writable(struct sink *sink);
void sink_synced(struct sink *sink, int error);

/* For engines that closed a handle of the sink. */
void sink_handle_closed(struct sink *sink);

#endif
