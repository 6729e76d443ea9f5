/* gate.c - libzmq's calls to the C library, decided on their way.
 *
 * Problem. No option of libzmq bounds how many connections it takes, nor how much it keeps:
 * its high water mark counts whole messages, so one that never ends grows without bound.
 *
 * Trick. The dynamic linker binds the undefined symbols of libzmq.so to the first definition
 * it finds, and it searches the executable before libc. So we define six functions:
 *
 *     libzmq.so          this file                                        kernel
 *     accept4()    ────► takes a slot; no slot: the door closes     ────► SYS_accept4
 *     getpeername()────► of who encrypts, a number (gate_keys.c)    ────► SYS_getpeername
 *     recv()       ────► follows the frames, charges, or says EAGAIN ───► SYS_recvfrom
 *     send()       ────► notes when a receiver of ours took something ──► SYS_sendto
 *     epoll_ctl()  ────► remembers what libzmq waits for            ────► SYS_epoll_ctl
 *     close()      ────► gives back what is unfinished              ────► SYS_close
 *                                          │
 *                slots, one a descriptor   ▼
 *                ┌───┬──────────┬────────────┬───┬──────────────────────┬─
 *                │ - │ listener │ connection │ - │ closed, still charged │ …
 *                └───┴──────────┴────────────┴───┴──────────────────────┴─
 *                                          ▲
 *     loop thread   zmq_msg_recv ────► gives back what it received (gate_loop.c)
 *
 * How a peer waits. Its descriptor is taken out of libzmq's epoll set, behind libzmq's back,
 * and put back when there is room (gate_wait.c): that costs nothing while it lasts, and its
 * kernel, and then its own ZeroMQ, hold it back. libzmq's own epoll_ctl calls on such a
 * descriptor are remembered and not executed. A listener waits in the same way, its newcomers
 * in the backlog.
 *
 * Why nothing is lost or stuck. A complete message never costs a connection. What was charged
 * as a body may always be read to its end, and when unfinished messages hold all of the
 * budget, one after the other may be finished regardless (gate_tick.c). A closed connection's
 * messages are still queued, and still charged to its number; so a new connection gets a
 * number whose slot is free, by F_DUPFD_CLOEXEC.
 *
 * Everybody else in the process comes here too; what is in no slot passes untouched. The libc
 * functions are never looked up: dlsym(3) may allocate and, under the sanitizers, finds yet
 * other wrappers. All rests on the dynamic linker seeing the six symbols, which a build flag
 * can undo without a word. Hence HOOK, and gate_self_test. */

/* Its inline recv() would come before ours, and clang then ignores HOOK. */
#undef _FORTIFY_SOURCE

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zeromq/gate_parts.h"
#include "zeromq/zmtp_name.h"

#define HOOK __attribute__((visibility("default"), used))

