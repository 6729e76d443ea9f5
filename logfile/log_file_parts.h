/* log_file_parts.h - the inside of a log file: for log_file.c, log_append.c, log_rotate.c,
 * and the trees of them. */
#ifndef LOGFILE_LOG_FILE_PARTS_H
#define LOGFILE_LOG_FILE_PARTS_H

#include "logfile/log_file.h"

/* After an attempt to rotate or to open anew that failed. */
#define LOG_FILE_PAUSE_NS 1000000000ll

/* log_file.c */

/* How the file is called in sentences: the path as it was configured. Returns text. */
const char *log_file_show(const struct log_place *place, const char *name, char text[512]);

/* The open file is written on, and not tried again for a while. */
void log_file_is_stuck(struct log_file *file, int64_t now_ns, struct log_news *news);

/* Makes what was written durable, if the place wants that at all, and tells of a failure. */
void log_file_settle(struct log_file *file, const struct log_place *place, struct log_news *news);

/* log_rotate.c - not in the middle of a line. False: it goes on as it is, and that is told. */
bool log_file_rotate(struct log_file *file, struct log_place *place, const char *name,
                     int64_t now_ns, struct log_news *news);

/* Whether its period is over and there is anything to put away. */
bool log_file_is_outdated(const struct log_file *file, int64_t now_ns);

/* An empty file belongs to the period of now. */
void log_file_begin_period(struct log_file *file, const struct log_place *place, int64_t now_ns);

#endif
