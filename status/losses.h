/* losses.h - what was lost lately: when, why and whose, for `logboom drops`.
 *
 * The last LOSSES_KEPT stretches. What goes on is one stretch: of the same reason at the same
 * place, without a pause of LOSSES_PAUSE_S. Counts all, forgets the oldest. Loop thread only. */
#ifndef STATUS_LOSSES_H
#define STATUS_LOSSES_H

#include "aggregate/gap.h"
#include "aggregate/json_out.h"

enum { LOSSES_KEPT = 64, LOSSES_PAUSE_S = 10, LOSS_NAME_MAX = 96 };

enum loss_kind {
    LOSS_DROPPED,   /* entries, by a sink */
    LOSS_REFUSED,   /* entries, by an endpoint */
    LOSS_CLOSED,    /* a client was cut off, with the message that it was sending */
    LOSS_NOT_LET_IN /* a client's key is not known */
};
const char *loss_kind_name(enum loss_kind kind);

struct loss {
    enum loss_kind kind;
    char place[LOSS_NAME_MAX]; /* the sink's or endpoint's name */
    const char *reason;        /* a fixed word, of the ledger or the gate */
    uint64_t count;            /* entries, or clients */
    int64_t from_ns, to_ns;    /* since 1970 */
    char peer[LOSS_NAME_MAX];  /* the last one's sender; empty: not known */
    struct gap gap;            /* of what was dropped: mostly whose */
};

struct losses {
    struct loss items[LOSSES_KEPT];
    unsigned count;
    uint64_t forgotten; /* stretches that there was no room for any more */
};

/* The reason is kept, and must last. */
void losses_add(struct losses *losses, const struct loss *loss);

void losses_add_gap(struct losses *losses, const char *sink, const struct gap *gap);

/* "losses":[…], the latest first, in an object that the caller has opened; at most so many
 * bytes. */
enum { LOSSES_JSON_BYTES = 256 + LOSSES_KEPT * (320 + 6 * (2 * LOSS_NAME_MAX + GAP_APP_MAX)) };
void losses_write_json(const struct losses *losses, struct json_out *out);

#endif
