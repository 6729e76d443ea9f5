#include "daemon/plan.h"

#include <stdlib.h>

#include "aggregate/block.h"
#include "aggregate/entry.h"
#include "aggregate/message.h"
#include "conf/must.h"
#include "ingest/decode.h"
#include "ingest/json_index.h"

/* Each sink has one block filling, one or two being written, and one to spare. */
enum { BLOCKS_MIN = 4, BASE_BYTES = 9 * 1024 * 1024 };

/* `queue: auto`: all sinks together take this part of the cap; the rest is ZeroMQ's. */
enum { QUEUES_PART = 4 };

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void measure_ingest(struct plan *plan, const struct conf *conf)
{
    for (unsigned i = 0; i < conf->ingest_count; i++) {
        plan->max_message = larger(plan->max_message, conf->ingest[i].max_message.bytes);
        plan->max_entry = larger(plan->max_entry, conf->ingest[i].max_entry.bytes);
    }
    plan->entry_fields = decode_fields_max(plan->max_entry);
    plan->messages_bytes = message_pool_bytes(plan->max_message, conf->ingest_count);
    plan->entries_bytes = entry_pool_bytes(plan->entry_fields, conf->ingest_count);
    plan->parser_bytes = json_index_bytes(plan->max_message);
    plan->block_cap = larger(BLOCK_CAP_MIN, 2 * plan->max_entry);
    plan->block_cap = pool_slot_bytes(plan->block_cap);
}

static size_t block_bytes(const struct plan *plan)
{
    return pool_bytes(block_slot_bytes(plan->block_cap), 1);
}

static unsigned quota(struct plan *plan, const struct conf *conf, const struct conf_sink *sink,
                      struct conf_problems *problems)
{
    size_t wanted = sink->queue.bytes;
    size_t smallest = BLOCKS_MIN * plan->block_cap;
    char wanted_text[UNITS_TEXT_MAX], cap_text[UNITS_TEXT_MAX];

    if (wanted == 0) {
        wanted = larger(smallest, plan->cap_bytes / QUEUES_PART / conf->sink_count);
    } else if (wanted > plan->cap_bytes) {
        conf_problem(conf, problems, &sink->queue, "'queue' is %s, more than all of 'cap', %s",
                     units_show_bytes(sink->queue, wanted_text),
                     units_show_bytes(conf->memory.cap, cap_text));
        wanted = smallest;
    } else if (wanted < smallest) {
        conf_problem(conf, problems, &sink->queue,
                     "'queue' is %s, below the %zuKiB that hold %d blocks of twice max_entry",
                     units_show_bytes(sink->queue, wanted_text), smallest / 1024, BLOCKS_MIN);
    }
    return (unsigned)(wanted / plan->block_cap);
}

static void measure_sinks(struct plan *plan, const struct conf *conf,
                          struct conf_problems *problems)
{
    plan->sink_blocks = calloc(conf->sink_count + 1, sizeof *plan->sink_blocks);
    must(plan->sink_blocks);
    for (unsigned i = 0; i < conf->sink_count; i++) {
        plan->sink_blocks[i] = quota(plan, conf, &conf->sinks[i], problems);
        plan->block_count += plan->sink_blocks[i];
    }
    plan->blocks_bytes = plan->block_count * block_bytes(plan);
}

void plan_init(struct plan *plan, const struct conf *conf, struct conf_problems *problems)
{
    size_t sum;
    char cap_text[UNITS_TEXT_MAX];

    *plan = (struct plan){.cap_bytes = conf->memory.cap.bytes, .base_bytes = BASE_BYTES};
    measure_ingest(plan, conf);
    measure_sinks(plan, conf, problems);
    sum = plan->base_bytes + plan->messages_bytes + plan->entries_bytes + plan->parser_bytes +
          plan->blocks_bytes;
    if (sum > plan->cap_bytes)
        conf_problem(
            conf, problems, &conf->memory.cap,
            "'cap' is %s, but base %zu + messages %zu + entries %zu + parser %zu + "
            "queues %zu KiB need %zuMiB; raise it, or lower max_message, max_entry or queue",
            units_show_bytes(conf->memory.cap, cap_text), plan->base_bytes / 1024,
            plan->messages_bytes / 1024, plan->entries_bytes / 1024, plan->parser_bytes / 1024,
            plan->blocks_bytes / 1024, sum / (1024 * 1024) + 1);
}

void plan_fini(struct plan *plan)
{
    free(plan->sink_blocks);
    plan->sink_blocks = NULL;
}
