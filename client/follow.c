#include "client/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client/say.h"
#include "conf/must.h"

enum {
    LOOK_EVERY_MS = 1000,
    OLD_FILE_PATIENCE_MS = 10 * 1000, /* without anything new in it */
    READS_A_LOOK = 16,                /* so that one busy file does not starve the others */
};

/* One file, open. */
struct source {
    int fd; /* -1: none */
    int watch;
    off_t offset; /* up to which it is read */
    int64_t quiet_since_ms;
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

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- life -------------------------------------------------------------------- */

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

struct follow *follow_new(char **paths, int path_count, bool from_end, struct shipment *shipment,
                          struct err *err)
{
    struct follow *follow = calloc(1, sizeof *follow);

    if (follow)
        follow->files = calloc((size_t)path_count, sizeof *follow->files);
    if (!follow || !follow->files) {
        free(follow);
        err_set(err, "no memory for %d files", path_count);
        return NULL;
    }
    follow->shipment = shipment;
    follow->from_end = from_end;
    follow->file_count = path_count;
    follow->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    for (int i = 0; i < path_count; i++) {
        follow->files[i] = (struct followed){.path = paths[i], .folder = folder_of(paths[i])};
        must(follow->files[i].folder);
        follow->files[i].now.fd = follow->files[i].before.fd = -1;
        follow->files[i].folder_watch = -1;
    }
    return follow;
}

static void source_close(struct follow *follow, struct source *source)
{
    if (source->fd < 0)
        return;
    close(source->fd);
    if (source->watch >= 0)
        inotify_rm_watch(follow->inotify, source->watch);
    free(source->begun.bytes);
    *source = (struct source){.fd = -1};
}

void follow_free(struct follow **follow_at)
{
    struct follow *follow = *follow_at;

    *follow_at = NULL;
    if (!follow)
        return;
    for (int i = 0; i < follow->file_count; i++) {
        source_close(follow, &follow->files[i].now);
        source_close(follow, &follow->files[i].before);
        free(follow->files[i].folder);
    }
    if (follow->inotify >= 0)
        close(follow->inotify);
    free(follow->files);
    free(follow);
}

/* ---- reading ------------------------------------------------------------------ */

static struct uplink *uplink_of(const struct follow *follow)
{
    return follow->shipment->uplink;
}

/* One read. *more_out is false at the end of what there is. */
static int read_once(struct follow *follow, struct source *source, const char *name, bool *more_out,
                     struct err *err)
{
    struct line_reader *reader = &follow->shipment->reader;
    ssize_t count;

