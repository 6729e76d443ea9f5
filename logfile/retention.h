/* retention.h - which rotated files go: those beyond `keep` of their live file, then the
 * oldest of all until the rest fits into `max_total`. Where names have a date, files of an
 * earlier one are not written to any more, and go for `max_total` as well.
 *
 * Works in memory of a fixed size, whatever the number of files: what it cannot look at in
 * one walk it looks at in several. Other live files, and empty rotated ones, which may be a
 * rotation under way, are never touched. One thread at a time. */
#ifndef LOGFILE_RETENTION_H
#define LOGFILE_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "logfile/file_walk.h"

struct retention;

struct retention_room {
    unsigned bases; /* live files of one folder that are looked at in one walk over it */
    unsigned dates; /* the oldest files of a sink, likewise */
};

/* NULL: no memory. */
struct retention *retention_new(struct retention_room room);
void retention_free(struct retention **retention);
size_t retention_bytes(struct retention_room room);

struct retention_order {
    const char *folder;
    const struct file_pattern *pattern;
    unsigned keep;      /* of each live file; 0: all */
    uint64_t max_bytes; /* of all files; 0: no limit */
    int64_t past_ns;    /* a live file that was not written to since is past; INT64_MIN: none is */
    bool compresses;    /* plain files are to be compressed: those that go are counted */
    bool (*goes_on)(void *context); /* asked before each removal */
    void *context;
};

struct retention_tally {
    uint64_t removed;
    uint64_t removed_plain;
    uint64_t total_bytes; /* what is left; only with max_bytes */
};

/* Adds to the tally. Of what fails, the last sentence; all else is done. */
enum walk_result retention_pass(struct retention *retention, const struct retention_order *order,
                                struct retention_tally *tally, struct err *err);

/* Before the first rotation: removes what a crash may have left (the unfinished, the empty,
 * and what is there compressed as well). */
enum walk_result retention_tidy(const char *folder, const struct file_pattern *pattern,
                                struct err *err);

#endif
