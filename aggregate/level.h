/* level.h - the nine levels, syslog's eight (RFC 5424 §6.2.1) and trace below them. */
#ifndef AGGREGATE_LEVEL_H
#define AGGREGATE_LEVEL_H

#include <stddef.h>

#include "conf/must.h"

enum level {
    LEVEL_EMERG,
    LEVEL_ALERT,
    LEVEL_CRIT,
    LEVEL_ERROR,
    LEVEL_WARNING,
    LEVEL_NOTICE,
    LEVEL_INFO,
    LEVEL_DEBUG,
    LEVEL_TRACE,
    LEVEL_NONE /* not said, or a word that nobody knows */
};

/* Any case; the usual aliases (warn, err, fatal, …). LEVEL_NONE: not a level. */
enum level level_parse(const char *word, size_t len);

/* `error`; LEVEL_NONE is `-`. Length and padding make rendering one fixed copy. */
enum { LEVEL_NAME_PADDED = 8 };
struct level_name {
    char text[LEVEL_NAME_PADDED];
    unsigned len;
};
extern const struct level_name level_names[];

static inline const struct level_name *level_name(unsigned level)
{
    must(level <= LEVEL_NONE);
    return &level_names[level];
}

#endif
