/* Each limit is judged in two walks: the first finds a time, the second removes what is as
 * old as that or older. So no name has to be remembered but those of the live files in one
 * folder. Where the memory of the first did not suffice, both are walked again. */
#include "logfile/retention.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/must.h"
#include "conf/nanoseconds.h"
#include "logfile/compress.h"
#include "logfile/rotated_count.h"

/* Nobody has so many files in one folder. */
enum { PARTS_MAX = 1 << 14 };

struct retention {
    struct rotated_count count;
    struct dated *dates;
    unsigned date_room;
};

/* One pass over the files of one sink. */
struct pass {
    struct retention *retention;
    const struct retention_order *order;
    struct retention_tally *tally;
    struct err *err;
    bool failed; /* something could not be removed */

    /* what one walk is about */
    struct oldest oldest;
    bool full; /* the table had no room */
    uint64_t last_time_us;
    uint64_t removed;
};

struct retention *retention_new(struct retention_room room)
{
    struct retention *retention = calloc(1, sizeof *retention);

    if (!retention)
        return NULL;
    retention->date_room = room.dates;
    retention->dates = calloc(room.dates, sizeof *retention->dates);
    if (retention->dates && rotated_count_init(&retention->count, room.bases) == 0)
        return retention;
    retention_free(&retention);
    return NULL;
}

void retention_free(struct retention **retention_address)
{
    struct retention *retention = *retention_address;

    *retention_address = NULL;
    if (!retention)
        return;
    rotated_count_fini(&retention->count);
    free(retention->dates);
    free(retention);
}

size_t retention_bytes(struct retention_room room)
{
    return sizeof(struct retention) + rotated_count_bytes(room.bases) +
           room.dates * sizeof(struct dated);
}

static bool goes_on(const struct pass *pass)
{
    return pass->order->goes_on(pass->order->context);
}

/* ---- one file ------------------------------------------------------------------------------ */

/* Rotated, and not one that is being made: unfinished, or empty, which may be a rotation under
 * way. `was_`: the file was looked at. */
static bool was_put_away(const struct walked_file *file)
{
    return file->rotated.ending != ROTATED_PART && file->st.st_size > 0;
}

static bool is_put_away(struct walked_file *file)
{
    return file->is_rotated && file_walk_look(file) && was_put_away(file);
}

/* A live file whose name will not come again. File systems have times that lag behind. */
#define COARSE_NS 1000000000
static bool was_past(const struct pass *pass, const struct walked_file *file)
{
    return pass->order->past_ns != INT64_MIN && file->st.st_size > 0 &&
           nanoseconds(file->st.st_mtim) + COARSE_NS < pass->order->past_ns;
}

static bool is_past(const struct pass *pass, struct walked_file *file)
{
    return pass->order->past_ns != INT64_MIN && file_walk_look(file) && was_past(pass, file);
}

/* A plain one that is there compressed as well is as good as gone. */
static bool counts(const struct pass *pass, struct walked_file *file)
{
    return is_put_away(file) &&
           !(pass->order->compresses && file->rotated.ending == ROTATED_PLAIN &&
             compress_has_twin(file->folder_fd, file->name, &file->st));
}

/* When it was rotated, or last written to. */
static uint64_t age_us(const struct walked_file *file)
{
    return file->is_rotated ? file->rotated.time_us
                            : (uint64_t)(nanoseconds(file->st.st_mtim) / 1000);
}

static struct dated dated(struct walked_file *file)
{
    return (struct dated){age_us(file), (uint64_t)file->st.st_size};
}

/* What somebody else has removed meanwhile is gone, which is all that was wanted. */
static bool remove_file(struct pass *pass, struct walked_file *file)
{
    if (unlinkat(file->folder_fd, file->name, 0) < 0) {
        if (errno == ENOENT)
            return true;
        err_set(pass->err, "cannot remove '%s': %s", file->name, strerror(errno));
        pass->failed = true;
        return false;
    }
    pass->removed++;
    pass->tally->removed++;
    pass->tally->removed_plain +=
        pass->order->compresses && file->is_rotated && file->rotated.ending == ROTATED_PLAIN;
    return true;
}

/* ---- keep: folder by folder ---------------------------------------------------------------- */

static bool count_file(void *context, struct walked_file *file)
{
    struct pass *pass = context;
    struct rotated_count *table = &pass->retention->count;
    size_t len = file->rotated.base_len;

    if (file->is_rotated && rotated_count_has_part(table, file->name, len) && counts(pass, file))
        pass->full = !rotated_count_add(table, file->name, len, dated(file));
    return !pass->full && goes_on(pass);
}

static bool remove_excess(void *context, struct walked_file *file)
{
    struct pass *pass = context;
    struct base_count *base;

    if (!goes_on(pass))
        return false;
    if (!file->is_rotated)
        return true;
    base = rotated_count_find(&pass->retention->count, file->name, file->rotated.base_len);
    if (base && base->excess > 0 && file->rotated.time_us <= base->last_time_us &&
        counts(pass, file) && remove_file(pass, file))
        base->excess--;
    return true;
}

/* Counts a part of the names and removes what is too much, again as long as there is more.
 * WALK_STOPPED with `full`: the part is too large. */
static enum walk_result keep_part(struct pass *pass, int folder_fd, unsigned part, unsigned parts)
{
    const struct file_pattern *pattern = pass->order->pattern;
    enum walk_result result;
    bool any, more;

