/* A sink that cannot write: it goes down, tries again, and is up again. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/log.h"
#include "conf/must.h"
#include "sink/sink_parts.h"

enum { RETRY_MS_FIRST = 100, RETRY_MS_MAX = 5000 };

static uint64_t queued(const struct sink *sink)
{
    return outbox_ledger(sink->outbox)->queued;
}

bool sink_error_is_temporary(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EROFS || error == EIO || error == ENXIO ||
           error == EMFILE || error == ENFILE || error == ENOMEM || error == EAGAIN;
}

static void on_retry(uv_timer_t *timer);

void sink_go_down(struct sink *sink, int error, const char *sentence)
{
    if (sink->error == 0) {
        sink->down_since_ms = uv_now(sink->loop);
        sink->retry_ms = RETRY_MS_FIRST;
        sink->dropped_before = sink_ledger_dropped(outbox_ledger(sink->outbox));
        log_line(LOG_LEVEL_WARNING, "sink %s: %s; %" PRIu64 " entries are waiting, retrying",
                 sink->conf->name, sentence, queued(sink));
    }
    sink->error = error;
    sink->state = SINK_DOWN;
    uv_timer_start(&sink->alarm, on_retry, sink->retry_ms, 0);
    sink->retry_ms = sink->retry_ms * 2 < RETRY_MS_MAX ? sink->retry_ms * 2 : RETRY_MS_MAX;
}

void sink_be_up(struct sink *sink, uint64_t waiting)
{
    uint64_t dropped = sink_ledger_dropped(outbox_ledger(sink->outbox));

    if (sink->error == 0)
        return;
    sink->error = 0;
    log_line(LOG_LEVEL_NOTICE,
             "sink %s: writing again after %.1f s; %" PRIu64 " entries have waited, %" PRIu64
             " were dropped",
             sink->conf->name, (double)(uv_now(sink->loop) - sink->down_since_ms) / 1000, waiting,
             dropped - sink->dropped_before);
}

static void on_retry(uv_timer_t *timer)
{
    struct sink *sink = container_of(timer, struct sink, alarm);
    struct err err;

    sink->hurry = true; /* it has waited long enough */
    sink->chore = true; /* a log file is opened by its job */
    if (!sink_has_target(sink) && !sink_has_jobs(sink)) {
        if (sink_open_target(sink, &err) < 0) {
            sink_go_down(sink, errno, err.text);
            return;
        }
        /* A pipe that nobody reads opens well, too: what waits will tell. */
        if (outbox_is_empty(sink->outbox))
            sink_be_up(sink, 0);
    }
    sink->state = SINK_IDLE;
    sink_flush(sink);
}

void sink_write_failed(struct sink *sink, int error, const char *why)
{
    char sentence[512];

    if (!why) {
        snprintf(sentence, sizeof sentence, "cannot write to '%s': %s", sink_target(sink),
                 strerror(error));
        why = sentence;
    }
    /* The job of a log file opens what is not open, and says EINVAL to what is no file. */
    if (sink_has_jobs(sink) ? error == EINVAL && !sink_has_target(sink)
                            : !sink_error_is_temporary(error))
        sink_close_descriptor(sink);
    sink_go_down(sink, error, why);
}

void sink_retry_now(struct sink *sink)
{
    sink->retry_ms = RETRY_MS_FIRST;
    uv_timer_start(&sink->alarm, on_retry, 0, 0);
}
