/* What time demands of the files of a tree, and how they end. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logfile/log_file_parts.h"
#include "logfile/log_tree_parts.h"
#include "logfile/period.h"
#include "logfile/torn.h"

/* Leaves that one sweep looks after: each may have to be opened, rotated and closed again. */
enum { TENDED_MAX = 256 };

/* ---- what time demands --------------------------------------------------------------------- */

static void look_at(struct log_tree *tree, struct log_leaf *leaf, int64_t now_ns,
                    struct log_news *news)
{
    struct log_append nothing = {.now_ns = now_ns};

    log_tree_append(tree, leaf, &nothing, news);
}

/* As long as the oldest is due: a look makes it the newest. */
static void tend_open(struct log_tree *tree, int64_t now_ns, struct log_news *news)
{
    uint32_t number = tree->oldest;

    for (unsigned left = tree->open_count; left > 0 && number != LOG_LEAF_NONE; left--) {
        struct log_leaf *leaf = log_tree_leaf(tree, number);

        number = leaf->newer;
        if (log_file_due_ns(&leaf->file, tree->place) <= now_ns)
            look_at(tree, leaf, now_ns, news);
    }
}

static int64_t next_period_ns(const struct log_tree *tree, int64_t now_ns)
{
    const struct log_place *place = tree->place;

    if (place->rotate_every == LOG_PERIOD_NONE)
        return INT64_MAX;
    return period_around(now_ns, place->rotate_every, place->local_time).end_ns;
}

/* Nobody shall find a file again that was removed, only because it was looked for. */
static bool is_gone(const struct log_tree *tree, const struct log_leaf *leaf)
{
    struct stat st;

    return !log_file_is_open(&leaf->file) &&
           fstatat(tree->place->fd, leaf->name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

/* Files that are closed have their end of a period, too. */
static void sweep(struct log_tree *tree, int64_t now_ns, struct log_news *news)
{
    unsigned tended = 0;

    for (; tree->sweep_number < tree->leaf_count; tree->sweep_number++) {
        struct log_leaf *leaf = log_tree_leaf(tree, tree->sweep_number);

        if (!log_file_is_outdated(&leaf->file, now_ns))
            continue;
        if (tended++ == TENDED_MAX)
            return;
        if (!is_gone(tree, leaf))
            look_at(tree, leaf, now_ns, news);
    }
    tree->sweep_number = 0;
    tree->sweep_ns = next_period_ns(tree, now_ns);
}

void log_tree_tend(struct log_tree *tree, int64_t now_ns, struct log_news *news)
{
    tend_open(tree, now_ns, news);
    if (tree->sweep_ns == 0)
        tree->sweep_ns = next_period_ns(tree, now_ns);
    if (now_ns >= tree->sweep_ns)
        sweep(tree, now_ns, news);
}

int64_t log_tree_due_ns(const struct log_tree *tree)
{
    int64_t due_ns = tree->leaf_count > 0 && tree->sweep_ns > 0 ? tree->sweep_ns : INT64_MAX;
    uint32_t number = tree->place->sync_ms > 0 ? tree->oldest : LOG_LEAF_NONE;

    while (number != LOG_LEAF_NONE) {
        const struct log_leaf *leaf = log_tree_leaf(tree, number);
        int64_t leaf_ns = log_file_due_ns(&leaf->file, tree->place);

        due_ns = leaf_ns < due_ns ? leaf_ns : due_ns;
        number = leaf->newer;
    }
    return due_ns;
}

/* ---- the end ------------------------------------------------------------------------------- */

void log_tree_close(struct log_tree *tree, struct log_news *news)
{
    while (tree->open_count > 0)
        log_tree_close_leaf(tree, log_tree_leaf(tree, tree->oldest), news);
}

/* Those that were closed for want of places have no descriptor any more: all that the file
 * system has, then. */
static int sync_all(const struct log_tree *tree)
{
    int fd = openat(tree->place->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 || syncfs(fd) < 0 ? errno : 0;

    if (fd >= 0)
        close(fd);
    return error;
}

int log_tree_sync(struct log_tree *tree)
{
    int first_error = tree->left_unsynced ? sync_all(tree) : 0;

    for (uint32_t number = tree->oldest; number != LOG_LEAF_NONE;) {
        struct log_leaf *leaf = log_tree_leaf(tree, number);
        int error = log_file_sync(&leaf->file);

        first_error = first_error ? first_error : error;
        number = leaf->newer;
    }
    tree->left_unsynced = false;
    return first_error;
}

/* What was left in the middle of a line will not go on. */
static void end_lines(struct log_tree *tree)
{
    for (uint32_t number = tree->oldest; number != LOG_LEAF_NONE;) {
        struct log_leaf *leaf = log_tree_leaf(tree, number);

        if (leaf->file.in_line)
            (void)torn_end(leaf->file.fd, leaf->file.size_bytes);
        number = leaf->newer;
    }
}

void log_tree_forget(struct log_tree *tree, struct log_news *news)
{
    end_lines(tree);
    log_tree_close(tree, news);
    log_tree_empty(tree);
}
