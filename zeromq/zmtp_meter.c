#include "zeromq/zmtp_meter.h"

#include <string.h>

enum { GREETING_BYTES = 64, MECHANISM_OFFSET = 12 };
enum { FLAG_MORE = 1, FLAG_LONG = 2, FLAG_COMMAND = 4 };

void zmtp_meter_init(struct zmtp_meter *meter)
{
    memset(meter, 0, sizeof *meter);
    meter->handshakes_to_go = 1;
}

bool zmtp_meter_is_inside(const struct zmtp_meter *meter)
{
    return meter->charged != meter->complete;
}

size_t zmtp_meter_sure_bytes(const struct zmtp_meter *meter)
{
    enum { SHORTEST_HEADER_BYTES = 2, LONG_SIZE_BYTES = 8 };

    switch (meter->state) {
    case ZMTP_BODY:
    case ZMTP_COMMAND_NAME:
        return (size_t)meter->body_left;
    case ZMTP_FLAGS:
        return SHORTEST_HEADER_BYTES;
    case ZMTP_SIZE:
        return meter->flags & FLAG_LONG ? LONG_SIZE_BYTES - meter->got : 1;
    case ZMTP_GREETING:
    default:
        return GREETING_BYTES - meter->got;
    }
}

/* The signature is FF, eight bytes of anything, and an odd byte; then the version. Of the
 * mechanism only its first letter matters here, since libzmq ends what is not its own: NULL has
 * one command, others have two, and CURVE makes frames longer. */
static void read_greeting_byte(struct zmtp_meter *meter, unsigned char byte)
{
    unsigned at = meter->got++;
    bool fits = at == 0 ? byte == 0xff : at == 9 ? byte & 1 : at != 10 || byte >= 3;

    if (!fits)
        meter->verdict = ZMTP_OLD;
    if (at == MECHANISM_OFFSET) {
        meter->handshakes_to_go = byte == 'N' ? 1 : 2;
        meter->encrypted = byte == 'C';
    }
    if (meter->got == GREETING_BYTES) {
        meter->state = ZMTP_FLAGS;
        meter->got = 0;
    }
}

/* A server that refuses us says ERROR where READY would stand; no step of CURVE is so short. */
static bool is_step(const struct zmtp_meter *meter)
{
    return !meter->encrypted || meter->size >= ZMTP_ENCRYPTED_STEP_MIN;
}

static void end_frame(struct zmtp_meter *meter)
{
    meter->state = ZMTP_FLAGS;
    if (meter->consumed) {
        meter->charged -= zmtp_frame_charge(meter->size);
        meter->handshakes_to_go -= meter->handshakes_to_go > 0 && is_step(meter);
    } else if (!(meter->flags & FLAG_MORE) || meter->encrypted) {
        meter->message_count++;
        meter->complete = meter->charged;
        meter->frame_count = 0;
        meter->message_len = 0;
    }
}

/* The frame is one more of the message in work, if that may have it. */
static void join_message(struct zmtp_meter *meter, const struct zmtp_limits *limits)
{
    uint64_t extra = meter->encrypted ? ZMTP_ENCRYPTED_EXTRA : 0;
    uint64_t len = meter->size > extra ? meter->size - extra : 0;

    if (len > limits->max_message || meter->message_len + len > limits->max_message)
        meter->verdict = ZMTP_MESSAGE_TOO_LONG;
    else if (meter->frame_count == limits->max_frames)
        meter->verdict = ZMTP_TOO_MANY_FRAMES;
    meter->frame_count++;
    meter->message_len += len;
    meter->said += zmtp_frame_charge(len);
}

/* Whatever is first after the greeting is the handshake to libzmq, marked as a command or not.
 * Commands may stand between the frames of a message, and are no part of it. What an encrypted
 * frame is stands inside it; libzmq does not look at the flags outside, and nor may we. */
static void judge_frame(struct zmtp_meter *meter, const struct zmtp_limits *limits)
{
    bool handshake = meter->handshakes_to_go > 0;

    meter->consumed = handshake || (meter->flags & FLAG_COMMAND && !meter->encrypted);
    if (!meter->consumed)
        join_message(meter, limits);
    else if (handshake && meter->size > ZMTP_HANDSHAKE_MAX)
        meter->verdict = ZMTP_OLD;
    else if (!handshake && meter->size > limits->max_message)
        meter->verdict = ZMTP_MESSAGE_TOO_LONG;
    meter->state = meter->consumed && !handshake ? ZMTP_COMMAND_NAME : ZMTP_BODY;
}

static void begin_frame(struct zmtp_meter *meter, const struct zmtp_limits *limits)
{
    judge_frame(meter, limits);
    if (meter->verdict != ZMTP_FINE)
        return;
    meter->charged += zmtp_frame_charge(meter->size);
    meter->body_left = meter->size;
    meter->got = 0;
    if (meter->size == 0)
        end_frame(meter);
}

static size_t skip_body(struct zmtp_meter *meter, size_t len)
{
    size_t skipped = len < meter->body_left ? len : (size_t)meter->body_left;

    meter->body_left -= skipped;
    if (meter->body_left == 0)
        end_frame(meter);
    return skipped;
}

/* libzmq takes commands for itself, but makes frames like any other of those two. Under other
 * names it drops them, and the message around them goes on: to take such a one for its end
 * would let it grow without bound. */
static void read_name_byte(struct zmtp_meter *meter, unsigned char byte,
                           const struct zmtp_limits *limits)
{
    static const char subscribe[] = "\11SUBSCRIBE", cancel[] = "\6CANCEL";

    if (meter->got == 0)
        meter->name = byte == strlen("CANCEL") ? cancel : subscribe;
    if (byte != (unsigned char)meter->name[meter->got++]) {
        meter->state = ZMTP_BODY;
    } else if (meter->name[meter->got] == '\0') {
        meter->state = ZMTP_BODY;
        meter->consumed = false;
        join_message(meter, limits);
    }
    if (meter->verdict == ZMTP_FINE)
        skip_body(meter, 1);
    else
        meter->charged -= zmtp_frame_charge(meter->size);
}

static void read_size_byte(struct zmtp_meter *meter, unsigned char byte,
                           const struct zmtp_limits *limits)
{
    meter->size = meter->size << 8 | byte;
    if (++meter->got == (meter->flags & FLAG_LONG ? 8 : 1))
        begin_frame(meter, limits);
}

static void read_flags(struct zmtp_meter *meter, unsigned char byte)
{
    meter->flags = byte;
    meter->size = 0;
    meter->got = 0;
    meter->state = ZMTP_SIZE;
}

size_t zmtp_meter_feed(struct zmtp_meter *meter, const void *bytes, size_t len,
                       const struct zmtp_limits *limits)
{
    const unsigned char *at = bytes, *end = at + len;

    while (at < end && meter->verdict == ZMTP_FINE) {
        switch (meter->state) {
        case ZMTP_BODY:
            at += skip_body(meter, (size_t)(end - at));
            break;
        case ZMTP_FLAGS:
            read_flags(meter, *at++);
            break;
        case ZMTP_SIZE:
            read_size_byte(meter, *at++, limits);
            break;
        case ZMTP_COMMAND_NAME:
            read_name_byte(meter, *at++, limits);
            break;
        case ZMTP_GREETING:
        default:
            read_greeting_byte(meter, *at++);
        }
    }
    return (size_t)(at - (const unsigned char *)bytes);
}
