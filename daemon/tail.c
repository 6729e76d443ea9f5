/* tail.c - what `logboom tail` shows: the last messages, and who reads along. */
#include "daemon/daemon_parts.h"

static int open_means(struct daemon *daemon, struct err *err)
{
    const struct plan *plan = &daemon->plan;
    struct budget *budget = &daemon->budget;

    if (!budget_claim(budget, BUDGET_RECENT, tail_bytes(plan->max_entry)))
        return err_set(err, "memory.cap has no room for 'logboom tail'");
    daemon->recent = recent_new(budget, plan->keep_bytes, err);
    if (daemon->recent)
        daemon->replay =
            replay_new(budget, plan_replay_max(plan), plan->entry_fields, daemon->decoder, err);
    return daemon->replay ? 0 : -1;
}

int daemon_open_tail(struct daemon *daemon, struct err *err)
{
    struct tail_means means = {.loop = &daemon->loop,
                               .max_entry = daemon->plan.max_entry,
                               .local_time = daemon->conf->timezone == CONF_TIMEZONE_LOCAL};

    if (daemon->plan.keep_bytes == 0)
        return 0;
    if (open_means(daemon, err) < 0)
        return -1;
    means.recent = daemon->recent;
    means.replay = daemon->replay;
    daemon->tail = tail_new(&means, err);
    return daemon->tail ? 0 : -1;
}

void daemon_free_tail(struct daemon *daemon)
{
    if (daemon->plan.keep_bytes == 0 || !daemon->budget_open)
        return;
    tail_free(&daemon->tail);
    replay_free(&daemon->replay);
    recent_free(&daemon->recent);
    budget_release(&daemon->budget, BUDGET_RECENT, daemon->budget.shares[BUDGET_RECENT].used_bytes);
}
