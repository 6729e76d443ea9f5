/* gap.h - entries that a sink dropped in one stretch: how many, why, when, mostly whose.
 *
 * A gap travels with the block that follows it, one for each reason, until its notice
 * (aggregate/notice.h) is written. Whose it mostly was is a vote that needs no table
 * (Boyer and Moore's): an app gains a vote with each of its entries and loses one with
 * each of another's. So at least `lead` of the entries are that app's. */
#ifndef AGGREGATE_GAP_H
#define AGGREGATE_GAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum drop_reason {
    DROP_SHUTDOWN,      /* could not be written before the daemon stopped */
    DROP_FULL,          /* the queue was full, and the policy is to drop */
    DROP_BLOCK_EXPIRED, /* the queue was full for longer than block_for */
    DROP_SUB_FULL,      /* the queue was full, and its source cannot be held back */
    DROP_REMOVED,       /* its sink was taken out of the configuration, and had no time left */
    DROP_OPERATOR,      /* an operator has said so */
    DROP_REASONS
};

/* Of a longer app the beginning stands for it. */
enum { GAP_APP_MAX = 32 };

struct gap {
    uint64_t count;
    enum drop_reason reason;
    int64_t from_ns; /* when the first and the last of them were received */
    int64_t to_ns;
    uint64_t lead; /* votes that `app` is ahead */
    uint8_t app_len;
    char app[GAP_APP_MAX];
};

/* What was dropped before one block, by reason. */
struct gaps {
    struct gap of[DROP_REASONS];
};

void gap_add(struct gap *gap, enum drop_reason reason, uint64_t count, int64_t from_ns,
             int64_t to_ns);

/* One of the entries added came from this app; an entry without app votes for none. */
void gap_vote(struct gap *gap, const char *app, size_t app_len);

/* The app of at least half of the entries for certain, which in effect takes three
 * quarters; NULL: no app has so many. The bytes are the client's. */
const char *gap_mostly(const struct gap *gap, size_t *len_out);

void gap_merge(struct gap *into, const struct gap *more);
void gaps_merge(struct gaps *into, const struct gaps *more);
bool gaps_are_empty(const struct gaps *gaps);

#endif
