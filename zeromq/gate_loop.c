/* gate_loop.c - the loop thread's side of the gate: giving back, and what nobody will.
 *
 * Charges that were given back are summed up a slot, and made visible once a turn, so that a
 * message costs no atomic. */
#undef _FORTIFY_SOURCE

#include "zeromq/gate_parts.h"

/* ---- giving back ------------------------------------------------------------------------- */

/* This thread alone adds, so that it need not be one step. */
static void add(atomic_uint_fast64_t *sum, uint64_t amount)
{
    uint64_t before = atomic_load_explicit(sum, memory_order_relaxed);

    atomic_store_explicit(sum, before + amount, memory_order_release);
}

/* Under the lock. Never more than is complete, whatever libzmq delivers: the rest is given up
 * when the connection closes. */
static void publish(struct gate_slot *slot)
{
    uint64_t there = atomic_load(&slot->complete) - atomic_load(&slot->returned);
    uint64_t given = slot->unpublished < there ? slot->unpublished : there;

    slot->unpublished = 0;
    if (given == 0)
        return;
    add(&slot->returned, given);
    add(&slot->group->returned, given);
    add(&gate.returned, given);
}

/* The lock is also what makes a reading thread that holds a peer at the same time see this, or us
 * see that the peer waits. */
static void publish_all(void)
{
    if (gate.touched_count == 0)
        return;
    gate_lock();
    for (unsigned i = 0; i < gate.touched_count; i++)
        publish(gate.touched[i]);
    gate.touched_count = 0;
    gate_unlock();
}

static struct gate_slot *note_return(int fd, size_t frame_bytes)
{
    struct gate_slot *slot = gate_slot_of(fd);

    if (!slot)
        return NULL;
    if (slot->unpublished == 0) {
        if (gate.touched_count == GATE_TOUCHED_MAX)
            publish_all();
        gate.touched[gate.touched_count++] = slot;
    }
    slot->unpublished += zmtp_frame_charge(frame_bytes);
    return slot;
}

void gate_give_back(int fd, size_t frame_bytes)
{
    struct gate_slot *slot = note_return(fd, frame_bytes);

    if (slot)
        slot->delivered = true;
}

void gate_give_back_part(int fd, size_t frame_bytes)
{
    struct gate_slot *slot = note_return(fd, frame_bytes);

    if (slot && !slot->delivered)
        slot->first_parts += zmtp_frame_charge(frame_bytes);
}

void gate_turn(void)
{
    publish_all();
    gate.turn++;
    if (gate.waiting_count == 0 && gate.closed_count == 0)
        return;
    gate_lock();
    gate_collect();
    gate_let_go_who_may();
    gate_unlock();
}

/* ---- what nobody will give back ------------------------------------------------------------ */

static void give_up(struct gate_slot *slot, uint64_t bytes)
{
    slot->unpublished = bytes;
    gate.voided_bytes += bytes;
    publish(slot);
}

static void void_charges(struct gate_slot *slot)
{
    uint64_t returned = atomic_load(&slot->returned);

    if (slot->looked > returned)
        give_up(slot, slot->looked - returned);
    slot->looked = atomic_load_explicit(&slot->settled, memory_order_acquire);
}

/* Whether with this one all sockets that connect were seen empty since the last time that they
 * were. */
static bool ends_round(struct gate_group *group)
{
    if (!group->connects || group->empty_round == gate.round)
        return false;
    group->empty_round = gate.round;
    if (++gate.empty_count < gate.connecting_count)
        return false;
    gate.round++;
    gate.empty_count = 0;
    return true;
}

/* The most that one message of several frames is charged. */
static uint64_t longest_message(const struct gate_slot *slot)
{
    const struct zmtp_limits *limits = &slot->group->limits;

    return limits->max_message + limits->max_frames * zmtp_frame_charge(ZMTP_ENCRYPTED_EXTRA + 1);
}

