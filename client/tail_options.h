/* tail_options.h - the command line of `logboom tail`. */
#ifndef CLIENT_TAIL_OPTIONS_H
#define CLIENT_TAIL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/err.h"

extern const char TAIL_HELP[];

enum tail_color { TAIL_COLOR_AUTO, TAIL_COLOR_ALWAYS, TAIL_COLOR_NEVER };

enum { TAIL_NAMES_MAX = 16 };

struct tail_conf {
    const char *path; /* of the control socket */
    uint64_t last;
    const char *min_level; /* NULL: any; the same of grep */
    const char *grep;
    const char *app[TAIL_NAMES_MAX];
    const char *host[TAIL_NAMES_MAX];
    unsigned app_count, host_count;
    bool json;
    enum tail_color color;
};

/* 0, or -1 and a sentence. Strings stay in argv and in the environment. When *help_out is true,
 * conf_out was left alone. */
int tail_options_parse(int argc, char **argv, struct tail_conf *conf_out, bool *help_out,
                       struct err *err);

#endif
