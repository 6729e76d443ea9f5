/* What a full outbox does, and what becomes of what is dropped: each entry is counted, and
 * added to the gap of the block that follows it.
 *
 *     drop_newest:  head … sealed          gap -> the next block that is opened
 *     drop_oldest:  head, [dropped] gap -> the next that survives … open
 *
 * The first drop of what arrives seals the open block: else a shorter entry could still go
 * in, and the gap would not stand where the entries are missing. */
#include "aggregate/outbox_parts.h"
#include "conf/must.h"

void outbox_set_policy(struct outbox *outbox, enum outbox_when_full when_full)
{
    outbox->when_full = when_full;
    outbox->expired &= when_full == OUTBOX_BLOCK;
}

/* ---- dropping what arrives --------------------------------------------------------------- */

bool outbox_holds_back(const struct outbox *outbox)
{
    return outbox->when_full == OUTBOX_BLOCK && !outbox->expired && !outbox->drops_all;
}

static enum drop_reason reason_to_drop(const struct outbox *outbox)
{
    if (outbox->drops_all)
        return DROP_OPERATOR;
    if (outbox->when_full != OUTBOX_BLOCK)
        return DROP_FULL;
    return outbox->expired ? DROP_BLOCK_EXPIRED : DROP_SUB_FULL;
}

static void add_one(struct gap *gap, enum drop_reason reason, int64_t received_ns, const char *app,
                    size_t app_len)
{
    gap_add(gap, reason, 1, received_ns, received_ns);
    gap_vote(gap, app, app_len);
}

void outbox_drop(struct outbox *outbox, int64_t received_ns, const char *app, size_t app_len)
{
    enum drop_reason reason = reason_to_drop(outbox);

    if (outbox->open)
        outbox_seal(outbox);
    outbox->ledger.offered++;
    outbox->ledger.dropped[reason]++;
    add_one(&outbox->recent.of[reason], reason, received_ns, app, app_len);
    if (outbox_tells(outbox))
        add_one(&outbox->pending.of[reason], reason, received_ns, app, app_len);
}

bool outbox_take_recent(struct outbox *outbox, struct gaps *recent_out)
{
    bool any = !gaps_are_empty(&outbox->recent);

    if (any) {
        *recent_out = outbox->recent;
        outbox->recent = (struct gaps){0};
    }
    return any;
}

/* ---- dropping what waits ----------------------------------------------------------------- */

/* Where the block after this one keeps its gaps; one that has begun to tell its own takes
 * no more. */
static struct gaps *gaps_behind(struct outbox *outbox, const struct block *block)
{
    struct block *next = block->next;

    while (next && outbox->label_room && labelled_is_torn(next, 0))
        next = next->next;
    if (next)
        return &next->gaps;
    return outbox->open ? &outbox->open->gaps : &outbox->pending;
}

/* Gives up the block at this place with all that is not told yet of it and before it. */
static void give_up(struct outbox *outbox, struct block **link, enum drop_reason reason)
{
    struct labelled_rest rest = outbox_rest(outbox, *link);
    struct block *block = outbox_unlink(outbox, link);
    struct gaps *behind = gaps_behind(outbox, block);

    outbox->ledger.dropped[reason] += rest.entries;
    outbox->ledger.queued -= rest.entries;
    outbox->ledger.queued_bytes -= rest.bytes;
    gap_add(&outbox->recent.of[reason], reason, rest.entries, block->first_received_ns,
            block->last_received_ns);
    if (outbox_tells(outbox)) {
        gap_add(&block->gaps.of[reason], reason, rest.entries, block->first_received_ns,
                block->last_received_ns);
        gaps_merge(behind, &block->gaps);
    }
    outbox_send_home(outbox, block);
}

/* Gives up the oldest block that no write has begun. False: there is none. */
static bool drop_oldest(struct outbox *outbox, enum drop_reason reason)
{
    struct block **link = &outbox->head;
    unsigned in_flight = outbox->in_flight_blocks;

    if (outbox->open)
        outbox_seal(outbox);
    while (*link && (in_flight > 0 || outbox_is_begun(outbox, *link))) {
        link = &(*link)->next;
        in_flight -= in_flight > 0;
    }
    if (!*link)
        return false;
    give_up(outbox, link, reason);
    must(sink_ledger_balances(&outbox->ledger));
    return true;
}

bool outbox_make_room(struct outbox *outbox)
{
    return outbox->when_full == OUTBOX_DROP_OLDEST && !outbox->drops_all &&
           drop_oldest(outbox, DROP_FULL);
}

void outbox_drop_all(struct outbox *outbox, enum drop_reason reason)
{
    must(outbox->in_flight_bytes == 0);
    outbox->torn = outbox->head && outbox_line_begin(outbox) != outbox->head_written;
    if (outbox->open)
        outbox_seal(outbox);
    while (outbox->head)
        give_up(outbox, &outbox->head, reason);
    must(outbox->ledger.queued == 0 && sink_ledger_balances(&outbox->ledger));
}

/* ---- dropping everything ------------------------------------------------------------------ */

void outbox_set_drops_all(struct outbox *outbox, bool drops_all)
{
    outbox->drops_all = drops_all;
    outbox_drop_waiting(outbox);
}

bool outbox_drops_all(const struct outbox *outbox)
{
    return outbox->drops_all;
}

void outbox_drop_waiting(struct outbox *outbox)
{
    while (outbox->drops_all && drop_oldest(outbox, DROP_OPERATOR))
        continue;
}

/* ---- blocking for too long --------------------------------------------------------------- */

void outbox_expire(struct outbox *outbox)
{
    must(outbox->when_full == OUTBOX_BLOCK);
    outbox->expired = true;
}

bool outbox_is_expired(const struct outbox *outbox)
{
    return outbox->expired;
}

void outbox_caught_up(struct outbox *outbox)
{
    outbox->expired = false;
}
