/* sink_file.h - where a sink of type file writes to: a log file, unless the path leads to
 * something that cannot be put away, such as a FIFO, which is opened as any descriptor. */
#ifndef SINK_SINK_FILE_H
#define SINK_SINK_FILE_H

#include "conf/conf.h"
#include "logfile/log_file.h"

struct sink_file {
    char *folder; /* of the path, with the slash; NULL: not initialized */
    const char *name;
    struct log_place place;
    struct log_file log;
};

/* Opens nothing. 0, or -1 with errno and a sentence: no such owner. */
int sink_file_init(struct sink_file *file, const struct conf_sink *conf, bool local_time,
                   struct err *err);

/* Leaves what is rotated to the caretaker; before the first opening. 0, or -1 with errno and
 * a sentence. */
int sink_file_care(struct sink_file *file, const struct conf_sink *conf,
                   struct caretaker *caretaker, struct err *err);

/* Closes what is open; may be called again, and of one that is all zero. */
void sink_file_fini(struct sink_file *file);

/* Whether the path is a regular file's, or will be: also of what a log file refuses to be. */
bool sink_file_is_log(const struct conf_sink *conf);

#endif
