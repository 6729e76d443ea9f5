/* endpoint_receive.c - what ZeroMQ has for an endpoint, message by message, some each turn. */
#include <errno.h>
#include <string.h>
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
 * socket that stays broken shows in EVENTS. The name that a ROUTER puts in front of what was asked
 * came on no wire, and is charged to nobody. */
static bool receive_frame(struct endpoint *endpoint, zmq_msg_t *frame)
{
    bool on_wire = endpoint->more_frames || endpoint->envelope != FRAMES_ASKED;
    int rc;

    do {
        rc = zmq_msg_recv(frame, endpoint->socket, ZMQ_DONTWAIT);
    } while (rc < 0 && errno == EINTR);
    if (rc < 0)
        return false;
    endpoint->frame_bytes += (size_t)rc;
    endpoint->source_fd = zmq_msg_get(frame, ZMQ_SRCFD);
    endpoint->more_frames = zmq_msg_more(frame);
    if (on_wire)
        (endpoint->more_frames ? gate_give_back_part : gate_give_back)(
            endpoint->source_fd, (size_t)rc + endpoint->frame_extra);
    return true;
}

/* What one turn has done so far. */
struct turn {
    unsigned messages;
    size_t bytes;
    int64_t began_ns;
    int64_t received_ns; /* the stamp of messages until the clock is read again */
};

static void keep(struct kept_frame *kept, zmq_msg_t *frame)
{
    kept->len = zmq_msg_size(frame);
    memcpy(kept->bytes, zmq_msg_data(frame),
           kept->len < KEPT_FRAME_MAX ? kept->len : KEPT_FRAME_MAX);
}

/* ---- one message ------------------------------------------------------------------------ */

/* ZeroMQ delivers all frames of a message or none. */
static void skip_rest(struct endpoint *endpoint, zmq_msg_t *frame)
{
    while (endpoint->more_frames && receive_frame(endpoint, frame))
        continue;
    endpoint->more_frames = false;
}

static void refuse_rest(struct endpoint *endpoint, zmq_msg_t *frame)
{
    skip_rest(endpoint, frame);
    endpoint->ledger.received++;
    endpoint->ledger.refused[REFUSE_FRAMES]++;
}

/* False: busy, the frame is parked. */
static bool take_frame(struct endpoint *endpoint, zmq_msg_t *frame)
{
    switch (frames_next(&endpoint->frames, zmq_msg_data(frame), zmq_msg_size(frame),
                        endpoint->more_frames)) {
    case FRAME_ENVELOPE:
        if (endpoint->envelope == FRAMES_ASKED && !endpoint_answer_keep(endpoint, frame))
            refuse_rest(endpoint, frame);
        break;
    case FRAME_TOPIC:
        keep(&endpoint->topic, frame);
        break;
    case FRAME_KEY:
        keep(&endpoint->key, frame);
        break;
    case FRAME_HEADER:
        keep(&endpoint->header, frame);
        break;
    case FRAME_PAYLOAD:
        return endpoint_take_payload(endpoint, frame);
    case FRAME_REFUSED:
        refuse_rest(endpoint, frame);
        break;
    }
    return true;
}

/* A client that waits for its answer gets it for what was refused, too; but not where no way
 * back was found. */
static bool end_message(struct endpoint *endpoint)
{
    if (endpoint->envelope == FRAMES_ASKED && endpoint->frames.envelope_ended)
        endpoint_answer_owe(endpoint);
    return endpoint_answer_send(endpoint);
}

bool endpoint_receive_rest(struct endpoint *endpoint)
{
    zmq_msg_t frame;
    bool ready = true;

    zmq_msg_init(&frame);
    while (ready && endpoint->more_frames && receive_frame(endpoint, &frame))
        ready = take_frame(endpoint, &frame);
    zmq_msg_close(&frame);
    return ready && end_message(endpoint);
}

/* Most messages are one frame, whose payload nothing stands beside. */
static bool is_bare_payload(const struct endpoint *endpoint)
{
    return !endpoint->more_frames && endpoint->envelope == FRAMES_BARE &&
           endpoint->conf->frames <= CONF_FRAMES_PAYLOAD;
}

/* As ZeroMQ would do it: by what the first frame begins with. */
static bool is_wanted(const struct conf_strings *subscribe, zmq_msg_t *first)
{
    for (unsigned i = 0; i < subscribe->count; i++) {
        size_t len = strlen(subscribe->items[i]);

        if (len <= zmq_msg_size(first) &&
            memcmp(zmq_msg_data(first), subscribe->items[i], len) == 0)
            return true;
    }
    return subscribe->count == 0;
}

static bool take_message(struct endpoint *endpoint, zmq_msg_t *first)
{
    endpoint->ledger.messages++;
    endpoint->topic.len = endpoint->header.len = endpoint->key.len = 0;
    if (!is_wanted(&endpoint->conf->subscribe, first)) {
        endpoint->ledger.unwanted++;
        skip_rest(endpoint, first);
        return true;
    }
    if (is_bare_payload(endpoint))
        return endpoint_take_payload(endpoint, first);
    frames_begin(&endpoint->frames, endpoint->conf->frames, endpoint->envelope);
    endpoint_answer_begin(endpoint);
    return take_frame(endpoint, first) && endpoint_receive_rest(endpoint);
}

/* One message, if there is one. False: none is, or no room for more. */
static bool receive_message(struct endpoint *endpoint, struct turn *turn)
{
    uint64_t received_bytes = endpoint->frame_bytes;
    zmq_msg_t frame;
    bool ready = false;

    zmq_msg_init(&frame);
    if (receive_frame(endpoint, &frame)) {
        endpoint->received_ns = turn->received_ns;
        ready = take_message(endpoint, &frame);
    } else {
        endpoint->watched.emptied = errno == EAGAIN;
        gate_ran_dry(endpoint->gate);
    }
    turn->bytes += endpoint->frame_bytes - received_bytes;
    zmq_msg_close(&frame);
    return ready;
}

bool endpoint_is_waiting(const struct endpoint *endpoint)
{
    return endpoint_is_parked(endpoint) || endpoint->answer.due;
}

void endpoint_pause_if_waiting(struct endpoint *endpoint)
{
    endpoint->watched.wanted = !endpoint_is_waiting(endpoint);
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
    endpoint_pause_if_waiting(endpoint);
}

/* ZeroMQ may be fed faster than this; what it can have had at the stop bounds it. */
void endpoint_refuse_queued(struct endpoint *endpoint)
{
    struct turn turn = {.received_ns = clock_nanoseconds(CLOCK_REALTIME)};

    while (turn.bytes <= endpoint->shared.receive_bytes && receive_message(endpoint, &turn))
        ;
}
