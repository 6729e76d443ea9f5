/* endpoint_receive.c - what ZeroMQ has for an endpoint, message by message, some each turn. */
#include <errno.h>
#include <time.h>
#include <zmq.h>

#include "conf/must.h"
#include "conf/nanoseconds.h"
#include "ingest/endpoint_parts.h"

/* A turn ends at whichever comes first, so that sinks and signals get theirs. */
enum { MESSAGES_PER_TURN = 256, BYTES_PER_TURN = 1024 * 1024, NS_PER_TURN = 1000 * 1000 };

/* Reading the clock costs a tenth of a message: at full rate these take some 5 us. */
enum { MESSAGES_PER_STAMP = 16 };

/* EAGAIN is not an error: nothing is there. Other errors end the turn as well; a
 * socket that stays broken shows in EVENTS. */
static bool receive_frame(struct endpoint *endpoint, zmq_msg_t *frame)
{
    int rc;

    do {
        rc = zmq_msg_recv(frame, endpoint->socket, ZMQ_DONTWAIT);
    } while (rc < 0 && errno == EINTR);
    if (rc < 0)
        return false;
    gate_give_back(zmq_msg_get(frame, ZMQ_SRCFD), (size_t)rc);
    return true;
}

/* A message has one frame, or a topic and one; ZeroMQ delivers all frames or none. */
static void refuse_rest(struct endpoint *endpoint, zmq_msg_t *frame)
{
    while (zmq_msg_more(frame) && receive_frame(endpoint, frame))
        ;
    endpoint->ledger.messages++;
    endpoint->ledger.received++;
    endpoint->ledger.refused[REFUSE_FRAMES]++;
}

/* What one turn has done so far. */
struct turn {
    unsigned messages;
    size_t bytes;
    int64_t began_ns;
    int64_t received_ns; /* the stamp of messages until the clock is read again */
};

/* One message, if there is one. False: none is, or no room for more. */
static bool receive_message(struct endpoint *endpoint, struct turn *turn)
{
    zmq_msg_t frame, payload;
    bool ready = true;

    zmq_msg_init(&frame);
    if (!receive_frame(endpoint, &frame)) {
        endpoint->watched.emptied = errno == EAGAIN;
        zmq_msg_close(&frame);
        return false;
    }
    turn->bytes += zmq_msg_size(&frame);
    if (!zmq_msg_more(&frame)) {
        ready = endpoint_take_message(endpoint, &frame, NULL, turn->received_ns);
        zmq_msg_close(&frame);
        return ready;
    }
    zmq_msg_init(&payload);
    if (receive_frame(endpoint, &payload)) {
        turn->bytes += zmq_msg_size(&payload);
        if (zmq_msg_more(&payload))
            refuse_rest(endpoint, &payload);
        else
            ready = endpoint_take_message(endpoint, &payload, &frame, turn->received_ns);
    }
    zmq_msg_close(&payload);
    zmq_msg_close(&frame);
    return ready;
}

void endpoint_pause_if_parked(struct endpoint *endpoint)
{
    endpoint->watched.wanted = !endpoint_is_parked(endpoint);
}

static bool turn_is_over(struct turn *turn)
{
    turn->messages++;
    if (turn->messages % MESSAGES_PER_STAMP == 0)
        turn->received_ns = clock_nanoseconds(CLOCK_REALTIME);
    /* A clock that was set back ends no turn early: the counts will. */
    return turn->messages == MESSAGES_PER_TURN || turn->bytes >= BYTES_PER_TURN ||
           turn->received_ns - turn->began_ns > NS_PER_TURN;
}

void endpoint_on_turn(struct zmq_watched *watched)
{
    struct endpoint *endpoint = container_of(watched, struct endpoint, watched);
    struct turn turn = {.began_ns = clock_nanoseconds(CLOCK_REALTIME)};

    turn.received_ns = turn.began_ns;
    watched->emptied = false;
    while (receive_message(endpoint, &turn) && !turn_is_over(&turn))
        ;
    endpoint_pause_if_parked(endpoint);
}

/* ZeroMQ may be fed faster than this; what it can have had at the stop bounds it. */
void endpoint_refuse_queued(struct endpoint *endpoint)
{
    struct turn turn = {.received_ns = clock_nanoseconds(CLOCK_REALTIME)};

    while (turn.bytes <= endpoint->shared.receive_bytes && receive_message(endpoint, &turn))
        ;
}
