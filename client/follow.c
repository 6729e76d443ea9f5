#include "client/follow.h"

#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "client/follow_parts.h"
#include "conf/must.h"

enum { LOOK_EVERY_MS = 1000 };

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

void follow_free(struct follow **follow_at)
{
    struct follow *follow = *follow_at;

    *follow_at = NULL;
    if (!follow)
        return;
    for (int i = 0; i < follow->file_count; i++) {
        follow_close_source(follow, &follow->files[i].now);
        follow_close_source(follow, &follow->files[i].before);
        free(follow->files[i].folder);
    }
    if (follow->inotify >= 0)
        close(follow->inotify);
    free(follow->files);
    free(follow);
}

/* ---- looking ------------------------------------------------------------------ */

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
        uplink_nap(follow_uplink(follow), follow->inotify, LOOK_EVERY_MS, err) < 0)
        return -1;
    quiet_inotify(follow);
    return 0;
}

/* Where the line begins that nobody has ended by then; of one that is longer than any entry may be,
 * the end. */
static off_t begin_of_last_line(int fd, off_t end)
{
    enum { STEP = 4096, LONGEST = 1024 * 1024 };
    char bytes[STEP];

    for (off_t at = end; at > 0 && end - at < LONGEST;) {
        size_t len = at < STEP ? (size_t)at : STEP;
        const char *newline;

        at -= (off_t)len;
        if (pread(fd, bytes, len, at) != (ssize_t)len)
            return end;
        newline = memrchr(bytes, '\n', len);
        if (newline)
            return at + (newline - bytes) + 1;
        if (at == 0)
            return 0;
    }
    return end;
}

static void skip_to_end(struct source *source)
{
    off_t end = lseek(source->fd, 0, SEEK_END);

    if (end >= 0)
        source->offset = lseek(source->fd, begin_of_last_line(source->fd, end), SEEK_SET);
}

static void skip_to_ends(struct follow *follow)
{
    for (int i = 0; i < follow->file_count; i++) {
        struct followed *file = &follow->files[i];

        follow_open_file(follow, file);
        if (file->now.fd >= 0)
            skip_to_end(&file->now);
    }
}

int follow_run(struct follow *follow, struct err *err)
{
    if (follow->from_end)
        skip_to_ends(follow);
    while (uplink_signal(follow_uplink(follow)) == 0) {
        bool more = false;

        for (int i = 0; i < follow->file_count; i++)
            if (follow_look_at(follow, &follow->files[i], &more, err) < 0)
                return -1;
        if (!more && rest(follow, err) < 0)
            return -1;
        if (more && uplink_nap(follow_uplink(follow), -1, 0, err) < 0)
            return -1;
    }
    return 0;
}
