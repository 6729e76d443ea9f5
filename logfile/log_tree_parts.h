/* log_tree_parts.h - the inside of a tree: for log_tree.c and log_tree_tend.c. */
#ifndef LOGFILE_LOG_TREE_PARTS_H
#define LOGFILE_LOG_TREE_PARTS_H

#include "logfile/log_tree.h"

/* An open one; after a sync if the place wants any. */
void log_tree_close_leaf(struct log_tree *tree, struct log_leaf *leaf, struct log_news *news);

/* Nothing may be open: no leaf is left, and their memory is the kernel's. */
void log_tree_empty(struct log_tree *tree);

#endif
