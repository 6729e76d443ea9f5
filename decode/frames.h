/* frames.h - which frame of a ZeroMQ message is what, told frame by frame as they come.
 *
 *   auto        one frame: a payload. Two: topic and payload. More: topic, and each frame
 *               after it a payload of its own (Logstash); but where the second one begins
 *               as CMDP's does, it is a header, and the payloads come behind it
 *   payload     every frame is a payload
 *   topic       the first is a topic, every other one a payload
 *   topic-key   the first is a topic, the second a key (Fluent Bit), then payloads
 *   cmdp        the first is a topic, the second a header, then payloads
 *
 * In front of that may be an envelope, which is stripped: what it is, the socket says. No
 * frame is looked at but its first bytes, and none has to be kept to understand a later one.
 * CMDP is Constellation's monitoring protocol, whose header is msgpack. Any thread. */
#ifndef DECODE_FRAMES_H
#define DECODE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"

enum { FRAMES_MAX = 64 }; /* of one message, the envelope included */

enum frames_envelope {
    FRAMES_BARE,      /* none: pull, sub, pair */
    FRAMES_DELIMITED, /* router: an empty frame, from those who talk as a REQ does */
    FRAMES_ASKED      /* rep: who sent it and the way back, up to an empty frame, which must be */
};

enum frame_role {
    FRAME_ENVELOPE,
    FRAME_TOPIC,
    FRAME_KEY,
    FRAME_HEADER,
    FRAME_PAYLOAD,
    FRAME_REFUSED /* it, and what follows in its message, are none of these */
};

/* Where in a message its reader is. */
struct frames {
    enum conf_frames rule;
    enum frames_envelope envelope;
    unsigned count;      /* frames told so far */
    unsigned open;       /* of these, behind the envelope */
    bool envelope_ended; /* what comes is not the envelope's */
};

/* For the next message. */
void frames_begin(struct frames *frames, enum conf_frames rule, enum frames_envelope envelope);

/* What the next frame is; `more`: it is not the last one. */
enum frame_role frames_next(struct frames *frames, const void *bytes, size_t len, bool more);

#endif
