/* gate_newcomer.c - who of the newcomers may try a handshake, and what is told of the others.
 *
 * Only where a handshake is dear, which is where it is encrypted. Who may not is closed before
 * libzmq hears of it: left in the backlog, they would stand in the way of those who may. */
#include <stdio.h>
#include <string.h>

#include "zeromq/gate_parts.h"

static void remember(const struct gate_group *group, struct gate_address address)
{
    gate.turned_away++;
    gate.turned_from = address;
    snprintf(gate.turned_endpoint, sizeof gate.turned_endpoint, "%s", group->name);
    gate_raise_attention();
}

bool gate_may_try(const struct gate_group *group, int fd, const struct sockaddr *address)
{
    struct gate_address from;

    if (!group->encrypts)
        return true;
    from = gate_address_of(fd, address);
    if (gate_try_lend(from, gate_now_ms()))
        return true;
    remember(group, from);
    return false;
}

/* While a server has two keys, whoever comes in by the right one has met the wrong one once before,
 * on average. So a site whose clients all come at once, be they as many as they like, does not
 * run out of tries for it. */
void gate_end_try(const struct gate_slot *slot)
{
    struct gate_address from = gate_address_of(gate_fd_of(slot), NULL);

    if (from.kind == GATE_ADDRESS_NONE)
        return;
    gate_try_give_back(from, gate_now_ms());
    if (slot->was_dealt)
        gate_try_give_back(from, gate_now_ms());
}

bool gate_next_turned_away(struct gate_turned_away *turned_out)
{
    bool any;

    gate_lock();
    any = gate.turned_away != gate.turned_told;
    if (any) {
        turned_out->count = gate.turned_away - gate.turned_told;
        gate_address_show(gate.turned_from, turned_out->peer);
        memcpy(turned_out->endpoint, gate.turned_endpoint, sizeof turned_out->endpoint);
        gate.turned_told = gate.turned_away;
    }
    gate_unlock();
    return any;
}
