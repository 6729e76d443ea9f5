/* The lock is flock(2)'s, on the file that has the name. A file that is to get the name is locked
 * before it does, so there is no moment in which the name leads to one that nobody has locked; and
 * who opened the one before, and waits for no lock, sees that it has lost its name, and looks
 * again. */
#include "status/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/alloc.h"
#include "conf/must.h"
#include "conf/write_all.h"

static const char first_line[] = "logboomd state\n";
static const char running_word[] = "running: ";
static const char stopped_word[] = "stopped: ";

/* What follows a last stop: a ledger of some hundred endpoints and sinks. What is longer is not
 * kept. */
enum { TEXT_MAX = 512 * 1024, TRIES = 100, FILE_MODE = 0640 };
enum { OPEN_FLAGS = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

struct state_file {
    int fd; /* locked */
    char *path;
    char *next_path; /* of the file that will get its name */
    char *kept;      /* from `stopped:` on; NULL: nobody ever stopped */
};

static int cannot(struct err *err, const struct state_file *file, const char *what)
{
    return err_set(err, "cannot %s the state file '%s': %s", what, file->path, strerror(errno));
}

/* ---- reading ----------------------------------------------------------------------------- */

/* `2026-11-26T07:00:00.123456Z`, and what follows behind a space. NULL: it is none. */
static const char *read_time(const char *text, int64_t *time_ns_out)
{
    struct timestamp_parser parser = {.minute_s = 0};
    size_t len = strcspn(text, " \n");
    uint8_t digits;

    if (text[len] != ' ' || !timestamp_parse(&parser, text, len, time_ns_out, &digits))
        return NULL;
    return text + len + 1;
}

static void read_running(const char *text, struct state_record *record)
{
    const char *rest = read_time(text, &record->running_since_ns);

    if (rest && strncmp(rest, "pid ", 4) == 0)
        record->running_pid = strtoul(rest + 4, NULL, 10);
}

static void read_stopped(const char *text, struct state_record *record)
{
    const char *rest = read_time(text, &record->stopped_at_ns);

    if (rest)
        snprintf(record->sentence, sizeof record->sentence, "%.*s", (int)strcspn(rest, "\n"), rest);
}

/* Of a text that is ours; takes over what is kept of it. */
static void read_lines(struct state_file *file, const char *text, struct state_record *record)
{
    if (strncmp(text, running_word, sizeof running_word - 1) == 0) {
        read_running(text + sizeof running_word - 1, record);
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    if (strncmp(text, stopped_word, sizeof stopped_word - 1) != 0)
        return;
    read_stopped(text + sizeof stopped_word - 1, record);
    file->kept = alloc_text(text, strlen(text));
}

static int read_all(const struct state_file *file, char *text, struct err *err)
{
    size_t len = 0;
    ssize_t got;

    while ((got = pread(file->fd, text + len, TEXT_MAX - len, (off_t)len)) > 0)
        len += (size_t)got;
    if (got < 0)
        return cannot(err, file, "read");
    text[len] = '\0';
    return 0;
}

static bool begins_as_ours(const char *text)
{
    return strncmp(text, first_line, sizeof first_line - 1) == 0;
}

/* An empty one is what a daemon has made and not yet written. */
static bool is_ours(const char *text)
{
    return !*text || begins_as_ours(text);
}

static int read_file(struct state_file *file, struct state_record *record, struct err *err)
{
    char *text = alloc_zeroed(1, TEXT_MAX + 1);
    int result = read_all(file, text, err);

    if (result == 0 && begins_as_ours(text)) {
        read_lines(file, text + sizeof first_line - 1, record);
    } else if (result == 0 && !is_ours(text)) {
        errno = 0;
        result = err_set(err, "'%s' is no state file of logboomd; it is left as it is", file->path);
    }
    free(text);
    return result;
}

/* ---- opening ----------------------------------------------------------------------------- */

/* Whether ours has it, or, if so asked, nobody. */
static bool has_name(const struct state_file *file, bool or_nobody)
{
    struct stat named, ours;

    if (lstat(file->path, &named) < 0)
        return or_nobody && errno == ENOENT;
    return fstat(file->fd, &ours) == 0 && named.st_dev == ours.st_dev &&
           named.st_ino == ours.st_ino;
}

static bool is_plain(const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_nlink <= 1;
}

static int refuse_kind(const struct state_file *file, struct err *err)
{
    struct stat st;

    if (fstat(file->fd, &st) < 0)
        return cannot(err, file, "look at");
    if (is_plain(&st))
        return 0;
    errno = 0;
    return err_set(err, "the state file '%s' must be a regular file with one name", file->path);
}

static int open_locked(struct state_file *file, struct err *err)
{
    for (unsigned i = 0; i < TRIES; i++) {
        file->fd = open(file->path, OPEN_FLAGS | O_CREAT, FILE_MODE);
        if (file->fd < 0)
            return cannot(err, file, "open");
        if (refuse_kind(file, err) < 0)
            return -1;
        if (flock(file->fd, LOCK_EX | LOCK_NB) == 0) {
            if (has_name(file, false))
                return 0;
        } else if (errno != EWOULDBLOCK) {
            return cannot(err, file, "lock");
        } else if (has_name(file, false)) {
            break;
        }
        close(file->fd);
        file->fd = -1;
    }
    errno = 0;
    return err_set(err, "the state file '%s' is another logboomd's, which is running", file->path);
}

enum state_file_kind state_file_look(const char *path)
{
    char text[sizeof first_line] = "";
    struct stat st;
    bool ours;
    int fd;

    if (lstat(path, &st) < 0)
        return STATE_FILE_NONE;
    if (!is_plain(&st))
        return STATE_FILE_STRANGE;
    fd = open(path, OPEN_FLAGS);
    if (fd < 0)
        return STATE_FILE_SHUT;
    ours = read(fd, text, sizeof text - 1) >= 0 && is_ours(text);
    close(fd);
    return ours ? STATE_FILE_OURS : STATE_FILE_SOMEBODYS;
}

struct state_file *state_file_open(const char *path, struct state_record *record_out,
                                   struct err *err)
{
    struct state_file *file = alloc_zeroed(1, sizeof *file);
    struct state_record record = {.sentence = ""};
    int error;

    file->fd = -1;
    file->path = alloc_text(path, strlen(path));
    must(asprintf(&file->next_path, "%s.next", path) > 0);
    if (open_locked(file, err) == 0 && read_file(file, &record, err) == 0) {
        *record_out = record;
        return file;
    }
    error = errno;
    state_file_close(&file);
    errno = error;
    return NULL;
}

void state_file_close(struct state_file **file_address)
{
    struct state_file *file = *file_address;

    *file_address = NULL;
    if (!file)
        return;
    if (file->fd >= 0)
        close(file->fd);
    free(file->path);
    free(file->next_path);
    free(file->kept);
    free(file);
}

/* ---- writing ----------------------------------------------------------------------------- */

/* The name itself. Some file systems cannot; it is there all the same, but for a power cut. */
static void sync_folder(const struct state_file *file)
{
    char *path = alloc_text(file->path, strlen(file->path));
    int fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    free(path);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

/* Half of one would take the room of others on a disk that is full. */
static void give_up(const struct state_file *file, int fd)
{
    int error = errno;

    (void)unlink(file->next_path);
    close(fd);
    errno = error;
}

/* A descriptor of what has the name now, locked; or -1. */
static int put(const struct state_file *file, const char *text)
{
    int fd;

    (void)unlink(file->next_path); /* what a crash has left */
    fd = open(file->next_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && write_all(fd, text, strlen(text)) == 0 &&
        fsync(fd) == 0 && rename(file->next_path, file->path) == 0)
        return fd;
    give_up(file, fd);
    return -1;
}

static int replace(struct state_file *file, const char *text, struct err *err)
{
    int fd;

    if (!has_name(file, true))
        return err_set(err, "the state file '%s' is another one now; it is left as it is",
                       file->path);
    fd = put(file, text);
    if (fd < 0)
        return cannot(err, file, "write");
    close(file->fd);
    file->fd = fd;
    sync_folder(file);
    return 0;
}

const char *state_file_show_time(int64_t time_ns, char text[TIMESTAMP_MAX + 1])
{
    struct timestamp_writer writer;

    timestamp_writer_init(&writer, false);
    *timestamp_write(&writer, text, time_ns, 6) = '\0';
    return text;
}

int state_file_begin(struct state_file *file, int64_t now_ns, struct err *err)
{
    char now[TIMESTAMP_MAX + 1], *text;
    int result;

    must(asprintf(&text, "%s%s%s pid %ld\n%s", first_line, running_word,
                  state_file_show_time(now_ns, now), (long)getpid(),
                  file->kept ? file->kept : "") > 0);
    result = replace(file, text, err);
    free(text);
    return result;
}

int state_file_end(struct state_file *file, int64_t now_ns, const char *sentence,
                   const char *ledger, struct err *err)
{
    char now[TIMESTAMP_MAX + 1], *text;
    int result;

    must(strlen(sentence) < STATE_SENTENCE_MAX);
    must(asprintf(&text, "%s%s%s %s\n%s", first_line, stopped_word,
                  state_file_show_time(now_ns, now), sentence, ledger) > 0);
    result = replace(file, text, err);
    free(text);
    return result;
}
