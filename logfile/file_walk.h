/* file_walk.h - the files of a sink on the disk: live ones and what was rotated.
 *
 * No link is followed below the folder. What disappears while it is looked at was never there. One
 * thread a walk; nothing is remembered between walks. */
#ifndef LOGFILE_FILE_WALK_H
#define LOGFILE_FILE_WALK_H

#include <sys/stat.h>

#include "logfile/file_pattern.h"
#include "logfile/rotated_name.h"

struct walked_file {
    int folder_fd; /* readable: may be synced */
    const char *name;
    bool is_rotated;
    struct rotated_name rotated;
    struct stat st; /* after file_walk_look */
};

/* Both answer whether to go on. The name fits; what the file is, file_walk_look tells. */
typedef bool walk_file_cb(void *context, struct walked_file *file);
typedef bool walk_folder_cb(void *context, int folder_fd);

enum walk_result {
    WALK_STOPPED = -2, /* a callback did not want to go on */
    WALK_FAILED = -1,  /* some folder could not be read, and a sentence; all others were */
    WALK_DONE = 0
};

/* Each folder that may hold files of the pattern. The folder at the top may be missing; it is
 * opened through links, if there are any. */
enum walk_result file_walk_folders(const char *folder, const struct file_pattern *pattern,
                                   walk_folder_cb *on_folder, void *context, struct err *err);

/* The files of one folder, in no order. */
enum walk_result file_walk_files(int folder_fd, const struct file_pattern *pattern,
                                 walk_file_cb *on_file, void *context, struct err *err);

/* Whether it is a file of the sink: a regular one with no other name. Only then is there a
 * stat. */
bool file_walk_look(struct walked_file *file);

/* All of them. */
enum walk_result file_walk(const char *folder, const struct file_pattern *pattern,
                           walk_file_cb *on_file, void *context, struct err *err);

#endif
