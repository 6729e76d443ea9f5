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

/* NULL: nothing is there, or the socket is broken, which shows in EVENTS. The name that a ROUTER
 * puts in front of what was asked came on no wire, and is charged to nobody. */
static zmq_msg_t *receive_frame(struct endpoint *endpoint)
{
    bool on_wire = endpoint->more_frames || endpoint->envelope != FRAMES_ASKED;
    zmq_msg_t *frame = ahead_next(&endpoint->ahead, endpoint->socket);
    size_t len;

    if (!frame)
        return NULL;
    len = zmq_msg_size(frame);
    endpoint->frame_bytes += len;
    endpoint->source_fd = gate_source_of(frame);
    endpoint->more_frames = zmq_msg_more(frame);
    if (on_wire)
        (endpoint->more_frames ? gate_give_back_part : gate_give_back)(endpoint->source_fd,
                                                                       len + endpoint->frame_extra);
    return frame;
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
static void skip_rest(struct endpoint *endpoint)
{
    while (endpoint->more_frames && receive_frame(endpoint))
        continue;
    endpoint->more_frames = false;
}

static void refuse_rest(struct endpoint *endpoint)
{
    skip_rest(endpoint);
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
            refuse_rest(endpoint);
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
        refuse_rest(endpoint);
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
    zmq_msg_t *frame;
    bool ready = true;

    while (ready && endpoint->more_frames && (frame = receive_frame(endpoint)))
        ready = take_frame(endpoint, frame);
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
        skip_rest(endpoint);
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
    zmq_msg_t *frame = receive_frame(endpoint);
    bool ready = false;

    if (frame) {
        endpoint->received_ns = turn->received_ns;
        ready = take_message(endpoint, frame);
    } else {
        endpoint->watched.emptied = errno == EAGAIN;
        gate_ran_dry(endpoint->gate);
    }
    turn->bytes += endpoint->frame_bytes - received_bytes;
    return ready;
}

bool endpoint_is_waiting(const struct endpoint *endpoint)
{
    return endpoint_is_parked(endpoint) || endpoint->answer.due;
}

void endpoint_pause_if_waiting(struct endpoint *endpoint)
{
    endpoint->watched.wanted = !endpoint_is_waiting(endpoint);
    endpoint->watched.has_more = ahead_has(&endpoint->ahead);
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
    ahead_begin(&endpoint->ahead);
    while (receive_message(endpoint, &turn) && !turn_is_over(&turn))
        ;
    ahead_rest(&endpoint->ahead);
    endpoint_pause_if_waiting(endpoint);
}

/* ZeroMQ may be fed faster than this; what it can have had at the stop bounds it. */
void endpoint_refuse_queued(struct endpoint *endpoint)
{
    struct turn turn = {.received_ns = clock_nanoseconds(CLOCK_REALTIME)};

    ahead_begin(&endpoint->ahead);
    while (turn.bytes <= endpoint->shared.receive_bytes && receive_message(endpoint, &turn))
        ;
}
