#include "conf/log.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/log_repeats.h"
#include "conf/nanoseconds.h"
#include "conf/printable.h"

/* A pipe that has room at all takes so many bytes at once (pipe(7)): a longer line would wait. */
enum { SENTENCE_MAX = 2048, LINE_MAX_BYTES = PIPE_BUF, PATIENCE_MS = 10 };

/* The variables of conf/: set before any thread, then only read. */
static bool stderr_is_journal;
static enum log_level least_grave = LOG_LEVEL_INFO;

/* And what all threads share. */
static pthread_mutex_t repeats_lock = PTHREAD_MUTEX_INITIALIZER;
static struct log_repeats repeats;
static atomic_uint repeats_waiting; /* as of the last look, for who asks often */

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

/* A pipe that nobody reads must not hold the daemon: its line is left out. Nor is a reader who did
 * not come in time waited for once more, line by line, until he is there. */
static bool stderr_takes_a_line(void)
{
    static atomic_bool is_stuck;
    struct pollfd stderr_poll = {.fd = STDERR_FILENO, .events = POLLOUT};
    bool takes = poll(&stderr_poll, 1, is_stuck ? 0 : PATIENCE_MS) > 0;

    is_stuck = !takes;
    return takes;
}

/* One write, so that lines of several threads never mix; when stderr itself is broken there is
 * nobody left to tell. */
static void say(enum log_level level, const char *sentence)
{
    char line[LINE_MAX_BYTES];
    size_t len = put_prefix(line, sizeof line, level);

    len += printable_copy(line + len, sizeof line - len - 1, sentence, strlen(sentence));
    line[len++] = '\n';
    if (stderr_takes_a_line())
        (void)!write(STDERR_FILENO, line, len);
}

/* ---- repeats --------------------------------------------------------------------------- */

static bool is_new(enum log_level level, const char *sentence)
{
    bool admitted;

    if (level > LOG_LEVEL_NOTICE)
        return true;
    pthread_mutex_lock(&repeats_lock);
    admitted = log_repeats_admit(&repeats, (int)level, sentence, monotonic_ms());
    repeats_waiting = log_repeats_waiting(&repeats);
    pthread_mutex_unlock(&repeats_lock);
    return admitted;
}

static bool next_to_tell(bool at_end, struct log_repeat *told)
{
    bool found;

    pthread_mutex_lock(&repeats_lock);
    found = log_repeats_next(&repeats, at_end, monotonic_ms(), told);
    repeats_waiting = log_repeats_waiting(&repeats);
    pthread_mutex_unlock(&repeats_lock);
    return found;
}

void log_tell_repeats(bool at_end)
{
    struct log_repeat told;
    char sentence[LOG_REPEATS_TEXT_MAX + 64];

    while (next_to_tell(at_end, &told)) {
        snprintf(sentence, sizeof sentence, "the same %" PRIu64 " times more: %s", told.counted,
                 told.text);
        say((enum log_level)told.level, sentence);
    }
}

bool log_repeats_wait(void)
{
    return repeats_waiting > 0;
}

/* ---- levels ---------------------------------------------------------------------------- */

void log_set_level(enum log_level level)
{
    least_grave = level;
}

bool log_level_parse(const char *name, enum log_level *level_out)
{
    static const char *const names[] = {
        [LOG_LEVEL_ERROR] = "error",
        [LOG_LEVEL_WARNING] = "warning",
        [LOG_LEVEL_NOTICE] = "notice",
        [LOG_LEVEL_INFO] = "info",
    };

    for (unsigned i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_INFO; i++) {
        if (strcmp(names[i], name) == 0) {
            *level_out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_line(enum log_level level, const char *format, ...)
{
    int saved_errno = errno;
    char sentence[SENTENCE_MAX];
    va_list args;

    if (level > least_grave)
        return;
    va_start(args, format);
    if (vsnprintf(sentence, sizeof sentence, format, args) < 0)
        sentence[0] = '\0';
    va_end(args);
    if (is_new(level, sentence))
        say(level, sentence);
    errno = saved_errno;
}
