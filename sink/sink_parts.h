/* sink_parts.h - the inside of a sink: for sink.c, sink_life.c, sink_trouble.c and the engines.
 *
 *     engine_poll   FIFOs, terminals, sockets: writev on the loop, EAGAIN waits
 *     engine_job    other descriptors: writev in libuv's thread pool, one job a sink
 *     engine_log    log files, which such a job opens, rotates and writes
 *     engine_tree   the same with many files, by path
 */
#ifndef SINK_SINK_PARTS_H
#define SINK_SINK_PARTS_H

#include "sink/sink_file.h"
#include "sink/sink_kind.h"
#include "sink/sink_tree.h"

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
struct remote;
struct sink_zmq;

struct sink {
    const struct conf_sink *conf;
    const struct sink_kind *kind;
    const struct sink_engine *engine; /* NULL: what there will be to write to is not known */
    struct remote *remote;            /* of a connection (sink/remote.h), which has no engine */
    struct sink_zmq *zmq;             /* of a ZeroMQ socket (sink/sink_zmq.h), the same */
    struct outbox *outbox;
    uv_loop_t *loop;
    enum sink_state state;
    int fd; /* -1: not open, or engine_log */
    dev_t dev;
    ino_t ino;
    bool draining;         /* nothing is held back any more */
    bool stopping;         /* nothing is written any more */
    bool hurry;            /* batch_for is over */
    bool sync_failed;      /* the last one, at the close */
    bool sync_failed_once; /* one before */
    bool reopen_wanted;
    bool is_held;                 /* sink_hold */
    bool hands_over;              /* what is not written at the close stays in the outbox */
    enum drop_reason last_reason; /* for what is dropped at the close; shutdown, unless set */
    int error;                    /* errno of the last attempt, 0 when it went well */
    uint64_t down_since_ms;       /* loop time */
    uint64_t dropped_before;      /* it went down */
    unsigned retry_ms;
    uv_timer_t alarm;  /* the retry when down, the end of batch_for when idle */
    uv_timer_t chores; /* engine_log: the end of a period, or a sync */
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
    bool rewind; /* what was written of the entry begun is gone: send it again whole */

    /* engine_log's; in a job they are the job's */
    struct sink_file file;
    struct sink_tree *tree; /* NULL: one file */
    struct log_append append;
    struct log_news news;
    int64_t due_ns;   /* of the chores */
    int64_t armed_ns; /* when their timer was set: a clock that says less was set back */
    bool chore;       /* a job is wanted, though there may be nothing to write */
    bool stuck;       /* told that it could not be rotated or opened anew */
    bool sync_failing;

    /* the last thing that is written: what was dropped at the end */
    const char *last_words;
    size_t last_words_len;
    bool last_words_said;
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
extern const struct sink_engine engine_log;
extern const struct sink_engine engine_tree;

/* For the engines: this many bytes went out, then this errno, or 0; `why` is a sentence, or
 * NULL: what the errno says. */
void sink_wrote(struct sink *sink, size_t bytes, int error, const char *why);
void sink_writable(struct sink *sink);
void sink_synced(struct sink *sink, int error);

/* For the engines, before they sync: writes the last words, or leaves them unsaid. Touches
 * only their members and the fd. */
void sink_say_last_words(struct sink *sink, int fd);

/* For engines that closed a handle of the sink. */
void sink_handle_closed(struct sink *sink);

/* sink_trouble.c */

/* What time or somebody else may mend, without a word to us. */
bool sink_error_is_temporary(int error);

/* The sink waits, says why if it was up, and tries again later. */
void sink_go_down(struct sink *sink, int error, const char *sentence);

/* The same for a write that failed; closes what cannot be written to again. */
void sink_write_failed(struct sink *sink, int error, const char *why);

/* Bytes go out again, and so many entries have waited for it: says so if the sink was down. */
void sink_be_up(struct sink *sink, uint64_t waiting);

/* Tries again at once what waits for its retry. */
void sink_retry_now(struct sink *sink);

/* sink_life.c */

/* Writes to this descriptor from now on, which is then the sink's. */
void sink_adopt(struct sink *sink, int fd);

/* If there is one, or a log file. */
void sink_close_descriptor(struct sink *sink);

/* Opens what the conf names, on the loop. 0, or -1 with errno and a sentence; what is to be a
 * log file, once there is room, has its engine then. */
int sink_open_target(struct sink *sink, struct err *err);

static inline bool sink_is_log(const struct sink *sink)
{
    return sink->engine == &engine_log;
}

/* Whose target is opened, and looked after, by its jobs. */
static inline bool sink_has_jobs(const struct sink *sink)
{
    return sink_is_log(sink) || sink->engine == &engine_tree;
}

static inline bool sink_has_target(const struct sink *sink)
{
    if (sink->engine == &engine_tree)
        return sink->file.place.fd >= 0;
    return sink_is_log(sink) ? log_file_is_open(&sink->file.log) : sink->fd >= 0;
}

/* engine_log.c */
int64_t sink_now_ns(void); /* since 1970 */

/* Sees to it that there is a job when something is due. Idle only. */
void sink_watch_log(struct sink *sink);

/* Into the log. */
void sink_tell_news(struct sink *sink, const struct log_news *news);
void sink_tell_sync(struct sink *sink, const struct log_news *news);

/* Idle only, and not for log files, whose job does it. */
void sink_reopen_now(struct sink *sink);

/* At the close: gives up what is not written, unless another sink will write it. */
void sink_drop_rest(struct sink *sink);

/* Nothing more will be written: what is queued is dropped and told, then sync, then close. */
void sink_finish(struct sink *sink);

#endif
