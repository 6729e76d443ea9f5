/* daemon_parts.h - the daemon's inside: for the files that are named below. */
#ifndef DAEMON_DAEMON_PARTS_H
#define DAEMON_DAEMON_PARTS_H

#include "aggregate/aggregate.h"
#include "control/control.h"
#include "daemon/channel.h"
#include "daemon/daemon.h"
#include "daemon/watchdog.h"
#include "ingest/endpoint.h"
#include "metrics/metrics.h"
#include "plan/plan.h"
#include "sink/sink.h"
#include "status/status.h"

enum daemon_state {
    DAEMON_RUNNING,
    DAEMON_DRAINING, /* receiving what ZeroMQ has queued */
    DAEMON_FLUSHING, /* writing what the outboxes hold */
    DAEMON_CLOSING
};

enum { DAEMON_SIGNALS = 5 };

/* So many sinks may be leaving at once. */
enum { DAEMON_LEAVING_MAX = 256 };

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

/* service.c's. */
enum { SERVICE_STATUS_MAX = 1024 };
struct service {
    bool is_heard; /* there is a service manager */
    uv_timer_t ping_timer;
    struct watchdog watchdog;
    bool withheld;             /* the last ping */
    uv_timer_t status_timer;   /* runs while anything happens */
    uint64_t received_seen;    /* at its last tick, */
    uint64_t status_looked_ms; /* which was then, in loop time */
    uint64_t turns_seen;
    bool status_changes;
    struct status now;
    char told[SERVICE_STATUS_MAX]; /* the line, as it was sent last */
};

struct daemon {
    struct conf *conf; /* a reference to the one that holds */
    const char *conf_path;
    struct conf_problems *problems;
    enum daemon_state state;
    struct plan plan;
    struct budget budget;
    bool budget_open;
    uv_loop_t loop;
    bool loop_open;
    uv_work_t first_job; /* starts the pool's threads */
    void *zmq;
    struct inherited *inherited; /* addresses that the service manager holds for us */
    struct zap *zap;             /* NULL: nothing is encrypted */
    bool encryption_is_tested;

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
    struct channel **leaving; /* taken out by a reload, and not through yet; oldest first */
    unsigned leaving_count;
    struct status_parted left; /* those that are through */
    unsigned sinks_open;

    uv_signal_t signals[DAEMON_SIGNALS];
    unsigned signal_count;
    uv_timer_t stop_timer;  /* ticks while stopping */
    uv_timer_t leave_timer; /* ticks while a sink leaves, or one waits for it */
    uv_timer_t stall_timer; /* runs while something is parked */
    struct giveback giveback;
    struct service service;
    uv_timer_t voice_timer; /* runs while sentences are only counted */
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
    uint64_t strangers_told;            /* turned away for their uid, as far as the log says so */
    uint64_t stranger_told_ms;          /* loop time; 0: never */
    uint64_t turned_told_ms;            /* the same; 0: not of late */
    uint64_t refused_told;              /* newcomers, as far as the log says so */
    uint64_t refused_told_ms;           /* loop time; 0: never */
    unsigned interrupts;
    uint64_t stop_began_ms; /* loop time */
    uint64_t arrivals;      /* messages and bytes seen at the last tick */
    unsigned quiet_ticks;
    bool cut_short; /* time was up before everything had arrived */

    struct state_file *state_file; /* NULL: there is none */
    struct control *control;       /* NULL: there is none */
    struct control_actions control_actions;
    struct recent *recent; /* NULL: nothing is kept; this and the next two */
    struct replay *replay;
    struct tail *tail;
    struct losses losses;
    struct census census;
    struct check *check;     /* NULL: none is under way */
    struct metrics *metrics; /* NULL: not configured */

    /* sources.c's */
    uint64_t ready_ms; /* loop time */
    struct status_last_stop last_stop;
    struct status_source_sink *source_sinks;
    unsigned source_room;
    struct status_config config_status;
};

static inline double daemon_seconds_since(const struct daemon *daemon, uint64_t since_ms)
{
    return (double)(uv_now(&daemon->loop) - since_ms) / 1000;
}

/* assemble.c - opening in order, and undoing it backwards. 0, or the exit status and
 * problems or a sentence. */
enum exit_status daemon_open(struct daemon *daemon, struct err *err);
void daemon_free(struct daemon *daemon);

/* What a sink is opened with, and what its queue is made of. */
struct channel_shared daemon_channel_shared(struct daemon *daemon, struct conf *conf);

/* shares.c - memory, as daemon->plan says; and what another plan says instead, which must have room
 * for all that is in use. 0, or -1 and a sentence; a shift that failed is undone by another one,
 * back to the plan of before. */
int daemon_open_shares(struct daemon *daemon, struct err *err);
int daemon_shift_shares(struct daemon *daemon, const struct plan *plan, struct err *err);
void daemon_close_shares(struct daemon *daemon);

/* Makes what the plan has and was not needed before. 0, or -1 and a sentence. */
int daemon_open_rest(struct daemon *daemon, const struct plan *plan, struct err *err);

/* daemon.c - signals, all timers and the watch */
void daemon_open_handles(struct daemon *daemon);
void daemon_reopen_sinks(struct daemon *daemon);

/* reload.c - reads the configuration anew, judges it, and changes to it, or changes nothing. True:
 * it holds now. What became of it is in the log, and told_out, which is the caller's to free, has
 * the same sentences, one a line; it may be NULL. Not inside another callback of the daemon. */
bool daemon_reload(struct daemon *daemon, char **told_out);

/* reload_plan.c - from now on the plan is this one, to which memory was shifted; takes over what it
 * holds. */
