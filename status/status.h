/* status.h - how the daemon is, at one moment: what `stat`, `top`, the metrics and systemd's
 * status line show.
 *
 * A plain copy, with texts of its own, so whoever has one may keep it. Gathering one costs some
 * ten microseconds and one system call; it allocates when there are more endpoints or sinks
 * than ever before. Counters only grow: rates are the difference of two, by their `now_ms`.
 * Times in milliseconds, sizes in bytes, entries unless the name says so. Loop thread only. */
#ifndef STATUS_STATUS_H
#define STATUS_STATUS_H

#include "aggregate/budget.h"
#include "aggregate/ledger.h"
#include "ingest/endpoint.h"
#include "sink/sink.h"
#include "zeromq/gate.h"

enum { STATUS_NAME_MAX = 64, STATUS_TEXT_MAX = 256, STATUS_SENTENCE_MAX = 512 };

enum status_phase { STATUS_RUNNING, STATUS_STOPPING };
const char *status_phase_name(enum status_phase phase);

struct status_endpoint {
    char name[STATUS_NAME_MAX + 1];
    char addresses[STATUS_TEXT_MAX]; /* separated by spaces; cut if they are longer */
    struct endpoint_ledger ledger;
    bool is_sub;                       /* its clients cannot wait */
    bool is_waiting;                   /* a sink is full, so its clients wait */
    unsigned clients;                  /* accepted and open now; 0 without the gate */
    uint64_t closed[GATE_CUT_REASONS]; /* of these, clients that were cut off */
};

struct status_sink {
    char name[STATUS_NAME_MAX + 1];
    char target[STATUS_TEXT_MAX];
    char trouble[STATUS_TEXT_MAX]; /* why nothing is written; empty: nothing hinders it */
    struct sink_ledger ledger;
    struct latency latency;
    size_t queue_bytes; /* of queue_limit_bytes, in whole blocks */
    size_t queue_limit_bytes;
    uint64_t oldest_ms;  /* how long the oldest entry has waited; 0: none does */
    bool is_up;          /* the last attempt to write, connect or open went well */
    uint64_t down_ms;    /* since when it did not */
    uint64_t blocked_ms; /* has held back everybody so long, without a break */
    uint64_t blocked_total_ms;
    uint64_t losing_ms; /* has been dropping what it should write for so long */
    bool is_expired;    /* block_for is over: drops until it has caught up */
    bool drops_all;     /* by an operator's word */
};

struct status_config {
    char path[STATUS_TEXT_MAX];
    int64_t loaded_ns;           /* since 1970: the one that is in force */
    bool is_refused;             /* the last attempt to load another one failed: */
    char error[STATUS_TEXT_MAX]; /* for this reason */
};

/* How the daemon before this one ended, by its state file. */
enum status_last_how {
    STATUS_LAST_STOP_UNKNOWN, /* there is no state file, or this is the first start */
    STATUS_LAST_STOP_FINE,
    STATUS_LAST_STOP_LOSSES,
    STATUS_LAST_STOP_UNCLEAN /* a crash, a kill, a power cut */
};
const char *status_last_how_name(enum status_last_how how);

struct status_last_stop {
    enum status_last_how how;
    int64_t at_ns; /* since 1970; 0: not known */
    char sentence[STATUS_SENTENCE_MAX];
};

/* Sinks that a reload took out, together. One whose queue went to another is none. */
struct status_parted {
    unsigned sinks;
    char names[STATUS_TEXT_MAX]; /* separated by spaces; cut if they are longer */
    struct sink_ledger ledger;
};

enum status_verdict { STATUS_FINE, STATUS_LOSING, STATUS_BLOCKED };
const char *status_verdict_name(enum status_verdict verdict);

struct status {
    int64_t now_ns;     /* since 1970 */
    uint64_t now_ms;    /* loop time: for differences */
    uint64_t uptime_ms; /* since ready */
    uint64_t cpu_us;    /* of all threads, since the start of the process */
    enum status_phase phase;

    struct status_endpoint *endpoints;
    unsigned endpoint_count, endpoint_room;
    struct status_sink *sinks;
    unsigned sink_count, sink_room;
    struct status_parted leaving; /* still writing what waits there */
    struct status_parted left;    /* since the start; without names */

    size_t cap_bytes;
    size_t claimed_bytes;
    size_t resident_bytes;
    size_t resident_peak_bytes; /* VmHWM */
    struct budget_use shares[BUDGET_SHARES];

    bool gate_is_on;
    struct gate_stats gate; /* over all endpoints and sinks */
    bool encrypts;
    uint64_t let_in, not_let_in; /* clients, by their keys */

    uint64_t newest, done_through; /* ingest numbers */
    uint64_t turns, busy_turns;    /* of the loop */
    struct status_config config;
    struct status_last_stop last_stop;

    uint64_t stalled_ms;      /* nothing is received for so long, since a sink is full */
    int stalled_by;           /* which one; -1: none */
    unsigned waiting_clients; /* of endpoints that wait */
    enum status_verdict verdict;
    char sentence[STATUS_SENTENCE_MAX]; /* the verdict in one sentence, without a full stop */
};

/* Where it comes from, of one sink; loop times, 0: it is not so. */
struct status_source_sink {
    const struct sink *sink;
    const struct outbox *outbox;
    uint64_t blocked_since_ms;
    uint64_t blocked_total_ms; /* without the present one */
    uint64_t expired_since_ms;
    uint64_t dropping_since_ms;
};

/* All of it. Everything is borrowed until status_gather returns. */
struct status_sources {
    uint64_t now_ms, ready_ms; /* loop time */
    enum status_phase phase;
    struct endpoint *const *endpoints;
    unsigned endpoint_count;
    const struct status_source_sink *sinks;
    unsigned sink_count;
    const struct budget *budget;
    size_t resident_bytes;
    size_t resident_peak_bytes; /* VmHWM */
    bool gate_is_on;
    const struct zap *zap; /* NULL: nothing is encrypted */
    const struct aggregate *aggregate;
    const struct zmq_watch *watch;
    uint64_t stalled_since_ms;
    const struct status_config *config;
    const struct status_last_stop *last_stop;
    const struct status_parted *leaving, *left;
};

/* One more of them. The name may be NULL. */
void status_part(struct status_parted *parted, const char *name, const struct sink_ledger *ledger);

/* The status is zeroed before the first time, and holds memory until status_fini. */
void status_gather(const struct status_sources *sources, struct status *status);
void status_fini(struct status *status);

/* What a status of so many parts holds, for planning. */
size_t status_bytes(unsigned endpoints, unsigned sinks);

/* verdict.c: fills verdict and sentence from the rest; status_gather does it. */
void status_judge(struct status *status);

#endif
