/* log_tree.h - the many log files of one sink whose path is made from entries.
 *
 * A table of the paths that there are, and of each its file (logfile/log_file.h), of which
 * the ones used last are open:
 *
 *     leaves: | _other | web1.log | db.log | … up to max_paths, mapped, touched when used
 *     open:     newest … oldest                up to max_open, the oldest is closed first
 *
 * A leaf that is closed remembers its file, so that opening it again is one system call
 * and a look. The table only grows, until it is forgotten as a whole. Nothing is allocated
 * after log_tree_init. One thread at a time: whoever runs the sink's job. */
#ifndef LOGFILE_LOG_TREE_H
#define LOGFILE_LOG_TREE_H

#include "logfile/log_file.h"

#define LOG_LEAF_NONE UINT32_MAX

struct log_leaf {
    struct log_file file;

    /* For whoever writes, and zero in a new leaf: what waits for this file, and until when
     * it is not tried because it cannot be opened. */
    uint32_t waiting_first, waiting_last, waiting_next;
    bool is_waiting;
    int64_t refused_until_ns;

    /* The tree's. */
    uint32_t number;
    uint32_t hash;
    uint32_t newer, older; /* of the open ones */
    uint16_t name_len;
    char name[]; /* relative to the place's folder, with a NUL */
};

struct log_tree {
    struct log_place *place; /* borrowed */
    size_t name_longest;
    unsigned max_paths;
    unsigned max_open;

    char *leaves;
    size_t pitch_bytes;
    unsigned leaf_count; /* the first is `other` */
    uint32_t *table;     /* numbers by hash, open addressing */
    uint32_t table_mask;
    uint64_t seed[2];
    unsigned open_count;
    unsigned open_peak;
    bool left_unsynced; /* some were closed that may not be on the disk */
    uint32_t newest, oldest;
    int64_t sweep_ns;      /* when the next period of rotate_every begins */
    uint32_t sweep_number; /* leaves before this one have been looked at for it */
};

/* What log_tree_init maps; for planning. */
size_t log_tree_bytes(size_t name_longest, unsigned max_paths);

/* Fills a tree that is all zero but for its first four members. -1 and a sentence when the
 * kernel has no address space. */
int log_tree_init(struct log_tree *tree, struct err *err);

/* Everything must be closed. May be called again, and of one that is all zero. */
void log_tree_fini(struct log_tree *tree);

/* The path for what has none of its own, beside max_paths; before any other is looked for,
 * and again after log_tree_forget. */
struct log_leaf *log_tree_set_other(struct log_tree *tree, const char *name, size_t len);

/* NULL: it would be one more than max_paths. The result is the tree's until it is forgotten. */
struct log_leaf *log_tree_find(struct log_tree *tree, const char *name, size_t len);

static inline struct log_leaf *log_tree_leaf(const struct log_tree *tree, uint32_t number)
{
    return (struct log_leaf *)(void *)(tree->leaves + number * tree->pitch_bytes);
}

static inline struct log_leaf *log_tree_other(const struct log_tree *tree)
{
    return log_tree_leaf(tree, 0);
}

/* Of max_paths, so many are in use. */
static inline unsigned log_tree_paths(const struct log_tree *tree)
{
    return tree->leaf_count > 0 ? tree->leaf_count - 1 : 0;
}

/* As log_file_append; closes another file where this one would be one too many open. */
void log_tree_append(struct log_tree *tree, struct log_leaf *leaf, struct log_append *append,
                     struct log_news *news);

/* The file as if it had never been open: its last line is looked at again. */
void log_tree_distrust(struct log_tree *tree, struct log_leaf *leaf, struct log_news *news);

/* Syncs and rotates what time demands, some files a call. When there is more to do, or will
 * be: INT64_MAX, never. */
void log_tree_tend(struct log_tree *tree, int64_t now_ns, struct log_news *news);
int64_t log_tree_due_ns(const struct log_tree *tree);

/* Closes all, after a sync if the place wants any. */
void log_tree_close(struct log_tree *tree, struct log_news *news);

/* Makes all that was written durable, in closed files as well. 0, or the first errno. */
int log_tree_sync(struct log_tree *tree);

/* Closes all, and begins with an empty table. */
void log_tree_forget(struct log_tree *tree, struct log_news *news);

#endif
