#include <stdlib.h>

#include "aggregate/outbox_batch.h"
#include "aggregate/outbox_parts.h"
#include "conf/must.h"
#include "conf/nanoseconds.h"

struct outbox *outbox_new(struct pool *blocks, size_t cap, unsigned quota)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);

    must(outbox && quota > 0);
    outbox->blocks = blocks;
    outbox->cap = cap;
    outbox->quota = quota;
    outbox->entry_overhead = cap - block_longest(cap);
    outbox->slot_bytes = sizeof(uint32_t);
    outbox->tail = &outbox->head;
    return outbox;
}

void outbox_free(struct outbox **outbox_address)
{
    struct outbox *outbox = *outbox_address;

    *outbox_address = NULL;
    if (!outbox)
        return;
    must(!outbox->head && !outbox->open && outbox->held == 0);
    free(outbox);
}

size_t outbox_longest(const struct outbox *outbox)
{
    return outbox->cap - outbox->entry_overhead;
}

unsigned outbox_held_blocks(const struct outbox *outbox)
{
    return outbox->held;
}

unsigned outbox_quota(const struct outbox *outbox)
{
    return outbox->quota;
}

void outbox_set_quota(struct outbox *outbox, unsigned quota)
{
    must(quota >= outbox->held && quota > 0);
    outbox->quota = quota;
}

void outbox_set_framing(struct outbox *outbox, enum framing framing)
{
    must(outbox->ledger.offered == 0);
    outbox->framing = outbox->notice.framing = framing;
}

enum framing outbox_framing(const struct outbox *outbox)
{
    return outbox->framing;
}

bool outbox_is_empty(const struct outbox *outbox)
{
    return !outbox->head && !outbox->open && !outbox_has_pending(outbox);
}

bool outbox_has_sealed(const struct outbox *outbox)
{
    return outbox->head != NULL;
}

bool outbox_uses_blocks(const struct outbox *outbox, unsigned count)
{
    return outbox->held >= count || outbox->held == outbox->quota;
}

static bool open_has_room(const struct outbox *outbox, size_t entry_len)
{
    const struct block *open = outbox->open;

    return open && open->len + entry_len + outbox->entry_overhead +
                           open->entry_count * outbox->slot_bytes <=
                       open->cap;
}

bool outbox_has_room(const struct outbox *outbox, size_t entry_len)
{
    if (open_has_room(outbox, entry_len))
        return true;
    return outbox->held < outbox->quota && entry_len <= outbox_longest(outbox) &&
           !outbox->drops_all;
}

void outbox_seal(struct outbox *outbox)
{
    *outbox->tail = outbox->open;
    outbox->tail = &outbox->open->next;
    outbox->open = NULL;
}

void outbox_open_block(struct outbox *outbox)
{
    if (outbox->open)
        outbox_seal(outbox);
    outbox->open = block_take(outbox->blocks, outbox->cap);
    must(outbox->open && outbox->held < outbox->quota);
    outbox->held++;
    if (outbox->label_room)
        labelled_begin(outbox->open);
    outbox->open->gaps = outbox->pending;
    outbox->pending = (struct gaps){0};
}

bool outbox_has_entries(const struct outbox *outbox)
{
    return outbox->ledger.queued + outbox->ledger.in_flight > 0;
}

/* For one more entry, which is offered and queued. */
static inline void make_place(struct outbox *outbox, size_t entry_len, uint64_t number)
{
    if (!open_has_room(outbox, entry_len)) {
        if (!outbox_has_entries(outbox))
            outbox->done_through = number - 1;
        outbox_open_block(outbox);
    }
    outbox->ledger.offered++;
    outbox->ledger.queued++;
    outbox->ledger.queued_bytes += entry_len;
}

char *outbox_add(struct outbox *outbox, size_t entry_len, uint64_t number, int64_t received_ns)
{
    make_place(outbox, entry_len, number);
    return block_add(outbox->open, entry_len, number, received_ns);
}

char *outbox_add_labelled(struct outbox *outbox, const struct label *label, size_t entry_len,
                          uint64_t number, int64_t received_ns)
{
    must(label->len <= outbox->label_room);
    make_place(outbox, entry_len, number);
    return labelled_add(outbox->open, label, entry_len, number, received_ns);
}

/* What drop_oldest may drop is not in flight, so some of it stays behind. */
unsigned outbox_most_in_flight(const struct outbox *outbox, unsigned max)
{
    unsigned half = outbox->quota > 1 ? outbox->quota / 2 : 1;

    return outbox->when_full == OUTBOX_DROP_OLDEST && half < max ? half : max;
}

unsigned outbox_begin_write(struct outbox *outbox, struct iovec *vectors, unsigned max)
{
    unsigned count = 0;
    uint32_t skip = outbox->head_written;
    uint64_t entries = 0;
    struct block *block;

    must(outbox->in_flight_bytes == 0 && max > 0);
    max = outbox_most_in_flight(outbox, max);
    outbox_place_pending(outbox);
    if (outbox->open)
        outbox_seal(outbox);
    for (block = outbox->head; block && count < max; block = block->next) {
        if (skip == 0) /* of what has begun not a byte may change */
            outbox_write_notices(outbox, block);
        vectors[count].iov_base = block_wire(block) + skip;
        vectors[count].iov_len = block_wire_len(block) - skip;
        outbox->in_flight_bytes += vectors[count++].iov_len;
        entries += block->entry_count;
        skip = 0;
    }
    outbox->took_all = block == NULL;
    outbox->in_flight_blocks = count;
    entries -= count ? outbox->head_entries_written : 0;
    outbox->ledger.queued -= entries;
    outbox->ledger.in_flight = entries;
    return count;
}

