/* The thread that compresses, with what others leave of CPU and disk. Files come in the
 * order in which the folder names them. Where it cannot keep up, they are removed as they
 * are: see keeper.c. */
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "conf/must.h"
#include "logfile/caretaker_parts.h"

/* From linux/ioprio.h, which the oldest headers lack. */
enum { IOPRIO_WHO_THREAD = 1, IOPRIO_IDLE = 3 << 13 };

enum { NICEST = 19 };

/* One look at the files of a ward. */
struct look {
    struct ward *ward;
    struct err err;
    bool failed, compressed;
};

static bool on_chunk(void *context, size_t written_bytes)
{
    struct look *look = context;

    caretaker_wrote(look->ward, written_bytes);
    return caretaker_goes_on_with(look->ward);
}

/* False: nothing else either can be compressed now. */
static bool compress(struct look *look, const struct walked_file *file)
{
    struct ward *ward = look->ward;

    switch (compress_file(ward->caretaker->compress, ward->compress, file->folder_fd, file->name,
                          on_chunk, look, &look->err)) {
    case COMPRESS_DONE:
        look->compressed = true;
        atomic_fetch_add(&ward->compressed, 1);
        return true;
    case COMPRESS_FAILED:
        look->failed = true;
        atomic_fetch_add(&ward->failed, 1);
        return true;
    case COMPRESS_NO_ROOM:
        look->failed = true;
        atomic_fetch_add(&ward->failed, 1);
        return false;
    case COMPRESS_NOTHING:
    case COMPRESS_STOPPED:
    default:
        return true;
    }
}

static bool on_file(void *context, struct walked_file *file)
{
    struct look *look = context;

    if (file->is_rotated && file->rotated.ending == ROTATED_PLAIN && file_walk_look(file) &&
        file->st.st_size > 0 && !compress(look, file))
        return false;
    return caretaker_goes_on_with(look->ward);
}

static void serve(struct ward *ward)
{
    struct look look = {.ward = ward};

    look.failed |=
        file_walk(ward->folder, &ward->pattern, on_file, &look, &look.err) == WALK_FAILED;
    if (look.failed)
        caretaker_failed(ward, COMPRESSOR, look.err.text, SECOND_NS, 60 * SECOND_NS);
    else if (caretaker_goes_on_with(ward))
        /* Also where what has failed was removed: the next that fails is told again. */
        caretaker_went_well(ward, COMPRESSOR, "compressing again");
    /* What was to be removed while it was being compressed is there again. */
    if (look.compressed)
        caretaker_want(ward, KEEPER);
}

static void rest(struct caretaker *caretaker)
{
    compress_rest(caretaker->compress);
}

/* What others leave: idle class, or the nicest where that is refused. */
static void step_back(void)
{
    const struct sched_param none = {0};

    if (sched_setscheduler(0, SCHED_IDLE, &none) < 0)
        (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICEST);
    (void)syscall(SYS_ioprio_set, IOPRIO_WHO_THREAD, 0, IOPRIO_IDLE);
}

void *compressor_run(void *context)
{
    struct worker *worker = context;
    struct ward *ward;

    pthread_setname_np(pthread_self(), "log compressor");
    step_back();
    while ((ward = caretaker_next(worker, rest)))
        serve(ward);
    return NULL;
}
