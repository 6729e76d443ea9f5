/* tail_turn.c - when readers are looked after, and for how long.
 *
 * A reader that has room and is behind is looked at again in a millisecond, or in the first turn
 * after PACE_NS: who is served in each of many turns costs a system call, and a waking, for each.
 * One that has no room costs nothing: when there is some again, the event that made it begins a
 * turn. */
#include "conf/must.h"
#include "conf/nanoseconds.h"
#include "control/tail_parts.h"

enum { BEHIND_MS = 1, PACE_NS = 300 * 1000, CPU_STEP_NS = 1000 * 1000 };

static bool wants_time(struct tail_reader *reader)
{
    return reader->stream && tail_is_behind(reader) && tail_has_room(reader);
}

static unsigned count_wanting(struct tail *tail)
{
    unsigned count = 0;

    for (unsigned i = 0; i < TAIL_READERS_MAX; i++)
        count += wants_time(&tail->readers[i]);
    return count;
}

/* To ask how much CPU all threads had costs a system call. */
static void look_at_clocks(struct tail *tail)
{
    struct allowance_clocks *clocks = &tail->clocks;

    clocks->now_ns = uv_hrtime();
    if (clocks->now_ns - tail->cpu_looked_ns < CPU_STEP_NS)
        return;
    tail->cpu_looked_ns = clocks->now_ns;
    clocks->cpu_ns = (uint64_t)clock_nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
}

static void give_and_serve(struct tail_reader *reader, unsigned readers)
{
    struct allowance *allowance = &reader->allowance;
    const struct allowance_clocks *clocks = &reader->tail->clocks;

    if (clocks->now_ns - reader->served_ns < PACE_NS)
        return;
    allowance_give(allowance, clocks, readers);
    if (!allowance_is_worth(allowance))
        return;
    reader->served_ns = uv_hrtime();
    tail_serve_reader(reader, reader->served_ns + (uint64_t)allowance->left_ns);
    if (reader->stream)
        allowance_spend(allowance, uv_hrtime() - reader->served_ns);
}

/* The turn that follows does the work. */
static void on_timer(uv_timer_t *timer)
{
    (void)timer;
}

void tail_look_soon(struct tail *tail, uint64_t ms)
{
    uv_timer_start(&tail->timer, on_timer, ms, 0);
}

void tail_turn(struct tail *tail)
{
    unsigned wanting = tail->reader_count > 0 && tail->is_open ? count_wanting(tail) : 0;

    if (wanting == 0)
        return;
    look_at_clocks(tail);
    for (unsigned i = 0; i < TAIL_READERS_MAX; i++) {
        if (wants_time(&tail->readers[i]))
            give_and_serve(&tail->readers[i], wanting);
    }
    if (!uv_is_active((uv_handle_t *)&tail->timer) && count_wanting(tail) > 0)
        tail_look_soon(tail, BEHIND_MS);
}
