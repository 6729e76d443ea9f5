/* log_file.h - one log file of a place: opened, appended to, rotated, opened anew.
 *
 * Small, so that many may be kept. A closed one remembers which file it was and how long,
 * so that opening it again reads nothing if that is how it is. `name` is relative to the
 * place's folder and may contain slashes; it is the caller's, and the same in each call.
 * Times are nanoseconds since 1970. One thread at a time, the place's; touches no loop.
 *
 *     app.log                        the file that is written
 *     app.log@20261125T211828.123456Z  what was rotated, empty for a moment:
 *
 *     1. the new file is made under the rotated name    app.log = old   app.log@… = new
 *     2. the two names are exchanged, at once           app.log = new   app.log@… = old
 *
 * So the name always leads to a file, and where the new one cannot be made nothing has
 * changed. A crash between the two leaves an empty rotated file. */
#ifndef LOGFILE_LOG_FILE_H
#define LOGFILE_LOG_FILE_H

#include <stddef.h>
#include <sys/uio.h>

#include "logfile/log_place.h"

struct log_file {
    int fd;       /* -1: closed */
    bool in_line; /* it ends in the middle of a line, which the next append goes on with */
    bool is_lost; /* its name leads elsewhere, to what could not be opened */
    dev_t dev;    /* 0 and 0: it was never open */
    ino_t ino;
    uint64_t size_bytes;
    int64_t period_begin_ns, period_end_ns; /* of rotate_every, around the last append */
    int64_t unsynced_since_ns;              /* 0: all is on the disk */
    int64_t stuck_until_ns;                 /* no attempt to rotate or to open anew before that */
    uint64_t rotated_us;                    /* the time in the newest rotated name; 0: not known */
};

static inline bool log_file_is_open(const struct log_file *file)
{
    return file->fd >= 0;
}

/* What happened beside the writing, for those who tell. Counts add up. */
struct log_news {
    unsigned torn; /* unfinished last lines that were ended with a mark */
    unsigned anew; /* the name led to another file or to none: opened anew */
    unsigned rotated;
    unsigned found; /* the name leads to the open file again, after it did not */
    unsigned stuck; /* could not be rotated or opened anew: the open one is written on */
    unsigned synced;
    unsigned sync_failed;
    struct err why; /* of the last stuck or sync_failed */
};

void log_file_init(struct log_file *file);

/* Opens it to append to; makes it, and folders on the way, where they are missing; ends an
 * unfinished last line; rotates what is of an earlier period. 0, or -1 with errno and a
 * sentence. A file that is no regular one, or has several names: EINVAL, EMLINK; a symbolic
 * link anywhere in the name: ELOOP. */
int log_file_open(struct log_file *file, struct log_place *place, const char *name, int64_t now_ns,
                  struct log_news *news, struct err *err);

/* Where lines end in what is appended, as an offset into all of it: the last end in
 * (from, limit], or, if there is none, the first beyond limit. */
typedef size_t log_line_end(const void *context, size_t from, size_t limit);

struct log_append {
    struct iovec *vectors;  /* used up: they are changed */
    unsigned count;         /* may be 0: then only what time or others have done is seen to */
    log_line_end *line_end; /* NULL: each vector ends with a line, and lines are cut nowhere else */
    const void *lines;
    int64_t now_ns;
    bool reopen; /* without a pause after an attempt to open anew that failed */

    size_t written_bytes; /* out: all went through write(2) */
    int error;            /* out: errno of what stopped it, 0 if nothing did */
    bool begin_anew;      /* out: the line of which a part was written is in a file that is
                             gone: nothing was written, give that line again from its begin */
    struct err why;       /* out: a sentence, if error */
};

/* Appends, and before and between its lines does what is due: opens a closed file, opens anew
 * where the name leads elsewhere (the new one first), rotates by time and size, syncs. */
void log_file_append(struct log_file *file, struct log_place *place, const char *name,
                     struct log_append *append, struct log_news *news);

/* When there is something to do without an append: the end of the period, or the sync.
 * INT64_MAX: never. */
int64_t log_file_due_ns(const struct log_file *file, const struct log_place *place);

/* fdatasync. 0, or an errno. */
int log_file_sync(struct log_file *file);

/* Without a sync; whoever closes a file of a place with sync_ms, and unsynced_since_ns, syncs
 * it first. Remembers what it was. */
void log_file_close(struct log_file *file);

#endif
