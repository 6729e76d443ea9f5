/* sink.h - one `sinks:` item: an outbox on its way into the world.
 *
 * Writes what the outbox holds whenever nothing is being written: at the end of the
 * loop turn that filled it, and again when a write completes; under heavy load a write
 * is put off by up to a millisecond, so that it is a large one. When a write fails the
 * sink is down: it says so once, keeps what its outbox holds, and tries again after
 * 100 ms, doubling up to 5 s. Loop thread only. Nothing that is done to a log file blocks it,
 * but its first opening. */
#ifndef SINK_SINK_H
#define SINK_SINK_H

#include <uv.h>

#include "aggregate/outbox.h"
#include "aggregate/pool.h"
#include "conf/conf.h"
#include "logfile/caretaker.h"

struct sink;
struct inherited;
struct zmq_watch;

/* What all sinks share. */
struct sink_shared {
    uv_loop_t *loop;
    bool local_time;             /* the zone of rotate.every */
    struct caretaker *caretaker; /* of what is rotated; NULL: nothing is */

    /* of zmq sinks: each may take cargo_holds slots of the pool */
    struct zmq_watch *watch;
    struct pool *cargo;
    size_t cargo_hold_bytes;
    unsigned cargo_holds;
    struct inherited *inherited; /* addresses that are held for us; NULL: none */
    bool gate_is_on;
};

/* Opens what the conf names and borrows outbox and conf. A disk that is full or
 * read-only, or a pipe that nobody reads, is no reason to fail: the sink starts down.
 * NULL and a sentence for what only a person can mend: path, permission, file type. */
struct sink *sink_open(const struct conf_sink *conf, const struct sink_shared *shared,
                       struct outbox *outbox, struct err *err);

/* One whose target somebody else is not through with yet: it is down and tries nothing, until it
 * is closed and another is opened for the same outbox. Has no handles: sink_close calls back before
 * it returns. Borrows outbox and conf. */
struct sink *sink_hold(const struct conf_sink *conf, uv_loop_t *loop, struct outbox *outbox);
bool sink_is_held(const struct sink *sink);

/* From now on the conf is this one, with the same target: batch_for and timeout hold at once. The
 * one it was opened with must stay, too. */
void sink_configure(struct sink *sink, const struct conf_sink *conf);

/* Starts writing if there is anything and nothing is being written. */
void sink_flush(struct sink *sink);

/* From now on batch_for holds nothing back. */
void sink_drain(struct sink *sink);

/* Opens the path anew, then leaves the file that was open, as it is: for log rotation. A log
 * file is opened anew without being told, too, before the next write after it was moved. */
void sink_reopen(struct sink *sink);

/* No more waiting: what is not written is dropped (shutdown), which the output tells if it
 * still can; then the open file is synced and closed. The loop calls on_closed, at the
 * latest when the write in flight returns. */
typedef void sink_closed_cb(void *context);
void sink_close(struct sink *sink, sink_closed_cb *on_closed, void *context);

/* Before it is closed: what is not written is dropped for this reason, and not shutdown. */
void sink_drop_as(struct sink *sink, enum drop_reason reason);

/* The same: nothing is dropped, and what is not written stays in the outbox for another sink,
 * which may be opened when this one is closed. For files, and those that are held. */
void sink_hand_over(struct sink *sink);

/* Once closed, for a sink that ends before the daemon does: its files are no business of the
 * caretaker's any more. */
void sink_leave_caretaker(struct sink *sink);

/* After on_closed. */
void sink_free(struct sink **sink);

const char *sink_name(const struct sink *sink);

/* Written through: nothing queued and nothing in flight. */
bool sink_is_drained(const struct sink *sink);

/* Of zmq sinks that push, once closed: how many messages ZeroMQ had taken and could not send. */
uint64_t sink_unsent(const struct sink *sink);

/* Whether on_closed was called. */
bool sink_is_closed(const struct sink *sink);

/* Whether a sync failed: what was written may not be on the disk. */
bool sink_sync_failed(const struct sink *sink);

/* Why nothing is written now: 0, or the errno of the last attempt. */
int sink_error(const struct sink *sink);

/* Loop time when the first of these attempts failed; 0: it is up. */
uint64_t sink_down_since_ms(const struct sink *sink);

/* The same in words, for a sink whose outbox is full. */
const char *sink_trouble(const struct sink *sink);

/* Whether its next step is somebody else's, or a clock's: a write that has not returned, a
 * retry, a receiver. */
bool sink_waits(const struct sink *sink);

/* Whether both are the same file: two sinks must not share one. */
bool sink_same_file(const struct sink *a, const struct sink *b);

/* What became of its rotated files; false: it has none. */
bool sink_ward_counts(const struct sink *sink, struct ward_counts *counts_out);

/* For sinks whose path is made from entries, as of its last job: how many paths there are, how
 * many files are open, and how many entries went to `_other`. False: it has one file. */
struct sink_files {
    unsigned paths;
    unsigned open;
    uint64_t others;
};
bool sink_files(const struct sink *sink, struct sink_files *files_out);

/* `run/all.log`, or `stdout`. */
const char *sink_target(const struct sink *sink);

#endif
