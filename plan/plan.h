/* plan.h - how memory.cap is split before anything is opened. All bytes.
 *
 *     cap >= base + clients + receive + messages + entries + parser + blocks + cargo + tls
 *            + paths + caretaker + control + metrics + tables + slack
 *
 * What each must have comes first; what is left over is split between `receive` and the
 * queues that are `auto`, so that both grow with the cap. */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "aggregate/budget.h"
#include "conf/conf.h"

struct plan {
    size_t cap_bytes;
    size_t share_bytes[BUDGET_SHARES];
    size_t slack_bytes; /* nobody's: for what grows between two looks at it */
    size_t total_bytes; /* all of it; more than the cap: it does not fit */
    size_t smallest_cap_bytes;

    /* What the gate may charge. Its share is twice that, since the allocator keeps up to
     * 1.7 times what libzmq asked for. */
    size_t receive_bytes;
    unsigned clients;        /* that may be connected at once, over all endpoints */
    unsigned clients_served; /* the same, unless open_files finds too few descriptors */
    unsigned own_descriptors;
    unsigned descriptors; /* RLIMIT_NOFILE as it should be: one slot of the gate for each */

    size_t match_bytes; /* of the tables: what all `match` need */
    bool searches;      /* some match does */
    size_t max_message; /* the largest of all endpoints */
    size_t max_entry;
    size_t keep_bytes; /* of the last messages; 0: none */
    unsigned entry_fields;
    size_t block_cap;
    bool asks_origin;      /* somebody wants to know who sent an entry */
    bool has_caretaker;    /* some sink rotates */
    unsigned compress_set; /* for caretaker_new */
    unsigned block_count;  /* of all sinks */
    unsigned auto_blocks;  /* of each queue that is `auto` and has no more already */
    unsigned *sink_blocks; /* the quota of each; of the conf's, then of those that leave */
    unsigned zmq_sinks;
    unsigned encrypting_sinks; /* of these */
    unsigned cargo_holds;      /* of each of these, of block_cap bytes each */
    size_t receivers_bytes;    /* of the share of clients: what those of zmq sinks need beyond it */
};

/* What a plan must leave alone that is made while another one holds: what was made at the start
 * stays as it is, and what is queued stays where it is. */
struct plan_beside {
    const struct plan *running;
    const unsigned *held_blocks;            /* so many has each sink of the new conf at least */
    const struct conf_sink *const *leaving; /* those that are drained meanwhile */
    const unsigned *leaving_blocks;         /* that each of them keeps */
    unsigned leaving_count;
};

/* The same for a reload. `beside` is borrowed until it returns. */
void plan_init_beside(struct plan *plan, const struct conf *conf, const struct plan_beside *beside,
                      struct conf_problems *problems);

/* Works out the plan; what does not fit is a problem at the setting to change. The
 * plan holds memory until plan_fini either way. */
void plan_init(struct plan *plan, const struct conf *conf, struct conf_problems *problems);
void plan_fini(struct plan *plan);

/* The longest message that `logboom tail` decodes once more. */
size_t plan_replay_max(const struct plan *plan);

/* plan_show.c: the table of `--plan`, also of a plan that does not fit. */
void plan_show(const struct plan *plan, const struct conf *conf, FILE *out);

/* What is planned for each client, and by the kernel for each client's socket (which is no
 * memory of this process). */
enum {
    PLAN_CLIENT_BYTES = 80 * 1024,
    PLAN_SOCKET_BYTES = 256 * 1024,
    PLAN_SEND_BYTES = 512 * 1024, /* of a sink that connects: the kernel doubles what is set */
};

#endif
