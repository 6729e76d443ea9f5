/* top_look.h - what `logboom top` knows: the status of each second, and the last minute of rates.
 *
 * Rows are endpoints and sinks by their names, in the daemon's order; one that a reload adds
 * begins without a past, one that it takes away is forgotten. One thread. */
#ifndef CLIENT_TOP_LOOK_H
#define CLIENT_TOP_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "client/shown.h"

/* The newest is the last. */
enum { TOP_PAST = 60 };
struct top_past {
    double values[TOP_PAST];
    unsigned count;
};

enum { TOP_NAME_MAX = 64 };

struct top_row {
    char name[TOP_NAME_MAX + 1];
    bool is_sink;

    /* as the daemon says, since its start */
    uint64_t entries; /* an endpoint has received, a sink has written */
    uint64_t bytes;
    uint64_t lost; /* refused, or dropped */

    /* in the last second */
    double entries_per_s, bytes_per_s, lost_per_s;
    struct top_past past; /* of entries_per_s */

    /* of an endpoint */
    bool is_waiting;
    uint64_t clients, malformed;

    /* of a sink */
    bool is_up, drops_all;
    char trouble[SHOWN_MAX]; /* why nothing is written; or empty */
    uint64_t trouble_ms;     /* for so long */
    uint64_t queue_bytes, queue_limit_bytes;

    bool is_there; /* in the newest look */
};

/* Of `--by`: who sends most, the heaviest first. */
struct top_heavy {
    char name[SHOWN_MAX];
    uint64_t entries, bytes;
};
enum { TOP_HEAVY_MAX = 32 };

struct top_look {
    char verdict[32], sentence[SHOWN_MAX], version[32];
    uint64_t loop_ms; /* of the daemon's clock; 0: nothing was seen yet */
    uint64_t uptime_ms, clients;
    uint64_t cap_bytes, resident_bytes, peak_bytes;
    bool gate_is_on;
    uint64_t charged_bytes, charged_limit_bytes, held;
    uint64_t missed;          /* seconds that did not reach us, since the daemon was asked */
    struct top_past resident; /* bytes */

    struct top_row *rows;
    unsigned row_count;

    char by[16]; /* what `heavy` is about; empty: nobody asked */
    struct top_heavy heavy[TOP_HEAVY_MAX];
    unsigned heavy_count;
};

/* Takes one line of the stream `watch` in (docs/control.md). The look is zeroed before the
 * first. */
void top_look_take(struct top_look *look, struct json_doc *doc);
void top_look_fini(struct top_look *look);

#endif
