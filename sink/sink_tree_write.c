/* Files are written one after the other, the open ones first, since opening another may
 * close them. `_other` is the last: what other files refuse goes there. */
#include "sink/sink_tree_parts.h"

/* A file that cannot be opened is tried again after this. */
#define REFUSED_NS 1000000000LL

/* ---- one file ---------------------------------------------------------------------- */

/* A line that has begun goes on only where its begin is, and no other line behind it. */
static void agree_on_line(struct sink_tree *tree, struct log_leaf *leaf)
{
    uint32_t ref = leaf->waiting_first;
    bool torn = labelled_is_torn(slot_ref_block(tree, ref), ref & SLOT_REF_MASK);

    if (torn && !leaf->file.in_line)
        slot_ref_rewind(tree, ref);
    if (!torn && leaf->file.in_line)
        log_tree_distrust(&tree->tree, leaf, &tree->news);
}

int sink_tree_stop(struct sink_tree *tree, int error, const struct err *why)
{
    tree->error = error;
    tree->why = *why;
    return -1;
}

static void refuse(struct sink_tree *tree, struct log_leaf *leaf, const struct err *why)
{
    if (leaf->refused_until_ns == 0) {
        tree->refused++;
        tree->refused_why = *why;
    }
    leaf->refused_until_ns = tree->now_ns + REFUSED_NS;
    slot_ref_rewind(tree, leaf->waiting_first);
    sink_tree_move_to_other(tree, leaf);
}

/* One call's worth. -1: nothing more can be written, to no file. */
static int write_lines(struct sink_tree *tree, struct log_leaf *leaf)
{
    struct log_append append = {.vectors = tree->lines, .now_ns = tree->now_ns};

    agree_on_line(tree, leaf);
    append.count = sink_tree_gather(tree, leaf);
    log_tree_append(&tree->tree, leaf, &append, &tree->news);
    if (append.begin_anew)
        return 0; /* and agree_on_line sees it */
    sink_tree_advance(tree, leaf, append.written_bytes);
    if (append.error &&
        (sink_error_is_temporary(append.error) || leaf == log_tree_other(&tree->tree)))
        return sink_tree_stop(tree, append.error, &append.why);
    if (append.error)
        refuse(tree, leaf, &append.why);
    else
        leaf->refused_until_ns = 0;
    return 0;
}

static int write_leaf(struct sink_tree *tree, struct log_leaf *leaf)
{
    while (leaf->waiting_first != SLOT_REF_NONE) {
        if (write_lines(tree, leaf) < 0)
            return -1;
    }
    return 0;
}

/* ---- file by file -------------------------------------------------------------------------- */

static int write_leaves(struct sink_tree *tree, bool open_ones)
{
    struct log_leaf *leaf;

    for (uint32_t n = tree->first_waiting; n != LOG_LEAF_NONE; n = leaf->waiting_next) {
        leaf = log_tree_leaf(&tree->tree, n);
        if (leaf == log_tree_other(&tree->tree) || log_file_is_open(&leaf->file) != open_ones)
            continue;
        if (write_leaf(tree, leaf) < 0)
            return -1;
    }
    return 0;
}

int sink_tree_write_waiting(struct sink_tree *tree)
{
    struct log_leaf *other = log_tree_other(&tree->tree);

    if (write_leaves(tree, true) < 0 || write_leaves(tree, false) < 0)
        return -1;
    return other->is_waiting ? write_leaf(tree, other) : 0;
}
