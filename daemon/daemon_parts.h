/* daemon_parts.h - the daemon's inside: for the files that are named below. */
#ifndef DAEMON_DAEMON_PARTS_H
#define DAEMON_DAEMON_PARTS_H

#include "aggregate/aggregate.h"
#include "daemon/channel.h"
#include "daemon/daemon.h"
#include "daemon/plan.h"
#include "ingest/endpoint.h"
#include "sink/sink.h"

enum daemon_state {
    DAEMON_RUNNING,
    DAEMON_DRAINING, /* receiving what ZeroMQ has queued */
    DAEMON_FLUSHING, /* writing what the outboxes hold */
    DAEMON_CLOSING
};

enum { DAEMON_SIGNALS = 5 };

/* giveback.c's. */
struct giveback {
    uv_timer_t timer; /* ticks while anything happens */
    uint64_t seen;    /* activity at the last turn, and at the last tick */
    uint64_t at_tick;
    bool after_burst;
    uint64_t looked_ms;   /* loop time */
    size_t at_rest_bytes; /* resident at ready */
    size_t tried_bytes;   /* resident after giving back near the cap; 0: not near it */
    unsigned long times;  /* that it gave back */
};

struct daemon {
    const struct conf *conf;
    struct conf_problems *problems;
    enum daemon_state state;
    struct plan plan;
    struct budget budget;
    bool budget_open;
    uv_loop_t loop;
    bool loop_open;
    uv_work_t first_job; /* starts the pool's threads */
    void *zmq;
    struct zap *zap; /* NULL: nothing is encrypted */

    struct pool *blocks;
    struct pool *cargo; /* NULL: no zmq sink */
    struct message_pool *messages;
    struct entry_pool *entries;
    struct decoder *decoder;
    struct peers *peers; /* NULL: nobody asks */
    struct aggregate *aggregate;

    struct zmq_watch watch;
    bool watch_open;
    struct endpoint **endpoints;
    unsigned endpoint_count;
    struct caretaker *caretaker;        /* NULL: nothing is rotated */
    struct expression_room *match_room; /* NULL: no match searches */
    struct channel **channels;          /* one for each sink, in the order of their routes */
    unsigned channel_count;
    unsigned sinks_open;

    uv_signal_t signals[DAEMON_SIGNALS];
    unsigned signal_count;
    uv_timer_t stop_timer;  /* ticks while stopping */
    uv_timer_t stall_timer; /* runs while something is parked */
    struct giveback giveback;
    uv_timer_t block_timer; /* the next end of a block_for */
    uv_timer_t drops_timer; /* runs while a sink drops */
    uv_timer_t gate_timer;  /* ticks while the gate has something to look after */
    uv_async_t gate_call;
    bool timers_open;
    uint64_t stalled_since_ms; /* loop time; 0: nothing is parked */
    uint64_t stalled_at;       /* entries accepted from those who wait, until then */
    bool stall_told;
    bool gate_is_on;
    uint64_t cuts_told;                 /* peers cut off, as far as the log says so */
    uint64_t cut_told_ms, door_told_ms; /* loop time; 0: never */
    uint64_t refused_told;              /* newcomers, as far as the log says so */
    uint64_t refused_told_ms;           /* loop time; 0: never */
    unsigned interrupts;
    uint64_t stop_began_ms; /* loop time */
    uint64_t arrivals;      /* messages and bytes seen at the last tick */
    unsigned quiet_ticks;
    bool cut_short; /* time was up before everything had arrived */
};

static inline double daemon_seconds_since(const struct daemon *daemon, uint64_t since_ms)
{
    return (double)(uv_now(&daemon->loop) - since_ms) / 1000;
}

/* assemble.c - opening in order, and undoing it backwards. 0, or the exit status and
 * problems or a sentence. */
enum exit_status daemon_open(struct daemon *daemon, struct err *err);
void daemon_free(struct daemon *daemon);

/* daemon.c - signals, all timers and the watch */
void daemon_open_handles(struct daemon *daemon);

/* stop.c */
void daemon_stop(struct daemon *daemon);
void daemon_close(struct daemon *daemon);

/* Whether the stop lost anything: refused or dropped at shutdown, still in flight, or never
 * received because the drain was cut short. What a policy dropped is no loss of the stop. */
bool daemon_has_losses(const struct daemon *daemon);

/* stall.c - says when clients wait because a sink is full. Each turn. */
void daemon_watch_stall(struct daemon *daemon);

/* block_for.c - for stall.c, each turn: measures who holds back what is parked, and lets it
 * drop when block_for is over; says so when one has caught up. */
void daemon_watch_blocking(struct daemon *daemon, bool parked);
void daemon_watch_expired(struct daemon *daemon);

/* giveback.c - gives memory back to the kernel, after a burst and near the cap. Each turn;
 * and once at ready, when nothing has happened yet. */
void daemon_watch_memory(struct daemon *daemon);
void daemon_memory_at_rest(struct daemon *daemon);

/* drops.c - says when sinks drop. Each turn; daemon_end_drops when it is too late for more. */
void daemon_watch_drops(struct daemon *daemon);
void daemon_end_drops(struct daemon *daemon);

/* match_limit.c - says, once for each sink, that its match gave up on a message. Each turn. */
void daemon_watch_matches(struct daemon *daemon);

/* newcomers.c - says whose key was not let in. Each turn. */
void daemon_watch_newcomers(struct daemon *daemon);

/* gatekeeper.c - with the other handles; closed before the loop ends */
void daemon_open_gatekeeper(struct daemon *daemon);
void daemon_close_gatekeeper(struct daemon *daemon);

/* report.c - into the log */
void daemon_report_ready(const struct daemon *daemon);
void daemon_report_ledger(const struct daemon *daemon);

#endif
