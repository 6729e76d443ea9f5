/* The daemon's memory, as a plan says: claimed at the start, and shifted by a reload. */
#include "conf/count_of.h"
#include "conf/must.h"
#include "daemon/daemon_parts.h"

/* What no pool of ours holds is claimed as a whole: it is there, or libzmq's to fill. */
static const enum budget_share reserved[] = {BUDGET_BASE,    BUDGET_CLIENTS, BUDGET_RECEIVE,
                                             BUDGET_PATHS,   BUDGET_TLS,     BUDGET_CARETAKER,
                                             BUDGET_CONTROL, BUDGET_METRICS, BUDGET_TABLES};

static unsigned cargo_slots(const struct plan *plan)
{
    return plan->zmq_sinks * plan->cargo_holds;
}

/* As many as the cap could hold if there were nothing else. */
static unsigned most_of(const struct plan *plan, size_t slot_bytes)
{
    return (unsigned)(plan->cap_bytes / pool_bytes(slot_bytes, 1));
}

static int claim_reserved(struct daemon *daemon, const struct plan *plan, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(reserved); i++) {
        enum budget_share share = reserved[i];
        size_t used = daemon->budget.shares[share].used_bytes;

        if (plan->share_bytes[share] > used &&
            !budget_claim(&daemon->budget, share, plan->share_bytes[share] - used))
            return err_set(err, "memory.cap has no room for %s", budget_share_name(share));
    }
    return 0;
}

static int open_cargo(struct daemon *daemon, const struct plan *plan, struct err *err)
{
    if (daemon->cargo || plan->zmq_sinks == 0)
        return 0;
    daemon->cargo = pool_new_growing(&daemon->budget, BUDGET_CARGO, plan->block_cap,
                                     cargo_slots(plan), most_of(plan, plan->block_cap), err);
    return daemon->cargo ? 0 : -1;
}

int daemon_open_shares(struct daemon *daemon, struct err *err)
{
    const struct plan *plan = &daemon->plan;
    size_t slot_bytes = block_slot_bytes(plan->block_cap);

    budget_init(&daemon->budget, plan->cap_bytes);
    daemon->budget_open = true;
    for (unsigned i = 0; i < BUDGET_SHARES; i++)
        budget_limit(&daemon->budget, i, plan->share_bytes[i]);
    if (claim_reserved(daemon, plan, err) < 0)
        return -1;
    daemon->blocks = pool_new_growing(&daemon->budget, BUDGET_BLOCKS, slot_bytes, plan->block_count,
                                      most_of(plan, slot_bytes), err);
    return daemon->blocks ? open_cargo(daemon, plan, err) : -1;
}

/* ---- another plan ------------------------------------------------------------------------ */

static void shrink(struct daemon *daemon, const struct plan *plan)
{
    for (size_t i = 0; i < COUNT_OF(reserved); i++) {
        size_t used = daemon->budget.shares[reserved[i]].used_bytes;

        if (plan->share_bytes[reserved[i]] < used)
            budget_release(&daemon->budget, reserved[i], used - plan->share_bytes[reserved[i]]);
    }
    if (plan->block_count < pool_capacity(daemon->blocks))
        must(pool_set_count(daemon->blocks, plan->block_count));
    if (daemon->cargo && cargo_slots(plan) < pool_capacity(daemon->cargo))
        must(pool_set_count(daemon->cargo, cargo_slots(plan)));
}

static int grow(struct daemon *daemon, const struct plan *plan, struct err *err)
{
    if (claim_reserved(daemon, plan, err) < 0)
        return -1;
    if (!pool_set_count(daemon->blocks, plan->block_count))
        return err_set(err, "there are no addresses for %u blocks", plan->block_count);
    if (daemon->cargo && !pool_set_count(daemon->cargo, cargo_slots(plan)))
        return err_set(err, "there are no addresses for what zmq sinks lend");
    return open_cargo(daemon, plan, err);
}

int daemon_shift_shares(struct daemon *daemon, const struct plan *plan, struct err *err)
{
    shrink(daemon, plan);
    for (unsigned i = 0; i < BUDGET_SHARES; i++)
        budget_limit(&daemon->budget, i, plan->share_bytes[i]);
    return grow(daemon, plan, err);
}

void daemon_close_shares(struct daemon *daemon)
{
    pool_free(&daemon->blocks);
    pool_free(&daemon->cargo);
    if (!daemon->budget_open)
        return;
    for (size_t i = 0; i < COUNT_OF(reserved); i++)
        budget_release(&daemon->budget, reserved[i], daemon->budget.shares[reserved[i]].used_bytes);
}
