/* follow_parts.h - the inside of following: for the files follow*.c.
 *
 *     follow.c          all files, one after the other, and the rest between
 *     follow_file.c     which file has the name now
 *     follow_source.c   what is read from one that is open */
#ifndef CLIENT_FOLLOW_PARTS_H
#define CLIENT_FOLLOW_PARTS_H

#include "client/follow.h"

/* One file, open. */
struct source {
    int fd; /* -1: none */
    int watch;
    off_t offset;           /* up to which it is read */
    int64_t quiet_since_ms; /* monotonic */
    struct begun_line begun;
};

struct followed {
    const char *path;
    char *folder;
    struct source now;
    struct source before; /* under this path until a moment ago */
    int folder_watch;
    int told_errno; /* why it could not be opened; 0: it could */
};

struct follow {
    struct shipment *shipment;
    int inotify; /* -1: the system has none left, and we look every second */
    bool from_end;
    struct followed *files;
    int file_count;
};

/* ---- follow_source.c ---------------------------------------------------------- */

struct uplink *follow_uplink(const struct follow *follow);

/* What it has, or a good part of it; *more_out says that this was not all. -1 and a sentence: the
 * daemon is gone. */
int follow_read_source(struct follow *follow, struct source *source, const char *name,
                       bool *more_out, struct err *err);

/* Nothing will be added to it: what it has of a line is its last one. */
int follow_end_source(struct follow *follow, struct source *source, const char *name,
                      struct err *err);

/* Also of one that is not open. */
void follow_close_source(struct follow *follow, struct source *source);

/* ---- follow_file.c ------------------------------------------------------------ */

/* If it is there; else that is told. */
void follow_open_file(struct follow *follow, struct followed *file);

/* Reads on, and looks whether the name leads to another file. *more_out becomes true where there
 * is more to do at once. -1 and a sentence: the daemon is gone, or the file cannot be read. */
int follow_look_at(struct follow *follow, struct followed *file, bool *more_out, struct err *err);

#endif
