/* log_rig.h - what the tests of log files share: a folder with a place in it, one file of it,
 * and a clock that stands at NOON until a test moves it. */
#ifndef TESTS_UNIT_LOGFILE_LOG_RIG_H
#define TESTS_UNIT_LOGFILE_LOG_RIG_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "logfile/log_file.h"

#define SECOND 1000000000ll
#define NOON   (1795608000ll * SECOND) /* 2026-11-25T12:00:00Z */

struct log_rig {
    char folder[64]; /* with the slash */
    struct log_place place;
    struct log_file file;
    struct log_news news;
    struct log_append append;
    struct err err;
    int64_t now_ns;
    unsigned descriptors;
    struct rlimit sizes;
};

static inline unsigned rig_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

/* In static memory; the next call but one overwrites it. */
static inline const char *rig_path(const struct log_rig *rig, const char *name)
{
    static char paths[2][sizeof rig->folder + 256];
    static unsigned turn;
    char *path = paths[turn++ % 2];

    snprintf(path, sizeof paths[0], "%s%.255s", rig->folder, name);
    return path;
}

static inline void rig_write(const struct log_rig *rig, const char *name, const char *text)
{
    FILE *file = fopen(rig_path(rig, name), "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static inline const char *rig_read(const struct log_rig *rig, const char *name)
{
    static char text[1 << 20];
    FILE *file = fopen(rig_path(rig, name), "r");

    if (!file)
        fail_msg("there is no '%s'", name);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static inline void rig_check(const struct log_rig *rig, const char *name, const char *text)
{
    assert_string_equal(rig_read(rig, name), text);
}

static inline int rig_by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The files of the folder, by name. */
enum { RIG_NAMES = 64 };
static inline unsigned rig_list(const struct log_rig *rig, char names[RIG_NAMES][256])
{
    DIR *folder = opendir(rig->folder);
    unsigned count = 0;
    struct dirent *entry;

    while ((entry = readdir(folder)) && count < RIG_NAMES)
        if (entry->d_name[0] != '.')
            strcpy(names[count++], entry->d_name);
    closedir(folder);
    qsort(names, count, sizeof names[0], rig_by_name);
    return count;
}

/* All rotated files of a.log in their order, then a.log, in one. */
static inline const char *rig_read_all(const struct log_rig *rig)
{
    static char all[1 << 20];
    static char names[RIG_NAMES][256];
    unsigned count = rig_list(rig, names);

    all[0] = '\0';
    for (unsigned i = 0; i < count; i++)
        if (strncmp(names[i], "a.log@", 6) == 0)
            strcat(all, rig_read(rig, names[i]));
    return strcat(all, rig_read(rig, "a.log"));
}

static inline void rig_open(struct log_rig *rig)
{
    memset(rig, 0, sizeof *rig);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &rig->sizes);
    strcpy(rig->folder, "/tmp/log-XXXXXX");
    assert_non_null(mkdtemp(rig->folder));
    strcat(rig->folder, "/");
    rig->descriptors = rig_descriptors();
    rig->place = (struct log_place){
        .folder = rig->folder,
        .modes = {0640, 0750, (uid_t)-1, (gid_t)-1},
        .fd = -1,
    };
    rig->now_ns = NOON;
    log_file_init(&rig->file);
    if (log_place_open(&rig->place, &rig->err) < 0)
        fail_msg("%s", rig->err.text);
}

/* No descriptor is left. */
static inline void rig_close(struct log_rig *rig)
{
    char command[sizeof rig->folder + 16];

    setrlimit(RLIMIT_FSIZE, &rig->sizes);
    log_file_close(&rig->file);
    log_place_close(&rig->place);
    assert_int_equal(rig_descriptors(), rig->descriptors);
    snprintf(command, sizeof command, "rm -rf '%s'", rig->folder);
    assert_int_equal(system(command), 0); /* NOLINT: a folder of our own */
}

/* No file gets larger than that: a full disk, played by the kernel. */
static inline void rig_limit_sizes(const struct log_rig *rig, rlim_t bytes)
{
    struct rlimit few = {.rlim_cur = bytes, .rlim_max = rig->sizes.rlim_max};

    assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
}

static inline void rig_lift_limit(const struct log_rig *rig)
{
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &rig->sizes), 0);
}

static inline int rig_open_file(struct log_rig *rig, const char *name)
{
    return log_file_open(&rig->file, &rig->place, name, rig->now_ns, &rig->news, &rig->err);
}

/* Appends lines, each a vector of its own; how it went is in rig->append. */
static inline void rig_append(struct log_rig *rig, const char *text)
{
    static struct iovec vectors[4096];
    unsigned count = 0;

    for (const char *at = text; *at; count++) {
        size_t len = strcspn(at, "\n") + 1;

        vectors[count] = (struct iovec){(char *)(uintptr_t)at, len};
        at += len;
    }
    rig->append = (struct log_append){
        .vectors = vectors, .count = count, .now_ns = rig->now_ns, .reopen = rig->append.reopen};
    log_file_append(&rig->file, &rig->place, "a.log", &rig->append, &rig->news);
    rig->append.reopen = false;
}

/* The same, of which all must be written. */
static inline void rig_append_all(struct log_rig *rig, const char *text)
{
    rig_append(rig, text);
    if (rig->append.error)
        fail_msg("%s", rig->append.why.text);
    assert_false(rig->append.begin_anew);
    assert_int_equal(rig->append.written_bytes, strlen(text));
}

#endif
