/* The threads, what they are told, and how they wait. What they do is in keeper.c and
 * compressor.c. */
#include "logfile/caretaker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conf/alloc.h"
#include "conf/log.h"
#include "conf/must.h"
#include "conf/nanoseconds.h"
#include "logfile/caretaker_parts.h"

/* A pass over more than these takes another walk. */
static const struct retention_room room = {.bases = 1024, .dates = 4096};

/* Of max_total: after so much was written it is looked at again, and twice that is left free,
 * so that it holds meanwhile. */
enum { WRITTEN_PART = 32 };

/* Stacks as they are touched, and two folders that are being read. */
enum { THREAD_BYTES = 64 * 1024 };

size_t caretaker_bytes(unsigned compress_set)
{
    size_t bytes = sizeof(struct caretaker) + retention_bytes(room) + THREAD_BYTES, most = 0;

    for (enum compress_kind kind = COMPRESS_ZSTD; kind <= COMPRESS_GZIP; kind++)
        if (compress_set & 1u << kind && compress_bytes(kind) + THREAD_BYTES > most)
            most = compress_bytes(kind) + THREAD_BYTES;
    return bytes + most;
}

uint64_t caretaker_now_ns(void)
{
    return (uint64_t)clock_nanoseconds(CLOCK_MONOTONIC);
}

bool caretaker_goes_on(const struct caretaker *caretaker)
{
    return !atomic_load(&caretaker->ending);
}

bool caretaker_goes_on_with(const struct ward *ward)
{
    return caretaker_goes_on(ward->caretaker) && !atomic_load(&ward->is_gone);
}

static void lock(struct caretaker *caretaker)
{
    must(pthread_mutex_lock(&caretaker->lock) == 0);
}

static void unlock(struct caretaker *caretaker)
{
    must(pthread_mutex_unlock(&caretaker->lock) == 0);
}

/* ---- errands -------------------------------------------------------------------------------- */

void caretaker_want(struct ward *ward, unsigned worker)
{
    struct caretaker *caretaker = ward->caretaker;

    if (atomic_exchange(&ward->errands[worker].wanted, true))
        return;
    lock(caretaker);
    must(pthread_cond_signal(&caretaker->workers[worker].called) == 0);
    unlock(caretaker);
}

void caretaker_rotated(struct ward *ward)
{
    if (!ward)
        return;
    atomic_fetch_add(&ward->rotated, 1);
    caretaker_want(ward, KEEPER);
}

void caretaker_wrote(struct ward *ward, uint64_t bytes)
{
    uint64_t step_bytes = ward ? ward->max_total_bytes / WRITTEN_PART : 0;

    if (step_bytes == 0 || atomic_fetch_add(&ward->written_bytes, bytes) + bytes < step_bytes)
        return;
    atomic_store(&ward->written_bytes, 0);
    caretaker_want(ward, KEEPER);
}

/* Of those that are wanted, one whose time has come; else *due_ns is when the first comes,
 * UINT64_MAX if there is none. */
static struct ward *find_due(struct worker *worker, unsigned index, uint64_t *due_ns)
{
    struct caretaker *caretaker = worker->caretaker;
    uint64_t now_ns = caretaker_now_ns();

    *due_ns = UINT64_MAX;
    for (unsigned i = 0; i < caretaker->ward_count; i++) {
        unsigned at = (worker->next + i) % caretaker->ward_count;
        struct errand *errand = &caretaker->wards[at]->errands[index];

        if (!atomic_load(&errand->wanted))
            continue;
        if (errand->not_before_ns <= now_ns) {
            worker->next = at + 1;
            return caretaker->wards[at];
        }
        if (errand->not_before_ns < *due_ns)
            *due_ns = errand->not_before_ns;
    }
    return NULL;
}

static void wait_until(struct worker *worker, uint64_t due_ns)
{
    struct timespec due = {.tv_sec = (time_t)(due_ns / SECOND_NS),
                           .tv_nsec = (long)(due_ns % SECOND_NS)};
    pthread_mutex_t *mutex = &worker->caretaker->lock;
    int error = due_ns == UINT64_MAX ? pthread_cond_wait(&worker->called, mutex)
                                     : pthread_cond_timedwait(&worker->called, mutex, &due);

    must(error == 0 || error == ETIMEDOUT);
}

static void free_ward(struct ward *ward)
{
    file_pattern_fini(&ward->pattern);
    free(ward->name);
    free(ward->folder);
    free(ward);
}