void daemon_adopt_plan(struct daemon *daemon, struct plan *plan);

/* When no sink leaves any more: what they had of the memory is the others'. */
void daemon_settle_plan(struct daemon *daemon);

/* leaving.c - sinks that a reload took out: drained until drain_timeout, then closed; those that
 * wait for their targets are opened then. The channel is taken over. */
void daemon_leave(struct daemon *daemon, struct channel *channel);

/* Looks after them from now on, until there is none left. */
void daemon_watch_leaving(struct daemon *daemon);

/* A sink that was opened for a reload that is refused: closed, without a word. */
void daemon_undo_channel(struct daemon *daemon, struct channel *channel);

/* For the stop: what they cannot write in time is its loss; then closes them all. */
void daemon_hurry_leaving(struct daemon *daemon);
void daemon_end_leaving(struct daemon *daemon);

/* The end of every sink: daemon_close's, and of those that leave. */
void daemon_on_sink_closed(void *daemon);

/* stop.c */
void daemon_stop(struct daemon *daemon);
void daemon_close(struct daemon *daemon);

/* Whether the stop lost anything: refused or dropped at shutdown, still in flight, or never
 * received because the drain was cut short. What a policy dropped is no loss of the stop. */
bool daemon_has_losses(const struct daemon *daemon);

/* Of these, what one sink has lost; and whether nobody knows what it has on the disk. */
uint64_t daemon_entries_lost_by(const struct channel *channel);
bool daemon_is_unsure_of(const struct channel *channel);

/* last_stop.c - the state file: opened before any other, which refuses a second daemon; at ready,
 * when it says how the last one ended; and at the end, behind the last ledger. */
enum exit_status daemon_open_state(struct daemon *daemon);
void daemon_begin_state(struct daemon *daemon);
void daemon_end_state(struct daemon *daemon);

/* stall.c - says when clients wait because a sink is full. Each turn. */
void daemon_watch_stall(struct daemon *daemon);

/* block_for.c - for stall.c, each turn: measures who holds back what is parked, and lets it
 * drop when block_for is over; says so when one has caught up. */
void daemon_watch_blocking(struct daemon *daemon, bool parked);
void daemon_watch_expired(struct daemon *daemon);

/* A block_for is another one. */
void daemon_arm_block_timer(struct daemon *daemon);

/* giveback.c - gives memory back to the kernel, after a burst and near the cap. Each turn;
 * and once at ready, when nothing has happened yet. */
void daemon_watch_memory(struct daemon *daemon);
void daemon_memory_at_rest(struct daemon *daemon);

/* drops.c - says when sinks drop. Each turn; daemon_end_drops when it is too late for more. */
void daemon_watch_drops(struct daemon *daemon);
void daemon_end_drops(struct daemon *daemon);
void daemon_end_drops_of(struct channel *channel);

/* match_limit.c - says, once for each sink, that its match gave up on a message. Each turn. */
void daemon_watch_matches(struct daemon *daemon);

/* assemble.c - before any socket that depends on it, be it a sink's: proves once that encryption
 * lets in nobody else, if this conf encrypts. 0, or -1 and a sentence. */
int daemon_test_encryption(struct daemon *daemon, const struct conf *conf, struct err *err);

/* newcomers.c - says whose key was not let in. Each turn. */
void daemon_watch_newcomers(struct daemon *daemon);

/* gatekeeper.c - with the other handles; closed before the loop ends */
void daemon_open_gatekeeper(struct daemon *daemon);
void daemon_close_gatekeeper(struct daemon *daemon);

/* sources.c - how we are, for whoever asks; between ready and the end */
void daemon_gather_status(struct daemon *daemon, struct status *status);
void daemon_fini_sources(struct daemon *daemon);

/* What became of a reload, in lines, of which the first is kept as the reason. */
void daemon_note_reload(struct daemon *daemon, bool holds, const char *told);

/* serve.c - the control socket; a failure is told in the log */
enum exit_status daemon_open_control(struct daemon *daemon);

/* check.c - one of the control socket's actions; and its end, before the loop's */
void daemon_check(void *context, const struct control_later *later);
void daemon_end_check(struct daemon *daemon);

/* tail.c - what `logboom tail` shows */
int daemon_open_tail(struct daemon *daemon, struct err *err);
void daemon_free_tail(struct daemon *daemon);

/* losses.c - what was lost lately. Each turn; of a sink that leaves, when it is through; and what
 * others see. The reason must last. */
void daemon_watch_losses(struct daemon *daemon);
void daemon_watch_losses_of(struct daemon *daemon, const struct channel *channel);
void daemon_add_loss(struct daemon *daemon, enum loss_kind kind, const char *place,
                     const char *reason, uint64_t count, const char *peer);

/* service.c - tells the service manager that we live, and how. Timers open with the others;
 * begin at ready; each turn; closed with the others. */
void daemon_open_service(struct daemon *daemon);
void daemon_begin_service(struct daemon *daemon);
void daemon_watch_status(struct daemon *daemon);
void daemon_close_service(struct daemon *daemon);

/* voice.c - tells what the log has only counted. Each turn. */
void daemon_watch_voice(struct daemon *daemon);

/* expose.c */
int daemon_open_metrics(struct daemon *daemon, struct err *err);

/* report.c - into the log */
void daemon_report_ready(const struct daemon *daemon);
void daemon_report_ledger(const struct daemon *daemon);

/* The lines that begin with `ledger: `, one after the other. */
void daemon_tell_ledger(const struct daemon *daemon, void (*tell)(void *context, const char *line),
                        void *context);
void daemon_report_channel(const struct channel *channel);

#endif
