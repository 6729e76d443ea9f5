/* transport.h - how the bytes of a stream go over its connection: as they are, or encrypted.
 *
 * Positions and counts are of plain bytes, those of the outbox, for all of them. What a
 * transport has taken goes out once, as it was taken. Loop thread only; nothing waits. */
#ifndef SINK_TRANSPORT_H
#define SINK_TRANSPORT_H

#include "sink/sink_parts.h"

enum transport_word {
    TRANSPORT_MORE,   /* there may be more at once */
    TRANSPORT_DRY,    /* not now */
    TRANSPORT_CLOSED, /* the peer has closed */
    TRANSPORT_BROKEN  /* errno says why, and `why` does in words */
};

struct transport {
    /* What it needs for all connections of the sink. 0, or -1 and a sentence. NULL: nothing. */
    int (*open)(struct sink *sink, struct err *err);

    /* sink->fd is connected: calls remote_connected or remote_refused, now or later. NULL: it
     * is good as it is. */
    void (*greet)(struct sink *sink);

    /* Takes of sink->vectors what it can; how many bytes, or -1 and errno, EAGAIN for none. */
    ssize_t (*send)(struct sink *sink);

    /* Hands to the kernel what it has taken and not handed over. MORE: all of it. */
    enum transport_word (*push)(struct sink *sink);

    /* Reads something, and forgets it. */
    enum transport_word (*receive)(struct sink *sink);

    /* Bytes that were taken and have not arrived; UINT64_MAX: it cannot be known. */
    uint64_t (*count_under_way)(struct sink *sink);

    /* Of the connection being broken, for this errno. */
    const char *(*why)(const struct sink *sink, int error);

    /* All has arrived, and the peer is told that no more will come. NULL: the close tells. */
    void (*farewell)(struct sink *sink);

    /* The connection ends, before its descriptor is closed, also in the middle of greeting. */
    void (*end)(struct sink *sink);

    /* The sink ends; nothing but what `open` made is left. */
    void (*close)(struct sink *sink);
};

extern const struct transport transport_plain;
extern const struct transport transport_tls;

#endif