uint64_t outbox_in_flight_bytes(const struct outbox *outbox)
{
    return outbox->in_flight_bytes;
}

bool outbox_is_writing(const struct outbox *outbox)
{
    return outbox->in_flight_bytes > 0;
}

void outbox_send_home(struct outbox *outbox, struct block *block)
{
    outbox->held--;
    block_return(outbox->blocks, block);
}

struct block *outbox_unlink(struct outbox *outbox, struct block **link)
{
    struct block *block = *link;

    if (link == &outbox->head) {
        outbox->head_written = 0;
        outbox->head_entries_written = 0;
    }
    *link = block->next;
    if (!block->next)
        outbox->tail = link;
    return block;
}

void outbox_note_time(struct outbox *outbox)
{
    outbox->wrote_ns = clock_nanoseconds(CLOCK_REALTIME);
}

void outbox_count_written(struct outbox *outbox, const struct block *block, uint32_t entries)
{
    outbox->ledger.written += entries;
    outbox->ledger.in_flight -= entries;
    if (entries > 0)
        latency_add(&outbox->latency, outbox->wrote_ns - block->first_received_ns, entries);
}

void outbox_advance_head(struct outbox *outbox, uint32_t bytes)
{
    struct sink_ledger *ledger = &outbox->ledger;
    struct block *head = outbox->head;
    uint32_t before = outbox->head_written, entries_before = outbox->head_entries_written;
    uint32_t passed;

    outbox->head_written += bytes;
    passed = outbox_entry_bytes(head, outbox->head_written);
    if (before < head->notice_len)
        outbox_count_notices(outbox, head, before, outbox->head_written);
    outbox->head_entries_written = block_entries_until(head, passed);
    ledger->queued_bytes -= passed - outbox_entry_bytes(head, before);
    outbox_count_written(outbox, head, outbox->head_entries_written - entries_before);
    if (outbox->head_written < block_wire_len(head))
        return;
    if (head->entry_count > 0)
        outbox->done_through = head->last_number;
    outbox_send_home(outbox, outbox_unlink(outbox, &outbox->head));
}

void outbox_wrote(struct outbox *outbox, size_t bytes)
{
    struct sink_ledger *ledger = &outbox->ledger;
    bool all = bytes == outbox->in_flight_bytes;

    must(bytes <= outbox->in_flight_bytes);
    outbox_note_time(outbox);
    ledger->written_bytes += bytes;
    while (bytes > 0) {
        uint32_t left = block_wire_len(outbox->head) - outbox->head_written;
        uint32_t moved = bytes < left ? (uint32_t)bytes : left;

        outbox_advance_head(outbox, moved);
        bytes -= moved;
    }
    ledger->queued += ledger->in_flight;
    ledger->in_flight = 0;
    outbox->in_flight_bytes = 0;
    outbox->in_flight_blocks = 0;
    if (all && outbox->took_all)
        outbox_caught_up(outbox);
    must(sink_ledger_balances(ledger));
}

uint32_t outbox_line_begin(const struct outbox *outbox)
{
    const struct block *head = outbox->head;
    uint32_t begin = outbox->head_written;

    if (!head)
        return 0;
    if (outbox->head_entries_written > 0)
        return head->notice_len + block_end(head, outbox->head_entries_written - 1);
    return begin >= head->notice_len ? head->notice_len : outbox_notice_begin(outbox, begin);
}

void outbox_rewind_entry(struct outbox *outbox)
{
    uint32_t begin = outbox_line_begin(outbox);

    must(outbox->in_flight_bytes == 0);
    if (!outbox->head || outbox->label_room) /* labelled: whoever opens the file knows */
        return;
    outbox->ledger.queued_bytes += outbox_entry_bytes(outbox->head, outbox->head_written) -
                                   outbox_entry_bytes(outbox->head, begin);
    outbox->head_written = begin;
}

uint64_t outbox_done_through(const struct outbox *outbox, uint64_t newest)
{
    return outbox_has_entries(outbox) ? outbox->done_through : newest;
}

const struct sink_ledger *outbox_ledger(const struct outbox *outbox)
{
    return &outbox->ledger;
}

const struct latency *outbox_latency(const struct outbox *outbox)
{
    return &outbox->latency;
}

size_t outbox_used_bytes(const struct outbox *outbox)
{
    size_t sealed = outbox->held - (outbox->open != NULL);

    return sealed * outbox->cap + (outbox->open ? outbox->open->len : 0);
}

size_t outbox_limit_bytes(const struct outbox *outbox)
{
    return outbox->quota * outbox->cap;
}

int64_t outbox_oldest_ns(const struct outbox *outbox)
{
    const struct block *oldest = outbox->head;

    while (oldest && oldest->entry_count == 0) /* notices alone */
        oldest = oldest->next;
    if (!oldest)
        oldest = outbox->open;
    return oldest && outbox_has_entries(outbox) ? oldest->first_received_ns : 0;
}

void outbox_count_cut(struct outbox *outbox)
{
    outbox->ledger.cut++;
}

uint64_t *outbox_not_utf8_counter(struct outbox *outbox)
{
    return &outbox->ledger.not_utf8;
}

void outbox_count_gave_up(struct outbox *outbox)
{
    outbox->ledger.match_limit++;
}
