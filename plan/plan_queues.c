/* The blocks of each sink. */
#include <stdlib.h>

#include "aggregate/block.h"
#include "conf/must.h"
#include "plan/plan_parts.h"

/* Of what is left over, all `auto` queues together take this part. */
enum { QUEUES_PART = 2 };

static size_t block_bytes(const struct plan *plan, size_t count)
{
    return count * pool_bytes(block_slot_bytes(plan->block_cap), 1);
}

/* The quota that a sink's `queue` makes; the least for `auto`. */
static unsigned quota(const struct plan *plan, const struct conf *conf,
                      const struct conf_sink *sink, struct conf_problems *problems)
{
    size_t wanted = sink->queue.bytes;
    size_t smallest = BLOCKS_MIN * plan->block_cap;
    char wanted_text[UNITS_TEXT_MAX], cap_text[UNITS_TEXT_MAX];

    if (wanted == 0) {
        wanted = smallest;
    } else if (wanted > plan->cap_bytes) {
        conf_problem(conf, problems, &sink->queue, "'queue' is %s, more than all of 'cap', %s",
                     units_show_bytes(sink->queue, wanted_text),
                     units_show_bytes(conf->memory.cap, cap_text));
        wanted = smallest;
    } else if (wanted < smallest) {
        conf_problem(conf, problems, &sink->queue,
                     "'queue' is %s, below the %zuKiB that hold %d blocks of twice max_entry",
                     units_show_bytes(sink->queue, wanted_text), smallest / KIB, BLOCKS_MIN);
    }
    return (unsigned)(wanted / plan->block_cap);
}

/* The same, but not less than it has; of one that leaves, what it has. */
static unsigned quota_beside(const struct plan *plan, const struct planned *planned, unsigned i,
                             struct conf_problems *problems)
{
    const struct conf *conf = planned->conf;
    const struct plan_beside *beside = planned->beside;
    unsigned blocks;

    if (i >= conf->sink_count) {
        must(beside->leaving_blocks);
        return beside->leaving_blocks[i - conf->sink_count];
    }
    blocks = quota(plan, conf, &conf->sinks[i], problems);
    return beside->held_blocks && beside->held_blocks[i] > blocks ? beside->held_blocks[i] : blocks;
}

static bool is_auto(const struct conf *conf, unsigned i)
{
    return i < conf->sink_count && conf->sinks[i].queue.bytes == 0;
}

void plan_set_quotas(struct plan *plan, const struct planned *planned,
                     struct conf_problems *problems)
{
    plan->sink_blocks = calloc(planned->sink_count + 1, sizeof *plan->sink_blocks);
    must(plan->sink_blocks);
    for (unsigned i = 0; i < planned->sink_count; i++) {
        plan->sink_blocks[i] = quota_beside(plan, planned, i, problems);
        plan->share_bytes[BUDGET_BLOCKS] += block_bytes(plan, plan->sink_blocks[i]);
    }
}

/* What all `auto` queues have together if each has so many blocks, or what it has already if
 * that is more. */
static size_t auto_blocks(const struct plan *plan, const struct conf *conf, size_t each)
{
    size_t blocks = 0;

    for (unsigned i = 0; i < conf->sink_count; i++)
        blocks += is_auto(conf, i) ? plan_larger(each, plan->sink_blocks[i]) : 0;
    return blocks;
}

/* The most that each can have if they may have `all` together. */
static size_t equal_part(const struct plan *plan, const struct conf *conf, size_t all)
{
    size_t enough = 0, too_many = all + 1;

    while (too_many - enough > 1) {
        size_t each = enough + (too_many - enough) / 2;

        if (auto_blocks(plan, conf, each) <= all)
            enough = each;
        else
            too_many = each;
    }
    return enough;
}

/* Gives each `auto` queue as many more blocks as its part of the spare bytes holds. */
void plan_grow_queues(struct plan *plan, const struct conf *conf)
{
    size_t least_blocks = auto_blocks(plan, conf, 0), least = block_bytes(plan, least_blocks);
    size_t spare = plan->cap_bytes - plan_sum(plan);
    size_t open = least + plan->share_bytes[BUDGET_RECEIVE] + spare;
    size_t part = plan_smaller(plan_larger(open / QUEUES_PART, least), least + spare);
    size_t each;

    if (least_blocks == 0)
        return;
    each = equal_part(plan, conf, part / block_bytes(plan, 1));
    plan->share_bytes[BUDGET_BLOCKS] += block_bytes(plan, auto_blocks(plan, conf, each)) - least;
    for (unsigned i = 0; i < conf->sink_count; i++) {
        if (is_auto(conf, i))
            plan->sink_blocks[i] = (unsigned)plan_larger(each, plan->sink_blocks[i]);
    }
    plan->auto_blocks = (unsigned)each;
}
