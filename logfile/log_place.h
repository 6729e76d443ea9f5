/* log_place.h - what all log files of one sink have in common: the folder that they are
 * in, and how they are made, rotated and synced.
 *
 * The folder is the part of the configured path that no entry chooses. It is opened as
 * the operator wrote it, symbolic links and all; below it none is followed. One thread
 * at a time: whoever runs the sink's job. */
#ifndef LOGFILE_LOG_PLACE_H
#define LOGFILE_LOG_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "conf/err.h"
#include "logfile/caretaker.h"
#include "logfile/period.h"

/* Of what is made, never of what is there. */
struct log_modes {
    mode_t file;   /* less the umask */
    mode_t folder; /* the same */
    uid_t owner;   /* (uid_t)-1: ours */
    gid_t group;   /* (gid_t)-1: ours */
};

#define LOG_SYNC_EACH UINT64_MAX

/* Of the folder that was read last for names of rotated files (log_rotate.c). */
struct log_folder_seen {
    dev_t dev; /* 0 and 0: none */
    ino_t ino;
    uint64_t newest_us; /* of all files in it, 0: there was none */
};

struct log_place {
    /* The caller's, before log_place_open. */
    const char
        *folder; /* as it was written, with the slash behind it; "": where we are. Borrowed */
    struct log_modes modes;
    uint64_t rotate_bytes; /* 0: no rotation by size */
    enum log_period rotate_every;
    bool local_time;         /* the zone of rotate_every */
    uint64_t sync_ms;        /* 0: never before the end; LOG_SYNC_EACH: each append */
    uint64_t min_free_bytes; /* 0: no such limit */

    struct ward *ward; /* the caretaker's, who is told what is rotated and written; or NULL */

    /* Its own. */
    int fd; /* the folder (O_PATH), -1: not open */
    dev_t dev;
    ino_t ino;
    bool is_lost; /* the path led to no folder when it was looked at last */
    struct log_folder_seen seen;
    int64_t free_looked_ns; /* when the file system was asked last; 0: never */
    uint64_t free_bytes;    /* what it said */
};

/* Opens the folder, and makes it and those above it where they are missing. 0, or -1
 * with errno and a sentence. */
int log_place_open(struct log_place *place, struct err *err);

/* Once in a job, before its files: whether the path still leads to the open folder; if
 * not, opens it anew. On failure, -1, the old one stays open. */
int log_place_look(struct log_place *place, struct err *err);

/* Whether the file system has min_free left; asks it at most every 100 ms. 0, or -1 with
 * errno ENOSPC and a sentence. */
int log_place_check_free(struct log_place *place, int64_t now_ns, struct err *err);

/* May be called again. */
void log_place_close(struct log_place *place);

#endif
