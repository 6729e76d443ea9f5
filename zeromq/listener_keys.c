#include "zeromq/listener_keys.h"

#include "conf/must.h"
#include "zeromq/curve.h"

static bool has_key(const struct listener *listener, const struct curve_key *key)
{
    for (unsigned i = 0; i < listener->key_count; i++) {
        if (curve_key_is_same(&listener->keys[i].public_key, key))
            return true;
    }
    return false;
}

static bool is_wanted(const struct admission *admission, const struct curve_key *key)
{
    for (unsigned i = 0; i < admission->key_count; i++) {
        if (curve_key_is_same(&admission->keys[i].public_key, key))
            return true;
    }
    return false;
}

/* The last ones are the last that came. */
static void drop(struct listener *listener, unsigned at)
{
    gate_retire_listener(listener->keys[at].fd);
    listener->key_count--;
    for (; at < listener->key_count; at++)
        listener->keys[at] = listener->keys[at + 1];
}

static unsigned drop_unwanted(struct listener *listener, const struct admission *admission)
{
    unsigned dropped = 0;

    for (unsigned i = listener->key_count; i-- > 0;) {
        if (!is_wanted(admission, &listener->keys[i].public_key)) {
            drop(listener, i);
            dropped++;
        }
    }
    return dropped;
}

/* With the socket's key as it is now. */
static int attach(struct listener *listener, void *zmq_socket, struct gate_group *group,
                  const struct curve_key *key, struct err *err)
{
    int fd = listener_attach(listener, zmq_socket, group, err);

    if (fd < 0)
        return -1;
    must(listener->key_count < LISTENER_KEYS_MAX);
    gate_deal(fd, listener->number);
    listener->keys[listener->key_count++] = (struct listener_key){fd, *key};
    return 0;
}

/* Oldest first, so that the newest is the socket's own in the end. */
static int add(struct listener *listener, void *zmq_socket, struct gate_group *group,
               const struct admission *admission, const char *domain, struct err *err)
{
    for (unsigned i = admission->key_count; i-- > 0;) {
        const struct curve_pair *pair = &admission->keys[i];

        if (has_key(listener, &pair->public_key))
            continue;
        if (curve_serve_as(zmq_socket, pair, domain, err) < 0 ||
            attach(listener, zmq_socket, group, &pair->public_key, err) < 0)
            return -1;
    }
    return 0;
}

/* Without the gate nobody would deal, and nothing that was attached could be taken off again. */
static int judge_gate(const struct listener *listener, const struct admission *admission,
                      struct err *err)
{
    if (gate_is_on())
        return 0;
    if (admission->key_count > 1)
        return err_set(err, "two server keys at once need the gate, which is off (memory.gate)");
    if (listener->key_count > 0 && !has_key(listener, &admission->keys[0].public_key))
        return err_set(err, "another server key needs a restart, since the gate is off "
                            "(memory.gate)");
    return 0;
}

static void undo(struct listener *listener)
{
    while (listener->key_count > listener->settled_count)
        drop(listener, listener->key_count - 1);
}

int listener_keys_add(struct listener *listeners, unsigned count, void *zmq_socket,
                      struct gate_group *group, const struct admission *admission,
                      const char *domain, struct err *err)
{
    int result = 0;
    unsigned at;

    must(admission->key_count > 0);
    for (at = 0; at < count && result == 0; at++) {
        listeners[at].settled_count = listeners[at].key_count;
        result = judge_gate(&listeners[at], admission, err);
        if (result == 0)
            result = add(&listeners[at], zmq_socket, group, admission, domain, err);
    }
    while (result < 0 && at-- > 0)
        undo(&listeners[at]);
    return result;
}

void listener_keys_undo(struct listener *listeners, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        undo(&listeners[i]);
}

/* Of several addresses, each has the same keys. */
void listener_keys_settle(struct listener *listeners, unsigned count,
                          const struct admission *admission, struct admission_change *change)
{
    for (unsigned i = 0; i < count; i++) {
        change->keys_added = listeners[i].key_count - listeners[i].settled_count;
        change->keys_gone = drop_unwanted(&listeners[i], admission);
    }
}
