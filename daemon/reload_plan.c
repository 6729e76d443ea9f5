/* The memory of a reload: what stays keeps at least the blocks that it has filled, what leaves has
 * as many, and the sizes that everything was made with at the start are given. When nobody leaves
 * any more, the plan is made once more. */
#include <stdlib.h>

#include "conf/log.h"
#include "conf/must.h"
#include "daemon/reload.h"
#include "zeromq/gate.h"

struct beside {
    struct plan_beside plan;
    unsigned *held;
    unsigned *leaving_blocks;
    const struct conf_sink **leaving;
};

static void beside_init(struct beside *beside, const struct plan *running, unsigned sink_count)
{
    *beside = (struct beside){
        .held = calloc(sink_count, sizeof *beside->held),
        .leaving_blocks =
            calloc(DAEMON_LEAVING_MAX + AGGREGATE_ROUTES_MAX, sizeof *beside->leaving_blocks),
        .leaving =
            calloc(DAEMON_LEAVING_MAX + AGGREGATE_ROUTES_MAX, sizeof(const struct conf_sink *)),
    };
    must(beside->held && beside->leaving_blocks && beside->leaving);
    beside->plan = (struct plan_beside){.running = running,
                                        .held_blocks = beside->held,
                                        .leaving = beside->leaving,
                                        .leaving_blocks = beside->leaving_blocks};
}

static void beside_fini(struct beside *beside)
{
    free(beside->held);
    free(beside->leaving_blocks);
    free((void *)beside->leaving);
}

/* An empty one may need a block to tell what it has dropped. */
static unsigned blocks_of(const struct channel *channel)
{
    unsigned held = channel->outbox ? outbox_held_blocks(channel->outbox) : 0;

    return channel->outbox && held == 0 ? 1 : held;
}

static void add_leaving(struct beside *beside, const struct channel *channel)
{
    unsigned i = beside->plan.leaving_count++;

    beside->leaving[i] = channel->conf;
    beside->leaving_blocks[i] = blocks_of(channel);
}

static void add_all_leaving(struct beside *beside, const struct daemon *daemon)
{
    for (unsigned i = 0; i < daemon->leaving_count; i++)
        add_leaving(beside, daemon->leaving[i]);
}

/* Beside those that leave already: if it goes well, whom it takes out and whose file is opened
 * anew; if it does not, whatever it has opened. */
static unsigned leaving_at_most(const struct reload *reload)
{
    const struct daemon *daemon = reload->daemon;
    unsigned after = daemon->leaving_count, undone = daemon->leaving_count;

    for (unsigned i = 0; i < daemon->channel_count; i++)
        after += !reload->stays[i];
    for (unsigned i = 0; i < reload->sink_count; i++) {
        after += reload->fates[i] == FATE_ANEW;
        undone += !reload->channels[i];
    }
    return after > undone ? after : undone;
}

void reload_plan(struct reload *reload)
{
    const struct daemon *daemon = reload->daemon;
    unsigned leaving = leaving_at_most(reload);
    struct beside beside;

    beside_init(&beside, &daemon->plan, reload->sink_count);
    for (unsigned i = 0; i < reload->sink_count; i++)
        beside.held[i] = reload->channels[i] ? blocks_of(reload->channels[i]) : 0;
    add_all_leaving(&beside, daemon);
    for (unsigned i = 0; i < daemon->channel_count; i++) {
        if (!reload->stays[i])
            add_leaving(&beside, daemon->channels[i]);
    }
    plan_init_beside(&reload->plan, reload->conf, &beside.plan, reload->problems);
    reload->is_planned = true;
    if (leaving > DAEMON_LEAVING_MAX)
        conf_problem(reload->conf, reload->problems, &reload->conf->sinks,
                     "%u sinks would be drained at once, more than %d; try again when some are "
                     "through",
                     leaving, DAEMON_LEAVING_MAX);
    beside_fini(&beside);
}

void daemon_adopt_plan(struct daemon *daemon, struct plan *plan)
{
    plan_fini(&daemon->plan);
    daemon->plan = *plan;
    *plan = (struct plan){0};
    for (unsigned i = 0; i < daemon->channel_count; i++)
        outbox_set_quota(daemon->channels[i]->outbox, daemon->plan.sink_blocks[i]);
    for (unsigned i = 0; i < daemon->leaving_count; i++) {
        const struct channel *channel = daemon->leaving[i];

        if (channel->outbox)
            outbox_set_quota(channel->outbox, blocks_of(channel));
    }
    if (daemon->gate_is_on)
        gate_set_bounds(daemon->plan.receive_bytes, daemon->plan.clients_served);
}

void daemon_settle_plan(struct daemon *daemon)
{
    struct conf_problems *problems = conf_problems_new();
    struct beside beside;
    struct plan plan;
    struct err err;

    beside_init(&beside, &daemon->plan, daemon->channel_count);
    for (unsigned i = 0; i < daemon->channel_count; i++)
        beside.held[i] = blocks_of(daemon->channels[i]);
    add_all_leaving(&beside, daemon);
    plan_init_beside(&plan, daemon->conf, &beside.plan, problems);
    if (conf_problems_count(problems) == 0 && daemon_shift_shares(daemon, &plan, &err) == 0)
        daemon_adopt_plan(daemon, &plan);
    else
        must(daemon_shift_shares(daemon, &daemon->plan, &err) == 0);
    plan_fini(&plan);
    beside_fini(&beside);
    conf_problems_free(&problems);
}
