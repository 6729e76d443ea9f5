/* tail_turn.c - when readers are looked after, and for how long. */
#include "conf/must.h"
#include "control/tail_parts.h"

/* Time is given to readers as a share of what passes, and saved up to some of it; whoever is
 * behind is looked after soon, and whoever takes nothing now and then. */
enum { TIME_SHARE = 8, ALLOWANCE_MAX_NS = 2 * 1000 * 1000, BEHIND_MS = 1, STUCK_MS = 20 };

static void give_time(struct tail *tail, uint64_t now_ns)
{
    tail->allowance_ns += (int64_t)(now_ns - tail->turn_ns) / TIME_SHARE;
    if (tail->allowance_ns > ALLOWANCE_MAX_NS)
        tail->allowance_ns = ALLOWANCE_MAX_NS;
    tail->turn_ns = now_ns;
}

static void take_time(struct tail *tail)
{
    uint64_t used_ns = uv_hrtime() - tail->turn_ns;

    tail->allowance_ns -= (int64_t)used_ns;
    tail->turn_ns += used_ns;
}

/* Of readers that are behind, those that take something matter more. */
static uint64_t next_look_ms(const struct tail *tail)
{
    uint64_t look_ms = 0;

    for (unsigned i = 0; i < TAIL_READERS_MAX; i++) {
        const struct tail_reader *reader = &tail->readers[i];

        if (!reader->stream || !tail_is_behind(reader))
            continue;
        if (reader->needs == 0)
            return BEHIND_MS;
        look_ms = STUCK_MS;
    }
    return look_ms;
}

/* Each gets its part of the time; what one leaves is for those after it. */
static void serve_readers(struct tail *tail)
{
    unsigned left = tail->reader_count;

    for (unsigned i = 0; i < TAIL_READERS_MAX && left > 0; i++) {
        uint64_t now_ns = uv_hrtime();
        int64_t left_ns = tail->allowance_ns - (int64_t)(now_ns - tail->turn_ns);

        if (!tail->readers[i].stream)
            continue;
        if (left_ns > 0)
            tail_serve_reader(&tail->readers[i], now_ns + (uint64_t)left_ns / left);
        left--;
    }
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
    uint64_t look_ms;

    if (tail->reader_count == 0 || !tail->is_open)
        return;
    give_time(tail, uv_hrtime());
    serve_readers(tail);
    take_time(tail);
    look_ms = next_look_ms(tail);
    if (look_ms > 0 && !uv_is_active((uv_handle_t *)&tail->timer))
        tail_look_soon(tail, look_ms);
}
