/* gate.h - stands between libzmq and the kernel, so that libzmq's memory has a bound.
 *
 * Six functions of the C library that libzmq calls, accept4, getpeername, recv, send, close and
 * epoll_ctl, are defined by this executable; gate.c tells why and how. On the connections of
 * listeners that it was given, the gate charges each frame to a budget before libzmq stores it,
 * lets peers wait while the budget is spent or all places are taken, and cuts those who break a
 * limit of a single message. Whoever receives a frame gives its charge back (gate_give_back).
 *
 * There is one gate a process, because there is one accept4. Hooks run on any thread;
 * everything below is the loop thread's unless it says otherwise. All sizes in bytes. */
#ifndef ZEROMQ_GATE_H
#define ZEROMQ_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "conf/err.h"
#include "zeromq/zmtp_meter.h"

enum { GATE_FRAMES_MAX = 64 }; /* of one message */
enum { GATE_PEER_MAX = 96 };   /* what names a peer */

/* Makes the table, one slot for each descriptor that RLIMIT_NOFILE allows now, for good:
 * hooks may run until the process ends. budget_bytes bounds the charges of all connections
 * together, but for one read of at most 8 KiB and the frame that it begins; connections_max
 * bounds how many are accepted at once, over all groups. Call once, before the first zmq
 * context. */
int gate_init(size_t budget_bytes, unsigned connections_max, struct err *err);

/* From now on these are the bounds; what is charged or connected beyond them stays so until it
 * ends by itself. */
void gate_set_bounds(size_t budget_bytes, unsigned connections_max);

/* Whether that was done, so that connections are watched. */
bool gate_is_on(void);

/* What one table slot occupies, for planning. */
size_t gate_slot_bytes(void);

/* ---- who is watched ------------------------------------------------------------------ */

/* Connections that share limits: those of one endpoint. */
struct gate_group;

/* Keeps a copy of the name. */
struct gate_group *gate_group_new(const char *name, size_t max_message, unsigned max_clients);

/* For a socket that has one peer and turns away, unheard, who comes before it has forgotten the
 * one before: a place of the group is free only when nobody has used it for GATE_REST_MS. */
enum { GATE_REST_MS = 100 };
void gate_group_rest(struct gate_group *group);

/* Its clients have no ids but those that libzmq makes up, as far as the gate can see into their
 * handshakes: zmtp_name.h tells why a ROUTER needs that. All connections that libzmq opens itself
 * are treated so. */
void gate_group_hide_names(struct gate_group *group);

/* Its clients wait for an answer to each message: a stop tells them behind it (gate_stop.c). */
void gate_group_answer(struct gate_group *group);

/* The socket of this group opens connections, too. Which ones nobody can tell; so what is void of
 * them is known when nothing could be received from any socket that opens some. */
void gate_group_connects(struct gate_group *group);

/* Its peers speak CURVE: their addresses, as libzmq tells them, are numbers of ours (see
 * gate_find_caller), and their handshakes are dear, so that who has made too many in vain is turned
 * away (gate_try.h). Before the first listener. */
void gate_group_encrypt(struct gate_group *group);

/* Its connections may still be open; they keep the limits. */
void gate_group_free(struct gate_group **group);

/* From now on, connections accepted on this descriptor are watched, until it is closed. It
 * must be non-blocking: it is asked under the gate's lock.
 * False: it is beyond the table, or the group has GATE_LISTENERS_MAX already. */
enum { GATE_LISTENERS_MAX = 256 };
bool gate_watch_listener(struct gate_group *group, int fd);

/* This watched listener is one of those with this number, not 0, in its group: duplicates of one
 * descriptor, to which newcomers are dealt by turns, with chance in it. */
void gate_deal(int fd, unsigned number);

/* This watched listener accepts nobody any more. Who came in by it stays. */
void gate_retire_listener(int fd);

/* Over socket files only processes of these users may come in; NULL: of all. Others are turned
 * away and, of those that are there already, cut; returns how many of these. */
enum { GATE_USERS_MAX = 64 };
unsigned gate_group_pick_users(struct gate_group *group, const uid_t *users, unsigned count);

/* From now on, connections that libzmq opens itself are watched, too, if the thread that opens
 * them has a name that begins with GATE_THREAD_NAME_PREFIX (libzmq's context option 9). They
 * are a group of their own; max_clients does not count them. Once, before the first connect. */
enum { GATE_THREAD_NAME_PREFIX = 7 };
void gate_watch_connects(size_t max_message);

/* ---- keys ------------------------------------------------------------------------------ */

/* Who shakes hands on a connection of a group that encrypts. */
struct gate_caller {
    int fd;
    uint64_t number; /* see gate_connection */
};

/* Of whom libzmq speaks when it says "Peer-Address", or asks whether a key may come in. False: it
 * is the address itself, since the gate is off or the group does not encrypt. */
