/* caretaker_parts.h - the inside of the caretaker: for caretaker.c, keeper.c and compressor.c.
 *
 *     caretaker_rotated ──► keeper: keep, max_total ──► compressor: one file after another
 *                             ▲                              │
 *                             └────── what it compressed ────┘
 *
 * Each thread has one errand a ward. An errand that is wanted while it is being run is run
 * once more: so any number of rotations at once costs two passes at most. */
#ifndef LOGFILE_CARETAKER_PARTS_H
#define LOGFILE_CARETAKER_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "logfile/caretaker.h"
#include "logfile/file_pattern.h"
#include "logfile/retention.h"

#define SECOND_NS 1000000000ull

struct errand {
    atomic_bool wanted;
    uint64_t not_before_ns;   /* monotonic. Under the lock, as all that follows */
    uint64_t pause_ns;        /* before the next attempt, while it fails */
    uint64_t failed_since_ns; /* 0: it does not fail */
};

enum { KEEPER, COMPRESSOR, WORKERS };

struct ward {
    struct caretaker *caretaker;
    char *name, *folder;
    struct file_pattern pattern;
    unsigned keep;
    uint64_t max_total_bytes;
    enum log_period names_last;
    bool local_time;
    enum compress_kind compress;
    struct errand errands[WORKERS];
    atomic_bool is_gone;                /* nobody's any more, and freed when no worker serves it */
    unsigned served_by;                 /* so many workers; under the lock */
    atomic_uint_fast64_t written_bytes; /* since the last pass was wanted for them */
    atomic_uint_fast64_t rotated, compressed, removed, removed_plain, failed;
};

struct worker {
    struct caretaker *caretaker;
    pthread_t thread;
    bool started;
    pthread_cond_t called; /* an errand is wanted, or the end */
    unsigned next;         /* the ward that comes first, so that none comes always last */
    struct ward *serves;   /* under the lock; NULL: it waits */
};

struct caretaker {
    pthread_mutex_t lock;
    pthread_mutex_t names; /* in a pass of the keeper no file is compressed to its end */
    struct worker workers[WORKERS];
    struct retention *retention; /* the keeper's */
    struct compress *compress;   /* the compressor's; NULL: nobody compresses */
    atomic_bool ending;
    unsigned ward_count, ward_max;
    struct ward **wards;
};

/* keeper.c, compressor.c: what the threads run, until the end. */
void *keeper_run(void *worker);
void *compressor_run(void *worker);

/* For the threads: the next ward that wants the worker, and may be served by now; waits for it.
 * NULL: the end. Calls `rest` before it waits. */
struct ward *caretaker_next(struct worker *worker, void (*rest)(struct caretaker *caretaker));

/* Any thread: the errand is to be run. */
void caretaker_want(struct ward *ward, unsigned worker);

/* For the threads, after an errand: not again for so long. */
void caretaker_pause(struct ward *ward, unsigned worker, uint64_t pause_ns);

/* The same after one that failed, and then it is run again; the sentence is told if it is the
 * first. Longer each time, from `first_ns` to `most_ns`. */
void caretaker_failed(struct ward *ward, unsigned worker, const char *sentence, uint64_t first_ns,
                      uint64_t most_ns);

/* After one that did not; `sentence` is told if those before it failed. */
void caretaker_went_well(struct ward *ward, unsigned worker, const char *sentence);

bool caretaker_goes_on(const struct caretaker *caretaker);

/* The same for what is done for this ward only. */
bool caretaker_goes_on_with(const struct ward *ward);
uint64_t caretaker_now_ns(void);

#endif
