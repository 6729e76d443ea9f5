#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "conf/must.h"
#include "plan/plan_parts.h"

static const struct plan_beside nothing = {0};

const struct conf_sink *planned_sink(const struct planned *planned, unsigned index)
{
    const struct conf *conf = planned->conf;

    if (index < conf->sink_count)
        return &conf->sinks[index];
    must(planned->beside->leaving);
    return planned->beside->leaving[index - conf->sink_count];
}

size_t plan_replay_max(const struct plan *plan)
{
    return plan_smaller(plan->keep_bytes, plan->max_message);
}

/* ---- what is left over ----------------------------------------------------------------- */

size_t plan_sum(const struct plan *plan)
{
    size_t bytes = plan->slack_bytes;

    for (unsigned i = 0; i < BUDGET_SHARES; i++)
        bytes += plan->share_bytes[i];
    return bytes;
}

/* Two unfinished messages of the largest size, so that neither waits for the other, and
 * some that are small. */
static size_t least_receive(const struct plan *plan)
{
    return plan_larger(MIB, 2 * (plan->max_message + 4 * KIB) + 256 * KIB);
}

/* All that is left then is for receiving. */
static void grow_receive(struct plan *plan)
{
    plan->receive_bytes += (plan->cap_bytes - plan_sum(plan)) / 2;
    plan->share_bytes[BUDGET_RECEIVE] = 2 * plan->receive_bytes;
}

/* The cap in whole KiB of which the slack leaves just what the shares need; or, if that is
 * more, the least that the settings allow. */
static size_t smallest_cap(const struct plan *plan)
{
    size_t needed = plan_sum(plan) - plan->cap_bytes / SLACK_PART;
    size_t cap = needed + (needed + SLACK_PART - 2) / (SLACK_PART - 1);

    return plan_larger((cap + KIB - 1) / KIB * KIB, CONF_CAP_LEAST_BYTES);
}

static void say_too_small(const struct plan *plan, const struct conf *conf,
                          struct conf_problems *problems)
{
    char text[512], cap_text[UNITS_TEXT_MAX];
    size_t used = 0;

    for (unsigned i = 0; i < BUDGET_SHARES; i++)
        if (plan->share_bytes[i] > 0)
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "%s %.1f + ",
                                 budget_share_name(i), (double)plan->share_bytes[i] / (double)MIB);
    conf_problem(conf, problems, &conf->memory.cap,
                 "'cap' is %s, but %sslack %.1f MiB need %zuKiB; raise it, or lower max_clients, "
                 "max_message, max_entry, max_paths or queue",
                 units_show_bytes(conf->memory.cap, cap_text), text,
                 (double)plan->slack_bytes / (double)MIB, plan->smallest_cap_bytes / KIB);
}

void plan_init_beside(struct plan *plan, const struct conf *conf, const struct plan_beside *beside,
                      struct conf_problems *problems)
{
    struct planned planned = {conf, beside, conf->sink_count + beside->leaving_count};

    *plan = (struct plan){.cap_bytes = conf->memory.cap.bytes};
    plan_count(plan, &planned, problems);
    plan_share_out(plan, &planned);
    plan_set_quotas(plan, &planned, problems);
    plan->receive_bytes = least_receive(plan);
    plan->share_bytes[BUDGET_RECEIVE] = 2 * plan->receive_bytes;
    plan->smallest_cap_bytes = smallest_cap(plan);
    if (plan_sum(plan) > plan->cap_bytes) {
        say_too_small(plan, conf, problems);
    } else {
        plan_grow_queues(plan, conf);
        grow_receive(plan);
    }
    for (unsigned i = 0; i < planned.sink_count; i++)
        plan->block_count += plan->sink_blocks[i];
    plan->total_bytes = plan_sum(plan);
}

void plan_init(struct plan *plan, const struct conf *conf, struct conf_problems *problems)
{
    plan_init_beside(plan, conf, &nothing, problems);
}

void plan_fini(struct plan *plan)
{
    free(plan->sink_blocks);
    plan->sink_blocks = NULL;
}