static void count(atomic_uint_fast64_t *counter, uint64_t amount)
{
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

/* ---- accept4 -------------------------------------------------------------------------- */

static bool out_of_descriptors(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* EAGAIN is what both of libzmq's listeners take as "nobody there"; one of them aborts at
 * EMFILE. */
static int nobody(struct gate_group *group)
{
    gate_close_door(group);
    gate_unlock();
    gate_raise_attention();
    errno = EAGAIN;
    return -1;
}

/* How many the listener's thread closes before it looks at other connections again. */
enum { TURNED_AWAY_AT_ONCE = 64 };

/* At once, and without a trace of it in the kernel. */
static void turn_away(int fd)
{
    const struct linger none = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    syscall(SYS_close, fd);
    gate_raise_attention(); /* it is told */
}

static int take_newcomer(const struct gate_slot *listener, int fd)
{
    struct gate_group *group = listener->group;

    fd = gate_find_free_number(fd);
    if (fd < 0)
        return nobody(group);
    gate_take(gate_slot_of(fd), group, false);
    gate_slot_of(fd)->was_dealt = gate_is_dealt(listener);
    count(&gate.accepted, 1);
    gate_unlock();
    gate_raise_attention(); /* its handshake has a time limit */
    return fd;
}

/* The next one who may come in; the others are closed before libzmq hears of them. Left in the
 * backlog, they would stand in the way of those who may. Under the lock, but while it closes: then
 * other threads may take the last place, retire this listener or begin the stop. */
static int accept_welcome(struct gate_slot *listener, int listener_fd, struct sockaddr *address,
                          socklen_t *address_len, int flags)
{
    struct gate_group *group = listener->group;
    int fd;

    for (unsigned i = 0; i < TURNED_AWAY_AT_ONCE; i++) {
        if (!gate_has_place(group) || !gate_has_turn(listener))
            break;
        fd = (int)syscall(SYS_accept4, listener_fd, address, address_len, flags);
        if (fd < 0)
            return -1;
        if (gate_is_user_welcome(group, fd) && gate_may_try(group, fd, address)) {
            gate_pass_turn(listener);
            return fd;
        }
        gate_unlock();
        turn_away(fd);
        gate_lock();
    }
    errno = EAGAIN; /* who waits now is another listener's, or is asked for again */
    return -1;
}

static int accept_watched(struct gate_slot *listener, int listener_fd, struct sockaddr *address,
                          socklen_t *address_len, int flags)
{
    struct gate_group *group = listener->group;
    int fd;

    gate_lock();
    if (!gate_has_place(group))
        return nobody(group);
    fd = accept_welcome(listener, listener_fd, address, address_len, flags);
    if (fd >= 0)
        return take_newcomer(listener, fd);
    if (out_of_descriptors(errno))
        return nobody(group);
    gate_unlock();
    return -1;
}

/* glibc declares the second parameter as a union of all kinds of sockaddr. */
HOOK int accept4(int listener, __SOCKADDR_ARG address, socklen_t *restrict address_len, int flags)
{
    struct gate_slot *slot = gate_slot_of(listener);

    if (slot && gate_state_of(slot) == GATE_LISTENER)
        return accept_watched(slot, listener, address.__sockaddr__, address_len, flags);
    return (int)syscall(SYS_accept4, listener, address.__sockaddr__, address_len, flags);
}

/* ---- getpeername ---------------------------------------------------------------------- */

HOOK int getpeername(int fd, __SOCKADDR_ARG address, socklen_t *restrict address_len)
{
    const struct gate_slot *slot = gate_slot_of(fd);

    if (slot && gate_state_of(slot) == GATE_OPEN && slot->group->encrypts && !slot->outgoing)
        return gate_tell_number(slot, address.__sockaddr__, address_len);
    return (int)syscall(SYS_getpeername, fd, address.__sockaddr__, address_len);
}

/* ---- recv ------------------------------------------------------------------------------ */

static const enum gate_cut_reason reason_of[] = {
    [ZMTP_OLD] = GATE_CUT_OLD,
    [ZMTP_MESSAGE_TOO_LONG] = GATE_CUT_MESSAGE,
    [ZMTP_TOO_MANY_FRAMES] = GATE_CUT_FRAMES,
};

static void store(atomic_uint_fast64_t *sum, uint64_t value)
{
    atomic_store_explicit(sum, value, memory_order_relaxed);
}

static bool is_inside(const struct gate_slot *slot)
{
    return zmtp_meter_is_inside(&slot->meter);
}

/* Only the reading thread adds, and only the loop thread could make it less meanwhile. */
static void note_peak(void)
{
    uint64_t charge = gate_charge();

    if (charge > atomic_load_explicit(&gate.charged_peak, memory_order_relaxed))
        store(&gate.charged_peak, charge);
}

static void note_time(struct gate_slot *slot)
{
    bool begun_now = slot->charged == slot->complete || slot->messages != slot->meter.message_count;
    int64_t now_ms = gate_now_ms();

    atomic_store_explicit(&slot->heard_ms, now_ms, memory_order_relaxed);
    if (begun_now)
        atomic_store_explicit(&slot->begun_ms, now_ms, memory_order_relaxed);
}

/* Lets others see what the meter has: once a read, however many messages were in it. The order
 * is for gate_tick.c, which cuts a peer that is inside a message and silent: it must never see
 * `charged` without a `complete` and a time that are as new. */
static void publish(struct gate_slot *slot)
{
    const struct zmtp_meter *meter = &slot->meter;
    uint64_t messages = atomic_load_explicit(&slot->messages, memory_order_relaxed);
    uint64_t charged = atomic_load_explicit(&slot->charged, memory_order_relaxed);

    if (is_inside(slot))
        note_time(slot);
    if (meter->complete != slot->complete) {
        count(&slot->group->complete, meter->complete - slot->complete);
        store(&slot->complete, meter->complete);
    }
    if (meter->charged != charged) {
        atomic_store(&slot->charged, meter->charged);
        count(&gate.charged, meter->charged - charged);
        note_peak();
    }
    store(&slot->messages, meter->message_count);
    if (meter->state != ZMTP_GREETING)
        atomic_store_explicit(&slot->greeted, true, memory_order_relaxed);
    if (meter->handshakes_to_go == 0)
        atomic_store_explicit(&slot->handshaken, true, memory_order_relaxed);
    if (meter->encrypted)
        atomic_store_explicit(&slot->encrypted, true, memory_order_relaxed);
    if (slot->privileged && (meter->message_count != messages || !is_inside(slot)))
        slot->privileged = false; /* it was for one message */
    if (is_inside(slot) || meter->encrypted)
        gate_raise_attention(); /* of an encrypted one only looks can tell whether it is inside */
}

/* What the bytes are charged for. Those behind a broken limit are kept from libzmq, which
 * has the good messages before them. */
static size_t follow(struct gate_slot *slot, const void *bytes, size_t len)
{
    size_t followed = zmtp_meter_feed(&slot->meter, bytes, len, &slot->group->limits);

    count(&gate.received_bytes, len);
    publish(slot);
    if (slot->meter.verdict != ZMTP_FINE) {
        gate_lock();
        gate_cut_peer(slot, reason_of[slot->meter.verdict]);
        gate_unlock();
    }
    return followed;
}

static ssize_t read_outlet(struct gate_slot *slot, int fd, void *buffer, size_t buffer_bytes,
                           int flags)
{
    ssize_t received;

    if (slot->doomed) {
        errno = ECONNRESET;
        return -1;
    }
    received = recvfrom(fd, buffer, buffer_bytes, flags, NULL, NULL);
    if (received <= 0 || flags & MSG_PEEK)
        return received;
    return (ssize_t)gate_outlet_follow(slot, buffer, (size_t)received);
}

/* What is read while names are hidden ends where it is known to be a handshake: what is behind it
 * is the client's, and not touched. */
static bool hides_name(const struct gate_slot *slot)
{
    return slot->group->hides_names && slot->meter.handshakes_to_go > 0;
}

static size_t sure_bytes(const struct gate_slot *slot, size_t wanted)
{
    size_t sure = zmtp_meter_sure_bytes(&slot->meter);

    return hides_name(slot) && sure < wanted ? sure : wanted;
}

static ssize_t read_watched(struct gate_slot *slot, int fd, void *buffer, size_t buffer_bytes,
                            int flags)
{
    size_t bytes = gate_may_read(slot, buffer_bytes);
    uint64_t messages = slot->meter.message_count;
    ssize_t received;

    /* Since libzmq reads anew, it has queued all that it read before. */
    atomic_store_explicit(&slot->settled, slot->meter.complete, memory_order_release);
    atomic_fetch_add(&slot->reads, 1);
    if (slot->doomed || bytes == 0) {
        errno = slot->doomed ? ECONNRESET : EAGAIN;
        return -1;
    }
    received = recvfrom(fd, buffer, sure_bytes(slot, bytes), flags, NULL, NULL);
    if (received <= 0 || flags & MSG_PEEK)
        return received;
    if (hides_name(slot))
        zmtp_name_hide(&slot->name_got, buffer, (size_t)received);
    received = (ssize_t)follow(slot, buffer, (size_t)received);
    if (gate.stopping)
        gate_look_for_a_moment(slot, slot->meter.message_count - messages);
    return received;
}

HOOK ssize_t recv(int fd, void *buffer, size_t buffer_bytes, int flags)
{
    struct gate_slot *slot = gate_slot_of(fd);

    if (slot && gate_state_of(slot) == GATE_OPEN)
        return slot->group->is_outlet ? read_outlet(slot, fd, buffer, buffer_bytes, flags)
                                      : read_watched(slot, fd, buffer, buffer_bytes, flags);
    return recvfrom(fd, buffer, buffer_bytes, flags, NULL, NULL);
}

/* ---- send ------------------------------------------------------------------------------ */

HOOK ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
    ssize_t sent = sendto(fd, bytes, len, flags, NULL, 0);
    struct gate_slot *slot = gate_slot_of(fd);

    if (sent <= 0 || !slot || gate_state_of(slot) != GATE_OPEN)
        return sent;
    if (slot->group->is_outlet)
        atomic_store_explicit(&slot->sent_ms, gate_now_ms(), memory_order_relaxed);
    else if (gate.stopping && (size_t)sent == len)
        gate_look_behind_answer(slot);
    return sent;
}

/* ---- epoll_ctl ------------------------------------------------------------------------- */

/* libzmq gives its threads names, and ours alone begin so. */
static struct gate_group *group_of_thread(void)
{
    static _Thread_local long prefix;
    char name[16] = "", *end;

    if (prefix == 0) {
        prctl(PR_GET_NAME, name, 0, 0, 0);
        prefix = strtol(name, &end, 10);
        if (*end != '/' || prefix < GATE_THREAD_NAME_PREFIX ||
            prefix > GATE_THREAD_NAME_PREFIX + GATE_OUTLETS_MAX)
            prefix = -1;
    }
    return prefix < 0 ? NULL : atomic_load(&gate.outgoing[prefix - GATE_THREAD_NAME_PREFIX]);
}

static bool is_stream_socket(int fd)
{
    int type = 0;
    socklen_t type_len = sizeof type;

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) == 0 && type == SOCK_STREAM;
}

