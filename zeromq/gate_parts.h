/* gate_parts.h - the inside of the gate: for the files gate*.c. */
#ifndef ZEROMQ_GATE_PARTS_H
#define ZEROMQ_GATE_PARTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "zeromq/gate.h"
#include "zeromq/gate_try.h"

enum gate_state {
    GATE_FREE,
    GATE_LISTENER,
    GATE_OPEN,  /* a connection, from accept4 or connect to close */
    GATE_CLOSED /* it is gone, but not yet what it was charged for */
};

/* One descriptor. Who writes what: hooks under `gate.lock` (L), the thread that reads the
 * connection (R), the loop thread (T). A slot goes FREE → OPEN → CLOSED by hooks, and
 * CLOSED → FREE by the loop thread, or by whoever has its number next; all under the lock. The
 * sums only grow, but for what a command had been charged, or a message that is given up; so a
 * charge is a difference:
 *
 *     returned ≤ settled ≤ complete ≤ charged
 *     T          R         R          R           */
struct gate_slot {
    atomic_uchar state;            /* L: enum gate_state */
    atomic_uchar doomed;           /* L: 0, or 1 + enum gate_cut_reason: the next read says so */
    atomic_bool privileged;        /* L, ended by R: may finish its message over the budget */
    bool outgoing;                 /* L: opened by us */
    atomic_uint_fast64_t number;   /* L: see gate_connection */
    bool waiting;                  /* L: not in libzmq's epoll set, though libzmq thinks so */
    struct gate_group *group;      /* L */
    int epoll_fd;                  /* L: -1: in none */
    struct epoll_event event;      /* L: what libzmq waits for */
    struct gate_slot *prev, *next; /* L: in group->waiting or gate.closed */
    int64_t opened_ms;             /* L */
    bool half_closed;              /* L: at the stop */
    uint64_t messages_at_stop;     /* L: 1 + the complete ones then; 0: no stop */
    unsigned reads_seen;           /* L: `reads`, when a stop last looked */
    unsigned closed_at_turn;       /* L */
    unsigned dealt;                /* L, as are the next two: see gate_deal; 0: alone */
    bool has_turn;
    bool retired;
    bool was_dealt; /* L: of a connection: its listener was one of several, each with a key */
    bool has_key;   /* L: it was let in for */
    unsigned char key[GATE_KEY_BYTES];
    int64_t charged_ms; /* L: when it was last seen closed and charged, if it rests */

    struct zmtp_meter meter; /* R */
    unsigned char name_got;  /* R: see zmtp_name.h */
    atomic_uint_fast64_t charged, complete;
    atomic_uint_fast64_t settled;  /* complete, and surely in libzmq's queue by now */
    atomic_uint_fast64_t messages; /* complete ones; of this connection */
    atomic_uint reads;             /* how often libzmq has read, or tried to */
    atomic_bool greeted;           /* its greeting is whole */
    atomic_bool handshaken;
    atomic_bool encrypted;
    atomic_int_fast64_t heard_ms; /* when the message in work last grew */
    atomic_int_fast64_t begun_ms; /* when it began, or could go on */

    _Alignas(64) atomic_uint_fast64_t returned; /* T, as are the rest */
    uint64_t unpublished;                       /* given back since the last gate_turn */
    uint64_t looked;                            /* `settled` at the last look */
    bool delivered;                             /* a message was received since then */
    uint64_t first_parts;                       /* of the first one, its frames but the last */
    uint64_t withheld;                          /* encrypted, and still no whole message */
    int64_t withheld_ms;                        /* since when */
    uint64_t withheld_of;                       /* the number of the connection */
    bool suspected;                             /* at the last tick, of holding up others */

    atomic_int_fast64_t sent_ms; /* of outlets: when the peer last took something; R */
};

/* What was withheld of a connection is nothing to the next one in its slot. */
static inline uint64_t gate_withheld(const struct gate_slot *slot)
{
    return slot->withheld_of == atomic_load(&slot->number) ? slot->withheld : 0;
}

struct gate_group {
    char *name;
    struct zmtp_limits limits;
    unsigned max_clients;
    bool rests;
    bool hides_names;
    bool answers;
    bool encrypts;
    bool connects;        /* T, as is the next */
    unsigned empty_round; /* its socket was seen empty in this one of gate.round */
    unsigned clients;     /* L: slots that are not free */
    atomic_uint open_now; /* L: of these, the connections that are open */
    atomic_uint_fast64_t cut[GATE_CUT_REASONS]; /* L */
    bool door_closed;                           /* L: its listeners are not in epoll */
    unsigned knocked_at; /* L: the turn at which somebody was seen at the closed door */
    int listeners[GATE_LISTENERS_MAX];
    unsigned listener_count;
    unsigned refs; /* L: its owner's, and one a slot */
    bool is_outlet;
    atomic_uint peers; /* of outlets: connections after their handshake */
    bool picks_users;  /* L, as are the next two: others than these are turned away */
    unsigned user_count;
    uid_t users[GATE_USERS_MAX];

