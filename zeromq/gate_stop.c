/* gate_stop.c - the stop: the moment at which each peer is told that we take nothing new.
 *
 * A half-close makes the peer's libzmq give up the connection when it sees it. What it had handed
 * to its kernel by then is ours; what it has queued goes to the next daemon. But between the two
 * are the pieces of 8 KiB in which libzmq writes. The last message of a full piece is cut in
 * two, and its second part waits for the next piece; if the half-close is seen between the two, the
 * message is nobody's.
 *
 *     less than a piece is queued      │▉▉▉▉│▉▉▉▉│▉▉▉▉│          it ends with a message
 *     more than a piece is queued      │▉▉▉▉│▉▉▉▉│▉▉▉▉│▉▉│ ▉▉│…  one message is on both sides
 *
 * So a peer is told when it has nothing queued. The best moment is right behind a read that took
 * several messages, the last one whole, and left nothing in our kernel: then the peer has just sent
 * all that was due. One message alone may be the first of many, and a peer that is silent may have
 * many that its libzmq, on a busy machine, had no time for yet. Measured on
 * two busy cores (load 19), 60 restarts over tcp and 60 over ipc under two clients of 20,000
 * entries a second: of 240 times that a client was told, 37 lost a message when all are told at
 * once, 28 after half a millisecond of silence, 2 so.
 *
 * Who waits for an answer is told behind it: he sends nothing before he has it, and told in front
 * of it he never gets it, though what he sent is taken.
 *
 * Peers that shake hands are let go on: a libzmq that has read our last word sends all it has. */
#undef _FORTIFY_SOURCE

#include <sys/socket.h>

#include "zeromq/gate_parts.h"

enum { LONG_MESSAGE_BYTES = 16 * 1024 };

/* ---- one peer ------------------------------------------------------------------------------ */

/* A long message on its way is let come to its end first. */
static bool is_busy_with_a_long_one(struct gate_slot *slot)
{
    if (slot->messages_at_stop == 0)
        slot->messages_at_stop = 1 + slot->messages;
    return slot->messages_at_stop == 1 + slot->messages &&
           atomic_load(&slot->charged) - atomic_load(&slot->complete) >= LONG_MESSAGE_BYTES;
}

static bool is_between_messages(const struct gate_slot *slot)
{
    return slot->handshaken && !gate_has_unread(slot) &&
           atomic_load(&slot->charged) == atomic_load(&slot->complete);
}

/* Since the last call. The kernel is asked first: what the reading thread takes from it then is
 * one more read. */
static bool is_silent(struct gate_slot *slot)
{
    bool between = is_between_messages(slot);
    unsigned reads = atomic_load(&slot->reads), seen = slot->reads_seen;

    slot->reads_seen = reads;
    return between && reads == seen;
}

static void half_close(struct gate_slot *slot)
{
    if (slot->half_closed)
        return;
    slot->half_closed = true;
    shutdown(gate_fd_of(slot), SHUT_WR);
}

static bool is_the_moment(struct gate_slot *slot, enum gate_tell whom)
{
    bool silent = is_silent(slot);

    return whom == GATE_TELL_ALL || !slot->greeted || (whom == GATE_TELL_WHO_PAUSES && silent);
}

static void tell(struct gate_slot *slot, enum gate_tell whom)
{
    if (slot->outgoing && !slot->handshaken) {
        if (!slot->waiting)
            gate_hold(slot);
    } else if (is_the_moment(slot, whom) && !is_busy_with_a_long_one(slot)) {
        half_close(slot);
    }
}

/* The reading thread's: a frame has begun with its first byte, but is charged with its last of the
 * header. */
static bool is_inside_frame(const struct gate_slot *slot)
{
    return slot->meter.state != ZMTP_FLAGS;
}

static void half_close_if_caught_up(struct gate_slot *slot)
{
    if (is_inside_frame(slot) || !is_between_messages(slot))
        return;
    gate_lock();
    half_close(slot);
    gate_unlock();
}

/* One message alone may be the first of all that waited. */
void gate_look_for_a_moment(struct gate_slot *slot, uint64_t messages)
{
    unsigned enough = gate.tell == GATE_TELL_WHO_CAUGHT_UP ? 2 : 1;

    if (messages >= enough && !slot->group->answers)
        half_close_if_caught_up(slot);
}

/* Before the first message there is but the handshake. */
void gate_look_behind_answer(struct gate_slot *slot)
{
    if (slot->group->answers && slot->messages > 0)
        half_close_if_caught_up(slot);
}

/* Its ZeroMQ had begun it when it saw that we had told it. */
void gate_note_torn(const struct gate_slot *slot)
{
    if (slot->half_closed && (is_inside_frame(slot) || zmtp_meter_is_inside(&slot->meter)) &&
        slot->handshaken)
        gate.torn++;
}

/* ---- all of them --------------------------------------------------------------------------- */

void gate_half_close(enum gate_tell whom)
{
    gate_lock();
    gate.stopping = true;
    gate.tell = whom;
    for (unsigned fd = 0; fd < gate.high; fd++) {
        struct gate_slot *slot = gate_slot_of((int)fd);

        if (gate_state_of(slot) == GATE_LISTENER)
            gate_close_door(slot->group);
        else if (gate_state_of(slot) == GATE_OPEN && !slot->group->is_outlet)
            tell(slot, whom);
    }
    gate_unlock();
}

bool gate_is_drained(void)
{
    bool any = false;

    gate_lock();
    for (unsigned fd = 0; fd < gate.high; fd++) {
        const struct gate_slot *slot = gate_slot_of((int)fd);

        any |= gate_state_of(slot) == GATE_OPEN && !slot->group->is_outlet &&
               (!slot->outgoing || slot->handshaken);
    }
    gate_unlock();
    return !any && gate_charge() == 0;
}
