/* endpoint_answer.c - of a rep endpoint: whom to tell OK, and telling it.
 *
 * Problem. ZeroMQ's own REP throws away what has no empty frame in front, unseen, and it copies
 * the way back, which is the client's to choose, into a queue that a client may never read: up
 * to max_message for each of its requests.
 *
 * Trick. The socket is a ROUTER. The way back comes to us, is kept if it is short, and the
 * answer goes out with it:
 *
 *     request    who | way back, often none | nothing | topic, payload …
 *     answer     who | the same way back    | nothing | OK
 *
 * ZeroMQ queues ANSWERS_QUEUED of them for a client. If it reads slower than it asks, the
 * endpoint waits for it, with its other clients; if that lasts, it is cut off. */
#include <errno.h>
#include <string.h>
#include <zmq.h>

#include "conf/nanoseconds.h"
#include "ingest/endpoint_parts.h"
#include "zeromq/gate.h"

enum { PATIENCE_MS = 500 };

void endpoint_answer_begin(struct endpoint *endpoint)
{
    endpoint->answer.frame_count = 0;
    endpoint->answer.bytes_used = 0;
    endpoint->answer.due = false;
}

/* The last place is the empty frame's: what has taken that would be answered without it. */
bool endpoint_answer_keep(struct endpoint *endpoint, zmq_msg_t *frame)
{
    struct answer *answer = &endpoint->answer;
    size_t len = zmq_msg_size(frame);

    if (answer->frame_count == ANSWER_FRAMES_MAX - (len > 0) ||
        len > ANSWER_BYTES_MAX - answer->bytes_used)
        return false;
    memcpy(answer->bytes + answer->bytes_used, zmq_msg_data(frame), len);
    answer->bytes_used += (unsigned)len;
    answer->lens[answer->frame_count++] = (unsigned short)len;
    return true;
}

void endpoint_answer_owe(struct endpoint *endpoint)
{
    if (endpoint->answer.due || endpoint->stopped)
        return; /* what is refused at a stop is not OK */
    endpoint->answer.due = true;
    endpoint->answer.fd = endpoint->source_fd;
    endpoint->answer.since_ms = monotonic_ms();
}

/* Only the first part, whose name is looked up, can fail. 0, or -1 and errno. */
static int send_answer(struct endpoint *endpoint)
{
    const struct answer *answer = &endpoint->answer;
    const char *bytes = answer->bytes;

    for (unsigned i = 0; i < answer->frame_count; i++) {
        if (zmq_send(endpoint->socket, bytes, answer->lens[i], ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
            return -1;
        bytes += answer->lens[i];
    }
    return zmq_send(endpoint->socket, "OK", 2, ZMQ_DONTWAIT);
}

/* One who does not read. Without the gate nobody is there to be waited for. */
static bool is_waited_for(const struct answer *answer)
{
    if (!gate_is_there(answer->fd))
        return false;
    if (monotonic_ms() - answer->since_ms < PATIENCE_MS)
        return true;
    gate_cut_unread(answer->fd, answer->since_ms);
    return false;
}

bool endpoint_answer_send(struct endpoint *endpoint)
{
    struct answer *answer = &endpoint->answer;

    if (!answer->due)
        return true;
    endpoint->watched.emptied = false; /* sending silences the bell */
    if (send_answer(endpoint) < 0) {
        if (errno == EAGAIN && is_waited_for(answer))
            return false;
        endpoint->ledger.unanswered++;
    }
    answer->due = false;
    return true;
}