/* Under the lock. */
static void end_service(struct worker *worker)
{
    struct ward *ward = worker->serves;

    worker->serves = NULL;
    if (ward && --ward->served_by == 0 && atomic_load(&ward->is_gone))
        free_ward(ward);
}

static void begin_service(struct worker *worker, struct ward *ward)
{
    worker->serves = ward;
    if (ward)
        ward->served_by++;
}

struct ward *caretaker_next(struct worker *worker, void (*rest)(struct caretaker *caretaker))
{
    struct caretaker *caretaker = worker->caretaker;
    unsigned index = (unsigned)(worker - caretaker->workers);
    struct ward *ward = NULL;
    uint64_t due_ns;

    lock(caretaker);
    end_service(worker);
    while (caretaker_goes_on(caretaker) && !(ward = find_due(worker, index, &due_ns))) {
        if (rest)
            rest(caretaker);
        wait_until(worker, due_ns);
    }
    begin_service(worker, ward);
    unlock(caretaker);
    if (ward)
        atomic_store(&ward->errands[index].wanted, false);
    return ward;
}

void caretaker_pause(struct ward *ward, unsigned worker, uint64_t pause_ns)
{
    lock(ward->caretaker);
    ward->errands[worker].not_before_ns = caretaker_now_ns() + pause_ns;
    unlock(ward->caretaker);
}

void caretaker_failed(struct ward *ward, unsigned worker, const char *sentence, uint64_t first_ns,
                      uint64_t most_ns)
{
    struct errand *errand = &ward->errands[worker];
    bool is_first;

    lock(ward->caretaker);
    is_first = errand->failed_since_ns == 0;
    errand->pause_ns = is_first ? first_ns : errand->pause_ns * 2;
    errand->pause_ns = errand->pause_ns < most_ns ? errand->pause_ns : most_ns;
    errand->not_before_ns = caretaker_now_ns() + errand->pause_ns;
    if (is_first)
        errand->failed_since_ns = caretaker_now_ns();
    unlock(ward->caretaker);
    atomic_store(&errand->wanted, true);
    if (is_first)
        log_line(LOG_LEVEL_WARNING, "sink %s: %s, retrying", ward->name, sentence);
}

void caretaker_went_well(struct ward *ward, unsigned worker, const char *sentence)
{
    struct errand *errand = &ward->errands[worker];
    uint64_t since_ns;

    lock(ward->caretaker);
    since_ns = errand->failed_since_ns;
    errand->failed_since_ns = 0;
    unlock(ward->caretaker);
    if (since_ns)
        log_line(LOG_LEVEL_NOTICE, "sink %s: %s after %.1f s", ward->name, sentence,
                 (double)(caretaker_now_ns() - since_ns) / (double)SECOND_NS);
}

/* ---- wards ----------------------------------------------------------------------------------- */

static struct ward *make_ward(struct caretaker *caretaker, const struct ward_options *options)
{
    const char *folder = *options->folder ? options->folder : ".";
    struct ward *ward = alloc_zeroed(1, sizeof *ward);

    ward->caretaker = caretaker;
    ward->name = alloc_text(options->name, strlen(options->name));
    ward->folder = alloc_text(folder, strlen(folder));
    ward->keep = options->keep;
    ward->max_total_bytes = options->max_total_bytes;
    ward->names_last = options->names_last;
    ward->local_time = options->local_time;
    ward->compress = options->compress;
    return ward;
}

struct ward *caretaker_add(struct caretaker *caretaker, const struct ward_options *options,
                           struct err *err)
{
    struct ward *ward = make_ward(caretaker, options);
    struct err why;

    must(caretaker->ward_count < caretaker->ward_max);
    must(ward->compress == COMPRESS_NONE || caretaker->compress);
    if (file_pattern_init(&ward->pattern, options->pattern, err) < 0) {
        free_ward(ward);
        return NULL;
    }
    if (retention_tidy(ward->folder, &ward->pattern, &why) == WALK_FAILED)
        log_line(LOG_LEVEL_WARNING, "sink %s: %s; what a crash may have left there stays",
                 ward->name, why.text);
    lock(caretaker);
    caretaker->wards[caretaker->ward_count++] = ward;
    unlock(caretaker);
    caretaker_want(ward, KEEPER);
    return ward;
}

void caretaker_remove(struct ward *ward)
{
    struct caretaker *caretaker = ward ? ward->caretaker : NULL;
    unsigned i = 0;

    if (!ward)
        return;
    lock(caretaker);
    while (caretaker->wards[i] != ward)
        i++;
    caretaker->wards[i] = caretaker->wards[--caretaker->ward_count];
    atomic_store(&ward->is_gone, true);
    if (ward->served_by == 0)
        free_ward(ward);
    unlock(caretaker);
}

