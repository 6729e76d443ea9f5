/* gate_tick.c - ten times a second: looks after peers that hold up others, and after doors.
 *
 * That is for what no turn would see: peers that stopped in the middle of something, places
 * that nobody uses, descriptors that are there again. It runs only while there is anything of
 * the kind. The loop thread's, but for gate_raise_attention. */
#undef _FORTIFY_SOURCE

#include <poll.h>
#include <pthread.h>
#include <utlist.h>

#include "conf/must.h"
#include "zeromq/gate_parts.h"

/* ms: how long a peer may be silent, in the middle of a message; the same, while unfinished
 * messages stand in the way of others, and how long the whole message may take then, since a
 * byte a second is no silence, and so may an encrypted one whose frames do not say whether it
 * goes on; before its greeting is whole, the same while others wait for the place,
 * until its handshake is done, and before its first message while others wait. A libzmq that
 * loses its connection between the two has taken its next message out of the queue, and does not
 * send it again: so whoever has greeted has time, however slow its machine is. libzmq has a timer
 * for handshakes, too, but looks at it before it looks at what has arrived, and so closes on peers
 * that it let wait itself. */
enum {
    UNFINISHED_MS = 30 * 1000,
    UNFINISHED_IN_THE_WAY_MS = 1000,
    WHOLE_IN_THE_WAY_MS = 10 * 1000,
    GREETING_MS = 1000,
    GREETING_IN_THE_WAY_MS = 300,
    HANDSHAKE_MS = 5 * 1000,
    SILENT_MS = 30 * 1000,
};

/* ---- peers that hold up others ------------------------------------------------------------ */

/* What one look over all connections finds. */
struct survey {
    int64_t now_ms;
    uint64_t complete_bytes;   /* charged, and there for us to receive */
    uint64_t unfinished_bytes; /* charged, and good for nothing yet */
    bool any_privileged;
    bool any_handshake; /* is still to come, within its time */
    bool in_the_way;    /* unfinished messages keep others from going on */
    bool any_news;      /* something a later tick must look at */
};

/* In this order: the reading thread writes them the other way around, and a message that comes
 * between is whole then, not unfinished. */
static bool is_inside(const struct gate_slot *slot)
{
    uint64_t charged = atomic_load(&slot->charged);

    return charged > atomic_load(&slot->complete);
}

static void survey_one(struct survey *survey, const struct gate_slot *slot)
{
    uint64_t charged = atomic_load(&slot->charged), complete = atomic_load(&slot->complete);
    uint64_t returned = atomic_load(&slot->returned);

    uint64_t received = returned + gate_withheld(slot); /* as far as can be */

    survey->complete_bytes += complete > received ? complete - received : 0;
    survey->unfinished_bytes += gate_withheld(slot) + (charged > complete ? charged - complete : 0);
    survey->any_privileged |= slot->privileged;
    survey->any_handshake |=
        gate_state_of(slot) == GATE_OPEN && !slot->outgoing && !slot->handshaken;
}

static struct survey survey_all(void)
{
    struct survey survey = {.now_ms = gate_now_ms()};

    for (unsigned fd = 0; fd < gate.high; fd++) {
        const struct gate_slot *slot = gate_slot_of((int)fd);
        enum gate_state state = gate_state_of(slot);

        if (state == GATE_OPEN || state == GATE_CLOSED)
            survey_one(&survey, slot);
    }
    survey.in_the_way = gate.waiting_count > 0 && (survey.complete_bytes == 0 ||
                                                   survey.unfinished_bytes > gate.budget_bytes / 2);
    survey.any_news = survey.complete_bytes + survey.unfinished_bytes > 0 || survey.any_handshake ||
                      gate.waiting_count > 0 || gate.closed_count > 0 || gate.doors_closed > 0;
    return survey;
}

bool gate_has_unread(const struct gate_slot *slot)
{
    struct pollfd arrived = {.fd = gate_fd_of(slot), .events = POLLIN};

    return poll(&arrived, 1, 0) == 1;
}

static int64_t handshake_limit_ms(const struct gate_slot *slot, bool in_the_way)
{
    if (slot->greeted)
        return HANDSHAKE_MS;
    return in_the_way ? GREETING_IN_THE_WAY_MS : GREETING_MS;
}

/* A peer that takes a place and does not use it. */
static bool wastes_its_place(const struct gate_slot *slot, int64_t now_ms,
                             enum gate_cut_reason *reason_out)
{
    int64_t age_ms = now_ms - slot->opened_ms;
    bool in_the_way = slot->group->knocked_at == gate.turn || gate.knocked_at == gate.turn;
    bool wastes;

    *reason_out = slot->handshaken ? GATE_CUT_SILENT : GATE_CUT_HANDSHAKE;
    if (slot->outgoing || slot->messages > 0 || (slot->handshaken && slot->group->is_outlet))
        return false;
    if (slot->handshaken)
        wastes = in_the_way && age_ms > SILENT_MS;
    else
        wastes = age_ms > handshake_limit_ms(slot, in_the_way);
    return wastes && !gate_has_unread(slot);
}

