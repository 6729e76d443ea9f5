/* gate_slots.c - the gate's table: who has which descriptor, and when it is free again.
 *
 * A connection that was closed keeps its slot until the loop thread has received all that
 * it had sent, and has then turned twice: so often must a socket look at its commands before
 * libzmq frees the queue of a peer that left. So what closed peers hold is bounded as well. */
#undef _FORTIFY_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#include "conf/alloc.h"
#include "conf/must.h"
#include "zeromq/gate_parts.h"

enum { SLOTS_MAX = 1 << 20 }; /* where RLIMIT_NOFILE is without bound */
enum { TURNS_TO_FREE = 2 };

struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake_lock = PTHREAD_MUTEX_INITIALIZER};

int gate_init(size_t budget_bytes, unsigned connections_max, struct err *err)
{
    struct rlimit files;
    void *slots;

    must(!gate.slots);
    must(getrlimit(RLIMIT_NOFILE, &files) == 0);
    gate.slot_count = files.rlim_cur < SLOTS_MAX ? (unsigned)files.rlim_cur : SLOTS_MAX;
    gate.budget_bytes = budget_bytes;
    gate.connections_max = connections_max;
    /* Zeroed by the kernel, page by page as they are used: descriptors are low numbers. */
    slots = mmap(NULL, gate.slot_count * sizeof(struct gate_slot), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (slots == MAP_FAILED)
        return err_set(err, "no memory for the gate's table of %u descriptors", gate.slot_count);
    atomic_store_explicit(&gate.slots, slots, memory_order_release);
    return 0;
}

void gate_set_bounds(size_t budget_bytes, unsigned connections_max)
{
    gate_lock();
    gate.budget_bytes = budget_bytes;
    gate.connections_max = connections_max;
    gate_unlock();
}

bool gate_is_on(void)
{
    return atomic_load(&gate.slots) != NULL;
}

size_t gate_slot_bytes(void)
{
    return sizeof(struct gate_slot);
}

/* ---- looking --------------------------------------------------------------------------- */

struct gate_slot *gate_slot_of(int fd)
{
    struct gate_slot *slots = atomic_load_explicit(&gate.slots, memory_order_acquire);

    return slots && fd >= 0 && (unsigned)fd < gate.slot_count ? &slots[fd] : NULL;
}

int gate_fd_of(const struct gate_slot *slot)
{
    return (int)(slot - gate.slots);
}

enum gate_state gate_state_of(const struct gate_slot *slot)
{
    return (enum gate_state)atomic_load_explicit(&slot->state, memory_order_acquire);
}

uint64_t gate_charge_of(const struct gate_slot *slot)
{
    return atomic_load(&slot->charged) - atomic_load(&slot->returned);
}

uint64_t gate_connection(int fd)
{
    const struct gate_slot *slot = gate_slot_of(fd);

    return slot ? atomic_load_explicit(&slot->number, memory_order_relaxed) : 0;
}

/* The two sums are read one after the other, so a moment may look like less than nothing. */
uint64_t gate_charge(void)
{
    uint64_t returned = atomic_load(&gate.returned), charged = atomic_load(&gate.charged);

    return charged > returned ? charged - returned : 0;
}

static int64_t coarse_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int64_t (*gate_now_ms)(void) = coarse_ms;

void gate_lock(void)
{
    must(pthread_mutex_lock(&gate.lock) == 0);
}

void gate_unlock(void)
{
    must(pthread_mutex_unlock(&gate.lock) == 0);
}

/* ---- groups ------------------------------------------------------------------------------ */

struct gate_group *gate_group_new(const char *name, size_t max_message, unsigned max_clients)
{
    struct gate_group *group = aligned_alloc(_Alignof(struct gate_group), sizeof *group);

    must(group);
    memset(group, 0, sizeof *group);
    group->name = alloc_text(name, strlen(name));
    group->limits = (struct zmtp_limits){max_message, GATE_FRAMES_MAX};
    group->max_clients = max_clients;
    group->refs = 1;
    gate_lock();
    DL_APPEND(gate.groups, group);
    gate_unlock();
    return group;
}

void gate_group_hide_names(struct gate_group *group)
{
    group->hides_names = true;
}

void gate_group_rest(struct gate_group *group)
{
    group->rests = true;
}

void gate_group_answer(struct gate_group *group)
{
    group->answers = true;
}

void gate_group_encrypt(struct gate_group *group)
{
    group->encrypts = true;
}

/* Connections may outlive their endpoint for a moment: the last one frees. */
static void unref_group(struct gate_group *group)
{
    must(group->refs > 0);
    if (--group->refs > 0)
        return;
    DL_DELETE(gate.groups, group);
    free(group->name);
    free(group);
}

void gate_group_connects(struct gate_group *group)
{
    if (!group->connects)
        gate.connecting_count++;
    group->connects = true;
    group->empty_round = gate.round - 1;
}

static void connects_no_more(struct gate_group *group)
{
    gate.connecting_count--;
    gate.empty_count -= group->empty_round == gate.round;
    group->connects = false;
}

void gate_group_free(struct gate_group **group_address)
{
    struct gate_group *group = *group_address;

    *group_address = NULL;
    if (!group)
        return;
    for (unsigned i = 0; i <= GATE_OUTLETS_MAX; i++) {
        struct gate_group *self = group;

        atomic_compare_exchange_strong(&gate.outgoing[i], &self, NULL);
    }
    if (group->connects)
        connects_no_more(group);
    gate_lock();
    unref_group(group);
    gate_unlock();
}

bool gate_has_place(const struct gate_group *group)
{
    return !gate.stopping && group->clients < group->max_clients &&
           gate.connections < gate.connections_max;
}

/* ---- a slot's life ----------------------------------------------------------------------- */

static void set_state(struct gate_slot *slot, enum gate_state state)
{
    atomic_store_explicit(&slot->state, (unsigned char)state, memory_order_release);
}

/* The sums go on from where the last user of the slot left them. */
static void begin_sums(struct gate_slot *slot)
{
    uint64_t charged = atomic_load(&slot->charged);

    zmtp_meter_init(&slot->meter);
    slot->name_got = 0;
    slot->meter.charged = slot->meter.complete = charged;
    slot->complete = slot->settled = charged;
    slot->messages = 0;
    slot->reads = 0;
    slot->greeted = slot->handshaken = slot->encrypted = false;
    slot->heard_ms = 0;
    slot->has_key = false;
    slot->sent_ms = gate_now_ms();
}

static void enter(struct gate_slot *slot, struct gate_group *group, enum gate_state state)
{
    unsigned number = (unsigned)gate_fd_of(slot);

    if (number >= gate.high)
        gate.high = number + 1;
    slot->group = group;
    slot->epoll_fd = -1;
    slot->messages_at_stop = 0;
    slot->half_closed = slot->waiting = slot->outgoing = slot->suspected = false;
    slot->privileged = false;
    slot->doomed = 0;
    slot->dealt = 0;
    slot->has_turn = slot->retired = slot->was_dealt = false;
    group->refs++;
    atomic_fetch_add(&group->complete, gate_charge_of(slot));
    set_state(slot, state);
}

/* What is closed and not collected yet may be taken again where the number is not ours to
 * choose; what it is still charged for then counts as the new one's. */
void gate_take(struct gate_slot *slot, struct gate_group *group, bool outgoing)
{
    if (gate_state_of(slot) == GATE_CLOSED)
        gate_free_slot(slot);
    begin_sums(slot);
    slot->opened_ms = gate_now_ms();
    enter(slot, group, GATE_OPEN);
    slot->outgoing = outgoing;
    slot->number = 2 * ++gate.numbers + outgoing;
    group->clients += !outgoing;
    group->open_now++;
    gate.connections += !outgoing;
    gate.slots_in_use++;
}

static void leave_listener(struct gate_slot *slot)
{
    struct gate_group *group = slot->group;
    int fd = gate_fd_of(slot);

    gate_end_turns(slot);
    for (unsigned i = 0; i < group->listener_count; i++) {
        if (group->listeners[i] == fd)
            group->listeners[i--] = group->listeners[--group->listener_count];
    }
    if (group->listener_count == 0 && group->door_closed) {
        group->door_closed = false; /* there is none any more */
        gate.doors_closed--;
    }
    set_state(slot, GATE_FREE);
    unref_group(group);
}

/* An unfinished message goes with its connection; complete ones stay queued. */
static void give_up_unfinished(struct gate_slot *slot)
{
    uint64_t unfinished = slot->meter.charged - slot->meter.complete;

    slot->meter.charged = slot->meter.complete;
    atomic_store(&slot->charged, slot->meter.complete);
    atomic_store(&slot->settled, slot->meter.complete);
    atomic_fetch_sub(&gate.charged, unfinished);
}

void gate_leave(struct gate_slot *slot)
{
    slot->epoll_fd = -1;
    if (slot->waiting)
        gate_let_go(slot);
    if (gate_state_of(slot) == GATE_LISTENER) {
        leave_listener(slot);
        return;
    }
    gate_note_torn(slot);
    if (slot->group->is_outlet)
        gate_outlet_leave(slot);
    else
        give_up_unfinished(slot);
    slot->privileged = false;
    slot->closed_at_turn = gate.turn;
    slot->charged_ms = gate_now_ms();
    set_state(slot, GATE_CLOSED);
    slot->group->open_now--;
    DL_APPEND(gate.closed, slot);
    gate.closed_count++;
    gate.closed_total += !slot->outgoing;
    gate.era++;
}

void gate_free_slot(struct gate_slot *slot)
{
    struct gate_group *group = slot->group;

    must(gate_state_of(slot) == GATE_CLOSED && gate.closed_count > 0);
    DL_DELETE(gate.closed, slot);
    gate.closed_count--;
    gate.slots_in_use--;
    group->clients -= !slot->outgoing;
    gate.connections -= !slot->outgoing;
    atomic_fetch_sub(&group->complete, gate_charge_of(slot));
    set_state(slot, GATE_FREE);
    if (group->door_closed && gate_has_place(group))
        gate_open_door(group);
    unref_group(group);
}

/* What the socket does to forget a peer takes its threads some steps, and no turn shows them;
 * it begins when all that the peer had sent is received. */
static bool has_rested(struct gate_slot *slot)
{
    if (!slot->group->rests)
        return true;
    if (gate_charge_of(slot) > 0)
        slot->charged_ms = gate_now_ms();
    return gate_now_ms() - slot->charged_ms >= GATE_REST_MS;
}

void gate_collect(void)
{
    struct gate_slot *slot, *next;

    DL_FOREACH_SAFE (gate.closed, slot, next) {
        if (has_rested(slot) && gate_charge_of(slot) == 0 &&
            gate.turn - slot->closed_at_turn >= TURNS_TO_FREE)
            gate_free_slot(slot);
    }
}

/* Numbers of closed connections that are still charged are skipped. */
int gate_find_free_number(int fd)
{
    int candidate = fd;

    for (;;) {
        struct gate_slot *slot = gate_slot_of(candidate);
        int next, saved_errno;

        if (slot && gate_state_of(slot) == GATE_FREE)
            break;
        next = slot ? fcntl(fd, F_DUPFD_CLOEXEC, candidate + 1) : -1;
        saved_errno = slot ? errno : EMFILE;
        if (candidate != fd)
            syscall(SYS_close, candidate);
        if (next < 0) {
            syscall(SYS_close, fd);
            errno = saved_errno;
            return -1;
        }
        candidate = next;
    }
    if (candidate != fd)
        syscall(SYS_close, fd);
    return candidate;
}

/* ---- who is watched ------------------------------------------------------------------------ */

/* Under the lock, since libzmq's thread may be closing another listener of the group. */
static bool add_listener(struct gate_group *group, struct gate_slot *slot)
{
    if (group->listener_count == GATE_LISTENERS_MAX)
        return false;
    if (gate_state_of(slot) == GATE_CLOSED)
        gate_free_slot(slot);
    enter(slot, group, GATE_LISTENER);
    group->listeners[group->listener_count++] = gate_fd_of(slot);
    if (group->door_closed)
        gate_hold(slot);
    return true;
}

bool gate_watch_listener(struct gate_group *group, int fd)
{
    struct gate_slot *slot = gate_slot_of(fd);
    bool added = false;

    must(fd >= 0);
    if (!gate.slots)
        return true; /* the gate is off */
    gate_lock();
    if (slot)
        added = add_listener(group, slot);
    gate_unlock();
    return added;
}

void gate_watch_connects(size_t max_message)
{
    struct gate_group *outgoing = gate_group_new("connect", max_message, UINT_MAX);

    must(!gate.outgoing[0]);
    gate_group_hide_names(outgoing);
    gate.outgoing[0] = outgoing;
}

static void forget_charge(struct gate_slot *slot)
{
    uint64_t charge = gate_charge_of(slot);

    atomic_fetch_add(&slot->returned, charge);
    atomic_fetch_add(&gate.returned, charge);
    slot->unpublished = 0;
}

void gate_end(void)
{
    struct gate_group *outgoing = atomic_exchange(&gate.outgoing[0], NULL);

    gate_lock();
    for (unsigned fd = 0; fd < gate.high; fd++) {
        struct gate_slot *slot = gate_slot_of((int)fd);

        must(gate_state_of(slot) != GATE_OPEN);
        if (gate_state_of(slot) == GATE_CLOSED)
            gate_free_slot(slot);
        forget_charge(slot);
    }
    gate.touched_count = 0;
    gate.stopping = false;
    gate_unlock();
    gate_group_free(&outgoing);
}
