/* log.h - the daemon's own voice: one sentence an event, on stderr.
 *
 * Under systemd each line begins with its priority as `<N>` (sd-daemon(3)), so
 * that the journal knows it; elsewhere warnings and errors say so in words.
 * A line for a pipe that is full and stays so for 10 ms is left out.
 * Control bytes in a line are shown as `\xHH`. Any thread. */
#ifndef CONF_LOG_H
#define CONF_LOG_H

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6
};

/* Asks the environment whether stderr is the journal. Call once, before any thread. */
void log_init(void);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