bool gate_find_caller(const char *address, struct gate_caller *caller_out);

/* "10.0.0.7", "pid 812 uid 1000". */
void gate_show_caller(const struct gate_caller *caller, char text[GATE_PEER_MAX]);

/* The key that it has shown, for which it is let in; of one that has left, nothing. */
enum { GATE_KEY_BYTES = 32 };
void gate_note_key(const struct gate_caller *caller, const unsigned char key[GATE_KEY_BYTES]);

/* Cuts those of the group whose key is good no more: for each, `gone` says whose it was, or NULL.
 * It is called under the gate's lock, and calls nothing of the gate. Returns how many. */
typedef const char *(*gate_gone_key)(void *context, const unsigned char key[GATE_KEY_BYTES]);
unsigned gate_cut_keys(const struct gate_group *group, gate_gone_key gone, void *context);

/* ---- receivers ------------------------------------------------------------------------ */

/* A group of connections that we send to: those of one sink. What such a peer says, which are
 * subscriptions, libzmq keeps as long as the connection, so it is cut when that comes to more
 * than GATE_TALK_MAX bytes of charge: a hundred short ones. Heartbeats inside of CURVE look the
 * same, and count. It is charged to no budget. A stop leaves such connections alone. */
enum { GATE_TALK_MAX = 6400 };
struct gate_group *gate_outlet_new(const char *name, unsigned max_clients);

/* From now on, connections that libzmq opens itself belong to this outlet, if the thread that
 * opens them has a name that begins with the number returned (context option 9). -1: there are
 * GATE_OUTLETS_MAX already. */
enum { GATE_OUTLETS_MAX = 256 };
int gate_watch_outlet_connects(struct gate_group *outlet);

/* How many are connected and have made their handshake; any thread. */
unsigned gate_outlet_peers(const struct gate_group *outlet);

/* Cuts those of its peers that have taken nothing for so long, though there is something for
 * them. Returns how many. */
unsigned gate_cut_deaf(struct gate_group *outlet, int64_t silent_ms);

/* ---- each turn ------------------------------------------------------------------------ */

/* A message was received from this descriptor (ZMQ_SRCFD), or a part of one that has more:
 * the memory of that frame is libzmq's no more. Of an encrypted one, the bytes are
 * ZMTP_ENCRYPTED_EXTRA more than were received. */
void gate_give_back(int fd, size_t frame_bytes);
void gate_give_back_part(int fd, size_t frame_bytes);

/* Whether who sent what was received from this descriptor may still hear us: what he sent may be
 * received long after he has left, or was cut off. */
bool gate_is_there(int fd);

/* The peer on this descriptor does not read what we answer. One that came after `since_ms`, of
 * CLOCK_MONOTONIC, is another. */
void gate_cut_unread(int fd, int64_t since_ms);

/* Which connection this descriptor is, or was last: each has another number. Odd: we opened
 * it. 0: not watched. A frame just received from an even one is of this very connection, since
 * its descriptor is nobody else's before all that it sent was given back; a frame from an odd
 * one may be of the one before. */
uint64_t gate_connection(int fd);

/* The descriptor of the connection that a received frame came on, as ZMQ_SRCFD; -1: of none. The
 * loop thread's. */
struct zmq_msg_t;
int gate_source_of(struct zmq_msg_t *frame);

/* The socket of this group had nothing more to receive: whoever waits for others of it may go on.
 */
void gate_ran_dry(struct gate_group *group);

/* At the end of each turn of the loop: lets peers go on, and newcomers in, as there is room. */
void gate_turn(void);

/* When the gate needs its ticks: `wake` is called, from any thread, and gate_tick is to be
 * called about every GATE_TICK_MS from then on until it answers false. */
enum { GATE_TICK_MS = 100 };
void gate_on_attention(void (*wake)(void *context), void *context);
bool gate_tick(void);

/* A look: gate_begin_look, then asking the socket, then gate_saw_empty if there was nothing.
 *
 * Nothing could be received from this group's socket: what it was charged for, and had handed
 * on before the look before this one, libzmq has thrown away unreceived. But what an encrypted
 * peer has handed on may be part of a message of several frames; it stays charged until one
 * comes, and ends the connection when it is too long for one. */
void gate_begin_look(struct gate_group *group);
void gate_saw_empty(struct gate_group *group);

/* ---- the stop -------------------------------------------------------------------------- */

/* No more newcomers, and every peer is told that we take nothing new: its ZeroMQ closes the
 * connection, and what its kernel has is read to the end. Call again every few ms, and be less and
 * less choosy about the moment, so that peers that have a good one lose nothing (gate_stop.c). A
 * peer in the middle of a long message is told when that has come. */
