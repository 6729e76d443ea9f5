#include "aggregate/outbox.h"

#include <stdlib.h>

#include "conf/must.h"

struct outbox {
    struct pool *blocks;
    size_t cap;
    unsigned quota;
    unsigned held; /* blocks, the open one included */
    struct block *open;
    struct block *head;
    struct block **tail;
    uint32_t head_written;         /* bytes of the head that are written */
    uint32_t head_entries_written; /* entries wholly among them */
    uint64_t in_flight_bytes;
    uint64_t done_through;
    struct sink_ledger ledger;
};

struct outbox *outbox_new(struct pool *blocks, size_t cap, unsigned quota)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);

    must(outbox && quota > 0);
    outbox->blocks = blocks;
    outbox->cap = cap;
    outbox->quota = quota;
    outbox->tail = &outbox->head;
    return outbox;
}

void outbox_free(struct outbox **outbox_address)
{
    struct outbox *outbox = *outbox_address;

    *outbox_address = NULL;
    if (!outbox)
        return;
    must(outbox_is_empty(outbox) && outbox->held == 0);
    free(outbox);
}

size_t outbox_longest(const struct outbox *outbox)
{
    return block_longest(outbox->cap);
}

bool outbox_is_empty(const struct outbox *outbox)
{
    return !outbox->head && !outbox->open;
}

bool outbox_has_sealed(const struct outbox *outbox)
{
    return outbox->head != NULL;
}

bool outbox_has_room(const struct outbox *outbox, size_t entry_len)
{
    if (outbox->open && block_has_room(outbox->open, entry_len))
        return true;
    return outbox->held < outbox->quota && entry_len <= outbox_longest(outbox);
}

static void seal(struct outbox *outbox)
{
    *outbox->tail = outbox->open;
    outbox->tail = &outbox->open->next;
    outbox->open = NULL;
}

static void open_block(struct outbox *outbox)
{
    if (outbox->open)
        seal(outbox);
    outbox->open = block_take(outbox->blocks, outbox->cap);
    must(outbox->open && outbox->held < outbox->quota);
    outbox->held++;
}

char *outbox_add(struct outbox *outbox, size_t entry_len, uint64_t number, int64_t received_ns)
{
    if (!outbox->open || !block_has_room(outbox->open, entry_len))
        open_block(outbox);
    outbox->ledger.offered++;
    outbox->ledger.queued++;
    outbox->ledger.queued_bytes += entry_len;
    return block_add(outbox->open, entry_len, number, received_ns);
}

unsigned outbox_begin_write(struct outbox *outbox, struct iovec *vectors, unsigned max)
{
    unsigned count = 0;
    uint32_t skip = outbox->head_written;
    uint64_t entries = 0;

    must(outbox->in_flight_bytes == 0 && max > 0);
    if (outbox->open)
        seal(outbox);
    for (struct block *block = outbox->head; block && count < max; block = block->next) {
        vectors[count++] = (struct iovec){block->bytes + skip, block->len - skip};
        outbox->in_flight_bytes += block->len - skip;
        entries += block->entry_count;
        skip = 0;
    }
    entries -= count ? outbox->head_entries_written : 0;
    outbox->ledger.queued -= entries;
    outbox->ledger.in_flight = entries;
    return count;
}

static void home(struct outbox *outbox, struct block *block)
{
    outbox->held--;
    block_return(outbox->blocks, block);
}

/* Takes the head off the list; it is the caller's. */
static struct block *unlink_head(struct outbox *outbox)
{
    struct block *block = outbox->head;

    outbox->head = block->next;
    if (!outbox->head)
        outbox->tail = &outbox->head;
    outbox->head_written = 0;
    outbox->head_entries_written = 0;
    return block;
}

/* Moves the head's cursor; returns how many more entries are now wholly written. */
static uint32_t advance_head(struct outbox *outbox, uint32_t bytes)
{
    uint32_t until, more;

    outbox->head_written += bytes;
    until = block_entries_until(outbox->head, outbox->head_written);
    more = until - outbox->head_entries_written;
    outbox->head_entries_written = until;
    if (outbox->head_written == outbox->head->len) {
        outbox->done_through = outbox->head->last_number;
        home(outbox, unlink_head(outbox));
    }
    return more;
}

void outbox_wrote(struct outbox *outbox, size_t bytes)
{
    struct sink_ledger *ledger = &outbox->ledger;

    must(bytes <= outbox->in_flight_bytes);
    ledger->written_bytes += bytes;
    ledger->queued_bytes -= bytes;
    while (bytes > 0) {
        uint32_t left = outbox->head->len - outbox->head_written;
        uint32_t moved = bytes < left ? (uint32_t)bytes : left;
        uint32_t entries = advance_head(outbox, moved);

        ledger->written += entries;
        ledger->in_flight -= entries;
        bytes -= moved;
    }
    ledger->queued += ledger->in_flight;
    ledger->in_flight = 0;
    outbox->in_flight_bytes = 0;
    must(sink_ledger_balances(ledger));
}

void outbox_rewind_entry(struct outbox *outbox)
{
    uint32_t begin = 0;

    must(outbox->in_flight_bytes == 0);
    if (!outbox->head)
        return;
    if (outbox->head_entries_written > 0)
        begin = block_end(outbox->head, outbox->head_entries_written - 1);
    outbox->ledger.queued_bytes += outbox->head_written - begin;
    outbox->head_written = begin;
}

struct gap outbox_drop_all(struct outbox *outbox, enum drop_reason reason)
{
    struct gap gap = {0};

    must(outbox->in_flight_bytes == 0);
    if (outbox->open)
        seal(outbox);
    while (outbox->head) {
        uint32_t count = outbox->head->entry_count - outbox->head_entries_written;
        struct block *block = unlink_head(outbox);

        gap_add(&gap, reason, count, block->first_received_ns, block->last_received_ns);
        outbox->done_through = block->last_number;
        home(outbox, block);
    }
    outbox->ledger.dropped[reason] += gap.count;
    outbox->ledger.queued -= gap.count;
    outbox->ledger.queued_bytes = 0;
    must(outbox->ledger.queued == 0 && sink_ledger_balances(&outbox->ledger));
    return gap;
}

uint64_t outbox_done_through(const struct outbox *outbox, uint64_t newest)
{
    return outbox_is_empty(outbox) ? newest : outbox->done_through;
}

const struct sink_ledger *outbox_ledger(const struct outbox *outbox)
{
    return &outbox->ledger;
}

void outbox_count_cut(struct outbox *outbox)
{
    outbox->ledger.cut++;
}
