/* path.h - paths of files that may not be there yet. */
#ifndef DAEMON_PATH_H
#define DAEMON_PATH_H

#include <stdbool.h>

/* What is behind the last slash; borrows from the path. Empty: it names a folder. */
const char *path_name(const char *path);

/* What is before it, "." if there is none. The result belongs to the caller. */
char *path_folder(const char *path);

/* Whether both lead to one file, however they are written. Of /dev/null and terminals it is
 * false: they may have many writers. */
bool path_is_same_file(const char *a, const char *b);

#endif
