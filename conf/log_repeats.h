/* log_repeats.h - which sentences are said, and which are only counted.
 *
 * The same sentence is said a few times; what follows within some seconds is counted, and told
 * as one line when they are over. So a fault that comes a thousand times a second is a line
 * every few seconds. A fixed table: a sentence for which there is no place, or that is too long
 * for one, is said each time. Not thread-safe. */
#ifndef CONF_LOG_REPEATS_H
#define CONF_LOG_REPEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LOG_REPEATS_SENTENCES = 16,
    LOG_REPEATS_TEXT_MAX = 512,
    LOG_REPEATS_SAID = 5, /* before the counting begins */
    LOG_REPEATS_WINDOW_MS = 10 * 1000
};

struct log_repeat {
    int level;
    unsigned said;
    uint64_t counted;
    uint64_t since_ms; /* it was said first, or told last */
    char text[LOG_REPEATS_TEXT_MAX];
};

struct log_repeats {
    unsigned count;
    struct log_repeat sentences[LOG_REPEATS_SENTENCES];
};

/* Whether to say it; false: it was counted. */
bool log_repeats_admit(struct log_repeats *repeats, int level, const char *text, uint64_t now_ms);

/* The next sentence that was counted and whose time is over, or any that was counted if
 * `at_end`; its count is then told. Forgets those that were not. False: there is none. */
bool log_repeats_next(struct log_repeats *repeats, bool at_end, uint64_t now_ms,
                      struct log_repeat *told_out);

/* How many sentences were counted and not told. */
unsigned log_repeats_waiting(const struct log_repeats *repeats);

#endif
