/* gate_wait.c - how peers are held back and go on, and how the door closes and opens.
 *
 * Who may read. A connection reads while its own charge is no more than what is left of the
 * budget. So one greedy peer gets half of the budget, n of them 1/(n+1) each, and as much is
 * always left for whoever comes next. It goes on when its charge is under three quarters of
 * that. A body that was charged may always be read to its end, and so may a handshake, which
 * is short, and has a time limit; but nothing behind it.
 *
 * While entries flow, that is more than is good: what lies in a long queue has left the caches
 * by the time it is received. So the connections of a group stand in line before its socket:
 *
 *     waiting, longest first         reading                     ready
 *     ┌───┬───┬───┬───┬───┐          ┌───┬───┬───┐          ┌──────────────┐
 *     │ … │   │   │   │   │ ───────► │   │   │   │ ───────► │   messages   │ ──► zmq_msg_recv
 *     └───┴───┴───┴───┴───┘          └───┴───┴───┘          └──────────────┘
 *       ▲              under three quarters    │   when it is full
 *       └─────────────────────────────────────────┘
 *
 * Few read at a time, and each reads some ten thousand bytes before it waits again, since holding
 * costs some system calls. Who has little ready never stands in line. What is ready and cannot be
 * received, because libzmq throws it away or the socket is not asked, must hold up nobody: so
 * those at the head also go on when the socket ran dry, and all when nothing at all was received
 * between two ticks.
 *
 * No wake-up is lost: who is held looks once more whether it may go on, after everybody can
 * see that it waits; and who gives back looks for waiting ones after everybody can see it. */
#undef _FORTIFY_SOURCE

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utlist.h>

#include "conf/must.h"
#include "zeromq/gate_parts.h"

static uint64_t budget_left(void)
{
    uint64_t charge = gate_charge();

    return charge < gate.budget_bytes ? gate.budget_bytes - charge : 0;
}

/* Within the budget; after a rest, below three quarters of its share. */
static bool fits(const struct gate_slot *slot, bool after_rest)
{
    uint64_t left = budget_left();

    return left > 0 && gate_charge_of(slot) <= (after_rest ? left - left / 4 : left);
}

static uint64_t ready_of(const struct gate_group *group)
{
    uint64_t returned = atomic_load(&group->returned), complete = atomic_load(&group->complete);

    return complete > returned ? complete - returned : 0;
}

/* What the group's line may be let read now. */
static uint64_t room_of(const struct gate_group *group)
{
    uint64_t ready = ready_of(group);

    if (gate.is_stalled)
        return UINT64_MAX;
    if (group->dry_at == gate.turn)
        return GATE_FLOWING_BYTES;
    return ready <= GATE_REFILL_BYTES ? GATE_FLOWING_BYTES - ready : 0;
}

static bool must_queue_up(const struct gate_slot *slot)
{
    return !gate.is_stalled && ready_of(slot->group) > GATE_FLOWING_BYTES &&
           gate_charge_of(slot) > GATE_LIGHT_BYTES;
}

static bool may_go_on(const struct gate_slot *slot)
{
    return slot->doomed || slot->privileged || (fits(slot, true) && !must_queue_up(slot));
}

/* ---- one descriptor ------------------------------------------------------------------------ */

static void control(const struct gate_slot *slot, int operation)
{
    struct epoll_event event = slot->event;

    if (slot->epoll_fd >= 0)
        syscall(SYS_epoll_ctl, slot->epoll_fd, operation, gate_fd_of(slot), &event);
}

void gate_hold(struct gate_slot *slot)
{
    must(!slot->waiting);
    control(slot, EPOLL_CTL_DEL);
    slot->waiting = true;
    if (gate_state_of(slot) != GATE_OPEN)
        return;
    DL_APPEND(slot->group->waiting, slot);
    gate.waiting_count++;
    gate.holds++;
}

/* Back into the set that libzmq believes it never left. */
void gate_let_go(struct gate_slot *slot)
{
    must(slot->waiting);
    slot->waiting = false;
    if (gate_state_of(slot) == GATE_OPEN) {
        DL_DELETE(slot->group->waiting, slot);
        gate.waiting_count--;
        slot->heard_ms = slot->begun_ms = gate_now_ms(); /* its silence was ours */
    }
    control(slot, EPOLL_CTL_ADD);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* False: meanwhile there is room. */
static bool hold_back(struct gate_slot *slot)
{
    bool held;

    gate_lock();
    if (!slot->waiting)
        gate_hold(slot);
    if (may_go_on(slot))
        gate_let_go(slot);
    held = slot->waiting;
    gate_unlock();
    gate_raise_attention();
    return held;
}

size_t gate_may_read(struct gate_slot *slot, size_t wanted)
{
    size_t sure = zmtp_meter_sure_bytes(&slot->meter);

    if (slot->privileged || (fits(slot, false) && !must_queue_up(slot)))
        return wanted;
    if (slot->meter.handshakes_to_go > 0 || slot->meter.body_left > 0)
        return wanted < sure ? wanted : sure;
    return hold_back(slot) ? 0 : wanted;
}

static void let_go_of(struct gate_group *group)
{
    uint64_t room = room_of(group);
    struct gate_slot *slot, *next;

    DL_FOREACH_SAFE (group->waiting, slot, next) {
        bool stays = gate.stopping && slot->outgoing && !slot->handshaken;

        if (room < GATE_STEP_BYTES)
            return;
        if (stays || !fits(slot, true))
            continue;
        gate_let_go(slot);
        room -= GATE_STEP_BYTES;
    }
}

void gate_let_go_who_may(void)
{
    struct gate_group *group;

    DL_FOREACH (gate.groups, group)
        let_go_of(group);
}

/* ---- the door -------------------------------------------------------------------------------- */

void gate_close_door(struct gate_group *group)
{
    if (group->door_closed)
        return;
    for (unsigned i = 0; i < group->listener_count; i++) {
        struct gate_slot *listener = gate_slot_of(group->listeners[i]);

        if (!listener->waiting) /* as a retired one does */
            gate_hold(listener);
    }
    group->door_closed = true;
    gate.doors_closed++;
    gate.closings++;
}

void gate_open_door(struct gate_group *group)
{
    must(group->door_closed);
    for (unsigned i = 0; i < group->listener_count; i++) {
        struct gate_slot *listener = gate_slot_of(group->listeners[i]);

        if (listener->waiting && !listener->retired)
            gate_let_go(listener);
    }
    group->door_closed = false;
    gate.doors_closed--;
}
