/* The thread that removes rotated files, at an ordinary priority: rarely much to do, but soon. */
#include <errno.h>
#include <time.h>

#include "conf/must.h"
#include "conf/nanoseconds.h"
#include "logfile/caretaker_parts.h"

/* Of max_total; see caretaker.c. */
enum { SPARE_PART = 16 };

/* Of its time it takes half at most, and a fifth where looking through very many files takes
 * long. */
#define LONG_PASS_NS      (SECOND_NS / 100)
#define NAMES_PATIENCE_NS (SECOND_NS / 10)
enum { REST_FACTOR = 1, REST_FACTOR_LONG = 4 };

static bool goes_on(void *context)
{
    return caretaker_goes_on(context);
}

static void count(struct ward *ward, const struct retention_tally *tally)
{
    atomic_fetch_add(&ward->removed, tally->removed);
    atomic_fetch_add(&ward->removed_plain, tally->removed_plain);
}

static int64_t past_ns(const struct ward *ward)
{
    return period_around(clock_nanoseconds(CLOCK_REALTIME), ward->names_last, ward->local_time)
        .begin_ns;
}

/* No file shall be seen under both its names. But the compressor gets only what others leave, and
 * its disk may hang, while this one's files must go: so it waits for a moment only. At worst a
 * file counts twice for max_total, as it is there twice. */
static bool hold_names(struct caretaker *caretaker)
{
    uint64_t until_ns = caretaker_now_ns() + NAMES_PATIENCE_NS;
    const struct timespec until = {.tv_sec = (time_t)(until_ns / SECOND_NS),
                                   .tv_nsec = (long)(until_ns % SECOND_NS)};
    int error = pthread_mutex_clocklock(&caretaker->names, CLOCK_MONOTONIC, &until);

    must(error == 0 || error == ETIMEDOUT);
    return error == 0;
}

static enum walk_result look_through(struct ward *ward, struct err *err)
{
    struct caretaker *caretaker = ward->caretaker;
    bool is_alone = hold_names(caretaker);
    const struct retention_order order = {
        .folder = ward->folder,
        .pattern = &ward->pattern,
        .keep = ward->keep + (ward->keep > 0 && !is_alone), /* the one that may count twice */
        .max_bytes = ward->max_total_bytes - ward->max_total_bytes / SPARE_PART,
        .past_ns = past_ns(ward),
        .compresses = ward->compress != COMPRESS_NONE,
        .goes_on = goes_on,
        .context = caretaker,
    };
    struct retention_tally tally = {0};
    enum walk_result result = retention_pass(caretaker->retention, &order, &tally, err);

    must(!is_alone || pthread_mutex_unlock(&caretaker->names) == 0);
    count(ward, &tally);
    return result;
}

static uint64_t rest_after(uint64_t pass_ns)
{
    return pass_ns * (pass_ns < LONG_PASS_NS ? REST_FACTOR : REST_FACTOR_LONG);
}

static void serve(struct ward *ward)
{
    uint64_t began_ns = caretaker_now_ns(), rest_ns;
    struct err err;
    enum walk_result result = look_through(ward, &err);

    rest_ns = rest_after(caretaker_now_ns() - began_ns);
    if (result == WALK_FAILED) {
        /* Not less and less often: what can be removed still must be. */
        rest_ns = rest_ns > SECOND_NS ? rest_ns : SECOND_NS;
        caretaker_failed(ward, KEEPER, err.text, rest_ns, rest_ns);
    } else if (result == WALK_DONE) {
        caretaker_went_well(ward, KEEPER, "rotated files are removed again");
        caretaker_pause(ward, KEEPER, rest_ns);
    }
    /* Only now: what is too much is not worth compressing. */
    if (ward->compress != COMPRESS_NONE)
        caretaker_want(ward, COMPRESSOR);
}

void *keeper_run(void *context)
{
    struct worker *worker = context;
    struct ward *ward;

    pthread_setname_np(pthread_self(), "log keeper");
    while ((ward = caretaker_next(worker, NULL)))
        serve(ward);
    return NULL;
}
