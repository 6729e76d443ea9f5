/* zmtp_meter.h - follows the frames of one ZMTP 3 connection by their headers.
 *
 *     greeting 64 B │ flags │ size 1 or 8 B │ body … │ flags │ size │ body … │ …
 *                     ^ MORE 1, LONG 2, COMMAND 4       (RFC 23/ZMTP, 37/ZMTP)
 *
 * Says what libzmq will hold for the bytes it is about to read, before it reads them: each
 * frame is charged whole when its header is complete. Bytes may come in any pieces; nothing
 * is kept but the header in work. No I/O, no allocation; one thread at a time. */
#ifndef ZEROMQ_ZMTP_METER_H
#define ZEROMQ_ZMTP_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zmtp_limits {
    size_t max_message;  /* payload bytes of all frames of one message */
    unsigned max_frames; /* of one message */
};

enum zmtp_verdict {
    ZMTP_FINE,
    ZMTP_OLD, /* a peer older than ZMTP 3.0, or not ZMTP at all, or none that ZeroMQ makes */
    ZMTP_MESSAGE_TOO_LONG,
    ZMTP_TOO_MANY_FRAMES,
};

/* One command of a handshake. libzmq keeps the properties in it as long as the connection, and
 * needs up to 30 times their bytes; ZeroMQ's own commands are far shorter. */
enum { ZMTP_HANDSHAKE_MAX = 1024 };

/* What CURVE adds to each frame: "\7MESSAGE", a nonce of 8, a tag of 16, and the flags, among
 * them MORE. So of such a peer every frame looks like a message of its own, and which of them
 * belong together is known only to who receives them. */
enum { ZMTP_ENCRYPTED_EXTRA = 33 };

/* The shortest command of a handshake of CURVE: a READY without properties. */
enum { ZMTP_ENCRYPTED_STEP_MIN = 30 };

enum zmtp_state { ZMTP_GREETING, ZMTP_FLAGS, ZMTP_SIZE, ZMTP_COMMAND_NAME, ZMTP_BODY };

struct zmtp_meter {
    /* for others to read; a frame charged is in `charged` from its header on, and in
     * `complete` once the message that it belongs to has ended */
    uint64_t charged;
    uint64_t complete;
    uint64_t message_count;    /* that have ended */
    uint64_t said;             /* by all frames, as libzmq holds them once they are decrypted */
    uint64_t body_left;        /* bytes of the frame in work, which are charged already */
    enum zmtp_verdict verdict; /* anything but ZMTP_FINE is final */
    bool encrypted;            /* the peer speaks CURVE */
    unsigned handshakes_to_go; /* commands until the peer may send messages; 0: it may */

    /* the rest is the meter's */
    enum zmtp_state state;
    unsigned got;         /* bytes of the greeting, the header or the name so far */
    unsigned char flags;  /* of the frame in work */
    uint64_t size;        /* the same, as far as it is read */
    bool consumed;        /* libzmq does not keep it: a handshake, a PING */
    const char *name;     /* what the command in work could be called */
    unsigned frame_count; /* of the message in work */
    uint64_t message_len;
};

void zmtp_meter_init(struct zmtp_meter *meter);

/* Follows these bytes, and returns how many: less than len, when the verdict is no longer
 * ZMTP_FINE. Then they end with the header that broke a limit, or with the name of a command
 * that did, and that frame is not charged. */
size_t zmtp_meter_feed(struct zmtp_meter *meter, const void *bytes, size_t len,
                       const struct zmtp_limits *limits);

/* How many bytes are sure to belong to the frame in work, or to the greeting; at least 1. */
size_t zmtp_meter_sure_bytes(const struct zmtp_meter *meter);

/* A message has begun, and its end has not come. */
bool zmtp_meter_is_inside(const struct zmtp_meter *meter);

/* What libzmq 4.3 holds for a frame of this length, at least: its 64-byte slot in a queue,
 * and a block of its own for a body that does not fit there. Measured (docs/architecture.md). */
static inline uint64_t zmtp_frame_charge(uint64_t len)
{
    return 64 + (len > 33 ? len + 64 : 0);
}

#endif
