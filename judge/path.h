/* path.h - paths of files that may not be there yet. */
#ifndef JUDGE_PATH_H
#define JUDGE_PATH_H

#include <stdbool.h>

/* What is behind the last slash; borrows from the path. Empty: it names a folder. */
const char *path_name(const char *path);

/* What is before it, "." if there is none. The result belongs to the caller. */
char *path_folder(const char *path);

/* The nearest folder above it that is there, in which those that are missing would be made;
 * rest_out is what lies below it, a part of the path. The result belongs to the caller. */
char *path_standing_folder(const char *path, const char **rest_out);

/* The path from the root down, links followed as far as it is there. The result belongs to
 * the caller. */
char *path_canonical(const char *path);

/* Whether both lead to one file, however they are written. Of /dev/null and terminals it is
 * false: they may have many writers. */
bool path_is_same_file(const char *a, const char *b);

#endif
