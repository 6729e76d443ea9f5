/* sink_file.h - what may be written to as a log file; also for --check, which opens nothing. */
#ifndef SINK_SINK_FILE_H
#define SINK_SINK_FILE_H

#include <sys/stat.h>

#include "conf/err.h"

/* A regular file with one name only, a FIFO, or a terminal or other character device. `st`
 * is of the path itself, not of what a symbolic link names. 0, or -1 with errno and a
 * sentence. */
int sink_file_judge(const struct stat *st, const char *path, struct err *err);

#endif