    *more_out = false;
    if (shipment_make_room(follow->shipment, err) < 0)
        return -1;
    count = read(source->fd, line_reader_room(reader), line_reader_room_bytes(reader));
    if (count < 0 && errno != EINTR && errno != EAGAIN)
        say("cannot read %s: %s", name, strerror(errno));
    if (count <= 0)
        return 0;
    *more_out = true;
    source->offset += count;
    source->quiet_since_ms = now_ms();
    return shipment_take(follow->shipment, (size_t)count, name, err);
}

/* What it has, or a good part of it; *more_out says that this was not all. */
static int read_source(struct follow *follow, struct source *source, const char *name,
                       bool *more_out, struct err *err)
{
    *more_out = false;
    if (source->fd < 0)
        return 0;
    if (shipment_take_up(follow->shipment, &source->begun, err) < 0)
        return -1;
    *more_out = true;
    for (unsigned i = 0; i < READS_A_LOOK && *more_out && uplink_signal(uplink_of(follow)) == 0;
         i++)
        if (read_once(follow, source, name, more_out, err) < 0)
            return -1;
    shipment_put_aside(follow->shipment, &source->begun);
    return 0;
}

/* Nothing will be added to it: what it has of a line is its last one. */
static int end_source(struct follow *follow, struct source *source, const char *name,
                      struct err *err)
{
    if (shipment_take_up(follow->shipment, &source->begun, err) < 0)
        return -1;
    source->begun.len = 0;
    return shipment_end_input(follow->shipment, name, true, err);
}

/* ---- which file is it --------------------------------------------------------- */

static void watch_folder(struct follow *follow, struct followed *file)
{
    if (file->folder_watch < 0)
        file->folder_watch =
            inotify_add_watch(follow->inotify, file->folder, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
}

/* Said once for each reason. */
static void tell_missing(struct followed *file, int why)
{
    if (file->told_errno == why)
        return;
    file->told_errno = why;
    say(why == ENOENT ? "cannot open '%s': %s; waiting for it to appear"
                      : "cannot open '%s': %s; trying again every second",
        file->path, why == EINVAL ? "it is no ordinary file" : strerror(why));
}

static int open_regular(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

static void open_now(struct follow *follow, struct followed *file)
{
    int fd;

    watch_folder(follow, file);
    fd = open_regular(file->path);
    if (fd < 0) {
        tell_missing(file, errno);
        return;
    }
    if (file->told_errno != 0)
        say("'%s' is there now", file->path);
    file->told_errno = 0;
    file->now = (struct source){.fd = fd, .quiet_since_ms = now_ms()};
    file->now.watch = inotify_add_watch(follow->inotify, file->path, IN_MODIFY | IN_ATTRIB);
}

/* Another file has its name now. If there is none, we go on with this one. */
static bool is_replaced(const struct followed *file)
{
    struct stat at_path, open_one;

    if (stat(file->path, &at_path) < 0 || fstat(file->now.fd, &open_one) < 0)
        return false;
    return at_path.st_ino != open_one.st_ino || at_path.st_dev != open_one.st_dev;
}

static bool is_shorter(const struct source *source)
{
    struct stat st;

    return fstat(source->fd, &st) == 0 && st.st_size < source->offset;
}

static int begin_anew(struct follow *follow, struct followed *file, struct err *err)
{
    say("'%s' became shorter; reading it from its beginning", file->path);
    if (end_source(follow, &file->now, file->path, err) < 0)
        return -1;
    file->now.offset = 0;
    file->now.begun.line_count = file->now.begun.cut_bytes = 0;
    return lseek(file->now.fd, 0, SEEK_SET) < 0
               ? err_set(err, "cannot read '%s': %s", file->path, strerror(errno))
               : 0;
}

static int let_go(struct follow *follow, struct followed *file, struct err *err)
{
    if (file->before.fd < 0)
        return 0;
    if (end_source(follow, &file->before, file->path, err) < 0)
        return -1;
    source_close(follow, &file->before);
    return 0;
}

static int replace(struct follow *follow, struct followed *file, struct err *err)
{
    if (let_go(follow, file, err) < 0)
        return -1;
    file->before = file->now;
    file->before.quiet_since_ms = now_ms();
    file->now = (struct source){.fd = -1};
    open_now(follow, file);
    return 0;
}

/* ---- the whole ---------------------------------------------------------------- */

/* After the end of what there was. */
static int judge_file(struct follow *follow, struct followed *file, bool *more_out, struct err *err)
{
    if (file->before.fd >= 0 && now_ms() - file->before.quiet_since_ms >= OLD_FILE_PATIENCE_MS &&
        let_go(follow, file, err) < 0)
        return -1;
    if (file->now.fd < 0)
        return 0;
    if (is_shorter(&file->now)) {
        *more_out = true;
        return begin_anew(follow, file, err);
    }
    if (is_replaced(file)) {
        *more_out = true;
        return replace(follow, file, err);
    }
    return 0;
}

static int look_at(struct follow *follow, struct followed *file, bool *more_out, struct err *err)
{
    bool more_before, more_now;

    if (file->now.fd < 0)
        open_now(follow, file);
    if (read_source(follow, &file->before, file->path, &more_before, err) < 0 ||
        read_source(follow, &file->now, file->path, &more_now, err) < 0)
        return -1;
    *more_out = *more_out || more_before || more_now;
    return more_before || more_now ? 0 : judge_file(follow, file, more_out, err);
}

static void quiet_inotify(const struct follow *follow)
{
    char events[4096];

    while (follow->inotify >= 0 && read(follow->inotify, events, sizeof events) > 0)
        ;
}

/* What comes while we look makes the next nap short. */
static int rest(struct follow *follow, struct err *err)
{
    if (shipment_send_batch(follow->shipment, err) < 0 ||
        uplink_nap(uplink_of(follow), follow->inotify, LOOK_EVERY_MS, err) < 0)
        return -1;
    quiet_inotify(follow);
    return 0;
}

static void skip_to_ends(struct follow *follow)
{
    for (int i = 0; i < follow->file_count; i++) {
        struct followed *file = &follow->files[i];

        open_now(follow, file);
        if (file->now.fd >= 0)
            file->now.offset = lseek(file->now.fd, 0, SEEK_END);
    }
}

int follow_run(struct follow *follow, struct err *err)
{
    if (follow->from_end)
        skip_to_ends(follow);
    while (uplink_signal(uplink_of(follow)) == 0) {
        bool more = false;

        for (int i = 0; i < follow->file_count; i++)
            if (look_at(follow, &follow->files[i], &more, err) < 0)
                return -1;
        if (!more && rest(follow, err) < 0)
            return -1;
        if (more && uplink_nap(uplink_of(follow), -1, 0, err) < 0)
            return -1;
    }
    return 0;
}
