#include "sink/cargo.h"

#include <stdlib.h>
#include <string.h>

#include "conf/must.h"

void cargo_init(struct cargo *cargo, struct pool *pool, size_t hold_bytes, unsigned hold_count,
                uv_async_t *on_back)
{
    *cargo = (struct cargo){.pool = pool,
                            .hold_bytes = hold_bytes,
                            .hold_count = hold_count,
                            .on_back = on_back,
                            .holds = calloc(hold_count, sizeof(struct cargo_hold))};
    must(cargo->holds);
    for (unsigned i = 0; i < hold_count; i++)
        cargo->holds[i].cargo = cargo;
}

static bool is_back(const struct cargo_hold *hold)
{
    return hold->lent == atomic_load(&hold->back);
}

static void go_home(struct cargo *cargo, struct cargo_hold *hold)
{
    must(is_back(hold));
    if (hold->bytes)
        pool_return(cargo->pool, hold->bytes);
    hold->bytes = NULL;
    hold->len = 0;
    if (cargo->filling == hold)
        cargo->filling = NULL;
}

void cargo_go_home(struct cargo *cargo)
{
    for (unsigned i = 0; i < cargo->hold_count; i++) {
        if (is_back(&cargo->holds[i]))
            go_home(cargo, &cargo->holds[i]);
    }
}

void cargo_fini(struct cargo *cargo)
{
    if (!cargo->holds)
        return;
    cargo_go_home(cargo);
    must(cargo_lent(cargo) == 0);
    free(cargo->holds);
    cargo->holds = NULL;
}

/* One that is all back and still warm, or a new one. */
static struct cargo_hold *find_hold(struct cargo *cargo)
{
    struct cargo_hold *home = NULL;

    for (unsigned i = 0; i < cargo->hold_count; i++) {
        struct cargo_hold *hold = &cargo->holds[i];

        if (hold->bytes && is_back(hold)) {
            hold->len = 0;
            return hold;
        }
        if (!hold->bytes)
            home = hold;
    }
    if (home)
        home->bytes = pool_take(cargo->pool);
    return home && home->bytes ? home : NULL;
}

/* Asked again once everybody can see that it is awaited: else what comes back meanwhile would
 * tell nobody. */
static struct cargo_hold *await_hold(struct cargo *cargo)
{
    struct cargo_hold *hold;

    atomic_store(&cargo->is_awaited, true);
    hold = find_hold(cargo);
    if (hold)
        atomic_store(&cargo->is_awaited, false);
    return hold;
}

char *cargo_add(struct cargo *cargo, const char *bytes, size_t len)
{
    struct cargo_hold *hold = cargo->filling;

    must(len <= cargo->hold_bytes);
    if (hold && is_back(hold))
        hold->len = 0;
    if (!hold || cargo->hold_bytes - hold->len < len) {
        hold = find_hold(cargo);
        if (!hold)
            hold = await_hold(cargo);
        if (!hold)
            return NULL;
        cargo->filling = hold;
    }
    hold->len += len;
    return memcpy(hold->bytes + hold->len - len, bytes, len);
}

/* Any thread. */
static void on_sent(void *bytes, void *hint)
{
    struct cargo_hold *hold = hint;
    struct cargo *cargo = hold->cargo;

    (void)bytes;
    atomic_fetch_add(&hold->back, 1);
    if (atomic_load(&cargo->is_awaited) && atomic_exchange(&cargo->is_awaited, false))
        uv_async_send(cargo->on_back);
}

void cargo_lend(struct cargo *cargo, zmq_msg_t *message, char *bytes, size_t len)
{
    must(cargo->filling && zmq_msg_init_data(message, bytes, len, on_sent, cargo->filling) == 0);
    cargo->filling->lent++;
}

void cargo_shorten(struct cargo *cargo, size_t len)
{
    must(cargo->filling && cargo->filling->len >= len);
    cargo->filling->len -= len;
}

uint64_t cargo_lent(const struct cargo *cargo)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < cargo->hold_count; i++)
        sum += cargo->holds[i].lent - atomic_load(&cargo->holds[i].back);
    return sum;
}
