/* plan_parts.h - the inside of a plan: for the files plan*.c.
 *
 *     plan_counts.c     how many, and how large: clients, descriptors, messages, blocks
 *     plan_shares.c     the bytes that each share must have for that
 *     plan_queues.c     the blocks of each sink: what `queue` says, or its part of what is left
 *     plan.c            the sum against the cap, and what is left over
 *
 * In this order, since each asks what those before it have put into the plan. */
#ifndef PLAN_PLAN_PARTS_H
#define PLAN_PLAN_PARTS_H

#include "plan/plan.h"

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

/* Each sink has one block filling, one or two being written, and one to spare. */
enum { BLOCKS_MIN = 4 };

/* Slack: 10 ms of what a loaded daemon was seen to grow between two looks, and a part of
 * the cap, since a large heap is looked through more slowly. */
#define SLACK_BYTES (2 * MIB)
enum { SLACK_PART = 64 }; /* of the cap */

/* Descriptors: our own and those of libuv and libzmq, at the start and after; then of each
 * part; then some to spare. */
enum {
    FILES_OWN = 24,
    FILES_AN_ENDPOINT = 3,
    FILES_A_SINK = 5,       /* folder, file, its successor, one to look into, a poll */
    FILES_A_CARETAKER = 70, /* two walks through folders in folders */
    FILES_A_ZMQ_SINK = 4,   /* its context's */
    FILES_SPARE = 1024,
    FILES_MAX = 1 << 20
};

/* What is being planned for. */
struct planned {
    const struct conf *conf;
    const struct plan_beside *beside;
    unsigned sink_count;
};

/* The sinks of the conf, and behind them those that leave. */
const struct conf_sink *planned_sink(const struct planned *planned, unsigned index);

static inline size_t plan_larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static inline size_t plan_smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- plan_counts.c ------------------------------------------------------------------------ */

/* Also what a reload cannot change: that is a problem at its setting. */
void plan_count(struct plan *plan, const struct planned *planned, struct conf_problems *problems);

/* Whether the path is made from entries. */
bool plan_has_many_files(const struct conf_sink *sink);

/* ---- plan_shares.c ------------------------------------------------------------------------ */

/* All shares but those of blocks and receive, and the slack. */
void plan_share_out(struct plan *plan, const struct planned *planned);

/* ---- plan_queues.c ------------------------------------------------------------------------ */

/* What each sink must have, in blocks of plan->sink_blocks; the share of all. */
void plan_set_quotas(struct plan *plan, const struct planned *planned,
                     struct conf_problems *problems);

/* Gives the queues that are `auto` their part of what the cap has left. */
void plan_grow_queues(struct plan *plan, const struct conf *conf);

/* ---- plan.c ------------------------------------------------------------------------------- */

/* Of all shares and the slack. */
size_t plan_sum(const struct plan *plan);

#endif
