#include "sink/sink.h"

#include <errno.h>
#include <string.h>

#include "aggregate/outbox_batch.h"
#include "conf/log.h"
#include "conf/must.h"
#include "sink/remote.h"
#include "sink/sink_parts.h"
#include "sink/sink_zmq.h"

/* ---- when to write ---------------------------------------------------------------------- */

static void on_held_long_enough(uv_timer_t *timer)
{
    struct sink *sink = container_of(timer, struct sink, alarm);

    sink->hurry = true;
    sink_flush(sink);
}

/* Under load many small writes cost more than the entries in them, and each job wakes two
 * threads. So after a write of so many bytes the next one waits until it has four times as many,
 * but no longer than so many milliseconds. Lighter traffic never gets there, and nothing of it
 * waits. What a FIFO holds would be read empty while a large write waits for more. */
struct pace {
    size_t bytes;
    uint64_t ms;
    bool for_jobs_only;
};

enum { PACE_GROWTH = 4 };
static const struct pace paces[] = {{64 * 1024, 4, true}, {16 * 1024, 1, false}};

/* NULL: the last write was none of a load. */
static const struct pace *pace_of(const struct sink *sink)
{
    for (unsigned i = 0; i < sizeof paces / sizeof *paces; i++) {
        if (sink->vector_bytes >= paces[i].bytes &&
            (!paces[i].for_jobs_only || sink_has_jobs(sink)))
            return &paces[i];
    }
    return NULL;
}

/* Half of the queue is for what comes while a write is on its way. */
static bool has_enough_for(const struct sink *sink, const struct pace *pace)
{
    return outbox_ledger(sink->outbox)->queued_bytes >= pace->bytes * PACE_GROWTH ||
           outbox_uses_blocks(sink->outbox, (outbox_quota(sink->outbox) + 1) / 2);
}

static uint64_t hold_ms(const struct sink *sink)
{
    const struct pace *pace = pace_of(sink);

    if (sink->conf->batch_for.ms > 0)
        return outbox_has_sealed(sink->outbox) ? 0 : sink->conf->batch_for.ms;
    return pace && !has_enough_for(sink, pace) ? pace->ms : 0;
}

/* What a job with many files costs is their number, not how much goes into each: opening
 * one takes as long as some ten lines. So a job that took long is followed by one with all
 * that the queue can hold, as far as that comes within so many milliseconds. */
enum { TREE_LONG_MS = 2, TREE_HOLD_MS = 5 };

static uint64_t hold_tree_ms(const struct sink *sink)
{
    if (sink->conf->batch_for.ms > 0 || sink->tree->took_ms < TREE_LONG_MS ||
        !outbox_holds_back(sink->outbox))
        return hold_ms(sink);
    if (outbox_uses_blocks(sink->outbox, SINK_TREE_BLOCKS))
        return 0;
    return sink->tree->took_ms < TREE_HOLD_MS ? sink->tree->took_ms : TREE_HOLD_MS;
}

/* What is there waits for more, but not longer than that. */
static bool holds_back(struct sink *sink)
{
    uint64_t ms = sink->tree ? hold_tree_ms(sink) : hold_ms(sink);

    if (ms == 0 || sink->hurry)
        return false;
    if (!uv_is_active((uv_handle_t *)&sink->alarm) && !outbox_is_empty(sink->outbox))
        uv_timer_start(&sink->alarm, on_held_long_enough, ms, 0);
    return true;
}

/* A log file has a job even if there is nothing to write. */
static bool has_chore(const struct sink *sink)
{
    return sink_has_jobs(sink) && (sink->chore || sink->reopen_wanted);
}

/* How many blocks there are to be written. */
static unsigned begin_write(struct sink *sink)
{
    if (!sink->tree)
        return outbox_begin_write(sink->outbox, sink->vectors, SINK_VECTORS);
    sink->tree->block_count =
        outbox_begin_batch(sink->outbox, sink->tree->blocks, SINK_TREE_BLOCKS);
    return sink->tree->block_count;
}

static void end_write(struct sink *sink, size_t bytes)
{
    if (!sink->tree)
        outbox_wrote(sink->outbox, bytes);
    else if (sink->tree->block_count > 0)
        outbox_end_batch(sink->outbox, bytes);
}

void sink_flush(struct sink *sink)
{
    if (sink->remote) {
        remote_flush(sink);
        return;
    }
    if (sink->zmq) {
        sink_zmq_flush(sink);
        return;
    }
    if (sink->state != SINK_IDLE || sink->stopping)
        return;
    if (sink->reopen_wanted && !sink_has_jobs(sink))
        sink_reopen_now(sink);
    if (!has_chore(sink) && holds_back(sink))
        return;
    sink->hurry = sink->draining;
    sink->vector_count = begin_write(sink);
    sink->vector_bytes = outbox_in_flight_bytes(sink->outbox);
    if (sink->vector_count == 0 && !has_chore(sink))
        return;
    uv_timer_stop(&sink->alarm);
    sink->state = SINK_WRITING;
    sink->engine->write(sink);
}