    struct gate_slot *waiting;      /* L: who has waited longest is first */
    struct gate_group *prev, *next; /* L: in gate.groups */
    unsigned dry_at;                /* T: the turn in which its socket had nothing more */
    /* The sums over its slots: what is between them, libzmq has for us to receive. */
    _Alignas(64) atomic_uint_fast64_t complete; /* by the reading threads */
    _Alignas(64) atomic_uint_fast64_t returned; /* T */
};

enum { GATE_TOUCHED_MAX = 256 };

/* What a group has ready to be received while entries flow: some 1,500 messages of 200 bytes.
 * Measured: with all of a budget of 10 MiB, 40 % more CPU an entry. When no more than
 * GATE_REFILL_BYTES are left, those go on who have waited longest, one for each GATE_STEP_BYTES of
 * room; and whoever has no more than GATE_LIGHT_BYTES ready does not wait for others. */
enum {
    GATE_FLOWING_BYTES = 512 * 1024,
    GATE_REFILL_BYTES = GATE_FLOWING_BYTES / 4 * 3,
    GATE_STEP_BYTES = 64 * 1024,
    GATE_LIGHT_BYTES = 8 * 1024,
};

struct gate {
    _Atomic(struct gate_slot *) slots; /* NULL until gate_init: nobody is watched */
    unsigned slot_count;
    atomic_uint_fast64_t budget_bytes; /* L, read by any thread */
    unsigned connections_max;
    unsigned connections;      /* L: slots that accepted connections have */
    uint64_t numbers;          /* L: of connections, given so far */
    unsigned knocked_at;       /* L: the turn at which somebody waited for what all groups share */
    pthread_mutex_t lock;      /* for transitions; reading and giving back go without */
    atomic_uint high;          /* L: no slot from here on was ever used */
    struct gate_group *groups; /* L: all */
    struct gate_slot *closed;  /* L */
    atomic_uint waiting_count, closed_count;
    atomic_bool stopping;
    atomic_int tell;           /* T: enum gate_tell, during a stop */
    atomic_bool is_stalled;    /* T: nothing was received between the last two ticks */
    uint64_t returned_by_tick; /* T */
    /* whose connections a context opens, by its prefix less GATE_THREAD_NAME_PREFIX; the first
     * is that of the endpoints */
    _Atomic(struct gate_group *) outgoing[1 + GATE_OUTLETS_MAX];

    /* T: a round is over when the socket of each group that connects was seen empty in it */
    unsigned round;
    unsigned connecting_count; /* such groups */
    unsigned empty_count;      /* of these, seen empty in this round */

    atomic_uint_fast64_t charged;  /* the sum over all slots, by the reading threads */
    atomic_uint_fast64_t returned; /* the same, by the loop thread */
    atomic_uint turn;

    atomic_uint era;    /* L: how often a connection was closed, as it wraps */
    bool tells_sources; /* T: see gate_source.c */

    atomic_bool attention;
    pthread_mutex_t wake_lock; /* for the two below; may be taken inside the other */
    void (*wake)(void *context);
    void *wake_context;

    struct gate_slot *touched[GATE_TOUCHED_MAX]; /* T: with something unpublished */
    unsigned touched_count;

    /* L */
    struct gate_cut cuts[GATE_CUTS_KEPT];
    unsigned cut_first, cut_count;
    struct gate_stranger stranger;
    bool any_stranger;

    /* L: newcomers that had no try, how many of them were asked for, and the last one */
    atomic_uint_fast64_t turned_away;
    uint64_t turned_told;
    struct gate_address turned_from;
    char turned_endpoint[GATE_PEER_MAX];

    /* for gate_stats */
    atomic_uint_fast64_t accepted, closed_total, received_bytes, polls;
    atomic_uint_fast64_t charged_peak, holds, closings, voided_bytes;
    atomic_uint torn;
    atomic_uint_fast64_t cut[GATE_CUT_REASONS];
    atomic_uint doors_closed, slots_in_use;
};

extern struct gate gate;

/* NULL where the descriptor is beyond the table, or there is none. */
struct gate_slot *gate_slot_of(int fd);
int gate_fd_of(const struct gate_slot *slot);
enum gate_state gate_state_of(const struct gate_slot *slot);