/* Frames of an encrypted peer say not whether more follow. libzmq keeps those of a message
 * that has not ended; to take them for thrown away would let it keep them without bound. So all
 * that is settled and cannot be received stays charged, until a message comes: order is kept, so
 * none of it will ever come then, but for what that message itself has had of it. (A heartbeat
 * is such a frame; so an idle client that sends them is cut one day, and comes again.) */
static void withhold_charges(struct gate_slot *slot)
{
    uint64_t returned, withheld = gate_withheld(slot);

    if (slot->delivered && withheld > slot->first_parts)
        give_up(slot, withheld - slot->first_parts);
    returned = atomic_load(&slot->returned);
    if (slot->delivered || withheld == 0)
        slot->withheld_ms = gate_now_ms();
    slot->withheld = slot->looked > returned ? slot->looked - returned : 0;
    slot->withheld_of = atomic_load(&slot->number);
    slot->looked = atomic_load_explicit(&slot->settled, memory_order_acquire);
    slot->delivered = false;
    slot->first_parts = 0;
    if (slot->withheld > longest_message(slot))
        gate_cut_peer(slot, GATE_CUT_MESSAGE);
}

static bool is_withholding(const struct gate_slot *slot)
{
    return slot->encrypted && gate_state_of(slot) == GATE_OPEN;
}

/* Before the question whether there is anything to receive: what comes behind it is no matter.
 * Of connections that we open, what was settled at the end of the last round is. */
void gate_begin_look(struct gate_group *group)
{
    gate_lock();
    for (unsigned fd = 0; group && fd < gate.high; fd++) {
        struct gate_slot *slot = gate_slot_of((int)fd);

        if (slot->group == group && is_withholding(slot))
            slot->looked = atomic_load_explicit(&slot->settled, memory_order_acquire);
    }
    gate_unlock();
}

void gate_ran_dry(struct gate_group *group)
{
    unsigned this_turn = gate.turn + 1; /* it ends with gate_turn */

    group->dry_at = this_turn;
    if (group->connects && gate.outgoing[0])
        gate.outgoing[0]->dry_at = this_turn;
}

void gate_saw_empty(struct gate_group *group)
{
    bool round_ends = ends_round(group);

    gate_ran_dry(group);
    publish_all();
    gate_lock();
    for (unsigned fd = 0; fd < gate.high; fd++) {
        struct gate_slot *slot = gate_slot_of((int)fd);
        enum gate_state state = gate_state_of(slot);

        if ((state != GATE_OPEN && state != GATE_CLOSED) ||
            (slot->group != group && (!round_ends || slot->group != gate.outgoing[0])))
            continue;
        if (is_withholding(slot))
            withhold_charges(slot);
        else
            void_charges(slot);
    }
    gate_unlock();
}

/* ---- looking ------------------------------------------------------------------------------- */

struct gate_stats gate_stats(void)
{
    /* `closed` is read first: what is open can then look too many, never too few. */
    struct gate_stats stats = {.closed = gate.closed_total};

    stats.accepted = gate.accepted;
    stats.turned_away = gate.turned_away;
    stats.open_now = stats.accepted - stats.closed;
    stats.received_bytes = gate.received_bytes;
    stats.polls = gate.polls;
    stats.charged_bytes = gate_charge();
    stats.charged_peak = gate.charged_peak;
    stats.budget_bytes = gate.budget_bytes;
    stats.held_peers = gate.waiting_count;
    stats.holds = gate.holds;
    stats.doors_closed = gate.doors_closed;
    stats.closings = gate.closings;
    stats.slots_in_use = gate.slots_in_use;
    stats.voided_bytes = gate.voided_bytes;
    stats.torn = gate.torn;
    for (unsigned i = 0; i < GATE_CUT_REASONS; i++)
        stats.cut[i] = gate.cut[i];
    return stats;
}

struct gate_group_stats gate_group_stats(const struct gate_group *group)
{
    struct gate_group_stats stats = {.open_now = group->open_now};

    for (unsigned i = 0; i < GATE_CUT_REASONS; i++)
        stats.cut[i] = group->cut[i];
    return stats;
}
