/* What waits for a file is a list that runs from slot to slot through the blocks in flight,
 * in the order of arrival: sink_tree.h has a picture. */
#include "sink/sink_tree_parts.h"

static void wait_for_turn(struct sink_tree *tree, struct log_leaf *leaf)
{
    if (leaf->is_waiting)
        return;
    leaf->is_waiting = true;
    leaf->waiting_first = SLOT_REF_NONE;
    leaf->waiting_next = tree->first_waiting;
    tree->first_waiting = leaf->number;
}

void sink_tree_chain(struct sink_tree *tree, struct log_leaf *leaf, uint32_t ref)
{
    wait_for_turn(tree, leaf);
    slot_ref(tree, ref)->next = SLOT_REF_NONE;
    if (leaf->waiting_first == SLOT_REF_NONE)
        leaf->waiting_first = ref;
    else
        slot_ref(tree, leaf->waiting_last)->next = ref;
    leaf->waiting_last = ref;
}

void sink_tree_move_to_other(struct sink_tree *tree, struct log_leaf *leaf)
{
    struct log_leaf *other = log_tree_other(&tree->tree);
    uint32_t from = leaf->waiting_first, *to;

    wait_for_turn(tree, other);
    to = &other->waiting_first;
    while (from != SLOT_REF_NONE) {
        uint32_t next = slot_ref(tree, from)->next;

        while (*to != SLOT_REF_NONE && *to < from)
            to = &slot_ref(tree, *to)->next;
        slot_ref(tree, from)->next = *to;
        if (*to == SLOT_REF_NONE)
            other->waiting_last = from;
        *to = from;
        from = next;
    }
    leaf->waiting_first = SLOT_REF_NONE;
}

unsigned sink_tree_gather(struct sink_tree *tree, const struct log_leaf *leaf)
{
    unsigned count = 0;

    for (uint32_t ref = leaf->waiting_first; ref != SLOT_REF_NONE && count < IOV_MAX;) {
        const struct labelled_slot *slot = slot_ref(tree, ref);

        tree->lines[count].iov_base = labelled_at(slot_ref_block(tree, ref), slot->begin);
        tree->lines[count++].iov_len = slot->end - slot->begin;
        ref = slot->next;
    }
    return count;
}

void sink_tree_advance(struct sink_tree *tree, struct log_leaf *leaf, size_t bytes)
{
    bool is_other = leaf == log_tree_other(&tree->tree);

    tree->written_bytes += bytes;
    while (bytes > 0) {
        struct labelled_slot *slot = slot_ref(tree, leaf->waiting_first);
        uint32_t left = slot->end - slot->begin;

        if (bytes < left) {
            slot->begin += (uint32_t)bytes;
            return;
        }
        slot->begin = slot->end;
        bytes -= left;
        tree->others += is_other && (leaf->waiting_first & SLOT_REF_MASK) > 0;
        leaf->waiting_first = slot->next;
    }
}

void sink_tree_end_waiting(struct sink_tree *tree)
{
    while (tree->first_waiting != LOG_LEAF_NONE) {
        struct log_leaf *leaf = log_tree_leaf(&tree->tree, tree->first_waiting);

        leaf->is_waiting = false;
        tree->first_waiting = leaf->waiting_next;
    }
}
