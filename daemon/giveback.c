/* What a burst made resident goes back to the kernel.
 *
 * Problem. libzmq's I/O thread allocates, the loop thread frees, and glibc keeps every page
 * of it; so do the pools. After a burst the process would stay as large as it ever was, and
 * what lies between two live objects would add up to more than the plan allows.
 *
 * Trick. Two looks, both paid only by traffic:
 *
 *     after a burst    a timer ticks every half second, from the first entry until half a
 *                      second without any. When it finds less than MUCH moved, but more
 *                      before, or nothing at all, all that is free goes back.
 *     near the cap     at most every 100 ms, when most of the cap is resident and has grown
 *                      since that was last tried, the same is done in the midst of it.
 *
 * Invariant. A daemon to which nothing happens does not wake up. */
#include <malloc.h>

#include "conf/must.h"
#include "daemon/daemon_parts.h"
#include "daemon/resident.h"

enum { TICK_MS = 500, LOOK_MS = 100 };

/* Less than this in a tick is a trickle, and less than this too much is left alone. */
enum { MUCH = 1024 * 1024, LITTLE = 1024 * 1024 };

/* Of the cap: when it is looked at as nearly used up, and what is worth another try. */
enum { NEAR_PERCENT = 80, GROWTH_PART = 64 };

/* Grows with whatever happens: bytes of payload in, bytes out, and turns that served a
 * socket, which may only have lost a client. */
static uint64_t activity(const struct daemon *daemon)
{
    uint64_t sum = daemon->watch.busy_turn_count;

    for (unsigned i = 0; i < daemon->endpoint_count; i++)
        sum += endpoint_ledger(daemon->endpoints[i])->bytes;
    for (unsigned i = 0; i < daemon->channel_count; i++)
        sum += outbox_ledger(daemon->channels[i]->outbox)->written_bytes;
    return sum;
}

static void give_back(struct daemon *daemon)
{
    pool_give_back(daemon->blocks);
    if (daemon->cargo)
        pool_give_back(daemon->cargo);
    message_pool_give_back(daemon->messages);
    entry_pool_give_back(daemon->entries);
    malloc_trim(0);
    daemon->giveback.times++;
}

static void on_tick(uv_timer_t *timer)
{
    struct daemon *daemon = container_of(timer, struct daemon, giveback.timer);
    struct giveback *giveback = &daemon->giveback;
    uint64_t moved = giveback->seen - giveback->at_tick;
    bool burst = moved >= MUCH;

    giveback->after_burst |= burst;
    giveback->at_tick = giveback->seen;
    if (moved == 0 || (giveback->after_burst && !burst)) {
        giveback->after_burst = false;
        if (resident_bytes() > giveback->at_rest_bytes + LITTLE)
            give_back(daemon);
    }
    if (moved > 0)
        uv_timer_start(timer, on_tick, TICK_MS, 0);
}

static void look_at_cap(struct daemon *daemon)
{
    struct giveback *giveback = &daemon->giveback;
    size_t cap = daemon->plan.cap_bytes;
    size_t resident = resident_bytes();

    if (resident <= cap / 100 * NEAR_PERCENT) {
        giveback->tried_bytes = 0;
    } else if (resident > giveback->tried_bytes + cap / GROWTH_PART) {
        give_back(daemon);
        giveback->tried_bytes = resident_bytes();
    }
}

void daemon_watch_memory(struct daemon *daemon)
{
    struct giveback *giveback = &daemon->giveback;
    uint64_t now_ms = uv_now(&daemon->loop);
    uint64_t seen = activity(daemon);

    if (seen == giveback->seen)
        return;
    giveback->seen = seen;
    if (!uv_is_active((uv_handle_t *)&giveback->timer))
        uv_timer_start(&giveback->timer, on_tick, TICK_MS, 0);
    if (now_ms - giveback->looked_ms >= LOOK_MS) {
        giveback->looked_ms = now_ms;
        look_at_cap(daemon);
    }
}

void daemon_memory_at_rest(struct daemon *daemon)
{
    malloc_trim(0); /* what reading the configuration left */
    daemon->giveback.at_rest_bytes = resident_bytes();
}
