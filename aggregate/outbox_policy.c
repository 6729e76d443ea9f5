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
    return outbox->when_full == OUTBOX_BLOCK && !outbox->expired;
}

static enum drop_reason reason_to_drop(const struct outbox *outbox)
{
    if (outbox->when_full != OUTBOX_BLOCK)
        return DROP_FULL;
    return outbox->expired ? DROP_BLOCK_EXPIRED : DROP_SUB_FULL;
}

void outbox_drop(struct outbox *outbox, int64_t received_ns, const char *app, size_t app_len)
{
    enum drop_reason reason = reason_to_drop(outbox);
    struct gap *gap = &outbox->pending.of[reason];

    if (outbox->open)
        outbox_seal(outbox);
    outbox->ledger.offered++;
    outbox->ledger.dropped[reason]++;
    if (!outbox_tells(outbox))
        return;
    gap_add(gap, reason, 1, received_ns, received_ns);
    gap_vote(gap, app, app_len);
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
    if (outbox_tells(outbox)) {
        gap_add(&block->gaps.of[reason], reason, rest.entries, block->first_received_ns,
                block->last_received_ns);
        gaps_merge(behind, &block->gaps);
    }
    outbox_send_home(outbox, block);
}

bool outbox_make_room(struct outbox *outbox)
{
    struct block **link = &outbox->head;
    unsigned in_flight = outbox->in_flight_blocks;

    if (outbox->when_full != OUTBOX_DROP_OLDEST)
        return false;
    if (outbox->open)
        outbox_seal(outbox);
    while (*link && (in_flight > 0 || outbox_is_begun(outbox, *link))) {
        link = &(*link)->next;
        in_flight -= in_flight > 0;
    }
    if (!*link)
        return false;
    give_up(outbox, link, DROP_FULL);
    must(sink_ledger_balances(&outbox->ledger));
    return true;
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