/* A connection that libzmq opens itself is first seen here. */
static bool is_new_connect(const struct gate_slot *slot, int operation, int fd)
{
    enum gate_state state = gate_state_of(slot);

    return operation == EPOLL_CTL_ADD && (state == GATE_FREE || state == GATE_CLOSED) &&
           group_of_thread() && is_stream_socket(fd);
}

static int control_watched(struct gate_slot *slot, int epoll_fd, int operation, int fd,
                           struct epoll_event *event)
{
    int result = 0;

    gate_lock();
    if (gate_state_of(slot) != GATE_OPEN && gate_state_of(slot) != GATE_LISTENER)
        gate_take(slot, group_of_thread(), true);
    if (!slot->waiting)
        result = (int)syscall(SYS_epoll_ctl, epoll_fd, operation, fd, event);
    if (result == 0) {
        slot->epoll_fd = operation == EPOLL_CTL_DEL ? -1 : epoll_fd;
        if (operation != EPOLL_CTL_DEL)
            slot->event = *event;
        if (slot->waiting && operation == EPOLL_CTL_DEL)
            gate_let_go(slot);
        if (gate.stopping && slot->outgoing && !slot->group->is_outlet &&
            operation == EPOLL_CTL_ADD)
            gate_hold(slot); /* a stop opens nothing new */
        count(&gate.polls, 1);
    }
    gate_unlock();
    return result;
}

HOOK int epoll_ctl(int epoll_fd, int operation, int fd, struct epoll_event *event)
{
    struct gate_slot *slot = gate_slot_of(fd);

    if (slot && (gate_state_of(slot) == GATE_OPEN || gate_state_of(slot) == GATE_LISTENER ||
                 is_new_connect(slot, operation, fd)))
        return control_watched(slot, epoll_fd, operation, fd, event);
    return (int)syscall(SYS_epoll_ctl, epoll_fd, operation, fd, event);
}

/* ---- close ------------------------------------------------------------------------------ */

/* The slot is left before its number can be somebody else's. */
HOOK int close(int fd)
{
    struct gate_slot *slot = gate_slot_of(fd);

    if (slot && (gate_state_of(slot) == GATE_OPEN || gate_state_of(slot) == GATE_LISTENER)) {
        gate_lock();
        gate_leave(slot);
        gate_unlock();
        gate_raise_attention();
    }
    return (int)syscall(SYS_close, fd);
}
