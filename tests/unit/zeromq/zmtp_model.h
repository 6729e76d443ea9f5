/* zmtp_model.h - what the meter must say of a stream, worked out from all of its bytes at
 * once: slow, plain, and written apart from zeromq/zmtp_meter.c. */
#ifndef TESTS_ZEROMQ_ZMTP_MODEL_H
#define TESTS_ZEROMQ_ZMTP_MODEL_H

#include <string.h>

#include "zeromq/zmtp_meter.h"

struct zmtp_model {
    uint64_t charged, complete, message_count, body_left;
    enum zmtp_verdict verdict;
    size_t followed;
    unsigned handshakes_to_go;
    bool encrypted;
    uint64_t message_len; /* of the one in work */
    unsigned frame_count;
};

struct zmtp_model_frame {
    bool more, command;
    uint64_t size;
    size_t header_bytes, body_bytes; /* as many as there are */
    const uint8_t *body;
};

static inline bool zmtp_model_greeting(struct zmtp_model *model, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < 64 && i < len; i++) {
        model->followed = i + 1;
        if ((i == 0 && bytes[0] != 0xff) || (i == 9 && bytes[9] % 2 == 0) ||
            (i == 10 && bytes[10] < 3)) {
            model->verdict = ZMTP_OLD;
            return false;
        }
        if (i == 12)
            model->handshakes_to_go = bytes[12] == 'N' ? 1 : 2;
        if (i == 12)
            model->encrypted = bytes[12] == 'C';
    }
    return len > 64;
}

/* False: its header is not all there. */
static inline bool zmtp_model_parse(struct zmtp_model_frame *frame, const uint8_t *bytes,
                                    size_t len)
{
    *frame = (struct zmtp_model_frame){.more = bytes[0] & 1, .command = bytes[0] & 4};
    frame->header_bytes = bytes[0] & 2 ? 9 : 2;
    if (len < frame->header_bytes)
        return false;
    for (size_t i = 1; i < frame->header_bytes; i++)
        frame->size = frame->size * 256 + bytes[i];
    len -= frame->header_bytes;
    frame->body = bytes + frame->header_bytes;
    frame->body_bytes = len < frame->size ? len : (size_t)frame->size;
    return true;
}

/* A command of which libzmq makes a frame like any other, as far as its bytes tell. */
static inline size_t zmtp_model_passed_on(const struct zmtp_model_frame *frame)
{
    if (frame->body_bytes >= 10 && memcmp(frame->body, "\11SUBSCRIBE", 10) == 0)
        return 10;
    return frame->body_bytes >= 7 && memcmp(frame->body, "\6CANCEL", 7) == 0 ? 7 : 0;
}

static inline enum zmtp_verdict zmtp_model_judge(const struct zmtp_model *model, uint64_t size,
                                                 const struct zmtp_limits *limits)
{
    if (model->encrypted)
        size = size > 33 ? size - 33 : 0;
    if (size > limits->max_message || model->message_len + size > limits->max_message)
        return ZMTP_MESSAGE_TOO_LONG;
    return model->frame_count + 1 > limits->max_frames ? ZMTP_TOO_MANY_FRAMES : ZMTP_FINE;
}

/* What the header alone says. */
static inline enum zmtp_verdict zmtp_model_judge_header(const struct zmtp_model *model,
                                                        const struct zmtp_model_frame *frame,
                                                        const struct zmtp_limits *limits)
{
    if (model->handshakes_to_go > 0)
        return frame->size > ZMTP_HANDSHAKE_MAX ? ZMTP_OLD : ZMTP_FINE;
    if (frame->command)
        return frame->size > limits->max_message ? ZMTP_MESSAGE_TOO_LONG : ZMTP_FINE;
    return zmtp_model_judge(model, frame->size, limits);
}

/* A frame that is, or may yet become, part of a message. */
static inline void zmtp_model_join(struct zmtp_model *model, const struct zmtp_model_frame *frame)
{
    model->charged += zmtp_frame_charge(frame->size);
    model->message_len += frame->size;
    model->frame_count++;
    if (frame->body_bytes < frame->size || frame->more)
        return;
    model->complete = model->charged;
    model->message_count++;
    model->message_len = 0;
    model->frame_count = 0;
}

/* One whose bytes libzmq keeps only until it is whole. */
static inline void zmtp_model_consume(struct zmtp_model *model,
                                      const struct zmtp_model_frame *frame)
{
    if (frame->body_bytes < frame->size)
        model->charged += zmtp_frame_charge(frame->size);
    else if (model->handshakes_to_go > 0 && (!model->encrypted || frame->size >= 30))
        model->handshakes_to_go--;
}

static inline void zmtp_model_frame(struct zmtp_model *model, const struct zmtp_model_frame *frame,
                                    const struct zmtp_limits *limits)
{
    size_t name = zmtp_model_passed_on(frame);
    bool command = model->handshakes_to_go > 0 || frame->command;

    model->followed += frame->header_bytes;
    model->verdict = zmtp_model_judge_header(model, frame, limits);
    if (model->verdict == ZMTP_FINE && model->handshakes_to_go == 0 && frame->command && name) {
        model->verdict = zmtp_model_judge(model, frame->size, limits);
        model->followed += model->verdict == ZMTP_FINE ? 0 : name;
        command = false;
    }
    if (model->verdict != ZMTP_FINE)
        return;
    model->followed += frame->body_bytes;
    model->body_left = frame->size - frame->body_bytes;
    if (command)
        zmtp_model_consume(model, frame);
    else
        zmtp_model_join(model, frame);
}

static inline struct zmtp_model zmtp_model_of(const uint8_t *bytes, size_t len,
                                              const struct zmtp_limits *limits)
{
    struct zmtp_model model = {.handshakes_to_go = 1};
    struct zmtp_model_frame frame;

    if (!zmtp_model_greeting(&model, bytes, len))
        return model;
    while (model.followed < len && model.verdict == ZMTP_FINE) {
        if (!zmtp_model_parse(&frame, bytes + model.followed, len - model.followed)) {
            model.followed = len;
            break;
        }
        if (model.encrypted) /* nobody looks at them */
            frame.more = frame.command = false;
        zmtp_model_frame(&model, &frame, limits);
    }
    return model;
}

static inline bool zmtp_model_agrees(const struct zmtp_model *model, const struct zmtp_meter *meter,
                                     size_t followed)
{
    return model->charged == meter->charged && model->complete == meter->complete &&
           model->message_count == meter->message_count && model->verdict == meter->verdict &&
           model->followed == followed &&
           (model->verdict != ZMTP_FINE || model->body_left == meter->body_left) &&
           model->handshakes_to_go == meter->handshakes_to_go;
}

#endif
