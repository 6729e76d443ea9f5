#include "conf/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/alloc.h"
#include "conf/printable.h"

static const char byte_order_mark[] = "\xef\xbb\xbf";

struct source *source_from_text(const char *name, const char *text, size_t len, struct err *err)
{
    size_t mark_len = sizeof byte_order_mark - 1;
    struct source *source;

    if (len > SOURCE_MAX_BYTES) {
        err_set(err, "is larger than the largest allowed 1MiB");
        return NULL;
    }
    if (len >= mark_len && memcmp(text, byte_order_mark, mark_len) == 0) {
        text += mark_len;
        len -= mark_len;
    }
    source = alloc_zeroed(1, sizeof *source);
    source->name = alloc_text(name, strlen(name));
    source->text = alloc_text(text, len);
    source->len = len;
    return source;
}

static int open_to_read(const char *path, bool regular_only, struct err *err)
{
    struct stat status;
    /* Opening a FIFO that nobody writes would wait for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (regular_only ? O_NONBLOCK : 0));

    if (fd < 0)
        return err_set(err, "cannot be opened: %s", strerror(errno));
    if (regular_only && (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))) {
        close(fd);
        return err_set(err, "is not a regular file");
    }
    return fd;
}

/* It is root's or our own, and not everybody may write it. A pipe is whoever's who made it. */
static bool is_open_to_others(int fd)
{
    struct stat status;

    if (fstat(fd, &status) < 0)
        return true;
    if (status.st_uid != 0 && status.st_uid != geteuid())
        return true;
    return S_ISREG(status.st_mode) && status.st_mode & S_IWOTH;
}

/* Reads to the end, or one byte more than allowed: enough to know. */
static ssize_t read_all(int fd, char *text, size_t cap)
{
    size_t len = 0;
    ssize_t got;

    do {
        got = read(fd, text + len, cap - len);
        if (got > 0)
            len += (size_t)got;
    } while ((got > 0 && len < cap) || (got < 0 && errno == EINTR));
    return got < 0 ? -1 : (ssize_t)len;
}

struct source *source_read(const char *path, bool regular_only, struct err *err)
{
    struct source *source = NULL;
    int fd = open_to_read(path, regular_only, err);
    ssize_t len;
    char *text;

    if (fd < 0)
        return NULL;
    text = alloc_zeroed(SOURCE_MAX_BYTES + 1, 1);
    len = read_all(fd, text, SOURCE_MAX_BYTES + 1);
    if (len < 0)
        err_set(err, "cannot be read: %s", strerror(errno));
    else
        source = source_from_text(path, text, (size_t)len, err);
    if (source)
        source->is_open = is_open_to_others(fd);
    free(text);
    close(fd);
    return source;
}

void source_free(struct source **source)
{
    if (!*source)
        return;
    free((*source)->name);
    free((*source)->text);
    free(*source);
    *source = NULL;
}

const char *source_line(const struct source *source, unsigned line, size_t *len_out)
{
    const char *at = source->text, *end = source->text + source->len, *line_end;

    for (unsigned i = 1; i < line && at < end; i++) {
        line_end = memchr(at, '\n', (size_t)(end - at));
        at = line_end ? line_end + 1 : end;
    }
    line_end = memchr(at, '\n', (size_t)(end - at));
    if (!line_end)
        line_end = end;
    if (line_end > at && line_end[-1] == '\r')
        line_end--;
    *len_out = (size_t)(line_end - at);
    return at;
}

const char *source_at(struct place place)
{
    size_t len;
    const char *at = source_line(place.source, place.line, &len);

    for (unsigned column = 1; column < place.column && *at; column++)
        do
            at++;
        while ((*at & 0xc0) == 0x80);
    return at;
}

/* Bytes of what may stand in a configuration at `at`; 0: nothing that may. */
static size_t text_char(const char *at, size_t left)
{
    if (*at == '\n' || *at == '\t' || (*at == '\r' && left > 1 && at[1] == '\n'))
        return 1;
    return printable_char(at, left);
}

bool source_has_binary(const struct source *source, struct place *where_out,
                       unsigned char *byte_out)
{
    struct place where = {source, 1, 1};

    for (size_t at = 0; at < source->len;) {
        size_t char_len = text_char(source->text + at, source->len - at);

        if (char_len == 0) {
            *where_out = where;
            *byte_out = (unsigned char)source->text[at];
            return true;
        }
        where.column++;
        if (source->text[at] == '\n')
            where = (struct place){source, where.line + 1, 1};
        at += char_len;
    }
    return false;
}
