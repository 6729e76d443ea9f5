/* plan.h - how memory.cap is split before anything is opened. All bytes. */
#ifndef DAEMON_PLAN_H
#define DAEMON_PLAN_H

#include "conf/conf.h"

struct plan {
    size_t cap_bytes;
    size_t base_bytes; /* the process itself, as measured at ready, with some room */
    size_t messages_bytes;
    size_t entries_bytes;
    size_t parser_bytes;
    size_t blocks_bytes;

    size_t max_message; /* the largest of all endpoints */
    size_t max_entry;
    unsigned entry_fields;
    size_t block_cap;
    unsigned block_count;  /* of all sinks */
    unsigned *sink_blocks; /* the quota of each */
};

/* Works out the plan; what does not fit is a problem at the setting to change. The
 * plan holds memory until plan_fini either way. */
void plan_init(struct plan *plan, const struct conf *conf, struct conf_problems *problems);
void plan_fini(struct plan *plan);

#endif
