#include "aggregate/labelled.h"

#include <string.h>

#include "conf/must.h"

_Static_assert(sizeof(struct labelled_slot) % sizeof(uint32_t) == 0,
               "slots are aligned as ends are");

void labelled_begin(struct block *block)
{
    *labelled_slot(block, 0) = (struct labelled_slot){.begin = NOTICES_ROOM, .end = NOTICES_ROOM};
}

size_t labelled_longest(size_t cap, size_t label_len)
{
    return cap - BLOCK_SPARE - 2 * sizeof(struct labelled_slot) - LABELLED_HEAD_BYTES - label_len;
}

/* ---- labels -------------------------------------------------------------------------------- */

static void write_label(char *to, const struct label *label)
{
    uint16_t len = (uint16_t)label->len;

    memcpy(to, &label->period, sizeof label->period);
    memcpy(to + sizeof label->period, &len, sizeof len);
    memcpy(to + LABELLED_HEAD_BYTES, label->text, label->len);
}

struct label labelled_label(const struct block *block, uint32_t i)
{
    const char *from = labelled_at(block, labelled_slot(block, i)->label);
    struct label label = {.text = from + LABELLED_HEAD_BYTES};
    uint16_t len;

    must(i > 0);
    memcpy(&label.period, from, sizeof label.period);
    memcpy(&len, from + sizeof label.period, sizeof len);
    label.len = len;
    return label;
}

static bool is_labelled(const struct block *block, uint32_t i, const struct label *label)
{
    struct label has;

    if (i == 0)
        return false;
    has = labelled_label(block, i);
    return has.len == label->len && has.period == label->period &&
           memcmp(has.text, label->text, label->len) == 0;
}

/* ---- entries ------------------------------------------------------------------------------- */

static void note_entry(struct block *block, uint64_t number, int64_t received_ns)
{
    if (block->entry_count == 0)
        block->first_received_ns = received_ns;
    block->last_received_ns = received_ns;
    block->last_number = number;
    block->entry_count++;
}

char *labelled_add(struct block *block, const struct label *label, size_t entry_len,
                   uint64_t number, int64_t received_ns)
{
    uint32_t last = block->entry_count, at = NOTICES_ROOM + block->len;
    struct labelled_slot *slot = labelled_slot(block, last + 1);

    must(label->len <= LABEL_MAX && labelled_has_room(block, label->len, entry_len));
    if (is_labelled(block, last, label)) {
        slot->label = labelled_slot(block, last)->label;
    } else {
        slot->label = at;
        write_label(labelled_at(block, at), label);
        at += LABELLED_HEAD_BYTES + label->len;
    }
    slot->begin = at;
    slot->end = at + (uint32_t)entry_len;
    block->len = slot->end - NOTICES_ROOM;
    note_entry(block, number, received_ns);
    return labelled_at(block, slot->begin);
}

static uint32_t notice_line_begin(const struct block *block)
{
    uint32_t begin = labelled_slot(block, 0)->begin;

    while (begin > NOTICES_ROOM - block->notice_len && block->notice[begin - 1] != '\n')
        begin--;
    return begin;
}

uint32_t labelled_line_begin(const struct block *block, uint32_t i)
{
    uint32_t before, label;

    if (i == 0)
        return notice_line_begin(block);
    before = labelled_slot(block, i - 1)->end;
    label = labelled_slot(block, i)->label;
    return label == before ? before + LABELLED_HEAD_BYTES + labelled_label(block, i).len : before;
}

struct labelled_rest labelled_rest(const struct block *block)
{
    struct labelled_rest rest = {.torn = labelled_is_torn(block, 0)};

    for (uint32_t i = 1; i <= block->entry_count; i++) {
        const struct labelled_slot *slot = labelled_slot(block, i);

        if (slot->begin == slot->end)
            continue;
        rest.entries++;
        rest.bytes += slot->end - slot->begin;
        rest.torn |= labelled_is_torn(block, i);
    }
    return rest;
}