static bool has_stopped_inside(const struct gate_slot *slot, const struct survey *survey)
{
    int64_t silent_ms, age_ms;

    if (!is_inside(slot) || slot->waiting)
        return false;
    silent_ms = survey->now_ms - slot->heard_ms;
    age_ms = survey->now_ms - slot->begun_ms;
    if (survey->in_the_way ? silent_ms <= UNFINISHED_IN_THE_WAY_MS && age_ms <= WHOLE_IN_THE_WAY_MS
                           : silent_ms <= UNFINISHED_MS)
        return false;
    return !gate_has_unread(slot);
}

/* An encrypted one, be it silent or not: it waits itself, once the budget is spent. */
static bool withholds_in_the_way(const struct gate_slot *slot, const struct survey *survey)
{
    return gate_withheld(slot) > 0 && survey->in_the_way &&
           survey->now_ms - slot->withheld_ms > UNFINISHED_IN_THE_WAY_MS;
}

/* Twice in a row: what the reading thread has just taken from the kernel can be in its hands,
 * unread no more and not heard yet. */
static void judge_peer(struct gate_slot *slot, const struct survey *survey)
{
    enum gate_cut_reason reason = GATE_CUT_STUCK;
    bool guilty = withholds_in_the_way(slot, survey) || has_stopped_inside(slot, survey) ||
                  wastes_its_place(slot, survey->now_ms, &reason);

    if (guilty && slot->suspected)
        gate_cut_peer(slot, reason);
    slot->suspected = guilty;
}

static void cut_who_holds_up(const struct survey *survey)
{
    for (unsigned fd = 0; fd < gate.high; fd++) {
        struct gate_slot *slot = gate_slot_of((int)fd);

        if (gate_state_of(slot) == GATE_OPEN)
            judge_peer(slot, survey);
    }
}

/* All of the budget is held by messages whose other parts wait for it. One of them may be
 * finished: it is at most max_message longer. Not an encrypted one, whose end nobody sees. */
static void let_one_finish(const struct survey *survey)
{
    struct gate_group *group;
    struct gate_slot *slot;

    if (!survey->in_the_way || survey->complete_bytes > 0 || survey->any_privileged)
        return;
    DL_FOREACH (gate.groups, group) {
        DL_FOREACH (group->waiting, slot) {
            if (is_inside(slot) && !slot->encrypted) {
                slot->privileged = true;
                gate_let_go(slot);
                return;
            }
        }
    }
}

/* ---- doors ---------------------------------------------------------------------------------- */

/* Whether anybody stands at a closed door: for a place of the group or, where that has some,
 * for one that anybody could make, a descriptor. */
static void look_who_knocks(const struct gate_slot *listener)
{
    struct pollfd backlog = {.fd = gate_fd_of(listener), .events = POLLIN};
    struct gate_group *group = listener->group;

    if (!group->door_closed || poll(&backlog, 1, 0) != 1)
        return;
    group->knocked_at = gate.turn;
    if (group->clients < group->max_clients)
        gate.knocked_at = gate.turn;
}

/* One that was closed for want of descriptors: there may be some now. */
static void open_again(const struct gate_slot *listener)
{
    struct gate_group *group = listener->group;

    if (group->door_closed && gate_has_place(group))
        gate_open_door(group);
}

/* All are looked at before any is opened: groups have several. */
static void look_at_doors(void)
{
    static void (*const looks[])(const struct gate_slot *listener) = {look_who_knocks, open_again};

    for (unsigned i = 0; i < 2; i++) {
        for (unsigned fd = 0; gate.doors_closed > 0 && fd < gate.high; fd++) {
            const struct gate_slot *slot = gate_slot_of((int)fd);

            if (gate_state_of(slot) == GATE_LISTENER)
                looks[i](slot);
        }
    }
}

/* ---- the tick ------------------------------------------------------------------------------- */

void gate_on_attention(void (*wake)(void *context), void *context)
{
    must(pthread_mutex_lock(&gate.wake_lock) == 0);
    gate.wake = wake;
    gate.wake_context = context;
    if (wake && gate.attention)
        wake(context); /* it was raised before anybody listened */
    must(pthread_mutex_unlock(&gate.wake_lock) == 0);
}

void gate_raise_attention(void)
{
    if (atomic_load(&gate.attention) || atomic_exchange(&gate.attention, true))
        return;
    must(pthread_mutex_lock(&gate.wake_lock) == 0);
    if (gate.wake)
        gate.wake(gate.wake_context);
    must(pthread_mutex_unlock(&gate.wake_lock) == 0);
}

bool gate_tick(void)
{
    struct survey survey;

    if (!gate.slots)
        return false;
    gate_turn();
    gate.is_stalled = gate.waiting_count > 0 && gate.returned == gate.returned_by_tick;
    gate.returned_by_tick = gate.returned;
    gate.attention = false; /* whoever raises it from here on is seen by a later tick */
    gate_lock();
    gate_let_go_who_may(); /* a stall leaves room */
    look_at_doors();
    survey = survey_all();
    cut_who_holds_up(&survey);
    let_one_finish(&survey);
    gate_unlock();
    if (survey.any_news)
        gate.attention = true;
    return survey.any_news;
}
