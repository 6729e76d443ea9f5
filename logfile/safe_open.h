/* safe_open.h - opening a log file so that nobody but the operator decides where it is.
 *
 * A folder is opened as it was written; from there on down openat2(2) follows no symbolic
 * link and leaves the folder by no other way (RESOLVE_BENEATH). Any thread. */
#ifndef LOGFILE_SAFE_OPEN_H
#define LOGFILE_SAFE_OPEN_H

#include <sys/stat.h>

#include "logfile/log_place.h"

/* The folder as an O_PATH descriptor; it and those above are made where they are missing, and
 * below one that was made no link is followed. -1 with errno and a sentence. */
int safe_open_folder(const char *path, const struct log_modes *modes, struct err *err);

/* The folder below `folder` that holds `name`, as an O_PATH descriptor of the caller's; made
 * where it is missing, if modes are given. -1 with errno. */
int safe_open_parent(int folder, const char *name, const struct log_modes *modes);

/* Opens `name` below the folder to append to, and makes it and the folders on the way where
 * they are missing. Regular file, FIFO, terminal or other character device, as st_out says.
 * -1 with errno and a sentence in which `shown` stands for the file. */
int safe_open(int folder, const char *name, const struct log_modes *modes, const char *shown,
              struct stat *st_out, struct err *err);

/* Makes a regular file that must not be there: EEXIST. -1 with errno. */
int safe_open_new(int folder, const char *name, const struct log_modes *modes);

/* A regular file with one name only, a FIFO, or a terminal or other character device. `st`
 * is of the path itself, not of what a symbolic link names. 0, or -1 with errno and a
 * sentence. Also for --check, which opens nothing. */
int safe_open_judge(const struct stat *st, const char *shown, struct err *err);

#endif
