/* rotated_count.h - of the rotated files in one folder: how many each live file has, and when
 * its oldest ones were rotated.
 *
 * A table of a fixed size. Where it is too small, it counts one part of the names at a
 * time: `part` of `parts`, by a hash of the name. One thread at a time. */
#ifndef LOGFILE_ROTATED_COUNT_H
#define LOGFILE_ROTATED_COUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "logfile/oldest.h"

/* So many of a live file's oldest are known after one walk. */
enum { ROTATED_OLDEST = 8 };

struct base_count {
    const char *name; /* in the table's texts */
    size_t len;
    unsigned hash;
    unsigned count;
    unsigned excess;       /* rotated_count_judge: so many are to go, */
    uint64_t last_time_us; /* and all of them are as old as this or older */
    struct oldest oldest;
    struct dated dates[ROTATED_OLDEST];
};

struct rotated_count {
    struct base_count *bases;
    unsigned base_count, base_max;
    unsigned *slots; /* 1 + index of a base; 0: free */
    unsigned slot_count;
    char *texts;
    size_t text_len, text_max;
    unsigned part, parts;
    uint64_t secret; /* of the hashes */
};

/* -1: no memory. */
int rotated_count_init(struct rotated_count *table, unsigned base_max);
void rotated_count_fini(struct rotated_count *table);
size_t rotated_count_bytes(unsigned base_max);

/* Empties the table for another part. */
void rotated_count_begin(struct rotated_count *table, unsigned part, unsigned parts);

/* Whether the name is of the part that is counted. */
bool rotated_count_has_part(const struct rotated_count *table, const char *base, size_t len);

/* Counts one file of this part. False: no room, begin with more parts. */
bool rotated_count_add(struct rotated_count *table, const char *base, size_t len,
                       struct dated file);

/* What goes beyond `keep`; true: of some live file more than ROTATED_OLDEST do. *any_out:
 * of some, any. */
bool rotated_count_judge(struct rotated_count *table, unsigned keep, bool *any_out);

/* The live file of that name, or NULL. */
struct base_count *rotated_count_find(const struct rotated_count *table, const char *base,
                                      size_t len);

#endif
