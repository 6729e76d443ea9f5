#include "logfile/log_place.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "conf/units.h"
#include "logfile/safe_open.h"

#define LOOK_NS 100000000ll
#define KIB     1024

/* Takes the descriptor over. */
static void adopt(struct log_place *place, int fd)
{
    struct stat st = {0};

    log_place_close(place);
    (void)fstat(fd, &st);
    place->fd = fd;
    place->dev = st.st_dev;
    place->ino = st.st_ino;
    place->free_looked_ns = 0;
    place->seen = (struct log_folder_seen){0};
}

int log_place_open(struct log_place *place, struct err *err)
{
    int fd = safe_open_folder(place->folder, &place->modes, err);

    if (fd < 0)
        return -1;
    adopt(place, fd);
    return 0;
}

/* Whether the path still leads to the folder that is open. */
static bool is_found(const struct log_place *place)
{
    struct stat st;

    return place->fd >= 0 && stat(*place->folder ? place->folder : ".", &st) == 0 &&
           st.st_dev == place->dev && st.st_ino == place->ino;
}

int log_place_look(struct log_place *place, struct err *err)
{
    place->is_lost = !is_found(place) && log_place_open(place, err) < 0;
    return place->is_lost ? -1 : 0;
}

int log_place_check_free(struct log_place *place, int64_t now_ns, struct err *err)
{
    char left[UNITS_TEXT_MAX], least[UNITS_TEXT_MAX];
    struct statvfs vfs;
    int64_t age_ns = now_ns - place->free_looked_ns;

    if (place->min_free_bytes == 0)
        return 0;
    if (place->free_looked_ns == 0 || age_ns < 0 || age_ns >= LOOK_NS) {
        if (fstatvfs(place->fd, &vfs) < 0)
            return 0; /* nobody can tell: the write will */
        place->free_bytes = (uint64_t)vfs.f_bavail * vfs.f_frsize;
        place->free_looked_ns = now_ns;
    }
    if (place->free_bytes >= place->min_free_bytes)
        return 0;
    errno = ENOSPC;
    units_show_bytes((struct conf_bytes){place->free_bytes / KIB * KIB}, left);
    units_show_bytes((struct conf_bytes){place->min_free_bytes}, least);
    return err_set(err, "the file system has %s left, less than min_free, %s", left, least);
}

void log_place_close(struct log_place *place)
{
    if (place->fd >= 0)
        close(place->fd);
    place->fd = -1;
}
