/* tail.h - the stream `tail`: the last entries, then each that is taken, for those who read along.
 *
 * Entries come out of the recent messages (aggregate/recent.h), decoded once more. So nobody who
 * reads costs the way of an entry anything, the last ones and those that follow come out of one
 * place, without a seam, and a reader that is too slow is overtaken: he then knows by the
 * numbers of the entries how many he has missed. How much of the loop's time readers get is in
 * allowance.h. Loop thread only. */
#ifndef CONTROL_TAIL_H
#define CONTROL_TAIL_H

#include <uv.h>

#include "aggregate/recent.h"
#include "ingest/replay.h"

struct tail;
struct control_call;

/* More are refused, and so are more that search messages. */
enum { TAIL_READERS_MAX = 8, TAIL_SEARCHES_MAX = 2 };

/* All of it is borrowed until tail_free. */
struct tail_means {
    uv_loop_t *loop;
    struct recent *recent;
    struct replay *replay;
    size_t max_entry;
    bool local_time;
};

struct tail *tail_new(const struct tail_means *means, struct err *err);

/* The request `tail`, see words.h. */
void tail_serve(struct tail *tail, struct control_call *call);

/* Each turn, when its entries are taken. Costs nothing while nobody reads. */
void tail_turn(struct tail *tail);

/* Tells all readers that it is over. NULL is fine. The loop must run once more before
 * tail_free. */
void tail_close(struct tail *tail);
void tail_free(struct tail **tail);

/* What all of it may take, but for the recent messages and the replay. */
size_t tail_bytes(size_t max_entry);

#endif
