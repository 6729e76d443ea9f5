/* gate_source.c - which connection a frame came on, without asking libzmq for each.
 *
 * Problem. zmq_msg_get(ZMQ_SRCFD) makes a string, looks it up in a tree of strings, and reads a
 * number from what stands there: 40 ns a frame, more than receiving it.
 *
 * Trick. The first word of a frame points to the properties of its connection. libzmq makes them
 * once a connection, and frees them when it has closed the descriptor and all frames are gone. So
 * what is known of an open connection holds until some connection is closed, which the gate sees
 * first:
 *
 *     close() ──► gate.era + 1 ──► libzmq frees the properties ──► another's may be there
 *
 * What a connection that is closed already has left behind is asked for each time.
 *
 * That the word is what it is here stands in no manual, so gate_self_test looks, and if it is not,
 * libzmq is asked each time. */
#undef _FORTIFY_SOURCE

#include <string.h>
#include <zmq.h>

#include "zeromq/gate_parts.h"

enum { SOURCES_KNOWN = 256 };

static struct known {
    const void *properties;
    unsigned era;
    int fd;
} known[SOURCES_KNOWN];

static const void *properties_of(const zmq_msg_t *frame)
{
    const void *first_word;

    memcpy(&first_word, frame, sizeof first_word);
    return first_word;
}

/* Objects of some hundred bytes, which a heap puts at any multiple of 16. */
static struct known *place_of(const void *properties)
{
    uintptr_t address = (uintptr_t)properties >> 4;

    return &known[(address ^ address >> 8) % SOURCES_KNOWN];
}

/* Of one that we opened a frame may be of the one before, which is closed. */
static bool is_surely_open(int fd)
{
    const struct gate_slot *slot = gate_slot_of(fd);

    return slot && gate_state_of(slot) == GATE_OPEN && gate_connection(fd) % 2 == 0;
}

/* The era is read first: if the connection is closed meanwhile, what is noted here is of an era
 * that is over. */
int gate_source_of(zmq_msg_t *frame)
{
    unsigned era = atomic_load_explicit(&gate.era, memory_order_acquire);
    const void *properties = properties_of(frame);
    struct known *place = place_of(properties);
    int fd;

    if (gate.tells_sources && properties && place->properties == properties && place->era == era)
        return place->fd;
    fd = zmq_msg_get(frame, ZMQ_SRCFD);
    if (properties && is_surely_open(fd))
        *place = (struct known){properties, era, fd};
    return fd;
}

bool gate_source_is_told(const zmq_msg_t *frame, const zmq_msg_t *next)
{
    zmq_msg_t own;
    bool is_told;

    zmq_msg_init_size(&own, 1);
    is_told =
        !properties_of(&own) && properties_of(frame) && properties_of(frame) == properties_of(next);
    zmq_msg_close(&own);
    return is_told;
}
