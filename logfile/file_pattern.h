/* file_pattern.h - the names that the live files of a sink may have, relative to its folder.
 *
 * Components with '/' between, in which '*' stands for one character or more of
 * [A-Za-z0-9_.-], the ones that clients can put into a name, and FILE_PATTERN_DIGIT for one
 * digit, of a date or an hour. A component that begins with '*' does not match what begins with
 * a dot. Any thread. */
#ifndef LOGFILE_FILE_PATTERN_H
#define LOGFILE_FILE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/err.h"

enum { FILE_PATTERN_DEPTH_MAX = 16, FILE_PATTERN_DIGIT = 1 };

struct file_pattern {
    char *text; /* the components, each with a NUL behind it */
    const char *components[FILE_PATTERN_DEPTH_MAX];
    unsigned depth; /* the last component is of files, those before it of folders */
};

/* -1 and a sentence for what is no such pattern: empty components, '.' or '..', too many, or
 * a last one that is itself a rotated name. */
int file_pattern_init(struct file_pattern *pattern, const char *text, struct err *err);
void file_pattern_fini(struct file_pattern *pattern);

/* Whether only one name matches the component, which is itself. */
bool file_pattern_is_name(const char *component);

/* Whether the first `len` bytes of the name match one component. */
bool file_pattern_matches(const char *component, const char *name, size_t len);

#endif
