/* label.h - which file of its sink an entry goes to, as the loop thread hands it on.
 *
 * The text is a path relative to the sink's base folder, safe to open: it has no empty
 * part, no `.` and no `..`. The period tells when names made from the time move on: labels
 * of one period have the same {date} and {hour}. */
#ifndef AGGREGATE_LABEL_H
#define AGGREGATE_LABEL_H

#include <stdint.h>

enum { LABEL_MAX = 1024 };

struct label {
    uint32_t period; /* 0 where the path has no time in it */
    uint32_t len;
    const char *text; /* not terminated */
};

#endif
