/* sink_tree.h - a sink whose path is made from entries: a batch of blocks on its way into
 * many files (aggregate/labelled.h, logfile/log_tree.h).
 *
 * One job a sink at a time, in a pool thread: it chains the lines of each file through the
 * blocks in flight, then goes file by file, the open ones first:
 *
 *     slot 1 web ─┐   slot 2 db ─┐   slot 3 web ─┘   slot 4 db ─┘   slot 5 mail
 *
 *     web: open, writev(1, 3)      db: writev(2, 4), close      mail: …
 *
 * While the job runs all of this is its own; before and after, the loop thread's. */
#ifndef SINK_SINK_TREE_H
#define SINK_SINK_TREE_H

#include <limits.h>

#include "aggregate/labelled.h"
#include "aggregate/path_template.h"
#include "conf/conf.h"
#include "logfile/log_tree.h"
#include "sink/sink.h"

enum { SINK_TREE_BLOCKS = 64 }; /* in one batch */

struct sink_tree {
    struct log_tree tree;
    struct path_template *paths; /* a job calls only what any thread may */
    bool has_period;
    uint32_t period; /* whose paths the tree holds */

    /* The batch. */
    struct block *blocks[SINK_TREE_BLOCKS];
    unsigned block_count;
    int64_t now_ns;
    bool reopen; /* every file, by its name */

    /* The job's. */
    uint32_t first_waiting; /* leaves that have something to write, by waiting_next */
    uint64_t others;
    struct iovec lines[IOV_MAX];

    /* What became of it. */
    uint64_t took_ms;
    uint64_t written_bytes;
    int error; /* what stopped it; entries are left, then */
    struct err why;
    struct log_news news;
    unsigned refused;       /* files that cannot be opened, and could before */
    struct err refused_why; /* of the last one */
    bool beyond;            /* the first path beyond max_paths */
    bool told_beyond;       /* of this period */

    struct sink_files files; /* the loop thread's: as of the last job that has ended */
};

/* The place is borrowed. NULL and a sentence: no such template, or no memory. */
struct sink_tree *sink_tree_new(const struct conf_sink *conf, struct log_place *place,
                                bool local_time, struct err *err);

/* Nothing may be open. */
void sink_tree_free(struct sink_tree **tree);

/* What the two functions above need, for planning. */
size_t sink_tree_bytes(const struct conf_sink *conf);

/* The job, in whichever thread: writes the blocks; without any, does what time demands. */
void sink_tree_write(struct sink_tree *tree);

/* Writes this text to `_other`, whole lines. Whether all of it was written. */
bool sink_tree_say(struct sink_tree *tree, const char *text, size_t len);

/* The path of `_other` now. Returns text. */
const char *sink_tree_other(const struct sink_tree *tree, char text[LABEL_MAX + 1]);

#endif
