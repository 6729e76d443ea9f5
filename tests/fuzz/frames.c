/* frames.c - messages of any frames, told frame by frame: the roles come in their order, each of
 * the first ones once, a message ends with a payload or is refused, and none has more frames than
 * FRAMES_MAX.
 *
 * The first byte chooses rule and envelope. Then come frames: a length, and so many bytes, each a
 * block of its own, so that AddressSanitizer sees a read beyond them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/must.h"
#include "decode/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What came so far of one message. */
struct told {
    unsigned frames;
    unsigned topics, keys, headers, payloads;
};

static void check_role(struct told *told, enum frame_role role, enum conf_frames rule)
{
    bool had_payload = told->payloads > 0;

    told->frames++;
    must(told->frames <= FRAMES_MAX || role == FRAME_REFUSED);
    switch (role) {
    case FRAME_ENVELOPE:
        must(!had_payload && told->topics == 0);
        return;
    case FRAME_TOPIC:
        must(!had_payload && ++told->topics == 1 && rule != CONF_FRAMES_PAYLOAD);
        return;
    case FRAME_KEY:
        must(!had_payload && told->topics == 1 && ++told->keys == 1);
        must(rule == CONF_FRAMES_TOPIC_KEY);
        return;
    case FRAME_HEADER:
        must(!had_payload && told->topics == 1 && ++told->headers == 1);
        must(rule == CONF_FRAMES_CMDP || rule == CONF_FRAMES_AUTO);
        return;
    case FRAME_PAYLOAD:
        told->payloads++;
        must(rule == CONF_FRAMES_AUTO || rule == CONF_FRAMES_PAYLOAD || told->topics == 1);
        must(rule != CONF_FRAMES_TOPIC_KEY || told->keys == 1);
        must(rule != CONF_FRAMES_CMDP || told->headers == 1);
        return;
    case FRAME_REFUSED:
        return;
    }
    must(!"a role that nobody knows");
}

static enum frame_role tell(struct frames *frames, const uint8_t *bytes, size_t len, bool more)
{
    uint8_t *frame = malloc(len + !len);
    enum frame_role role;

    must(frame);
    memcpy(frame, bytes, len);
    role = frames_next(frames, frame, len, more);
    free(frame);
    return role;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct frames frames;
    struct told told = {0};
    enum conf_frames rule;
    enum frame_role role = FRAME_REFUSED;
    bool more = true;

    if (len < 2)
        return 0;
    rule = (enum conf_frames)(data[0] % (CONF_FRAMES_CMDP + 1));
    frames_begin(&frames, rule, (enum frames_envelope)(data[0] / 16 % (FRAMES_ASKED + 1)));
    for (size_t at = 1; more; at += 1 + data[at]) {
        size_t frame_len = data[at] < len - at - 1 ? data[at] : len - at - 1;

        more = at + 1 + data[at] < len;
        role = tell(&frames, data + at + 1, frame_len, more);
        check_role(&told, role, rule);
        if (role == FRAME_REFUSED)
            return 0;
    }
    must(role == FRAME_PAYLOAD);
    return 0;
}
