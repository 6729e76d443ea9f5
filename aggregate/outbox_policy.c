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

/* Where the block after this one keeps its gaps. */
static struct gaps *gaps_behind(struct outbox *outbox, const struct block *block)
{
    if (block->next)
        return &block->next->gaps;
    return outbox->open ? &outbox->open->gaps : &outbox->pending;
}

/* Gives up the block at this place with all that is not told yet of it and before it. */
static void give_up(struct outbox *outbox, struct block **link, enum drop_reason reason)
{
    bool is_head = link == &outbox->head;
    uint32_t written = is_head ? outbox->head_entries_written : 0;
    uint32_t written_bytes = is_head ? outbox_entry_bytes(*link, outbox->head_written) : 0;
    struct block *block = outbox_unlink(outbox, link);
    struct gaps *behind = gaps_behind(outbox, block);
    uint64_t dropped = block->entry_count - written;

    outbox->ledger.dropped[reason] += dropped;
    outbox->ledger.queued -= dropped;
    outbox->ledger.queued_bytes -= block->len - written_bytes;
    if (outbox_tells(outbox)) {
        gap_add(&block->gaps.of[reason], reason, dropped, block->first_received_ns,
                block->last_received_ns);
        gaps_merge(behind, &block->gaps);
    }
    outbox_send_home(outbox, block);
}

bool outbox_make_room(struct outbox *outbox)
{
    struct block **link = &outbox->head;
    unsigned begun = outbox->in_flight_blocks;

    if (outbox->when_full != OUTBOX_DROP_OLDEST)
        return false;
    if (outbox->open)
        outbox_seal(outbox);
    if (begun == 0 && outbox->head_written > 0)
        begun = 1;
    while (*link && begun-- > 0)
        link = &(*link)->next;
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
