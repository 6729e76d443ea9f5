#include "aggregate/outbox_ack.h"

#include "aggregate/outbox_parts.h"
#include "conf/must.h"

/* ---- the cursor of what is sent ---------------------------------------------------------- */

/* The block that comes next once all of the one being sent is sent. */
static struct block *behind_sending(const struct outbox *outbox)
{
    return outbox->sending ? outbox->sending->next : outbox->head;
}

static bool sent_all_of_it(const struct outbox *outbox)
{
    return !outbox->sending || outbox->sending_sent == block_wire_len(outbox->sending);
}

/* Where sending goes on: in a block, of which so many bytes are not to be sent. */
static struct block *next_to_send(const struct outbox *outbox, uint32_t *skip_out)
{
    struct block *block = sent_all_of_it(outbox) ? behind_sending(outbox) : outbox->sending;

    *skip_out = block == outbox->sending ? outbox->sending_sent : 0;
    if (!outbox->sending)
        *skip_out = outbox->head_written;
    return block;
}

static void enter_next_block(struct outbox *outbox)
{
    struct block *block = behind_sending(outbox);
    uint32_t skip = outbox->sending ? 0 : outbox->head_written;
    uint64_t entries = block->entry_count;

    if (!outbox->sending)
        entries -= outbox->head_entries_written;
    outbox->sending = block;
    outbox->sending_sent = skip;
    outbox->in_flight_blocks++;
    outbox->ledger.queued -= entries;
    outbox->ledger.in_flight += entries;
}

/* ---- sending ------------------------------------------------------------------------------ */

static unsigned blocks_allowed(const struct outbox *outbox)
{
    unsigned most = outbox->quota > 1 ? outbox->quota / 2 : 1;

    return most > outbox->in_flight_blocks ? most - outbox->in_flight_blocks : 0;
}

unsigned outbox_begin_send(struct outbox *outbox, struct iovec *vectors, unsigned max)
{
    unsigned allowed = blocks_allowed(outbox) + (sent_all_of_it(outbox) ? 0 : 1);
    unsigned count = 0;
    struct block *block;
    uint32_t skip;

    must(max > 0);
    outbox_place_pending(outbox);
    if (outbox->open && allowed > 0 && !outbox_has_sealed_unsent(outbox))
        outbox_seal(outbox);
    block = next_to_send(outbox, &skip);
    for (; block && count < max && count < allowed; block = block->next) {
        if (skip == 0) /* of what has begun not a byte may change */
            outbox_write_notices(outbox, block);
        vectors[count].iov_base = block_wire(block) + skip;
        vectors[count++].iov_len = block_wire_len(block) - skip;
        skip = 0;
    }
    return count;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Of the block being sent: entries that end in these bytes, and had been sent before. */
static void count_resent(struct outbox *outbox, uint32_t from, uint32_t until)
{
    struct block *block = outbox->sending;
    uint32_t before = block_entries_until(block, outbox_entry_bytes(block, from));
    uint32_t after = block_entries_until(block, outbox_entry_bytes(block, until));

    outbox->ledger.resent += smaller(after, block->sent_count) - smaller(before, block->sent_count);
    if (after > block->sent_count)
        block->sent_count = after;
}

void outbox_sent(struct outbox *outbox, size_t bytes)
{
    outbox->in_flight_bytes += bytes;
    while (bytes > 0) {
        uint32_t left, moved;

        if (sent_all_of_it(outbox))
            enter_next_block(outbox);
        left = block_wire_len(outbox->sending) - outbox->sending_sent;
        moved = bytes < left ? (uint32_t)bytes : left;
        count_resent(outbox, outbox->sending_sent, outbox->sending_sent + moved);
        outbox->sending_sent += moved;
        bytes -= moved;
    }
    must(sink_ledger_balances(&outbox->ledger));
}

/* ---- what became of it ------------------------------------------------------------------- */

/* At most so many bytes, of the head alone; returns how many. */
static uint32_t ack_head(struct outbox *outbox, size_t bytes)
{
    uint32_t left = block_wire_len(outbox->head) - outbox->head_written;
    uint32_t moved = bytes < left ? (uint32_t)bytes : left;

    if (outbox->head == outbox->sending)
        must(outbox->head_written + moved <= outbox->sending_sent);
    if (moved == left) {
        outbox->in_flight_blocks--;
        if (outbox->head == outbox->sending)
            outbox->sending = NULL;
    }
    outbox_advance_head(outbox, moved);
    return moved;
}

void outbox_acked(struct outbox *outbox, size_t bytes)
{
    must(bytes <= outbox->in_flight_bytes);
    outbox_note_time(outbox);
    outbox->in_flight_bytes -= bytes;
    outbox->ledger.written_bytes += bytes;
    if (bytes > 0 && !outbox_has_unsent(outbox))
        outbox_caught_up(outbox);
    while (bytes > 0)
        bytes -= ack_head(outbox, bytes);
    must(sink_ledger_balances(&outbox->ledger));
}

void outbox_send_again(struct outbox *outbox)
{
    outbox->sending = NULL;
    outbox->in_flight_bytes = 0;
    outbox->in_flight_blocks = 0;
    outbox->ledger.queued += outbox->ledger.in_flight;
    outbox->ledger.in_flight = 0;
    outbox_rewind_entry(outbox);
    must(sink_ledger_balances(&outbox->ledger));
}

/* ---- looking ------------------------------------------------------------------------------ */

uint64_t outbox_unacked_bytes(const struct outbox *outbox)
{
    return outbox->in_flight_bytes;
}

bool outbox_has_sealed_unsent(const struct outbox *outbox)
{
    return !sent_all_of_it(outbox) || behind_sending(outbox);
}

bool outbox_has_unsent(const struct outbox *outbox)
{
    return outbox_has_sealed_unsent(outbox) || outbox->open ||
           (!outbox->head && outbox_has_pending(outbox));
}

uint64_t outbox_unsent_bytes(const struct outbox *outbox)
{
    uint64_t queued = outbox->ledger.queued_bytes;

    return queued > outbox->in_flight_bytes ? queued - outbox->in_flight_bytes : 0;
}
