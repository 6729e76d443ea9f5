#include "judge/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/alloc.h"

const char *path_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

char *path_folder(const char *path)
{
    size_t len = (size_t)(path_name(path) - path);

    if (len == 0)
        return alloc_text(".", 1);
    return alloc_text(path, len > 1 ? len - 1 : len); /* of "/x" the slash stays */
}

static bool is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 || errno != ENOENT;
}

char *path_standing_folder(const char *path, const char **rest_out)
{
    char *folder = path_folder(path);
    const char *rest = path_name(path);

    while (!is_there(folder)) {
        char *above = path_folder(folder);

        rest = path + (path_name(folder) - folder);
        free(folder);
        folder = above;
    }
    *rest_out = rest;
    return folder;
}

/* Takes `.`, `..` and empty names out of an absolute path; what is missing of it will be made
 * as it is written, so that no link is in the way. */
static void straighten(char *path)
{
    char *end = path;

    for (const char *name = path + 1;;) {
        size_t len = strcspn(name, "/");
        bool is_last = name[len] == '\0';

        if (len == 2 && memcmp(name, "..", 2) == 0) {
            while (end > path && *--end != '/')
                ;
        } else if (len > 1 || (len == 1 && *name != '.')) {
            *end++ = '/';
            memmove(end, name, len);
            end += len;
        }
        if (is_last)
            break;
        name += len + 1;
    }
    *end = '\0';
}

char *path_canonical(const char *path)
{
    const char *rest;
    char *folder = path_standing_folder(path, &rest);
    char *real = realpath(folder, NULL);
    const char *above = real ? real : folder;
    size_t above_len = strcmp(above, "/") == 0 ? 0 : strlen(above);
    char *canonical = alloc_zeroed(above_len + strlen(rest) + 2, 1);

    memcpy(canonical, above, above_len);
    canonical[above_len] = '/';
    strcpy(canonical + above_len + 1, rest);
    straighten(canonical);
    free(real);
    free(folder);
    return canonical;
}

/* What a path leads to, however it is written. */
struct file_identity {
    dev_t dev; /* of the file, or of the folder where it will be made */
    ino_t ino;
    const char *name; /* from that folder on; NULL when the file is there */
};

/* False when its folder cannot be looked at, or the file may have many writers:
 * /dev/null and terminals. */
static bool identify(const char *path, struct file_identity *identity)
{
    bool stands;
    struct stat st;
    const char *rest;
    char *folder;

    if (lstat(path, &st) == 0) {
        *identity = (struct file_identity){st.st_dev, st.st_ino, NULL};
        return !S_ISCHR(st.st_mode);
    }
    folder = path_standing_folder(path, &rest);
    stands = stat(folder, &st) == 0;
    free(folder);
    if (stands)
        *identity = (struct file_identity){st.st_dev, st.st_ino, rest};
    return stands;
}

bool path_is_same_file(const char *a, const char *b)
{
    struct file_identity first, second;

    if (!identify(a, &first) || !identify(b, &second))
        return false;
    if (first.dev != second.dev || first.ino != second.ino || !first.name != !second.name)
        return false;
    return !first.name || strcmp(first.name, second.name) == 0;
}
