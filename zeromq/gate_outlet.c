/* gate_outlet.c - the peers that we send to: what they say is little, and they take what they get.
 *
 * A subscriber says what it wants, and libzmq keeps that in a tree as long as the connection
 * lasts: up to 3 KiB for a subscription of 33 bytes that nobody else has (measured by what its
 * tables need). A PULL says nothing. So a limit for the whole life of a connection does, and
 * nobody ever waits. */
#undef _FORTIFY_SOURCE

#include <poll.h>

#include "conf/must.h"
#include "zeromq/gate_parts.h"

enum { LONGEST_SUBSCRIPTION = 4096 };

struct gate_group *gate_outlet_new(const char *name, unsigned max_clients)
{
    struct gate_group *outlet = gate_group_new(name, LONGEST_SUBSCRIPTION, max_clients);

    outlet->is_outlet = true;
    return outlet;
}

int gate_watch_outlet_connects(struct gate_group *outlet)
{
    for (int i = 1; i <= GATE_OUTLETS_MAX; i++) {
        if (!atomic_load(&gate.outgoing[i])) {
            atomic_store(&gate.outgoing[i], outlet);
            return GATE_THREAD_NAME_PREFIX + i;
        }
    }
    return -1;
}

unsigned gate_outlet_peers(const struct gate_group *outlet)
{
    return atomic_load(&outlet->peers);
}

/* ---- what they say ------------------------------------------------------------------------ */

static void note_handshake(struct gate_slot *slot)
{
    if (slot->meter.handshakes_to_go > 0 || slot->handshaken)
        return;
    slot->handshaken = true;
    atomic_fetch_add(&slot->group->peers, 1);
}

static void cut(struct gate_slot *slot, enum gate_cut_reason reason)
{
    gate_lock();
    gate_cut_peer(slot, reason);
    gate_unlock();
}

/* The slot itself is charged nothing. */
size_t gate_outlet_follow(struct gate_slot *slot, const void *bytes, size_t len)
{
    size_t followed = zmtp_meter_feed(&slot->meter, bytes, len, &slot->group->limits);

    slot->greeted = slot->meter.state != ZMTP_GREETING;
    note_handshake(slot);
    if (slot->meter.verdict == ZMTP_OLD)
        cut(slot, GATE_CUT_OLD);
    else if (slot->meter.verdict != ZMTP_FINE || slot->meter.said > GATE_TALK_MAX)
        cut(slot, GATE_CUT_TALK);
    return followed;
}

void gate_outlet_leave(struct gate_slot *slot)
{
    if (slot->handshaken)
        atomic_fetch_sub(&slot->group->peers, 1);
    slot->handshaken = false;
}

/* ---- what they take ----------------------------------------------------------------------- */

/* Its kernel has no room, and has had none for so long. */
static bool is_deaf(const struct gate_slot *slot, int64_t silent_ms)
{
    struct pollfd room = {.fd = gate_fd_of(slot), .events = POLLOUT};

    return gate_now_ms() - atomic_load(&slot->sent_ms) >= silent_ms && poll(&room, 1, 0) == 0;
}

unsigned gate_cut_deaf(struct gate_group *outlet, int64_t silent_ms)
{
    unsigned count = 0;

    gate_lock();
    for (unsigned fd = 0; fd < gate.high; fd++) {
        struct gate_slot *slot = gate_slot_of((int)fd);

        if (gate_state_of(slot) == GATE_OPEN && slot->group == outlet && !slot->doomed &&
            is_deaf(slot, silent_ms)) {
            gate_cut_peer(slot, GATE_CUT_DEAF);
            count++;
        }
    }
    gate_unlock();
    return count;
}
