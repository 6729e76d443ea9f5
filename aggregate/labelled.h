/* labelled.h - blocks whose entries go to many files, each entry to one that its label names.
 *
 *     bytes: | label | line\n | line\n | label | line\n | … ->  spare  <- | slot 2 | slot 1 | slot
 * 0 |
 *
 * A label stands in front of the first line that has it; the entries behind it in this block
 * that go to the same file share it. Slot 0 is the notices in front of the block, slot i the
 * entry i, counted from 1. What of a line is still to be written is begin to end, so whoever
 * writes some of it moves `begin`; an entry is done when the two are equal. Lines may be done
 * in any order.
 *
 * All offsets are in bytes from block->notice. Such a block has an owner at a time, like any
 * other; blocks in flight are those of the thread that writes them. */
#ifndef AGGREGATE_LABELLED_H
#define AGGREGATE_LABELLED_H

#include <stddef.h>

#include "aggregate/block.h"
#include "aggregate/label.h"

struct labelled_slot {
    uint32_t begin;
    uint32_t end;
    uint32_t label; /* where it stands; of slot 0 nothing */
    uint32_t next;  /* free for whoever has the block in flight */
};

/* The period and the length in front of a label's text. */
enum { LABELLED_HEAD_BYTES = 6 };

static inline struct labelled_slot *labelled_slot(const struct block *block, uint32_t i)
{
    return (struct labelled_slot *)(void *)(block->bytes + block->cap) - 1 - i;
}

static inline char *labelled_at(const struct block *block, uint32_t offset)
{
    return (char *)(uintptr_t)block + offsetof(struct block, notice) + offset;
}

/* Makes a block just taken one for labels. */
void labelled_begin(struct block *block);

/* The longest entry that fits an empty block beside a label of this length. */
size_t labelled_longest(size_t cap, size_t label_len);

static inline bool labelled_has_room(const struct block *block, size_t label_len, size_t entry_len)
{
    return block->len + LABELLED_HEAD_BYTES + label_len + entry_len + BLOCK_SPARE +
               (block->entry_count + 2) * sizeof(struct labelled_slot) <=
           block->cap;
}

/* Adds one entry of entry_len bytes, which the caller writes at the place returned. */
char *labelled_add(struct block *block, const struct label *label, size_t entry_len,
                   uint64_t number, int64_t received_ns);

/* The label of an entry; its text is the block's. */
struct label labelled_label(const struct block *block, uint32_t i);

/* Where the line of this slot begins, written or not; of notices the one of which a part is
 * written. */
uint32_t labelled_line_begin(const struct block *block, uint32_t i);

/* Whether it was written in part. */
static inline bool labelled_is_torn(const struct block *block, uint32_t i)
{
    const struct labelled_slot *slot = labelled_slot(block, i);

    return slot->begin < slot->end && slot->begin != labelled_line_begin(block, i);
}

/* What is still to be written of a block's entries, notices apart. */
struct labelled_rest {
    uint32_t entries;
    uint32_t bytes;
    bool torn; /* of some entry or notice a part is written */
};
struct labelled_rest labelled_rest(const struct block *block);

#endif
