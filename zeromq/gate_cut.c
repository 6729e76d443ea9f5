/* gate_cut.c - peers that are cut off, and what is told of them.
 *
 * A connection is never closed behind libzmq's back. It is shut down, so that libzmq looks
 * at it, and its next recv() says ECONNRESET. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "zeromq/gate_parts.h"

const char *gate_cut_reason_name(enum gate_cut_reason reason)
{
    static const char *const names[GATE_CUT_REASONS] = {
        [GATE_CUT_MESSAGE] = "message",
        [GATE_CUT_FRAMES] = "frames",
        [GATE_CUT_OLD] = "old",
        [GATE_CUT_STUCK] = "stuck",
        [GATE_CUT_HANDSHAKE] = "handshake",
        [GATE_CUT_SILENT] = "silent",
        [GATE_CUT_TALK] = "talk",
        [GATE_CUT_DEAF] = "deaf",
        [GATE_CUT_REVOKED] = "revoked",
        [GATE_CUT_UID] = "uid",
    };

    return names[reason];
}

/* ---- who it was ------------------------------------------------------------------------- */

static void show_ip(const struct sockaddr *address, socklen_t address_len, enum gate_show show,
                    char text[GATE_PEER_MAX])
{
    char host[INET6_ADDRSTRLEN], port[sizeof "65535"];
    bool is_ip6 = address->sa_family == AF_INET6;

    if (getnameinfo(address, address_len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    if (show == GATE_SHOW_HOST)
        snprintf(text, GATE_PEER_MAX, "%s", host);
    else
        snprintf(text, GATE_PEER_MAX, is_ip6 ? "[%s]:%s" : "%s:%s", host, port);
}

static void show_process(int fd, char text[GATE_PEER_MAX])
{
    struct ucred who;
    socklen_t who_len = sizeof who;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &who_len) == 0)
        snprintf(text, GATE_PEER_MAX, "pid %d uid %u", (int)who.pid, (unsigned)who.uid);
}

/* Past our own getpeername(). */
void gate_show_peer(int fd, enum gate_show show, char text[GATE_PEER_MAX])
{
    struct sockaddr_storage storage = {.ss_family = AF_UNSPEC};
    struct sockaddr *address = (struct sockaddr *)&storage;
    socklen_t address_len = sizeof storage;

    snprintf(text, GATE_PEER_MAX, "one that has left already");
    if (syscall(SYS_getpeername, fd, address, &address_len) < 0)
        return;
    if (address->sa_family == AF_UNIX)
        show_process(fd, text);
    else
        show_ip(address, address_len, show, text);
}

/* ---- cutting ------------------------------------------------------------------------------ */

static void remember(const struct gate_slot *slot, enum gate_cut_reason reason, const char *name)
{
    char peer[GATE_PEER_MAX];
    struct gate_cut *cut;

    if (gate.cut_count == GATE_CUTS_KEPT)
        return;
    cut = &gate.cuts[(gate.cut_first + gate.cut_count++) % GATE_CUTS_KEPT];
    cut->reason = reason;
    cut->is_outlet = slot->group->is_outlet;
    cut->max_message = slot->group->limits.max_message;
    snprintf(cut->endpoint, sizeof cut->endpoint, "%s", slot->group->name);
    gate_show_peer(gate_fd_of(slot), GATE_SHOW_HOST_AND_PORT, peer);
    snprintf(cut->peer, sizeof cut->peer, name ? "%s (%s)" : "%s%s", name ? name : "", peer);
}

void gate_cut_peer(struct gate_slot *slot, enum gate_cut_reason reason)
{
    gate_cut_named(slot, reason, NULL);
}

void gate_cut_named(struct gate_slot *slot, enum gate_cut_reason reason, const char *name)
{
    if (slot->doomed)
        return;
    slot->doomed = (unsigned char)(1 + reason);
    gate.cut[reason]++;
    slot->group->cut[reason]++;
    remember(slot, reason, name);
    shutdown(gate_fd_of(slot), SHUT_RDWR);
    if (slot->waiting)
        gate_let_go(slot);
    gate_raise_attention();
}

bool gate_is_there(int fd)
{
    const struct gate_slot *slot = gate_slot_of(fd);

    return slot && gate_state_of(slot) == GATE_OPEN && !slot->doomed;
}

void gate_cut_unread(int fd, int64_t since_ms)
{
    struct gate_slot *slot = gate_slot_of(fd);

    gate_lock();
    if (slot && gate_state_of(slot) == GATE_OPEN && slot->opened_ms <= since_ms)
        gate_cut_peer(slot, GATE_CUT_DEAF);
    gate_unlock();
}

bool gate_next_cut(struct gate_cut *cut_out)
{
    bool any;

    gate_lock();
    any = gate.cut_count > 0;
    if (any) {
        *cut_out = gate.cuts[gate.cut_first];
        gate.cut_first = (gate.cut_first + 1) % GATE_CUTS_KEPT;
        gate.cut_count--;
    }
    gate_unlock();
    return any;
}
