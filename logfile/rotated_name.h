/* rotated_name.h - what a log file is called once it has been rotated.
 *
 *     app.log@20261125T211828.123456Z         the time in UTC, so that names sort by time
 *     app.log@20261125T211828.123456Z.zst     compressed; or .gz
 *     app.log@20261125T211828.123456Z.part    being compressed, or left by a crash
 *
 * What clients can put into a file name has no '@', so none can make such a name. Names
 * here are single components, without '/'. Times are microseconds since 1970. Any thread. */
#ifndef LOGFILE_ROTATED_NAME_H
#define LOGFILE_ROTATED_NAME_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/err.h"

enum rotated_ending {
    ROTATED_PLAIN,
    ROTATED_ZSTD, /* .zst */
    ROTATED_GZIP, /* .gz */
    ROTATED_PART, /* .part */
    ROTATED_ENDINGS
};

/* `@20261125T211828.123456Z`, and the longest ending behind it. */
enum {
    ROTATED_TIME_LEN = 24,
    ROTATED_ENDING_MAX = 5,
    ROTATED_BASE_MAX = NAME_MAX - ROTATED_TIME_LEN - ROTATED_ENDING_MAX
};

struct rotated_name {
    size_t base_len; /* the first so many bytes of the name are the live file's name */
    uint64_t time_us;
    enum rotated_ending ending;
};

/* False: it is none, and nothing was touched. */
bool rotated_name_parse(const char *name, struct rotated_name *rotated_out);

/* The name under which `base` is put away. -1, errno ENAMETOOLONG and a sentence where it
 * could not be compressed under a name of NAME_MAX bytes; -1 and EOVERFLOW for a time
 * beyond the year 9999. */
int rotated_name_make(const char *base, uint64_t time_us, char name_out[NAME_MAX + 1],
                      struct err *err);

/* The time for the next name: now, but after the last one in any case: the clock may have
 * been set back, or be no further on. */
uint64_t rotated_name_next(uint64_t now_us, uint64_t last_us);

/* The newest time among the rotated files of `base`, or of all if it is NULL, whatever their
 * endings; 0: there are none. Reads the whole directory, of which an O_PATH descriptor will
 * do. 0, or -1 with errno. */
int rotated_name_newest(int directory_fd, const char *base, uint64_t *newest_us_out);

/* "", ".zst", ".gz", ".part" */
const char *rotated_ending_text(enum rotated_ending ending);

#endif