struct ward_counts caretaker_counts(const struct ward *ward)
{
    if (!ward)
        return (struct ward_counts){0};
    return (struct ward_counts){atomic_load(&ward->rotated), atomic_load(&ward->compressed),
                                atomic_load(&ward->removed), atomic_load(&ward->removed_plain),
                                atomic_load(&ward->failed)};
}

/* ---- beginning and end -------------------------------------------------------------------------
 */

static void init_worker(struct caretaker *caretaker, struct worker *worker)
{
    pthread_condattr_t attributes;

    worker->caretaker = caretaker;
    must(pthread_condattr_init(&attributes) == 0);
    must(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    must(pthread_cond_init(&worker->called, &attributes) == 0);
    must(pthread_condattr_destroy(&attributes) == 0);
}

/* With every signal blocked, so that they reach nobody but the loop thread. */
static int start(struct worker *worker, void *(*run)(void *worker))
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    must(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    error = pthread_create(&worker->thread, NULL, run, worker);
    must(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    worker->started = error == 0;
    return error;
}

static int start_workers(struct caretaker *caretaker, struct err *err)
{
    int error = start(&caretaker->workers[KEEPER], keeper_run);

    if (error == 0 && caretaker->compress)
        error = start(&caretaker->workers[COMPRESSOR], compressor_run);
    return error ? err_set(err, "cannot start a thread for rotated files: %s", strerror(error)) : 0;
}

struct caretaker *caretaker_new(unsigned ward_max, unsigned compress_set, struct err *err)
{
    struct caretaker *caretaker = calloc(1, sizeof *caretaker);

    must(caretaker);
    must(pthread_mutex_init(&caretaker->lock, NULL) == 0);
    must(pthread_mutex_init(&caretaker->names, NULL) == 0);
    for (unsigned i = 0; i < WORKERS; i++)
        init_worker(caretaker, &caretaker->workers[i]);
    caretaker->ward_max = ward_max;
    caretaker->wards = calloc(ward_max, sizeof *caretaker->wards);
    caretaker->retention = retention_new(room);
    caretaker->compress = compress_set ? compress_new(&caretaker->names) : NULL;
    must(caretaker->wards && caretaker->retention && (caretaker->compress || !compress_set));
    if (start_workers(caretaker, err) == 0)
        return caretaker;
    caretaker_free(&caretaker, UINT32_MAX);
    return NULL;
}

void caretaker_end(struct caretaker *caretaker)
{
    if (!caretaker)
        return;
    atomic_store(&caretaker->ending, true);
    lock(caretaker);
    for (unsigned i = 0; i < WORKERS; i++)
        must(pthread_cond_signal(&caretaker->workers[i].called) == 0);
    unlock(caretaker);
}

static bool join_workers(struct caretaker *caretaker, unsigned patience_ms)
{
    struct timespec until;

    must(clock_gettime(CLOCK_REALTIME, &until) == 0);
    until.tv_sec += (time_t)(patience_ms / 1000);
    until.tv_nsec += (long)(patience_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / (long)SECOND_NS;
    until.tv_nsec %= (long)SECOND_NS;
    for (unsigned i = 0; i < WORKERS; i++) {
        struct worker *worker = &caretaker->workers[i];

        if (worker->started && pthread_timedjoin_np(worker->thread, NULL, &until) != 0)
            return false;
        worker->started = false;
    }
    return true;
}

static void free_wards(struct caretaker *caretaker)
{
    for (unsigned i = 0; i < caretaker->ward_count; i++)
        free_ward(caretaker->wards[i]);
    free(caretaker->wards);
}

bool caretaker_free(struct caretaker **caretaker_address, unsigned patience_ms)
{
    struct caretaker *caretaker = *caretaker_address;

    *caretaker_address = NULL;
    if (!caretaker)
        return true;
    caretaker_end(caretaker);
    if (!join_workers(caretaker, patience_ms))
        return false;
    free_wards(caretaker);
    retention_free(&caretaker->retention);
    compress_free(&caretaker->compress);
    for (unsigned i = 0; i < WORKERS; i++)
        must(pthread_cond_destroy(&caretaker->workers[i].called) == 0);
    must(pthread_mutex_destroy(&caretaker->names) == 0);
    must(pthread_mutex_destroy(&caretaker->lock) == 0);
    free(caretaker);
    return true;
}
