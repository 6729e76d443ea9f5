/* zmtp_meter.c - any bytes from a peer, in any pieces: the meter says the same as for all of
 * them at once, and as the model says.
 *
 * The first two bytes choose the limits and how the rest is cut; the third, whether it begins
 * with a handshake that is fine, so that most inputs are about frames. What must hold after
 * each piece: no more is complete than charged, and what is unfinished is bounded by the
 * limits. Each piece is a block of its own, so that AddressSanitizer sees a read beyond it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/must.h"
#include "tests/unit/zeromq/zmtp_model.h"
#include "tests/unit/zeromq/zmtp_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { INPUT_MAX = 8 * 1024 };

/* The charges of an unfinished message, and of one command in the middle of it. */
static uint64_t unfinished_max(const struct zmtp_limits *limits)
{
    uint64_t handshake = zmtp_frame_charge(ZMTP_HANDSHAKE_MAX);
    uint64_t command = zmtp_frame_charge(limits->max_message);

    return limits->max_message + limits->max_frames * 128 +
           (handshake > command ? handshake : command);
}

static void check(const struct zmtp_meter *meter, const struct zmtp_limits *limits)
{
    must(meter->complete <= meter->charged);
    must(meter->charged - meter->complete <= unfinished_max(limits));
    must(zmtp_meter_is_inside(meter) == (meter->charged != meter->complete));
    must(meter->verdict != ZMTP_FINE || zmtp_meter_sure_bytes(meter) > 0);
    must(meter->verdict != ZMTP_FINE || meter->body_left == 0 || zmtp_meter_is_inside(meter));
}

static size_t feed_piece(struct zmtp_meter *meter, const uint8_t *bytes, size_t len,
                         const struct zmtp_limits *limits)
{
    uint8_t *piece = malloc(len);
    size_t followed;

    must(piece);
    memcpy(piece, bytes, len);
    followed = zmtp_meter_feed(meter, piece, len, limits);
    free(piece);
    must(followed <= len && (followed == len || meter->verdict != ZMTP_FINE));
    check(meter, limits);
    return followed;
}

static size_t feed_in_pieces(struct zmtp_meter *meter, const struct stream *stream, uint32_t dice,
                             const struct zmtp_limits *limits)
{
    size_t followed = 0, at = 0;

    zmtp_meter_init(meter);
    while (at < stream->len) {
        size_t piece = 1 + (dice >> 24) % 64;

        dice = dice * 1664525u + 1013904223u;
        piece = piece < stream->len - at ? piece : stream->len - at;
        followed += feed_piece(meter, stream->bytes + at, piece, limits);
        at += piece;
    }
    return followed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct stream stream;
    struct zmtp_limits limits;
    struct zmtp_meter meter;
    struct zmtp_model model;
    size_t followed;

    if (len < 3 || len > INPUT_MAX)
        return 0;
    limits =
        (struct zmtp_limits){.max_message = 16u << (data[0] % 8), .max_frames = 1 + data[0] / 8};
    stream.len = 0;
    if (data[2] % 4)
        stream_null_handshake(&stream);
    else if (data[2] & 4)
        stream_curve_handshake(&stream);
    stream_bytes(&stream, data + 3, len - 3);
    model = zmtp_model_of(stream.bytes, stream.len, &limits);

    zmtp_meter_init(&meter);
    followed = stream.len ? feed_piece(&meter, stream.bytes, stream.len, &limits) : 0;
    must(zmtp_model_agrees(&model, &meter, followed));
    followed = feed_in_pieces(&meter, &stream, data[1] * 0x01010101u, &limits);
    must(zmtp_model_agrees(&model, &meter, followed));
    return 0;
}
