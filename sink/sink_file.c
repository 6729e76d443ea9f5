#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aggregate/path_template.h"
#include "conf/alloc.h"
#include "logfile/file_pattern.h"
#include "logfile/safe_open.h"
#include "sink/sink_file.h"
#include "sink/sink_kind.h"

enum { FOLDER_MODE = 0750 };

static const enum log_period periods[] = {
    [CONF_EVERY_NEVER] = LOG_PERIOD_NONE, [CONF_EVERY_HOURLY] = LOG_PERIOD_HOUR,
    [CONF_EVERY_1H] = LOG_PERIOD_HOUR,    [CONF_EVERY_DAILY] = LOG_PERIOD_DAY,
    [CONF_EVERY_1D] = LOG_PERIOD_DAY,
};

static int find_owner(const struct conf_sink *conf, struct log_modes *modes, struct err *err)
{
    const struct passwd *user = conf->owner ? getpwnam(conf->owner) : NULL;
    const struct group *group = conf->group ? getgrnam(conf->group) : NULL;

    errno = EINVAL;
    if (conf->owner && !user)
        return err_set(err, "there is no user '%s' to own '%s'", conf->owner, conf->path);
    if (conf->group && !group)
        return err_set(err, "there is no group '%s' for '%s'", conf->group, conf->path);
    modes->owner = user ? user->pw_uid : (uid_t)-1;
    modes->group = group ? group->gr_gid : (gid_t)-1;
    return 0;
}

int sink_file_init(struct sink_file *file, const struct conf_sink *conf, bool local_time,
                   struct err *err)
{
    struct log_modes modes = {.file = conf->mode.bits, .folder = FOLDER_MODE};

    if (find_owner(conf, &modes, err) < 0)
        return -1;
    file->name = conf->path + path_template_base_len(conf->path);
    file->folder = alloc_text(conf->path, (size_t)(file->name - conf->path));
    file->place = (struct log_place){
        .folder = file->folder,
        .modes = modes,
        .rotate_bytes = conf->rotate.size.bytes,
        .rotate_every = periods[conf->rotate.every],
        .local_time = local_time,
        .sync_ms = conf->sync.ms,
        .min_free_bytes = conf->min_free.bytes,
        .fd = -1,
    };
    log_file_init(&file->log);
    return 0;
}

/* By the order of enum conf_compress. */
static const enum compress_kind kinds[] = {COMPRESS_NONE, COMPRESS_ZSTD, COMPRESS_GZIP};

/* By the order of enum path_lasts. */
static const enum log_period lasts[] = {LOG_PERIOD_NONE, LOG_PERIOD_DAY, LOG_PERIOD_HOUR};

_Static_assert((int)PATH_PATTERN_DIGIT == (int)FILE_PATTERN_DIGIT, "one makes, the other reads");

int sink_file_care(struct sink_file *file, const struct conf_sink *conf,
                   struct caretaker *caretaker, struct err *err)
{
    char pattern[LABEL_MAX + 1];
    const struct ward_options options = {
        .name = conf->name,
        .folder = file->folder,
        .pattern = pattern,
        .names_last = lasts[path_template_lasts(conf->path)],
        .local_time = file->place.local_time,
        .keep = conf->rotate.keep.count,
        .max_total_bytes = conf->rotate.max_total.bytes,
        .compress = kinds[conf->rotate.compress],
    };

    errno = EINVAL;
    if (!path_template_pattern(conf->path, pattern))
        return err_set(err, "'%s' cannot be rotated: its name has a '*'", conf->path);
    file->place.ward = caretaker_add(caretaker, &options, err);
    return file->place.ward ? 0 : -1;
}

void sink_file_fini(struct sink_file *file)
{
    if (!file->folder)
        return;
    log_file_close(&file->log);
    log_place_close(&file->place);
    free(file->folder);
    file->folder = NULL;
}

bool sink_file_is_log(const struct conf_sink *conf)
{
    struct stat st;

    return lstat(conf->path, &st) < 0 || S_ISREG(st.st_mode) || S_ISLNK(st.st_mode) ||
           S_ISDIR(st.st_mode);
}

/* A FIFO, a terminal, a device: nothing that could be put away. */
static int file_open(const struct conf_sink *conf, struct err *err)
{
    struct sink_file file;
    struct stat st;
    int fd = -1, saved_errno;

    if (sink_file_init(&file, conf, false, err) < 0)
        return -1;
    if (log_place_open(&file.place, err) == 0)
        fd = safe_open(file.place.fd, file.name, &file.place.modes, conf->path, &st, err);
    saved_errno = errno;
    sink_file_fini(&file);
    errno = saved_errno;
    return fd;
}

static const char *file_target(const struct conf_sink *conf)
{
    return conf->path;
}

const struct sink_kind sink_kind_file = {.open = file_open, .target = file_target};
