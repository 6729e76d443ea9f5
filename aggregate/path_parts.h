/* path_parts.h - the inside of a path template: for path_template.c, path_compile.c. */
#ifndef AGGREGATE_PATH_PARTS_H
#define AGGREGATE_PATH_PARTS_H

#include "aggregate/path_period.h"
#include "aggregate/path_template.h"

enum part_kind {
    PART_LITERAL,
    PART_APP,
    PART_HOST,
    PART_LEVEL,
    PART_TOPIC,
    PART_DATE,
    PART_HOUR,
    PART_KINDS
};

/* A name is shorter than what file systems take (255 bytes) by what rotation adds to it:
 * `@20261125T211828.123456Z.zst.part`. */
enum { PARTS_MAX = 32, VALUE_MAX = 64, NAME_LONGEST = 255 - 33 };

struct part {
    enum part_kind kind;
    unsigned len;
    const char *text; /* of a literal; in the template's copy of the path */
};

struct path_template {
    char *path;
    bool local_time;
    enum path_period_unit unit;
    unsigned part_count;
    struct part parts[PARTS_MAX];
    size_t longest;

    /* The period of the stretch of time in which the last entry arrived. */
    int64_t stretch_ns;
    uint32_t period;
    struct path_period_text time;

    char rendered[LABEL_MAX];
};

/* Fills path, parts, unit and longest of a zeroed template. On failure what it has is
 * freed by path_template_free. */
int path_compile(struct path_template *template, const char *path, struct err *err);

#endif
