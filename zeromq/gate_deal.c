/* gate_deal.c - several listeners at one address: newcomers are dealt to them.
 *
 * Problem. A server that changes its key has two for a while. libzmq copies the key into a
 * listener when it is bound, so there is one listener for each, on duplicates of one descriptor,
 * with one backlog. Nobody can know at accept4() which key a client will use; and of two that wait
 * for one backlog, epoll wakes the same first each time, so that some would never be served.
 *
 * So one of them has the turn; to the others nobody is there. Whoever accepted passes the turn
 * on, mostly: a client that met the wrong key comes again by itself, and meets the other one at
 * its next try three times out of four. Without the chance, clients that come again in step, one
 * with this key and one with that, could miss theirs for ever.
 *
 * A listener cannot be closed while those that it accepted go on: libzmq ends them with it. One
 * whose time is over is therefore retired: no epoll set has it, and nobody wakes it again. All
 * here is under the lock. */
#undef _FORTIFY_SOURCE

#include <sys/random.h>

#include "conf/must.h"
#include "zeromq/gate_parts.h"

enum { STAYS_ONCE_IN = 4 };

static bool is_partner(const struct gate_slot *slot, const struct gate_slot *of)
{
    return slot->dealt != 0 && slot->dealt == of->dealt && !slot->retired;
}

/* The next one behind this of the same address, round about; NULL: there is none but itself. */
static struct gate_slot *next_partner(const struct gate_slot *listener)
{
    const struct gate_group *group = listener->group;
    unsigned at = 0;

    while (at < group->listener_count && group->listeners[at] != gate_fd_of(listener))
        at++;
    for (unsigned i = 1; i < group->listener_count; i++) {
        int fd = group->listeners[(at + i) % group->listener_count];

        if (is_partner(gate_slot_of(fd), listener))
            return gate_slot_of(fd);
    }
    return NULL;
}

static void hand_on(struct gate_slot *listener)
{
    struct gate_slot *next = next_partner(listener);

    if (!listener->has_turn || !next)
        return;
    listener->has_turn = false;
    next->has_turn = true;
}

bool gate_has_turn(const struct gate_slot *listener)
{
    return listener->dealt == 0 || listener->has_turn;
}

bool gate_is_dealt(const struct gate_slot *listener)
{
    return listener->dealt != 0 && next_partner(listener);
}

void gate_pass_turn(struct gate_slot *listener)
{
    unsigned char chance = 1;

    if (listener->dealt == 0)
        return;
    if (getrandom(&chance, 1, GRND_NONBLOCK) == 1 && chance % STAYS_ONCE_IN == 0)
        return;
    hand_on(listener);
}

void gate_end_turns(struct gate_slot *listener)
{
    if (listener->dealt != 0)
        hand_on(listener);
    listener->has_turn = false;
}

void gate_deal(int fd, unsigned number)
{
    struct gate_slot *slot = gate_slot_of(fd);

    if (!slot)
        return; /* the gate is off */
    gate_lock();
    must(gate_state_of(slot) == GATE_LISTENER);
    slot->dealt = number;
    slot->has_turn = !next_partner(slot); /* else somebody has it */
    gate_unlock();
}

void gate_retire_listener(int fd)
{
    struct gate_slot *slot = gate_slot_of(fd);

    gate_lock();
    must(slot && gate_state_of(slot) == GATE_LISTENER && !slot->retired);
    gate_end_turns(slot);
    slot->retired = true;
    if (!slot->waiting)
        gate_hold(slot);
    gate_unlock();
}
