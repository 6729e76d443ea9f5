#include "status/losses.h"

#include <stdio.h>
#include <string.h>

#include "aggregate/ledger.h"

const char *loss_kind_name(enum loss_kind kind)
{
    static const char *const names[] = {[LOSS_DROPPED] = "dropped",
                                        [LOSS_REFUSED] = "refused",
                                        [LOSS_CLOSED] = "closed",
                                        [LOSS_NOT_LET_IN] = "not let in"};

    return names[kind];
}

/* ---- adding ------------------------------------------------------------------------------------
 */

static bool goes_on(const struct loss *before, const struct loss *now)
{
    return before->kind == now->kind && strcmp(before->place, now->place) == 0 &&
           strcmp(before->reason, now->reason) == 0 &&
           now->from_ns - before->to_ns < LOSSES_PAUSE_S * INT64_C(1000000000);
}

/* The stretch that it belongs to, or a place for a new one; the last moved is the latest. */
static struct loss *place_for(struct losses *losses, const struct loss *loss)
{
    unsigned at = losses->count;
    struct loss found = {.reason = NULL};

    while (at > 0 && !goes_on(&losses->items[at - 1], loss))
        at--;
    if (at > 0) {
        found = losses->items[--at];
    } else if (losses->count < LOSSES_KEPT) {
        at = losses->count++;
    } else {
        losses->forgotten++;
    }
    memmove(&losses->items[at], &losses->items[at + 1],
            (losses->count - 1 - at) * sizeof losses->items[0]);
    losses->items[losses->count - 1] = found;
    return &losses->items[losses->count - 1];
}

void losses_add(struct losses *losses, const struct loss *loss)
{
    struct loss *item = place_for(losses, loss);
    struct loss before = *item;

    *item = *loss;
    if (!before.reason)
        return;
    item->count += before.count;
    item->from_ns = before.from_ns < loss->from_ns ? before.from_ns : loss->from_ns;
    item->to_ns = before.to_ns > loss->to_ns ? before.to_ns : loss->to_ns;
    item->gap = before.gap;
    gap_merge(&item->gap, &loss->gap);
    if (!item->peer[0])
        memcpy(item->peer, before.peer, sizeof item->peer);
}

void losses_add_gap(struct losses *losses, const char *sink, const struct gap *gap)
{
    struct loss loss = {.kind = LOSS_DROPPED,
                        .reason = drop_reason_name(gap->reason),
                        .count = gap->count,
                        .from_ns = gap->from_ns,
                        .to_ns = gap->to_ns,
                        .gap = *gap};

    snprintf(loss.place, sizeof loss.place, "%s", sink);
    losses_add(losses, &loss);
}

/* ---- showing -----------------------------------------------------------------------------------
 */

static void write_one(const struct loss *loss, struct json_out *out)
{
    size_t len = 0;
    const char *app = gap_mostly(&loss->gap, &len);

    json_object(out, NULL);
    json_text(out, "what", loss_kind_name(loss->kind));
    json_text(out, loss->kind == LOSS_DROPPED ? "sink" : "endpoint", loss->place);
    json_text(out, "reason", loss->reason);
    json_number(out, "count", loss->count);
    json_time(out, "from", loss->from_ns);
    json_time(out, "to", loss->to_ns);
    json_bytes(out, "mostly_app", app ? app : "", len);
    json_text(out, "last_peer", loss->peer);
    json_end_object(out);
}

void losses_write_json(const struct losses *losses, struct json_out *out)
{
    json_number(out, "forgotten", losses->forgotten);
    json_array(out, "losses");
    for (unsigned i = losses->count; i > 0; i--)
        write_one(&losses->items[i - 1], out);
    json_end_array(out);
}
