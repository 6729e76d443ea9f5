#include "ingest/zmtp_meter.h"

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

/* The signature is FF, eight bytes of anything, and an odd byte; then the version. Of the
 * mechanism only its first letter matters here: NULL has one command, others have two. */
static void read_greeting_byte(struct zmtp_meter *meter, unsigned char byte)
{
    unsigned at = meter->got++;
    bool fits = at == 0 ? byte == 0xff : at == 9 ? byte & 1 : at != 10 || byte >= 3;

    if (!fits)
        meter->verdict = ZMTP_OLD;
    if (at == MECHANISM_OFFSET)
        meter->handshakes_to_go = byte == 'N' ? 1 : 2;
    if (meter->got == GREETING_BYTES) {
        meter->state = ZMTP_FLAGS;
        meter->got = 0;
    }
}

/* libzmq took this frame for itself: it is as if it had not come. Commands may stand between
 * the frames of a message, and do not end it. */
static void forget_frame(struct zmtp_meter *meter)
{
    meter->charged -= zmtp_frame_charge(meter->size);
    meter->message_len -= meter->size;
    meter->frame_count--;
    meter->handshakes_to_go -= meter->handshakes_to_go > 0;
}

static void end_frame(struct zmtp_meter *meter)
{
    meter->state = ZMTP_FLAGS;
    if (meter->consumed) {
        forget_frame(meter);
    } else if (!(meter->flags & FLAG_MORE)) {
        meter->message_count++;
        meter->complete = meter->charged;
        meter->frame_count = 0;
        meter->message_len = 0;
    }
}

static enum zmtp_verdict judge_frame(const struct zmtp_meter *meter,
                                     const struct zmtp_limits *limits)
{
    if (meter->handshakes_to_go > 0 && meter->size > ZMTP_HANDSHAKE_MAX)
        return ZMTP_MESSAGE_TOO_LONG;
    if (meter->size > limits->max_message || meter->message_len + meter->size > limits->max_message)
        return ZMTP_MESSAGE_TOO_LONG;
    return meter->frame_count == limits->max_frames ? ZMTP_TOO_MANY_FRAMES : ZMTP_FINE;
}

static void begin_frame(struct zmtp_meter *meter, const struct zmtp_limits *limits)
{
    meter->verdict = judge_frame(meter, limits);
    if (meter->verdict != ZMTP_FINE)
        return;
    meter->frame_count++;
    meter->message_len += meter->size;
    meter->charged += zmtp_frame_charge(meter->size);
    meter->body_left = meter->size;
    meter->consumed = false;
    meter->state = meter->flags & FLAG_COMMAND ? ZMTP_COMMAND_NAME : ZMTP_BODY;
    if (meter->size == 0)
        end_frame(meter);
}

/* libzmq takes commands for itself, but passes SUBSCRIBE and CANCEL on like messages. What
 * has a name as long as theirs counts as one of them. */
static void read_command_name(struct zmtp_meter *meter, unsigned char name_len)
{
    bool passed_on = name_len == strlen("SUBSCRIBE") || name_len == strlen("CANCEL");

    meter->consumed = meter->handshakes_to_go > 0 || !passed_on;
    meter->state = ZMTP_BODY;
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

static size_t skip_body(struct zmtp_meter *meter, size_t len)
{
    size_t skipped = len < meter->body_left ? len : (size_t)meter->body_left;

    meter->body_left -= skipped;
    if (meter->body_left == 0)
        end_frame(meter);
    return skipped;
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
        case ZMTP_COMMAND_NAME: /* the name's length is a byte of the body */
            read_command_name(meter, *at);
            break;
        case ZMTP_GREETING:
        default:
            read_greeting_byte(meter, *at++);
        }
    }
    return (size_t)(at - (const unsigned char *)bytes);
}
