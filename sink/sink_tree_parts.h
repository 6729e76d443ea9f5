/* sink_tree_parts.h - the inside of a sink with many files: for sink_tree*.c. */
#ifndef SINK_SINK_TREE_PARTS_H
#define SINK_SINK_TREE_PARTS_H

#include "sink/sink_parts.h"
#include "sink/sink_tree.h"

/* ---- sink_tree_chain.c: what waits for each file, from slot to slot ------------------------ */

/* A slot of the batch as one number: 8 bits of block, 24 of slot. */
#define SLOT_REF_NONE UINT32_MAX
enum { SLOT_REF_BITS = 24, SLOT_REF_MASK = (1 << SLOT_REF_BITS) - 1 };

static inline struct block *slot_ref_block(const struct sink_tree *tree, uint32_t ref)
{
    return tree->blocks[ref >> SLOT_REF_BITS];
}

static inline struct labelled_slot *slot_ref(const struct sink_tree *tree, uint32_t ref)
{
    return labelled_slot(slot_ref_block(tree, ref), ref & SLOT_REF_MASK);
}

/* Its line is to be written whole. */
static inline void slot_ref_rewind(const struct sink_tree *tree, uint32_t ref)
{
    slot_ref(tree, ref)->begin =
        labelled_line_begin(slot_ref_block(tree, ref), ref & SLOT_REF_MASK);
}

/* Puts a slot behind what waits for this file. */
void sink_tree_chain(struct sink_tree *tree, struct log_leaf *leaf, uint32_t ref);

/* Puts what waits for a file that cannot be opened among what waits for `_other`, in the
 * order of arrival. */
void sink_tree_move_to_other(struct sink_tree *tree, struct log_leaf *leaf);

/* Vectors of what waits, a line each, up to as many as there are in the tree. */
unsigned sink_tree_gather(struct sink_tree *tree, const struct log_leaf *leaf);

/* So many bytes of it are written: the lines that are whole wait no more. */
void sink_tree_advance(struct sink_tree *tree, struct log_leaf *leaf, size_t bytes);

/* Nothing waits any more; what is not written is not done. */
void sink_tree_end_waiting(struct sink_tree *tree);

/* ---- sink_tree_write.c --------------------------------------------------------------------- */

/* Writes what waits, file by file. -1: nothing more can be written, to no file. */
int sink_tree_write_waiting(struct sink_tree *tree);

/* Says why. Returns -1. */
int sink_tree_stop(struct sink_tree *tree, int error, const struct err *why);

#endif
