/* options.h - what all commands of `logboom` share in reading their command lines. */
#ifndef CLIENT_OPTIONS_H
#define CLIENT_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/err.h"

/* Where the numbers of long options begin, which are no letters. */
enum { OPTION_LONG = 256 };

/* What a command takes, in the words of getopt_long(3). Each option that has a letter has a
 * long name, too. */
struct option_set {
    const char *letters; /* begins with a colon */
    const struct option *options;
    size_t count; /* without the zeroed one at the end */
};

enum option_answer { OPTION_REFUSED = -1, OPTION_END = 0, OPTION_FOUND = 1 };

/* The next option, its value in optarg. Sorts argv, as getopt_long does; behind the last option
 * the arguments begin at optind. A sentence when it is refused. */
enum option_answer option_next(const struct option_set *set, int argc, char **argv, int *option_out,
                               struct err *err);

/* Values within bounds; 0, or -1 and a sentence that names the option and the bounds. */
int option_size(const char *option, const char *text, size_t *bytes_out, struct err *err);
int option_time(const char *option, const char *text, uint64_t *ms_out, struct err *err);

#endif
