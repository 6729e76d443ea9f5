/* rights.c - who is at the other end, by the kernel's word, which nobody can forge. */
#include <stdlib.h>
#include <unistd.h>

#include "control/control_parts.h"

/* The groups of the peer beside its own, as they were when it connected. */
static bool is_member(int fd, gid_t group)
{
    socklen_t bytes = 0;
    gid_t *groups;
    bool found = false;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &bytes) == 0 || bytes == 0)
        return false; /* it has none: there was room for them */
    groups = malloc(bytes);
    if (groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes) == 0) {
        for (size_t i = 0; i < bytes / sizeof *groups; i++)
            found |= groups[i] == group;
    }
    free(groups);
    return found;
}

enum control_right control_right_of(int fd, gid_t group)
{
    struct ucred peer;
    socklen_t bytes = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) < 0)
        return CONTROL_NOBODY;
    if (peer.uid == 0 || peer.uid == geteuid())
        return CONTROL_ACTS;
    if (group != (gid_t)-1 && (peer.gid == group || is_member(fd, group)))
        return CONTROL_LOOKS;
    return CONTROL_NOBODY;
}
