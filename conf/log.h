/* log.h - the daemon's own voice: one sentence an event, on stderr.
 *
 * Under systemd each line begins with its priority as `<N>` (sd-daemon(3)), so
 * that the journal knows it; elsewhere warnings and errors say so in words.
 * A line for a pipe that is full and stays so for 10 ms is left out, as are at once those after it
 * until there is room. A line has at most PIPE_BUF bytes.
 * Control bytes in a line are shown as `\xHH`. Any thread.
 *
 * The same notice, warning or error again and again is counted after the first few
 * (conf/log_repeats.h), and told every ten seconds as `the same 812 times more: …`. What is
 * only information is said each time: somebody asked for it. */
#ifndef CONF_LOG_H
#define CONF_LOG_H

#include <stdbool.h>

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6
};

/* Asks the environment whether stderr is the journal. Call once, before any thread. */
void log_init(void);

/* What is less grave is not said. LOG_LEVEL_INFO unless this is called, before any thread. */
void log_set_level(enum log_level level);

/* By its name: error, warning, notice or info. False: there is none of that name. */
bool log_level_parse(const char *name, enum log_level *level_out);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Tells what was counted and whose time is over, or all of it at the end. */
void log_tell_repeats(bool at_end);

/* Whether something is counted that is still to be told. Costs nothing. */
bool log_repeats_wait(void);

#endif
