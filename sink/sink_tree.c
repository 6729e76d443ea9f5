#include "sink/sink_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/must.h"
#include "sink/sink_tree_parts.h"

/* ---- making -------------------------------------------------------------------------------- */

struct sink_tree *sink_tree_new(const struct conf_sink *conf, struct log_place *place,
                                bool local_time, struct err *err)
{
    struct sink_tree *tree = calloc(1, sizeof *tree);

    must(tree);
    tree->first_waiting = LOG_LEAF_NONE;
    tree->paths = path_template_new(conf->path, local_time, err);
    if (!tree->paths) {
        sink_tree_free(&tree);
        return NULL;
    }
    tree->tree.place = place;
    tree->tree.name_longest = path_template_longest(tree->paths);
    tree->tree.max_paths = conf->max_paths.count;
    tree->tree.max_open = conf->max_open.count;
    if (log_tree_init(&tree->tree, err) < 0)
        sink_tree_free(&tree);
    return tree;
}

void sink_tree_free(struct sink_tree **tree_address)
{
    struct sink_tree *tree = *tree_address;

    *tree_address = NULL;
    if (!tree)
        return;
    log_tree_fini(&tree->tree);
    path_template_free(&tree->paths);
    free(tree);
}

size_t sink_tree_bytes(const struct conf_sink *conf)
{
    struct err err;
    struct path_template *paths = path_template_new(conf->path, false, &err);
    size_t bytes = sizeof(struct sink_tree);

    if (paths)
        bytes += log_tree_bytes(path_template_longest(paths), conf->max_paths.count);
    path_template_free(&paths);
    return bytes;
}

struct cursor {
    unsigned block;
    uint32_t slot;
};

static struct labelled_slot *slot_at(const struct sink_tree *tree, struct cursor at)
{
    return labelled_slot(tree->blocks[at.block], at.slot);
}

/* To the next slot that is not done; false: there is none. */
static bool go_on(const struct sink_tree *tree, struct cursor *at)
{
    for (; at->block < tree->block_count; at->block++, at->slot = 0) {
        for (; at->slot <= tree->blocks[at->block]->entry_count; at->slot++) {
            const struct labelled_slot *slot = slot_at(tree, *at);

            if (slot->begin < slot->end)
                return true;
        }
    }
    return false;
}

/* ---- periods ------------------------------------------------------------------------------- */

/* That of the first entry from here on; of notices alone, that of now. */
static uint32_t period_from(const struct sink_tree *tree, struct cursor at)
{
    for (; go_on(tree, &at); at.slot++) {
        if (at.slot > 0)
            return labelled_label(tree->blocks[at.block], at.slot).period;
    }
    return path_template_period(tree->paths, tree->now_ns);
}

static void begin_period(struct sink_tree *tree, uint32_t period)
{
    char other[LABEL_MAX];

    if (tree->has_period && tree->period == period)
        return;
    if (tree->has_period)
        log_tree_forget(&tree->tree, &tree->news);
    tree->has_period = true;
    tree->period = period;
    tree->told_beyond = false;
    log_tree_set_other(&tree->tree, other, path_template_other(tree->paths, period, other));
}

/* ---- which file ---------------------------------------------------------------------------- */

static struct log_leaf *leaf_of(struct sink_tree *tree, uint32_t ref, const struct label *label)
{
    struct log_leaf *leaf = log_tree_find(&tree->tree, label->text, label->len);

    if (!leaf) {
        tree->beyond |= !tree->told_beyond;
        tree->told_beyond = true;
        return log_tree_other(&tree->tree);
    }
    if (leaf->refused_until_ns <= tree->now_ns)
        return leaf;
    if (leaf->file.in_line) /* what was written of the line is there, not in `_other` */
        slot_ref_rewind(tree, ref);
    return log_tree_other(&tree->tree);
}

/* Chains all that is left from here on, up to the first entry of another period. */
static void chain_period(struct sink_tree *tree, struct cursor *at)
{
    struct log_leaf *leaf = NULL;
    const char *leaf_label = NULL;

    for (; go_on(tree, at); at->slot++) {
        uint32_t ref = at->block << SLOT_REF_BITS | at->slot;
        struct label label;

        if (at->slot == 0) {
            sink_tree_chain(tree, log_tree_other(&tree->tree), ref);
            continue;
        }
        label = labelled_label(tree->blocks[at->block], at->slot);
        if (label.period != tree->period)
            return;
        if (label.text != leaf_label)
            leaf = leaf_of(tree, ref, &label);
        leaf_label = label.text;
        sink_tree_chain(tree, leaf, ref);
    }
}

static void write_blocks(struct sink_tree *tree)
{
    struct cursor at = {0};

    while (!tree->error && go_on(tree, &at)) {
        begin_period(tree, period_from(tree, at));
        chain_period(tree, &at);
        sink_tree_write_waiting(tree);
        sink_tree_end_waiting(tree);
    }
}

/* The folder may have been replaced; without any, nothing can be written. */
static int look_at_place(struct sink_tree *tree)
{
    struct err why;

    if (log_place_look(tree->tree.place, &why) == 0)
        return 0;
    if (tree->tree.place->fd < 0)
        return sink_tree_stop(tree, errno, &why);
    tree->news.stuck++;
    tree->news.why = why;
    return 0;
}

void sink_tree_write(struct sink_tree *tree)
{
    tree->written_bytes = 0;
    tree->error = 0;
    tree->refused = 0;
    tree->beyond = false;
    memset(&tree->news, 0, sizeof tree->news);
    if (look_at_place(tree) < 0)
        return;
    if (tree->reopen)
        log_tree_close(&tree->tree, &tree->news);
    write_blocks(tree);
    if (!tree->error)
        log_tree_tend(&tree->tree, tree->now_ns, &tree->news);
}

/* ---- beside entries ------------------------------------------------------------------------ */

bool sink_tree_say(struct sink_tree *tree, const char *text, size_t len)
{
    struct iovec line = {.iov_base = (void *)(uintptr_t)text, .iov_len = len};
    struct log_append append = {.vectors = &line, .count = 1, .now_ns = tree->now_ns};
    struct log_leaf *other;

    begin_period(tree, path_template_period(tree->paths, tree->now_ns));
    other = log_tree_other(&tree->tree);
    if (other->file.in_line)
        log_tree_distrust(&tree->tree, other, &tree->news);
    log_tree_append(&tree->tree, other, &append, &tree->news);
    return !append.error && append.written_bytes == len;
}

const char *sink_tree_other(const struct sink_tree *tree, char text[LABEL_MAX + 1])
{
    size_t len = path_template_other(tree->paths, tree->period, text);

    text[len] = '\0';
    return text;
}
