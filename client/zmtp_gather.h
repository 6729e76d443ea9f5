/* zmtp_gather.h - whole frames of a ZMTP 3 connection, behind its greeting.
 *
 * What CURVE has sealed can be opened only when all of it is there. Frames of up to
 * ZMTP_GATHER_MAX bytes, one at a time. No I/O; one thread at a time. */
#ifndef CLIENT_ZMTP_GATHER_H
#define CLIENT_ZMTP_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/curve_talk.h"
#include "client/zmtp_in.h"

enum { ZMTP_GATHER_MAX = ZMTP_IN_KEPT_MAX + CURVE_SEAL_EXTRA };

struct zmtp_gather {
    unsigned char *body; /* of the frame, ZMTP_GATHER_MAX bytes; the caller's */
    uint64_t len;        /* of the frame, once its header is there */
    bool is_whole;
    bool is_too_long; /* final */

    /* the rest is ours */
    unsigned char head[9];
    unsigned head_got;
    size_t got;
};

/* Follows these bytes to the end of a frame. Returns how many were used up. */
size_t zmtp_gather_feed(struct zmtp_gather *gather, const void *bytes, size_t len);

#endif
