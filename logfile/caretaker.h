/* caretaker.h - what becomes of rotated files, beside all that is written.
 *
 * Two threads of its own, with every signal blocked. The keeper removes what `keep` and
 * `max_total` do not allow, at an ordinary priority: under full load a thread that gets only
 * what others leave would not get to it. The compressor, there only where a sink compresses,
 * gets no more than what others leave of CPU and disk. Neither remembers anything: each pass
 * looks at the files themselves, so that a crash at any moment needs no journal.
 *
 *     app.log                                counts for max_total, is never touched
 *     app.log@20261125T211828.123456Z        compressed, removed
 *     app.log@20261125T211828.123456Z.zst    removed
 *     app.log@notes, links, directories      somebody else's
 *
 * Files are looked for under a folder by a pattern; below it no link is followed. What goes
 * wrong is told once in the log, and once when it is well again. */
#ifndef LOGFILE_CARETAKER_H
#define LOGFILE_CARETAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/err.h"
#include "logfile/compress.h"
#include "logfile/period.h"

struct caretaker; /* one a process */
struct ward;      /* the files of one sink */

/* All is copied. */
struct ward_options {
    const char *name; /* the sink's, for the log */

    /* Where the pattern begins, "" for where the daemon was started: opened for each pass as
     * the operator wrote it, links and all. It may be missing. */
    const char *folder;

    /* The live files' names: components with '/' between, in which '*' stands for one
     * character or more of [A-Za-z0-9_.-] and everything else for itself. A plain sink has
     * the one name of its file; a templated path has its placeholders replaced by '*', and
     * digits of a date or an hour by FILE_PATTERN_DIGIT. */
    const char *pattern;

    /* How long a name with a date is in use, and the zone of that: what was not written to
     * since the present hour or day began may go for max_total. */
    enum log_period names_last;
    bool local_time;

    unsigned keep;            /* rotated files of each live file; 0: no limit */
    uint64_t max_total_bytes; /* of all files, live ones too; 0: no limit */
    enum compress_kind compress;
};

/* What was done since the start. */
struct ward_counts {
    uint64_t rotated; /* as caretaker_rotated was told */
    uint64_t compressed;
    uint64_t removed;       /* by keep or max_total */
    uint64_t removed_plain; /* of them, those that were to be compressed and were not yet */
    uint64_t failed;        /* attempts to compress */
};

/* Room for so many wards; `compress` is what any of them will ask for: a set of
 * 1 << COMPRESS_ZSTD and 1 << COMPRESS_GZIP. NULL and a sentence where a thread cannot be
 * started or there is no memory. */
struct caretaker *caretaker_new(unsigned ward_max, unsigned compress_set, struct err *err);

/* Takes care of these files from now on. Before it returns, it has removed what a crash
 * may have left: what was being compressed, what is there compressed and plain, and empty
 * rotated files. So it comes before the first file of the sink is opened: an empty rotated
 * file that appears later is a rotation under way, and is left alone. All else is done
 * beside. The ward belongs to the caretaker until caretaker_remove. One thread at a time; NULL and
 * a sentence where the pattern cannot be used. */
struct ward *caretaker_add(struct caretaker *caretaker, const struct ward_options *options,
                           struct err *err);

/* Nobody rotates these files any more: lets go of what is being done with them, and of the ward.
 * The sink that had it is closed. The thread of caretaker_add; NULL: there is no ward. */
void caretaker_remove(struct ward *ward);

/* A file was rotated; not earlier than that is true. Any thread, cheap, any number of times;
 * NULL: there is no ward. */
void caretaker_rotated(struct ward *ward);

/* So many bytes were written to live files: what holds max_total while files grow. Any
 * thread, cheap; NULL: there is no ward. */
void caretaker_wrote(struct ward *ward, uint64_t bytes);

/* Any thread; all 0 of NULL. */
struct ward_counts caretaker_counts(const struct ward *ward);

/* Lets go of whatever is being done, within the time of one system call; what it leaves the
 * next caretaker_add removes. Returns at once. NULL: there is none. */
void caretaker_end(struct caretaker *caretaker);

/* The same, and waits for it. False: a disk did not come back within patience_ms, and the
 * threads and their memory are left to the end of the process. Accepts NULL inside. */
bool caretaker_free(struct caretaker **caretaker, unsigned patience_ms);

/* What it holds at most: for the plan. */
size_t caretaker_bytes(unsigned compress_set);

#endif
