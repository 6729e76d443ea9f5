#include "logfile/log_tree.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "conf/must.h"
#include "logfile/log_file_parts.h"
#include "logfile/log_tree_parts.h"

/* ---- memory -------------------------------------------------------------------------------- */

static size_t pitch_bytes(size_t name_longest)
{
    size_t bytes = sizeof(struct log_leaf) + name_longest + 1;

    return (bytes + _Alignof(struct log_leaf) - 1) / _Alignof(struct log_leaf) *
           _Alignof(struct log_leaf);
}

static size_t leaves_bytes(size_t name_longest, unsigned max_paths)
{
    return ((size_t)max_paths + 1) * pitch_bytes(name_longest);
}

/* A power of two that is at most half full. */
static size_t table_size(unsigned max_paths)
{
    size_t size = 16;

    while (size < 2 * ((size_t)max_paths + 1))
        size *= 2;
    return size;
}

size_t log_tree_bytes(size_t name_longest, unsigned max_paths)
{
    return leaves_bytes(name_longest, max_paths) + table_size(max_paths) * sizeof(uint32_t);
}

static void *map(size_t bytes)
{
    void *mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return mapping == MAP_FAILED ? NULL : mapping;
}

int log_tree_init(struct log_tree *tree, struct err *err)
{
    must(tree->max_open > 0 && tree->max_paths > 0);
    tree->pitch_bytes = pitch_bytes(tree->name_longest);
    tree->table_mask = (uint32_t)table_size(tree->max_paths) - 1;
    tree->newest = tree->oldest = LOG_LEAF_NONE;
    tree->leaves = map(leaves_bytes(tree->name_longest, tree->max_paths));
    tree->table = map(((size_t)tree->table_mask + 1) * sizeof(uint32_t));
    if (getrandom(tree->seed, sizeof tree->seed, GRND_NONBLOCK) < 0)
        tree->seed[0] = (uintptr_t)tree->leaves; /* so early that nobody can send anything */
    if (tree->leaves && tree->table)
        return 0;
    log_tree_fini(tree);
    return err_set(err, "no address space for the table of %u paths", tree->max_paths);
}

void log_tree_fini(struct log_tree *tree)
{
    must(tree->open_count == 0);
    if (tree->leaves)
        munmap(tree->leaves, leaves_bytes(tree->name_longest, tree->max_paths));
    if (tree->table)
        munmap(tree->table, ((size_t)tree->table_mask + 1) * sizeof(uint32_t));
    tree->leaves = NULL;
    tree->table = NULL;
}

/* ---- the table ----------------------------------------------------------------------------- */

static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Keyed, since clients choose the names: nobody shall make them collide. */
static uint32_t hash_of(const struct log_tree *tree, const char *name, size_t len)
{
    uint64_t hash = tree->seed[0] ^ len, word;

    for (; len >= sizeof word; len -= sizeof word, name += sizeof word) {
        memcpy(&word, name, sizeof word);
        hash = fold(hash ^ word, tree->seed[1] | 1);
    }
    word = 0;
    memcpy(&word, name, len);
    hash = fold(hash ^ word, tree->seed[1] | 1);
    return (uint32_t)(hash ^ hash >> 32);
}

static bool is_named(const struct log_leaf *leaf, uint32_t hash, const char *name, size_t len)
{
    return leaf->hash == hash && leaf->name_len == len && memcmp(leaf->name, name, len) == 0;
}

static struct log_leaf *add_leaf(struct log_tree *tree, uint32_t *place, uint32_t hash,
                                 const char *name, size_t len)
{
    struct log_leaf *leaf = log_tree_leaf(tree, tree->leaf_count);

    must(len > 0 && len <= tree->name_longest);
    memset(leaf, 0, sizeof *leaf);
    log_file_init(&leaf->file);
    leaf->number = tree->leaf_count;
    leaf->hash = hash;
    leaf->newer = leaf->older = LOG_LEAF_NONE;
    leaf->name_len = (uint16_t)len;
    memcpy(leaf->name, name, len);
    leaf->name[len] = '\0';
    *place = ++tree->leaf_count; /* 0 in the table: nobody */
    return leaf;
}

static struct log_leaf *find(struct log_tree *tree, const char *name, size_t len)
{
    uint32_t hash = hash_of(tree, name, len), at = hash & tree->table_mask;

    while (tree->table[at]) {
        struct log_leaf *leaf = log_tree_leaf(tree, tree->table[at] - 1);

        if (is_named(leaf, hash, name, len))
            return leaf;
        at = (at + 1) & tree->table_mask;
    }
    if (tree->leaf_count > tree->max_paths)
        return NULL;
    return add_leaf(tree, &tree->table[at], hash, name, len);
}

struct log_leaf *log_tree_set_other(struct log_tree *tree, const char *name, size_t len)
{
    must(tree->leaf_count == 0);
    return find(tree, name, len);
}

struct log_leaf *log_tree_find(struct log_tree *tree, const char *name, size_t len)
{
    must(tree->leaf_count > 0);
    return find(tree, name, len);
}

/* ---- which are open ------------------------------------------------------------------------ */

static void unlink_leaf(struct log_tree *tree, struct log_leaf *leaf)
{
    if (leaf->newer == LOG_LEAF_NONE)
        tree->newest = leaf->older;
    else
        log_tree_leaf(tree, leaf->newer)->older = leaf->older;
    if (leaf->older == LOG_LEAF_NONE)
        tree->oldest = leaf->newer;
    else
        log_tree_leaf(tree, leaf->older)->newer = leaf->newer;
    leaf->newer = leaf->older = LOG_LEAF_NONE;
    tree->open_count--;
}

static void link_leaf(struct log_tree *tree, struct log_leaf *leaf)
{
    leaf->older = tree->newest;
    if (tree->newest == LOG_LEAF_NONE)
        tree->oldest = leaf->number;
    else
        log_tree_leaf(tree, tree->newest)->newer = leaf->number;
    tree->newest = leaf->number;
    if (++tree->open_count > tree->open_peak)
        tree->open_peak = tree->open_count;
}

void log_tree_close_leaf(struct log_tree *tree, struct log_leaf *leaf, struct log_news *news)
{
    log_file_settle(&leaf->file, tree->place, news);
    tree->left_unsynced |= leaf->file.unsynced_since_ns > 0;
    log_file_close(&leaf->file);
    unlink_leaf(tree, leaf);
}

void log_tree_append(struct log_tree *tree, struct log_leaf *leaf, struct log_append *append,
                     struct log_news *news)
{
    if (log_file_is_open(&leaf->file))
        unlink_leaf(tree, leaf);
    while (tree->open_count >= tree->max_open)
        log_tree_close_leaf(tree, log_tree_leaf(tree, tree->oldest), news);
    log_file_append(&leaf->file, tree->place, leaf->name, append, news);
    if (log_file_is_open(&leaf->file))
        link_leaf(tree, leaf);
}

void log_tree_distrust(struct log_tree *tree, struct log_leaf *leaf, struct log_news *news)
{
    if (log_file_is_open(&leaf->file))
        log_tree_close_leaf(tree, leaf, news);
    leaf->file.ino = 0;
}

void log_tree_empty(struct log_tree *tree)
{
    must(tree->open_count == 0);
    madvise(tree->leaves, leaves_bytes(tree->name_longest, tree->max_paths), MADV_DONTNEED);
    madvise(tree->table, ((size_t)tree->table_mask + 1) * sizeof(uint32_t), MADV_DONTNEED);
    tree->leaf_count = 0;
    tree->sweep_number = 0;
}