void sink_drain(struct sink *sink)
{
    if (sink->remote) {
        remote_drain(sink);
        return;
    }
    if (sink->zmq) {
        sink_zmq_drain(sink);
        return;
    }
    sink->draining = true;
    sink->hurry = true;
    if (sink->is_held)
        return;
    if (sink->state == SINK_DOWN) /* there is no time for a long back-off */
        sink_retry_now(sink);
    sink_flush(sink);
}

static uint64_t waiting(const struct sink *sink)
{
    const struct sink_ledger *ledger = outbox_ledger(sink->outbox);

    return ledger->queued + ledger->in_flight;
}

/* Whether the target is well again: a full disk may take a few bytes now and then. */
static bool went_well(const struct sink *sink, size_t bytes, int error)
{
    if (error && error != EAGAIN)
        return false;
    return bytes > 0 || outbox_is_empty(sink->outbox);
}

void sink_wrote(struct sink *sink, size_t bytes, int error, const char *why)
{
    uint64_t waited = waiting(sink);

    must(sink->state == SINK_WRITING);
    end_write(sink, bytes);
    if (sink->rewind)
        outbox_rewind_entry(sink->outbox);
    sink->rewind = false;
    if (went_well(sink, bytes, error))
        sink_be_up(sink, waited);
    if (outbox_is_empty(sink->outbox))
        sink->vector_bytes = 0; /* whatever comes next is not part of this load */
    if (sink->stopping) {
        if (error)
            log_line(LOG_LEVEL_ERROR, "sink %s: the last write to '%s' failed: %s",
                     sink->conf->name, sink_target(sink), strerror(error));
        sink_finish(sink);
        return;
    }
    if (error && error != EAGAIN) {
        sink_write_failed(sink, error, why);
        return;
    }
    /* Several blocks: the outbox may have been full and somebody parked, whom only the
     * next turn of the loop offers the room. It comes when the target is writable. */
    if (sink->engine->wait && (!outbox_is_empty(sink->outbox) || sink->vector_count > 1)) {
        error = sink->engine->wait(sink); /* still WRITING, with nothing in flight */
        if (error)
            sink_write_failed(sink, error, NULL);
        return;
    }
    sink->state = SINK_IDLE;
    sink_flush(sink);
}

void sink_writable(struct sink *sink)
{
    must(sink->state == SINK_WRITING);
    sink->state = SINK_IDLE;
    sink_flush(sink);
}

/* ---- looking ----------------------------------------------------------------------------- */

const char *sink_name(const struct sink *sink)
{
    return sink->conf->name;
}

bool sink_is_drained(const struct sink *sink)
{
    return sink->zmq ? sink_zmq_is_drained(sink) : outbox_is_empty(sink->outbox);
}

uint64_t sink_unsent(const struct sink *sink)
{
    return sink->zmq ? sink_zmq_unsent(sink) : 0;
}

bool sink_is_closed(const struct sink *sink)
{
    return sink->state == SINK_CLOSED;
}

bool sink_sync_failed(const struct sink *sink)
{
    return sink->sync_failed || sink->sync_failed_once;
}

const char *sink_trouble(const struct sink *sink)
{
    if (sink->is_held)
        return "it waits for its target, which was another sink's";
    if (sink->remote)
        return remote_trouble(sink);
    if (sink->zmq)
        return sink_zmq_trouble(sink);
    if (sink->error)
        return strerror(sink->error);
    return sink->engine == &engine_poll ? "its reader does not read"
                                        : "its disk does not finish a write";
}

/* Connections and ZeroMQ's sockets have nothing to do but wait when their outbox is full. */
bool sink_waits(const struct sink *sink)
{
    return sink->remote || sink->zmq || sink->state != SINK_IDLE;
}

int sink_error(const struct sink *sink)
{
    return sink->error;
}

uint64_t sink_down_since_ms(const struct sink *sink)
{
    return sink->error ? sink->down_since_ms : 0;
}

static dev_t device_of(const struct sink *sink)
{
    return sink_is_log(sink) ? sink->file.log.dev : sink->dev;
}

static ino_t inode_of(const struct sink *sink)
{
    return sink_is_log(sink) ? sink->file.log.ino : sink->ino;
}

bool sink_same_file(const struct sink *a, const struct sink *b)
{
    if (a->tree || b->tree) /* their paths are judged */
        return false;
    if (a->remote || b->remote)
        return false;
    return sink_has_target(a) && sink_has_target(b) && device_of(a) == device_of(b) &&
           inode_of(a) == inode_of(b);
}

bool sink_ward_counts(const struct sink *sink, struct ward_counts *counts_out)
{
    *counts_out = caretaker_counts(sink->file.place.ward);
    return sink->file.place.ward != NULL;
}

bool sink_files(const struct sink *sink, struct sink_files *files)
{
    if (sink->tree)
        *files = sink->tree->files;
    return sink->tree != NULL;
}

const char *sink_target(const struct sink *sink)
{
    return sink->kind->target(sink->conf);
}