    do {
        pass->full = false;
        pass->removed = 0;
        rotated_count_begin(&pass->retention->count, part, parts);
        result = file_walk_files(folder_fd, pattern, count_file, pass, pass->err);
        if (result != WALK_DONE)
            return result;
        more = rotated_count_judge(&pass->retention->count, pass->order->keep, &any);
        if (any)
            result = file_walk_files(folder_fd, pattern, remove_excess, pass, pass->err);
    } while (result == WALK_DONE && more && pass->removed > 0);
    return result;
}

static bool keep_in_folder(void *context, int folder_fd)
{
    struct pass *pass = context;
    enum walk_result result = WALK_DONE;

    for (unsigned part = 0, parts = 1; part < parts; part++) {
        result = keep_part(pass, folder_fd, part, parts);
        if (result == WALK_STOPPED && pass->full && parts < PARTS_MAX) {
            part--; /* again; those before it were done, and are fine */
            parts *= 2;
        } else if (result != WALK_DONE) {
            break;
        }
    }
    pass->failed |= result == WALK_FAILED || pass->full;
    return result != WALK_STOPPED || pass->full;
}

static enum walk_result keep(struct pass *pass)
{
    const struct retention_order *order = pass->order;

    return file_walk_folders(order->folder, order->pattern, keep_in_folder, pass, pass->err);
}

/* ---- max_total ------------------------------------------------------------------------------ */

static bool add_up(void *context, struct walked_file *file)
{
    struct pass *pass = context;

    if (!file_walk_look(file))
        return goes_on(pass);
    if (file->is_rotated ? was_put_away(file) : was_past(pass, file))
        oldest_add(&pass->oldest, dated(file));
    pass->tally->total_bytes += (uint64_t)file->st.st_size;
    return goes_on(pass);
}

/* How old what goes must be, as far as it is known. */
static uint64_t last_to_go(struct pass *pass)
{
    uint64_t left_bytes = pass->tally->total_bytes;
    uint64_t time_us = 0;

    oldest_sort(&pass->oldest);
    for (unsigned i = 0; i < pass->oldest.count && left_bytes > pass->order->max_bytes; i++) {
        left_bytes -= pass->oldest.items[i].bytes;
        time_us = pass->oldest.items[i].time_us;
    }
    return time_us;
}

/* All that are older; of those of that very time, as many as must. The name of a rotated file
 * tells its time, so that only those which go are looked at. */
static bool must_go(const struct pass *pass, struct walked_file *file)
{
    uint64_t time_us;

    if (!file->is_rotated && !is_past(pass, file))
        return false;
    time_us = age_us(file);
    return (time_us < pass->last_time_us ||
            (time_us == pass->last_time_us && pass->tally->total_bytes > pass->order->max_bytes)) &&
           (!file->is_rotated || is_put_away(file));
}

static bool remove_oldest(void *context, struct walked_file *file)
{
    struct pass *pass = context;
    uint64_t *total_bytes = &pass->tally->total_bytes, bytes;

    if (must_go(pass, file) && goes_on(pass) && remove_file(pass, file)) {
        bytes = (uint64_t)file->st.st_size;
        *total_bytes -= bytes < *total_bytes ? bytes : *total_bytes;
    }
    return goes_on(pass);
}

static enum walk_result max_total(struct pass *pass)
{
    const struct retention_order *order = pass->order;
    enum walk_result result;

    do {
        pass->tally->total_bytes = 0;
        pass->removed = 0;
        oldest_init(&pass->oldest, pass->retention->dates, pass->retention->date_room);
        result = file_walk(order->folder, order->pattern, add_up, pass, pass->err);
        if (result == WALK_STOPPED || pass->tally->total_bytes <= order->max_bytes ||
            pass->oldest.count == 0)
            return result;
        pass->last_time_us = last_to_go(pass);
        if (file_walk(order->folder, order->pattern, remove_oldest, pass, pass->err) ==
            WALK_STOPPED)
            return WALK_STOPPED;
    } while (pass->removed > 0 && pass->tally->total_bytes > order->max_bytes);
    return result;
}

enum walk_result retention_pass(struct retention *retention, const struct retention_order *order,
                                struct retention_tally *tally, struct err *err)
{
    struct pass pass = {.retention = retention, .order = order, .tally = tally, .err = err};
    enum walk_result result = WALK_DONE, second = WALK_DONE;

    if (order->keep > 0)
        result = keep(&pass);
    if (result != WALK_STOPPED && order->max_bytes > 0)
        second = max_total(&pass);
    if (result == WALK_STOPPED || second == WALK_STOPPED)
        return WALK_STOPPED;
    return pass.failed || result == WALK_FAILED ? WALK_FAILED : second;
}

/* ---- after a crash --------------------------------------------------------------------------- */

static bool is_leftover(struct walked_file *file)
{
    if (!file->is_rotated || !file_walk_look(file))
        return false;
    if (file->rotated.ending == ROTATED_PART)
        return true;
    return file->rotated.ending == ROTATED_PLAIN &&
           (file->st.st_size == 0 || compress_has_twin(file->folder_fd, file->name, &file->st));
}

struct tidying {
    struct err *err;
    bool failed;
};

static bool tidy_file(void *context, struct walked_file *file)
{
    struct tidying *tidying = context;

    if (is_leftover(file) && unlinkat(file->folder_fd, file->name, 0) < 0 && errno != ENOENT) {
        err_set(tidying->err, "cannot remove '%s': %s", file->name, strerror(errno));
        tidying->failed = true;
    }
    return true;
}

enum walk_result retention_tidy(const char *folder, const struct file_pattern *pattern,
                                struct err *err)
{
    struct tidying tidying = {.err = err};
    enum walk_result result = file_walk(folder, pattern, tidy_file, &tidying, err);

    return tidying.failed ? WALK_FAILED : result;
}
