#include "conf/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/printable.h"

enum { SENTENCE_MAX = 2048, LINE_MAX_BYTES = 16 + 4 * SENTENCE_MAX, PATIENCE_MS = 10 };

/* The one variable of conf/: set before any thread by log_init, then only read. */
static bool stderr_is_journal;

/* JOURNAL_STREAM may be inherited by a process whose stderr was redirected since,
 * so the device and inode that it names decide (systemd.exec(5)). */
void log_init(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat status;

    stderr_is_journal = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
                        fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
                        status.st_ino == inode;
}

static size_t put_prefix(char *line, size_t cap, enum log_level level)
{
    if (stderr_is_journal)
        return (size_t)snprintf(line, cap, "<%d>", (int)level);
    if (level <= LOG_LEVEL_ERROR)
        return (size_t)snprintf(line, cap, "error: ");
    if (level == LOG_LEVEL_WARNING)
        return (size_t)snprintf(line, cap, "warning: ");
    return 0;
}

/* A pipe that nobody reads must not hold the daemon: its line is left out. POLLOUT means
 * that PIPE_BUF bytes fit (pipe(7)), more than nearly every line has. */
static bool stderr_takes_a_line(void)
{
    struct pollfd stderr_poll = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&stderr_poll, 1, PATIENCE_MS) > 0;
}

void log_line(enum log_level level, const char *format, ...)
{
    int saved_errno = errno;
    char sentence[SENTENCE_MAX], line[LINE_MAX_BYTES];
    size_t len;
    va_list args;

    va_start(args, format);
    if (vsnprintf(sentence, sizeof sentence, format, args) < 0)
        sentence[0] = '\0';
    va_end(args);
    len = put_prefix(line, sizeof line, level);
    len += printable_copy(line + len, sizeof line - len - 1, sentence, strlen(sentence));
    line[len++] = '\n';
    /* One write, so that lines of several threads never mix; when stderr itself is
     * broken there is nobody left to tell. */
    if (stderr_takes_a_line())
        (void)!write(STDERR_FILENO, line, len);
    errno = saved_errno;
}
