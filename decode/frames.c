#include "decode/frames.h"

#include <string.h>

void frames_begin(struct frames *frames, enum conf_frames rule, enum frames_envelope envelope)
{
    *frames = (struct frames){
        .rule = rule, .envelope = envelope, .envelope_ended = envelope == FRAMES_BARE};
}

/* The name of the protocol is what the header begins with: five bytes, as one of msgpack's
 * three ways to write so short a text. */
static bool begins_cmdp(const char *bytes, size_t len)
{
    static const char *const ways[] = {"\xa5", "\xd9\x05", "\xc4\x05"};
    static const char name[] = "CMDP\x01";
    size_t name_len = strlen(name);

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        size_t way_len = strlen(ways[i]);

        if (len >= way_len + name_len && memcmp(bytes, ways[i], way_len) == 0 &&
            memcmp(bytes + way_len, name, name_len) == 0)
            return true;
    }
    return false;
}

/* Who asked, then the way back, which others may have put there, then nothing. */
static bool is_of_question(struct frames *frames, size_t len, bool more)
{
    frames->envelope_ended = frames->count > 1 && len == 0 && more;
    return true;
}

/* A DEALER that talks as a REQ does begins with nothing, too. */
static bool is_delimiter(struct frames *frames, size_t len, bool more)
{
    frames->envelope_ended = true;
    return len == 0 && more;
}

/* Whether this frame belongs to the envelope. */
static bool is_envelope(struct frames *frames, size_t len, bool more)
{
    if (frames->envelope_ended)
        return false;
    return frames->envelope == FRAMES_ASKED ? is_of_question(frames, len, more)
                                            : is_delimiter(frames, len, more);
}

static enum frame_role second(enum conf_frames rule, const void *bytes, size_t len, bool more)
{
    switch (rule) {
    case CONF_FRAMES_AUTO:
        return more && begins_cmdp(bytes, len) ? FRAME_HEADER : FRAME_PAYLOAD;
    case CONF_FRAMES_TOPIC_KEY:
        return FRAME_KEY;
    case CONF_FRAMES_CMDP:
        return FRAME_HEADER;
    case CONF_FRAMES_PAYLOAD:
    case CONF_FRAMES_TOPIC:
        break;
    }
    return FRAME_PAYLOAD;
}

static enum frame_role role_of(struct frames *frames, const void *bytes, size_t len, bool more)
{
    enum conf_frames rule = frames->rule;

    if (rule == CONF_FRAMES_PAYLOAD || (rule == CONF_FRAMES_AUTO && frames->open == 1 && !more))
        return FRAME_PAYLOAD;
    if (frames->open == 1)
        return FRAME_TOPIC;
    return frames->open == 2 ? second(rule, bytes, len, more) : FRAME_PAYLOAD;
}

enum frame_role frames_next(struct frames *frames, const void *bytes, size_t len, bool more)
{
    enum frame_role role;

    if (++frames->count > FRAMES_MAX)
        return FRAME_REFUSED;
    if (is_envelope(frames, len, more))
        return more ? FRAME_ENVELOPE : FRAME_REFUSED;
    frames->open++;
    role = role_of(frames, bytes, len, more);
    return role == FRAME_PAYLOAD || more ? role : FRAME_REFUSED; /* a topic of nothing */
}
