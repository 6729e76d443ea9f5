/* gate_keys.c - which connection has shown which key, so that one can be taken back.
 *
 * Problem. libzmq asks whether a key may come in (ZAP), and never says for which connection: of
 * that it tells the address without a port, or the same process for all its connections. Nor does
 * it have a call that ends one connection.
 *
 * Trick. The address is what getpeername(2) has said, once, when the connection was accepted. On
 * connections of a group that encrypts, ours answers with an IPv6 address of a block that is kept
 * for what goes nowhere (RFC 6666), and that holds descriptor and number of the connection:
 *
 *     0100:0000 : descriptor : number          "100:0:0:1f::2a"
 *      4 bytes     4 bytes      8 bytes
 *
 * So the question comes with the connection that it is about, and who answers it with yes can
 * note the key there. Where the address is to be shown, the number leads back to the real one. */
#undef _FORTIFY_SOURCE

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "conf/must.h"
#include "zeromq/gate_parts.h"

static const unsigned char block[] = {1, 0, 0, 0};

/* ---- addresses ---------------------------------------------------------------------------- */

int gate_tell_number(const struct gate_slot *slot, struct sockaddr *address, socklen_t *address_len)
{
    struct sockaddr_in6 told = {.sin6_family = AF_INET6};
    uint32_t fd = (uint32_t)gate_fd_of(slot);
    uint64_t number = atomic_load(&slot->number);
    size_t room = *address_len < sizeof told ? *address_len : sizeof told;

    memcpy(&told.sin6_addr.s6_addr[0], block, sizeof block);
    memcpy(&told.sin6_addr.s6_addr[4], &fd, sizeof fd);
    memcpy(&told.sin6_addr.s6_addr[8], &number, sizeof number);
    memcpy(address, &told, room);
    *address_len = sizeof told;
    return 0;
}

bool gate_find_caller(const char *address, struct gate_caller *caller_out)
{
    struct in6_addr told;
    uint32_t fd;

    if (inet_pton(AF_INET6, address, &told) != 1 || memcmp(told.s6_addr, block, sizeof block) != 0)
        return false;
    memcpy(&fd, &told.s6_addr[4], sizeof fd);
    memcpy(&caller_out->number, &told.s6_addr[8], sizeof caller_out->number);
    caller_out->fd = (int)fd;
    return true;
}

/* Under the lock. NULL: it has left, be its descriptor another's by now or not. */
static struct gate_slot *slot_of_caller(const struct gate_caller *caller)
{
    struct gate_slot *slot = gate_slot_of(caller->fd);
    bool is_there = slot && gate_state_of(slot) == GATE_OPEN && slot->number == caller->number;

    return is_there ? slot : NULL;
}

void gate_show_caller(const struct gate_caller *caller, char text[GATE_PEER_MAX])
{
    const struct gate_slot *slot;

    snprintf(text, GATE_PEER_MAX, "an address that it has left");
    gate_lock();
    slot = slot_of_caller(caller);
    if (slot)
        gate_show_peer(gate_fd_of(slot), GATE_SHOW_HOST, text);
    gate_unlock();
}

/* ---- keys --------------------------------------------------------------------------------- */

void gate_note_key(const struct gate_caller *caller, const unsigned char key[GATE_KEY_BYTES])
{
    struct gate_slot *slot;

    gate_lock();
    slot = slot_of_caller(caller);
    if (slot) {
        memcpy(slot->key, key, GATE_KEY_BYTES);
        slot->has_key = true;
        gate_end_try(slot);
    }
    gate_unlock();
}

unsigned gate_cut_keys(const struct gate_group *group, gate_gone_key gone, void *context)
{
    unsigned count = 0;

    gate_lock();
    for (unsigned fd = 0; fd < gate.high; fd++) {
        struct gate_slot *slot = gate_slot_of((int)fd);
        const char *name;

        if (gate_state_of(slot) != GATE_OPEN || slot->group != group || !slot->has_key ||
            slot->doomed)
            continue;
        name = gone(context, slot->key);
        if (!name)
            continue;
        gate_cut_named(slot, GATE_CUT_REVOKED, name);
        count++;
    }
    gate_unlock();
    return count;
}