enum gate_tell {
    GATE_TELL_WHO_CAUGHT_UP, /* has just sent several messages at once, and nothing behind them */
    GATE_TELL_WHO_PAUSES,    /* has just ended a message, or says nothing from call to call */
    GATE_TELL_ALL,
};
void gate_half_close(enum gate_tell whom);

/* Nothing watched can still bring a message: all peers have left, or were never there, and
 * what they sent was received. */
bool gate_is_drained(void);

/* When every zmq context has ended: forgets what was still charged. */
void gate_end(void);

/* ---- looking --------------------------------------------------------------------------- */

enum gate_cut_reason {
    GATE_CUT_MESSAGE,   /* one message is longer than max_message */
    GATE_CUT_FRAMES,    /* or has more than GATE_FRAMES_MAX frames */
    GATE_CUT_OLD,       /* speaks no ZMTP 3 */
    GATE_CUT_STUCK,     /* a message begun, and not ended for too long */
    GATE_CUT_HANDSHAKE, /* no handshake in time, less if others wait for the place */
    GATE_CUT_SILENT,    /* no message for half a minute, while others wait for the place */
    GATE_CUT_TALK,      /* a receiver that says too much */
    GATE_CUT_DEAF,      /* takes nothing of what it is sent */
    GATE_CUT_REVOKED,   /* its key was good, and is no more */
    GATE_CUT_UID,       /* its user may not come in; it was never accepted, or is no longer let */
    GATE_CUT_REASONS
};
const char *gate_cut_reason_name(enum gate_cut_reason reason);

struct gate_stats {
    uint64_t accepted;    /* connections of watched listeners, since the start */
    uint64_t closed;      /* of these */
    uint64_t turned_away; /* and others, before any handshake: too many have failed */
    uint64_t open_now;
    uint64_t received_bytes; /* from all watched, with ZMTP's framing and handshakes */
    uint64_t polls;          /* changes to what epoll watches on these */

    size_t charged_bytes; /* what libzmq holds now */
    size_t charged_peak;
    size_t budget_bytes;
    unsigned held_peers;   /* that wait now, for want of budget */
    uint64_t holds;        /* how often one began to */
    unsigned doors_closed; /* of groups whose newcomers wait in the backlog now */
    uint64_t closings;     /* how often a door was closed */
    unsigned slots_in_use; /* connections open, or closed and not yet worked off */
    uint64_t voided_bytes; /* charges that nobody gave back */
    unsigned torn;         /* messages of which a peer that was told had sent a part only */
    uint64_t cut[GATE_CUT_REASONS];
};

/* A snapshot. Any thread. */
struct gate_stats gate_stats(void);

/* The same of one group: which connections are open that were accepted for it, and whom it has
 * cut. Connections that we open ourselves are nobody's, but for an outlet's. */
struct gate_group_stats {
    unsigned open_now;
    uint64_t cut[GATE_CUT_REASONS];
};
struct gate_group_stats gate_group_stats(const struct gate_group *group);

/* The next peer that was cut and not asked for yet; false: none. At most GATE_CUTS_KEPT are
 * kept, the first ones; gate_stats counts all. */
enum { GATE_CUTS_KEPT = 16 };
struct gate_cut {
    enum gate_cut_reason reason;
    bool is_outlet;     /* its group is a sink's, not an endpoint's */
    size_t max_message; /* of its group, whose name this is: */
    char endpoint[GATE_PEER_MAX];
    char peer[2 * GATE_PEER_MAX]; /* "127.0.0.1:40000", "web1 (pid 812 uid 1000)" */
};
bool gate_next_cut(struct gate_cut *cut_out);

/* Who is at the other end of a connection, as in gate_cut; any thread. */
enum gate_show { GATE_SHOW_HOST, GATE_SHOW_HOST_AND_PORT };
void gate_show_peer(int fd, enum gate_show show, char text[GATE_PEER_MAX]);

/* The last one that was turned away for its user since this was asked; false: none. */
struct gate_stranger {
    pid_t pid;
    uid_t uid;
    bool is_outlet;
    char endpoint[GATE_PEER_MAX];
};
bool gate_next_stranger(struct gate_stranger *stranger_out);
/* The last newcomer that was turned away since this was asked, and how many were; false: none. */
struct gate_turned_away {
    uint64_t count;
    char endpoint[GATE_PEER_MAX];
    char peer[GATE_PEER_MAX]; /* "10.0.0.7", "2001:db8:0:1::/64", "uid 1000" */
};
bool gate_next_turned_away(struct gate_turned_away *turned_out);

/* Proves that this libzmq, in this build, goes through the hooks: one message over a private
 * context and an abstract socket of our own, charged, received and given back. Takes about
 * 1 ms and at most 5 s, and leaves nothing behind, the statistics at 0 included. Call before
 * the first listener is watched. 0, or -1 and what was missed. */
int gate_self_test(struct err *err);

#endif
