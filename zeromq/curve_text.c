#include "zeromq/curve_text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/must.h"

enum { SECRET_BYTES_MAX = 4 * 1024, PUBLIC_BYTES_MAX = 2 * 1024 * 1024 };

/* ---- reading -------------------------------------------------------------------------- */

static int judge_secret(const struct stat *st, const char *path, struct err *err)
{
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return err_set(err,
                       "'%s' holds a secret key, but belongs to uid %u; let it belong to who "
                       "runs this",
                       path, (unsigned)st->st_uid);
    if (st->st_mode & 077)
        return err_set(err,
                       "'%s' holds a secret key, but others may use it (mode %04o); "
                       "'chmod 600' it, or make a new one if they may have read it",
                       path, st->st_mode & 07777);
    return 0;
}

static int judge_public(const struct stat *st, const char *path, struct err *err)
{
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return err_set(err,
                       "'%s' says who is let in, but belongs to uid %u; let it belong to root or "
                       "to who runs this",
                       path, (unsigned)st->st_uid);
    if (st->st_mode & 002)
        return err_set(err,
                       "'%s' says who is let in, but everybody may write it (mode %04o); "
                       "'chmod o-w' it",
                       path, st->st_mode & 07777);
    return 0;
}

/* What is judged is what was opened, so that nobody can exchange it in between. */
static int judge(const struct stat *st, const char *path, enum curve_secrecy secrecy,
                 struct err *err)
{
    size_t bytes_max = secrecy == CURVE_SECRET ? SECRET_BYTES_MAX : PUBLIC_BYTES_MAX;

    if (!S_ISREG(st->st_mode))
        return err_set(err, "'%s' is no regular file, so there are no keys to read in it", path);
    if ((size_t)st->st_size > bytes_max)
        return err_set(err, "'%s' has %lld bytes, above the largest allowed %zu for keys", path,
                       (long long)st->st_size, bytes_max);
    return secrecy == CURVE_SECRET ? judge_secret(st, path, err) : judge_public(st, path, err);
}

/* A file that grows meanwhile is cut where it ended when it was judged. */
static int read_all(struct curve_text *text, int fd, size_t bytes, struct err *err)
{
    ssize_t got = 1;

    text->cap = bytes + 1; /* and a NUL behind the last word */
    text->bytes = calloc(1, text->cap);
    must(text->bytes);
    while (text->len < bytes && got > 0) {
        got = read(fd, text->bytes + text->len, bytes - text->len);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            text->len += (size_t)got;
    }
    if (got < 0)
        return err_set(err, "cannot read '%s': %s", text->path, strerror(errno));
    if (memchr(text->bytes, '\0', text->len))
        return err_set(err, "'%s' has a NUL in it, so it is no file of keys", text->path);
    return 0;
}

/* A service starts in another folder than the one who has tried it. */
static int cannot_open(const char *path, struct err *err)
{
    int error = errno;
    char folder[PATH_MAX];

    if (*path == '/' || !getcwd(folder, sizeof folder))
        return err_set(err, "cannot read the keys in '%s': %s", path, strerror(error));
    return err_set(err, "cannot read the keys in '%s' in the folder '%s': %s", path, folder,
                   strerror(error));
}

int curve_text_read(struct curve_text *text, const char *path, enum curve_secrecy secrecy,
                    struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    int result = -1;

    *text = (struct curve_text){.path = path};
    if (fd < 0)
        return cannot_open(path, err);
    if (fstat(fd, &st) < 0)
        err_set(err, "cannot look at '%s': %s", path, strerror(errno));
    else if (judge(&st, path, secrecy, err) == 0)
        result = read_all(text, fd, (size_t)st.st_size, err);
    close(fd);
    if (result < 0)
        curve_text_free(text);
    return result;
}

void curve_text_free(struct curve_text *text)
{
    if (text->bytes)
        explicit_bzero(text->bytes, text->cap);
    free(text->bytes);
    *text = (struct curve_text){0};
}

/* ---- lines ---------------------------------------------------------------------------- */

static void split(struct curve_text *text, char *line)
{
    static const char blanks[] = " \t\r";
    char *rest = line;
    char *word;

    text->count = 0;
    while ((word = strtok_r(rest, blanks, &rest)) && text->count <= CURVE_LINE_WORDS) {
        if (text->count == 0 && (strcmp(word, "#") == 0 || strcmp(word, "##") == 0))
            return;
        if (text->count < CURVE_LINE_WORDS)
            text->words[text->count] = word;
        text->count++;
    }
}

bool curve_text_next(struct curve_text *text)
{
    text->count = 0;
    while (text->count == 0 && text->at < text->len) {
        char *line = text->bytes + text->at;
        char *end = strchrnul(line, '\n');

        *end = '\0';
        text->at = (size_t)(end - text->bytes) + 1;
        text->line++;
        split(text, line);
    }
    return text->count > 0;
}
