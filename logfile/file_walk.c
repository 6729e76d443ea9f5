#include "logfile/file_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "conf/must.h"

/* One walk over the folders. */
struct walk {
    const struct file_pattern *pattern;
    walk_folder_cb *on_folder;
    void *context;
    struct err *err;
};

/* Somebody else's, or nobody's any more: no folder, a link, gone. */
static bool is_not_ours(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

/* Reading the names of a folder that is open; the descriptor stays the caller's. */
static DIR *open_names(int folder_fd)
{
    int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = fd < 0 ? NULL : fdopendir(fd);

    if (fd >= 0 && !names)
        close(fd);
    return names;
}

/* ---- folders --------------------------------------------------------------------------- */

static enum walk_result visit(struct walk *walk, int folder_fd, unsigned depth);

static enum walk_result enter(struct walk *walk, int parent_fd, const char *name, unsigned depth)
{
    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    enum walk_result result;

    if (fd < 0) {
        if (is_not_ours(errno))
            return WALK_DONE;
        err_set(walk->err, "cannot open the folder '%s': %s", name, strerror(errno));
        return WALK_FAILED;
    }
    result = visit(walk, fd, depth + 1);
    close(fd);
    return result;
}

/* Every name that fits is tried: most file systems tell which are folders, but not all. */
static enum walk_result enter_each(struct walk *walk, int folder_fd, unsigned depth)
{
    const char *component = walk->pattern->components[depth];
    enum walk_result result = WALK_DONE, one;
    DIR *names = open_names(folder_fd);
    struct dirent *entry;

    if (!names) {
        err_set(walk->err, "cannot read a folder: %s", strerror(errno));
        return WALK_FAILED;
    }
    while (result != WALK_STOPPED && (entry = readdir(names))) {
        if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
            continue;
        if (!file_pattern_matches(component, entry->d_name, strlen(entry->d_name)))
            continue;
        one = enter(walk, folder_fd, entry->d_name, depth);
        result = one != WALK_DONE ? one : result;
    }
    closedir(names);
    return result;
}

/* `depth` components lead to this folder. */
static enum walk_result visit(struct walk *walk, int folder_fd, unsigned depth)
{
    if (depth + 1 == walk->pattern->depth)
        return walk->on_folder(walk->context, folder_fd) ? WALK_DONE : WALK_STOPPED;
    if (file_pattern_is_name(walk->pattern->components[depth]))
        return enter(walk, folder_fd, walk->pattern->components[depth], depth);
    return enter_each(walk, folder_fd, depth);
}

enum walk_result file_walk_folders(const char *folder, const struct file_pattern *pattern,
                                   walk_folder_cb *on_folder, void *context, struct err *err)
{
    struct walk walk = {pattern, on_folder, context, err};
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum walk_result result;

    if (fd < 0) {
        if (errno == ENOENT)
            return WALK_DONE;
        err_set(err, "cannot open the folder '%s': %s", folder, strerror(errno));
        return WALK_FAILED;
    }
    result = visit(&walk, fd, 0);
    close(fd);
    return result;
}

/* ---- files ----------------------------------------------------------------------------- */

/* Whether the name is one of the pattern's, live or rotated. */
static bool recognize(struct walked_file *file, const char *component)
{
    size_t len = strlen(file->name);

    file->is_rotated = rotated_name_parse(file->name, &file->rotated);
    return file_pattern_matches(component, file->name,
                                file->is_rotated ? file->rotated.base_len : len);
}

bool file_walk_look(struct walked_file *file)
{
    return fstatat(file->folder_fd, file->name, &file->st, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(file->st.st_mode) && file->st.st_nlink == 1;
}

enum walk_result file_walk_files(int folder_fd, const struct file_pattern *pattern,
                                 walk_file_cb *on_file, void *context, struct err *err)
{
    const char *component = pattern->components[pattern->depth - 1];
    enum walk_result result = WALK_DONE;
    DIR *names = open_names(folder_fd);
    struct dirent *entry;

    if (!names) {
        err_set(err, "cannot read a folder: %s", strerror(errno));
        return WALK_FAILED;
    }
    while (result == WALK_DONE && (errno = 0, entry = readdir(names))) {
        struct walked_file file = {.folder_fd = folder_fd, .name = entry->d_name};

        if (recognize(&file, component) && !on_file(context, &file))
            result = WALK_STOPPED;
    }
    if (result == WALK_DONE && errno) {
        err_set(err, "cannot read a folder: %s", strerror(errno));
        result = WALK_FAILED;
    }
    closedir(names);
    return result;
}

/* Both at once. */
struct whole_walk {
    const struct file_pattern *pattern;
    walk_file_cb *on_file;
    void *context;
    struct err *err;
    bool failed;
};

static bool on_folder(void *context, int folder_fd)
{
    struct whole_walk *walk = context;
    enum walk_result result =
        file_walk_files(folder_fd, walk->pattern, walk->on_file, walk->context, walk->err);

    walk->failed |= result == WALK_FAILED;
    return result != WALK_STOPPED;
}

enum walk_result file_walk(const char *folder, const struct file_pattern *pattern,
                           walk_file_cb *on_file, void *context, struct err *err)
{
    struct whole_walk walk = {pattern, on_file, context, err, false};
    enum walk_result result = file_walk_folders(folder, pattern, on_folder, &walk, err);

    return result == WALK_DONE && walk.failed ? WALK_FAILED : result;
}