/* What libzmq holds of one, or of all. */
uint64_t gate_charge_of(const struct gate_slot *slot);
uint64_t gate_charge(void);

extern int64_t (*gate_now_ms)(void); /* monotonic, some ms coarse; tests have a clock of theirs */

void gate_lock(void);
void gate_unlock(void);

/* Any thread: the loop must look after the gate soon. */
void gate_raise_attention(void);

/* ---- gate_slots.c: under the lock ---------------------------------------------------- */

/* Whether a newcomer may come in. */
bool gate_has_place(const struct gate_group *group);

/* The slot becomes a connection of this group. */
void gate_take(struct gate_slot *slot, struct gate_group *group, bool outgoing);

/* A descriptor for the same connection whose slot is free; -1 and errno: the connection is
 * closed. */
int gate_find_free_number(int fd);

/* The descriptor is about to be closed. */
void gate_leave(struct gate_slot *slot);

/* From closed to free. */
void gate_free_slot(struct gate_slot *slot);

/* Frees what was closed long enough ago and has no charge. The loop thread's. */
void gate_collect(void);

/* ---- gate_newcomer.c: under the lock ---------------------------------------------------- */

/* Whether this one, which has just been accepted, may begin a handshake. */
bool gate_may_try(const struct gate_group *group, int fd, const struct sockaddr *address);

/* The key of whoever is at the other end was let in: the try is given back, and one more where he
 * may have met the wrong key of two before. */
void gate_end_try(const struct gate_slot *slot);

/* ---- gate_tick.c -------------------------------------------------------------------------- */

/* Whoever has sent what we have not read is not silent: we are slow, or hold it. Any thread. */
bool gate_has_unread(const struct gate_slot *slot);

/* ---- gate_stop.c -------------------------------------------------------------------------- */

/* The reading thread, during a stop: so many messages have ended with what was just read. */
void gate_look_for_a_moment(struct gate_slot *slot, uint64_t messages);

/* The same thread, during a stop: something was just sent to a peer. */
void gate_look_behind_answer(struct gate_slot *slot);

/* Under the lock: it is about to be closed. */
void gate_note_torn(const struct gate_slot *slot);

/* ---- gate_outlet.c ---------------------------------------------------------------------- */

/* The reading thread: follows what a receiver says, and returns how much of it libzmq may see. */
size_t gate_outlet_follow(struct gate_slot *slot, const void *bytes, size_t len);

/* Under the lock: it is about to be closed. */
void gate_outlet_leave(struct gate_slot *slot);

/* ---- gate_wait.c: under the lock ------------------------------------------------------- */

/* libzmq hears no more of this descriptor, until it is let go on. */
void gate_hold(struct gate_slot *slot);
void gate_let_go(struct gate_slot *slot);

/* Nobody is accepted, or somebody again. */
void gate_close_door(struct gate_group *group);
void gate_open_door(struct gate_group *group);

/* The reading thread, without the lock: how many of these bytes the connection may read
 * now. 0: none, libzmq hears of it again when it may. */
size_t gate_may_read(struct gate_slot *slot, size_t wanted);

/* Lets go on who may. The loop thread's. */
void gate_let_go_who_may(void);

/* ---- gate_deal.c: under the lock -------------------------------------------------------- */

bool gate_has_turn(const struct gate_slot *listener);

/* Whether others take turns with it. */
bool gate_is_dealt(const struct gate_slot *listener);

/* It has accepted somebody. */
void gate_pass_turn(struct gate_slot *listener);

/* It accepts nobody any more. */
void gate_end_turns(struct gate_slot *listener);

/* ---- gate_source.c ---------------------------------------------------------------------- */

/* Whether two frames of one connection are seen to be. */
bool gate_source_is_told(const struct zmq_msg_t *frame, const struct zmq_msg_t *next);

/* ---- gate_users.c: under the lock ------------------------------------------------------- */

/* Whether whoever was just accepted on this descriptor may come in; else it is counted. */
bool gate_is_user_welcome(struct gate_group *group, int fd);

/* ---- gate_keys.c ------------------------------------------------------------------------ */

/* What getpeername(2) says of one that encrypts. */
int gate_tell_number(const struct gate_slot *slot, struct sockaddr *address,
                     socklen_t *address_len);

/* ---- gate_cut.c: under the lock -------------------------------------------------------- */

/* The connection ends, for this reason, at its next read, which comes at once. */
void gate_cut_peer(struct gate_slot *slot, enum gate_cut_reason reason);
void gate_cut_named(struct gate_slot *slot, enum gate_cut_reason reason, const char *name);

#endif
