/* gate_users.c - whose processes may come in over a socket file.
 *
 * The kernel knows who connects (SO_PEERCRED), and nobody can say another. Who may not is turned
 * away where he is accepted: libzmq never hears of him. Its clients come again ten times a second
 * each, so that costs three system calls, and is told once in a while. */
#undef _FORTIFY_SOURCE

#include <string.h>
#include <sys/socket.h>

#include "conf/must.h"
#include "zeromq/gate_parts.h"

static bool is_local(int fd)
{
    int domain = AF_UNSPEC;
    socklen_t domain_len = sizeof domain;

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_len) == 0 && domain == AF_UNIX;
}

/* Whoever the kernel does not know is nobody's process. */
static struct ucred who_is(int fd)
{
    struct ucred who = {.uid = (uid_t)-1};
    socklen_t who_len = sizeof who;

    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &who_len);
    return who;
}

static bool is_listed(const struct gate_group *group, uid_t uid)
{
    for (unsigned i = 0; i < group->user_count; i++) {
        if (group->users[i] == uid)
            return uid != (uid_t)-1;
    }
    return false;
}

static bool may_come_in(const struct gate_group *group, int fd)
{
    return !group->picks_users || !is_local(fd) || is_listed(group, who_is(fd).uid);
}

bool gate_is_user_welcome(struct gate_group *group, int fd)
{
    struct ucred who;

    if (may_come_in(group, fd))
        return true;
    who = who_is(fd);
    gate.cut[GATE_CUT_UID]++;
    group->cut[GATE_CUT_UID]++;
    gate.stranger.pid = who.pid;
    gate.stranger.uid = who.uid;
    strncpy(gate.stranger.endpoint, group->name, sizeof gate.stranger.endpoint - 1);
    gate.stranger.is_outlet = group->is_outlet;
    gate.any_stranger = true;
    return false;
}

unsigned gate_group_pick_users(struct gate_group *group, const uid_t *users, unsigned count)
{
    unsigned cut = 0;

    must(count <= GATE_USERS_MAX && (users || count == 0));
    gate_lock();
    group->picks_users = users != NULL;
    group->user_count = count;
    if (count > 0)
        memcpy(group->users, users, count * sizeof *users);
    for (unsigned fd = 0; fd < gate.high; fd++) {
        struct gate_slot *slot = gate_slot_of((int)fd);

        if (gate_state_of(slot) != GATE_OPEN || slot->group != group || slot->outgoing ||
            slot->doomed || may_come_in(group, (int)fd))
            continue;
        gate_cut_peer(slot, GATE_CUT_UID);
        cut++;
    }
    gate_unlock();
    return cut;
}

bool gate_next_stranger(struct gate_stranger *stranger_out)
{
    bool any;

    gate_lock();
    any = gate.any_stranger;
    if (any)
        *stranger_out = gate.stranger;
    gate.any_stranger = false;
    gate_unlock();
    return any;
}
