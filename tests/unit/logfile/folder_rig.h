/* folder_rig.h - a folder of its own for each test, and short ways to fill it and to look. */
#ifndef TESTS_UNIT_LOGFILE_FOLDER_RIG_H
#define TESTS_UNIT_LOGFILE_FOLDER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "logfile/rotated_name.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* 2026-11-25T21:18:28.000000Z */
#define RIG_TIME_US 1795641508000000ull

static char rig_folder[64];
static int rig_fd = -1;

static int rig_open(void **state)
{
    (void)state;
    strcpy(rig_folder, "/tmp/logboom-unit-XXXXXX");
    if (!mkdtemp(rig_folder))
        return -1;
    rig_fd = open(rig_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return rig_fd < 0 ? -1 : 0;
}

static int rig_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static int rig_close(void **state)
{
    (void)state;
    close(rig_fd);
    return nftw(rig_folder, rig_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void rig_write(const char *name, const void *bytes, size_t len)
{
    int fd = openat(rig_fd, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0640);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    close(fd);
}

/* A file of so many bytes. */
static inline void rig_put(const char *name, size_t len)
{
    char *bytes = calloc(1, len + 1);

    assert_non_null(bytes);
    memset(bytes, 'x', len);
    rig_write(name, bytes, len);
    free(bytes);
}

static inline void rig_mkdir(const char *name)
{
    assert_int_equal(mkdirat(rig_fd, name, 0750), 0);
}

/* `app.log@20261125T211828.000007Z` for 7, with an ending; lasts until the fourth call after
 * it in the same thread. */
static inline const char *rig_rotated(const char *base, unsigned number, const char *ending)
{
    static _Thread_local char texts[4][NAME_MAX + 64];
    static _Thread_local unsigned next;
    char *text = texts[next++ % 4], *name = strrchr(base, '/');
    size_t folder_len = name ? (size_t)(name + 1 - base) : 0;

    memcpy(text, base, folder_len);
    assert_int_equal(
        rotated_name_make(base + folder_len, RIG_TIME_US + number, text + folder_len, NULL), 0);
    return strcat(text, ending);
}

static inline bool rig_has(const char *name)
{
    struct stat st;

    return fstatat(rig_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline struct stat rig_stat(const char *name)
{
    struct stat st;

    assert_int_equal(fstatat(rig_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
    return st;
}

/* As if it had been written to last on the first of January 2026, at that second. */
static inline void rig_date(const char *name, time_t second)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {1767225600 + second, 5}};

    assert_int_equal(utimensat(rig_fd, name, times, AT_SYMLINK_NOFOLLOW), 0);
}

static inline unsigned rig_count(const char *folder)
{
    int fd = openat(rig_fd, folder, O_RDONLY | O_DIRECTORY);
    DIR *names = fdopendir(fd);
    unsigned count = 0;

    assert_non_null(names);
    while (readdir(names))
        count++;
    closedir(names);
    return count - 2; /* . and .. */
}

#endif
