/* state_file.h - the file by which the next start knows how this daemon ended.
 *
 *     logboomd state                         the first line: it is ours, and may be replaced
 *     running: 2026-11-26T07:00:00.123456Z pid 4711
 *     stopped: 2026-11-26T06:59:58.000001Z lost nothing
 *     ledger: endpoint apps: received=…
 *
 * `running` stands there as long as a daemon runs, so whoever finds it at the start finds the
 * traces of one that had no time to say goodbye. `stopped` is how the last orderly stop ended, with
 * all that follows it.
 *
 * It is never written in place: another file is made, synced, and gets its name. The daemon that
 * has it holds a lock on it, so two cannot share one. One thread at a time. */
#ifndef STATUS_STATE_FILE_H
#define STATUS_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregate/timestamp.h"
#include "conf/err.h"

/* What it said when it was opened. */
enum { STATE_SENTENCE_MAX = 256 };
struct state_record {
    int64_t running_since_ns; /* since 1970; 0: nobody left it so */
    unsigned long running_pid;
    int64_t stopped_at_ns;             /* 0: nobody ever stopped */
    char sentence[STATE_SENTENCE_MAX]; /* how that ended, such as "lost nothing" */
};

/* What stands at a path, and whether a daemon may have it; errno where it may not be opened.
 * Changes nothing, and asks for no lock. */
enum state_file_kind {
    STATE_FILE_NONE,
    STATE_FILE_OURS,
    STATE_FILE_STRANGE, /* no regular file, or one of several names */
    STATE_FILE_SHUT,
    STATE_FILE_SOMEBODYS /* and it would be replaced */
};
enum state_file_kind state_file_look(const char *path);

struct state_file;

/* Makes it if it is not there; changes nothing else. NULL and a sentence: another daemon has it, it
 * cannot be had, or it is somebody else's; errno is 0, or what the system said. The path is
 * copied. */
struct state_file *state_file_open(const char *path, struct state_record *record_out,
                                   struct err *err);

/* Says that this daemon runs from now on; what was said of the last stop stays. 0, or -1 and a
 * sentence: all is as before. */
int state_file_begin(struct state_file *file, int64_t now_ns, struct err *err);

/* Says that it has stopped: how, in one line of less than STATE_SENTENCE_MAX bytes, and the ledger,
 * in whole lines. The same answers. */
int state_file_end(struct state_file *file, int64_t now_ns, const char *sentence,
                   const char *ledger, struct err *err);

/* How it writes a moment, for those who tell of it. */
const char *state_file_show_time(int64_t time_ns, char text[TIMESTAMP_MAX + 1]);

/* Lets go of it, as it is. */
void state_file_close(struct state_file **file);

#endif
