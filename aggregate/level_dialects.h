/* level_dialects.h - levels as only some programs say them: where a value is known to be a
 * level, more words are ones than in any text (level.h), and so are numbers. */
#ifndef AGGREGATE_LEVEL_DIALECTS_H
#define AGGREGATE_LEVEL_DIALECTS_H

#include <stdbool.h>

#include "aggregate/level.h"

/* npm's `http` and `silly`, java.util.logging's `config` and `finer`, zap's `dpanic`, CMDP's
 * `status`, loguru's `success`, in any case; and slog's `INFO+2`. LEVEL_NONE: neither these
 * nor one of level_parse's. */
enum level level_parse_dialect(const char *word, size_t len);

/* Whose numbers they are. */
enum level_scale {
    LEVEL_SCALE_SYSLOG,  /* 0 emerg … 7 debug */
    LEVEL_SCALE_PYTHON,  /* 10 debug, 20 info, 30 warning, 40 error, 50 crit */
    LEVEL_SCALE_PINO,    /* bunyan's: 10 trace, 20 debug, 30 info, 40 warning, 50 error, 60 crit */
    LEVEL_SCALE_LOGBOOK, /* 9 trace … 15 crit */
};

/* A number between two levels is the less grave one, and not exact. LEVEL_NONE: it is no
 * level there. */
enum level level_from_number(enum level_scale scale, unsigned number, bool *exact_out);

/* Digits, at most three, and nothing else. */
bool level_read_number(const char *text, size_t len, unsigned *number_out);

#endif
