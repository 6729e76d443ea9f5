#include "ingest/ahead.h"

#include <errno.h>

enum { CACHE_LINE = 64, PREFETCH_MAX = 256 };

/* Their charge is given back when they have had their turn, so no more than this of each is kept
 * beyond it. */
enum { KEPT_BYTES = 512 };

void ahead_begin(struct ahead *ahead)
{
    ahead->dry = false;
}

bool ahead_has(const struct ahead *ahead)
{
    return ahead->at < ahead->count;
}

void ahead_clear(struct ahead *ahead)
{
    for (unsigned i = 0; i < ahead->count; i++)
        zmq_msg_close(&ahead->frames[i]);
    ahead->at = ahead->count = 0;
}

static void bring(zmq_msg_t *frame, int len)
{
    const char *bytes = zmq_msg_data(frame);

    for (int at = 0; at < len && at < PREFETCH_MAX; at += CACHE_LINE)
        __builtin_prefetch(bytes + at);
}

/* 0, or errno. */
static int receive(zmq_msg_t *frame, void *socket)
{
    int len;

    zmq_msg_init(frame);
    do {
        len = zmq_msg_recv(frame, socket, ZMQ_DONTWAIT);
    } while (len < 0 && errno == EINTR);
    if (len < 0)
        return errno;
    bring(frame, len);
    return 0;
}

static int fill(struct ahead *ahead, void *socket)
{
    int error = 0;

    while (ahead->count < ahead->max && !error) {
        error = receive(&ahead->frames[ahead->count], socket);
        ahead->count += !error;
    }
    ahead->dry = error == EAGAIN;
    return error;
}

static void free_if_long(zmq_msg_t *frame)
{
    if (zmq_msg_size(frame) <= KEPT_BYTES)
        return;
    zmq_msg_close(frame);
    zmq_msg_init(frame);
}

void ahead_rest(struct ahead *ahead)
{
    if (!ahead_has(ahead))
        ahead_clear(ahead);
    else if (ahead->at > 0)
        free_if_long(&ahead->frames[ahead->at - 1]);
}

zmq_msg_t *ahead_next(struct ahead *ahead, void *socket)
{
    int error = 0;

    if (ahead->at > 0)
        free_if_long(&ahead->frames[ahead->at - 1]);
    if (!ahead_has(ahead)) {
        ahead_clear(ahead);
        error = ahead->dry ? EAGAIN : fill(ahead, socket);
    }
    if (ahead_has(ahead))
        return &ahead->frames[ahead->at++];
    ahead->dry = false;
    errno = error;
    return NULL;
}
