/* A batch is judged by its slots alone: what is not done before it and after it. So the
 * ledger needs no message from the thread that wrote, whatever became of each file.
 *
 *     head: | ✓ ✓ ✓ ✓ |    goes home, done_through moves on
 *           | ✓ · ✓ ½ |    stays; the third line of some file is written, its second is not
 *           | ✓ ✓ ✓ ✓ |    goes home, too
 *           | · · · · |
 *
 * Of one file the lines are done in order. done_through moves with the head. */
#include "aggregate/outbox_batch.h"

#include "aggregate/outbox_parts.h"
#include "conf/must.h"

void outbox_label_entries(struct outbox *outbox, size_t label_longest)
{
    must(outbox->ledger.offered == 0 && label_longest > 0 && label_longest <= LABEL_MAX);
    outbox->label_room = label_longest;
    outbox->entry_overhead = outbox->cap - labelled_longest(outbox->cap, label_longest);
    outbox->slot_bytes = sizeof(struct labelled_slot);
}

bool outbox_is_begun(const struct outbox *outbox, const struct block *block)
{
    if (outbox->label_room)
        return labelled_rest(block).torn;
    return block == outbox->head && outbox->head_written > 0;
}

struct labelled_rest outbox_rest(const struct outbox *outbox, const struct block *block)
{
    if (outbox->label_room)
        return labelled_rest(block);
    if (block != outbox->head)
        return (struct labelled_rest){.entries = block->entry_count, .bytes = block->len};
    return (struct labelled_rest){
        .entries = block->entry_count - outbox->head_entries_written,
        .bytes = block->len - outbox_entry_bytes(block, outbox->head_written),
    };
}

/* ---- beginning ----------------------------------------------------------------------------- */

/* A notice of which a part is written stays as it is; any other is written anew. */
static void write_notices(struct outbox *outbox, struct block *block)
{
    if (labelled_is_torn(block, 0))
        return;
    outbox_write_notices(outbox, block);
    labelled_slot(block, 0)->begin = NOTICES_ROOM - block->notice_len;
}

static uint32_t notice_bytes(const struct block *block)
{
    const struct labelled_slot *slot = labelled_slot(block, 0);

    return slot->end - slot->begin;
}

unsigned outbox_begin_batch(struct outbox *outbox, struct block **blocks, unsigned max)
{
    struct sink_ledger *ledger = &outbox->ledger;
    struct block *block;
    unsigned count = 0;

    must(outbox->label_room && outbox->in_flight_bytes == 0 && max > 0);
    max = outbox_most_in_flight(outbox, max);
    outbox_place_pending(outbox);
    if (outbox->open)
        outbox_seal(outbox);
    for (block = outbox->head; block && count < max; block = block->next) {
        struct labelled_rest rest = labelled_rest(block);

        write_notices(outbox, block);
        outbox->in_flight_bytes += notice_bytes(block) + rest.bytes;
        outbox->in_flight_entry_bytes += rest.bytes;
        ledger->in_flight += rest.entries;
        block->batch_count = rest.entries;
        blocks[count++] = block;
    }
    outbox->took_all = block == NULL;
    outbox->in_flight_blocks = count;
    ledger->queued -= ledger->in_flight;
    return count;
}

/* ---- ending -------------------------------------------------------------------------------- */

/* Notices that are wholly written are counted and forgotten; what is left begins a line,
 * unless it is torn. */
static void settle_notices(struct outbox *outbox, struct block *block)
{
    uint32_t begin = labelled_line_begin(block, 0);
    uint32_t done = begin - (NOTICES_ROOM - block->notice_len);

    outbox_count_notices(outbox, block, 0, done);
    block->notice_len -= done;
}

static bool is_done(const struct block *block, const struct labelled_rest *rest)
{
    return rest->entries == 0 && notice_bytes(block) == 0;
}

/* Sends what is done home, and adds up the rest. */
static struct labelled_rest settle_blocks(struct outbox *outbox)
{
    struct block **link = &outbox->head;
    struct labelled_rest sum = {0};

    for (unsigned left = outbox->in_flight_blocks; left > 0; left--) {
        struct block *block = *link;
        struct labelled_rest rest = labelled_rest(block);

        settle_notices(outbox, block);
        outbox_count_written(outbox, block, block->batch_count - rest.entries);
        sum.entries += rest.entries;
        sum.bytes += rest.bytes;
        if (!is_done(block, &rest)) {
            link = &block->next;
            continue;
        }
        if (link == &outbox->head && block->last_number > outbox->done_through)
            outbox->done_through = block->last_number; /* less, if only its notice was left */
        outbox_send_home(outbox, outbox_unlink(outbox, link));
        outbox->in_flight_blocks--;
    }
    return sum;
}

void outbox_end_batch(struct outbox *outbox, uint64_t bytes)
{
    struct sink_ledger *ledger = &outbox->ledger;
    struct labelled_rest rest;

    must(outbox_is_writing(outbox));
    outbox_note_time(outbox);
    rest = settle_blocks(outbox);
    must(rest.entries == ledger->in_flight);
    ledger->queued += rest.entries;
    ledger->in_flight = 0;
    ledger->queued_bytes += rest.bytes;
    ledger->queued_bytes -= outbox->in_flight_entry_bytes;
    ledger->written_bytes += bytes;
    if (outbox->took_all && outbox->in_flight_blocks == 0)
        outbox_caught_up(outbox);
    outbox->in_flight_bytes = outbox->in_flight_entry_bytes = 0;
    outbox->in_flight_blocks = 0;
    must(sink_ledger_balances(ledger));
}
