#include "client/zmtp_in.h"

#include <string.h>

enum { MORE = 1, LONG = 2, COMMAND = 4, GREETING_LEN = 64, SIGNATURE_LEN = 10 };

/* Socket types as ZMTP 2.0 numbers them. */
static const char *const old_types[] = {"PAIR",   "PUB",    "SUB",  "REQ", "REP",
                                        "DEALER", "ROUTER", "PULL", "PUSH"};

void zmtp_in_begin(struct zmtp_in *in, char *kept)
{
    *in = (struct zmtp_in){.kept = kept};
}

bool zmtp_in_is_inside(const struct zmtp_in *in)
{
    return !in->ended && in->frame_count > 0;
}

static size_t smaller(size_t a, uint64_t b)
{
    return b < a ? (size_t)b : a;
}

/* Names go into sentences. */
static void take_name(char name[ZMTP_IN_NAME_MAX + 1], const void *bytes, size_t len)
{
    len = smaller(len, ZMTP_IN_NAME_MAX);
    memcpy(name, bytes, len);
    name[len] = '\0';
    for (char *at = name; *at; at++)
        if (*at <= ' ' || *at > '~')
            *at = '?';
}

/* ---- the greeting --------------------------------------------------------------- */

/* ZMTP 1.0 begins with an identity: a length of at least 1 and a flag 0. */
static enum zmtp_in_event judge_signature(const struct zmtp_in *in)
{
    const unsigned char *head = in->head;

    if (head[0] == 0xff)
        return in->got < SIGNATURE_LEN || (head[SIGNATURE_LEN - 1] & 1) ? ZMTP_IN_MORE
                                                                        : ZMTP_IN_STRANGE;
    if (in->got < 2)
        return ZMTP_IN_MORE;
    return head[0] > 0 && head[1] == 0 ? ZMTP_IN_OLD : ZMTP_IN_STRANGE;
}

/* ZMTP 2.0: revision 1 or 2 and, before it waits for our answer, the socket's type. */
static enum zmtp_in_event judge_version(struct zmtp_in *in)
{
    unsigned type = in->head[SIGNATURE_LEN + 1];

    if (in->got <= SIGNATURE_LEN)
        return ZMTP_IN_MORE;
    in->major = in->head[SIGNATURE_LEN];
    if (in->major >= 3)
        return ZMTP_IN_MORE;
    if (in->got <= SIGNATURE_LEN + 1)
        return ZMTP_IN_MORE;
    in->major = 2;
    if (type < sizeof old_types / sizeof old_types[0])
        take_name(in->type, old_types[type], strlen(old_types[type]));
    return ZMTP_IN_OLD;
}

static enum zmtp_in_event end_greeting(struct zmtp_in *in)
{
    in->minor = in->head[SIGNATURE_LEN + 1];
    take_name(in->mechanism, in->head + SIGNATURE_LEN + 2,
              strnlen((const char *)in->head + SIGNATURE_LEN + 2, ZMTP_IN_NAME_MAX));
    in->state = ZMTP_IN_FLAGS;
    in->got = 0;
    return ZMTP_IN_GREETED;
}

/* Byte by byte: it is short, and each may be the one that tells. */
static enum zmtp_in_event greet(struct zmtp_in *in, unsigned char byte)
{
    enum zmtp_in_event event;

    in->head[in->got++] = byte;
    event = judge_signature(in);
    if (event == ZMTP_IN_MORE)
        event = judge_version(in);
    if (event == ZMTP_IN_MORE && in->got == GREETING_LEN)
        event = end_greeting(in);
    return event;
}

/* ---- commands ------------------------------------------------------------------- */

/* A property: a name behind its length in one byte, a value behind its length in four. */
static void find_type(struct zmtp_in *in, const unsigned char *at, const unsigned char *end)
{
    static const char wanted[] = "Socket-Type";

    while (at < end && (size_t)(end - at) > 1u + *at + 4) {
        size_t name_len = *at;
        const unsigned char *name = at + 1, *value = name + name_len + 4;
        uint32_t value_len = (uint32_t)value[-4] << 24 | (uint32_t)value[-3] << 16 |
                             (uint32_t)value[-2] << 8 | value[-1];

        if (value_len > (size_t)(end - value))
            return;
        if (name_len == strlen(wanted) && memcmp(name, wanted, name_len) == 0)
            take_name(in->type, value, value_len);
        at = value + value_len;
    }
}

/* Whether the command has this name; what stands behind it is the text. */
static bool is_command(struct zmtp_in *in, const char *name)
{
    size_t name_len = strlen(name);

    if (in->command_len < 1 + name_len || (unsigned char)in->command[0] != name_len ||
        memcmp(in->command + 1, name, name_len) != 0)
        return false;
    in->command_text = in->command + 1 + name_len;
    in->command_text_len = in->command_len - 1 - name_len;
    return true;
}

/* An ERROR's reason has its length in front. A PING has a time to live there, of two bytes. */
static enum zmtp_in_event skip_head(struct zmtp_in *in, size_t len, enum zmtp_in_event event)
{
    len = smaller(len, in->command_text_len);
    in->command_text += len;
    in->command_text_len -= len;
    return event;
}

static enum zmtp_in_event end_command(struct zmtp_in *in)
{
    const unsigned char *text;

    if (is_command(in, "ERROR"))
        return skip_head(in, 1, ZMTP_IN_REFUSED);
    if (in->is_ready)
        return is_command(in, "PING") ? skip_head(in, 2, ZMTP_IN_PING) : ZMTP_IN_MORE;
    if (!is_command(in, "READY"))
        return ZMTP_IN_STRANGE;
    text = (const unsigned char *)in->command_text;
    find_type(in, text, text + in->command_text_len);
    in->is_ready = true;
    return ZMTP_IN_READY;
}

/* ---- frames --------------------------------------------------------------------- */

static enum zmtp_in_event begin_frame(struct zmtp_in *in, uint64_t len)
{
    in->state = ZMTP_IN_BODY;
    in->body_left = len;
    if (in->flags & COMMAND) {
        in->command_len = 0;
        return len > ZMTP_IN_COMMAND_MAX ? ZMTP_IN_STRANGE : ZMTP_IN_MORE;
    }
    if (!in->is_ready)
        return ZMTP_IN_STRANGE;
    if (in->ended) {
        in->ended = false;
        in->frame_count = in->kept_len = 0;
        in->message_len = 0;
    }
    if (in->frame_count == FRAMES_MAX)
        return ZMTP_IN_TOO_MANY_FRAMES;
    in->frames[in->frame_count++] = (struct zmtp_frame){.len = len, .kept_offset = in->kept_len};
    if (len > ZMTP_IN_LONGEST - in->message_len)
        return ZMTP_IN_TOO_LONG;
    in->message_len += len;
    return ZMTP_IN_MORE;
}

static enum zmtp_in_event end_frame(struct zmtp_in *in)
{
    in->state = ZMTP_IN_FLAGS;
    in->got = 0;
    if (in->flags & COMMAND)
        return end_command(in);
    if (in->flags & MORE)
        return ZMTP_IN_MORE;
    in->ended = true;
    return ZMTP_IN_MESSAGE;
}

static enum zmtp_in_event take_head(struct zmtp_in *in, unsigned char byte)
{
    uint64_t len = 0;
    unsigned size_len;

    if (in->state == ZMTP_IN_FLAGS) {
        in->flags = byte;
        in->state = ZMTP_IN_SIZE;
        return byte > (MORE | LONG | COMMAND) || (byte & COMMAND && byte & MORE) ? ZMTP_IN_STRANGE
                                                                                 : ZMTP_IN_MORE;
    }
    size_len = in->flags & LONG ? 8 : 1;
    in->head[in->got++] = byte;
    if (in->got < size_len)
        return ZMTP_IN_MORE;
    for (unsigned i = 0; i < size_len; i++)
        len = len << 8 | in->head[i];
    return begin_frame(in, len);
}

static void keep(struct zmtp_in *in, const char *bytes, size_t len)
{
    struct zmtp_frame *frame = &in->frames[in->frame_count - 1];

    len = smaller(len, ZMTP_IN_KEPT_MAX - in->kept_len);
    memcpy(in->kept + in->kept_len, bytes, len);
    in->kept_len += (uint32_t)len;
    frame->kept_len += (uint32_t)len;
}

static size_t take_body(struct zmtp_in *in, const char *bytes, size_t len)
{
    len = smaller(len, in->body_left);
    in->body_left -= len;
    if (in->flags & COMMAND) { /* its length was judged */
        memcpy(in->command + in->command_len, bytes, len);
        in->command_len += len;
    } else {
        keep(in, bytes, len);
    }
    return len;
}

size_t zmtp_in_feed(struct zmtp_in *in, const void *bytes, size_t len,
                    enum zmtp_in_event *event_out)
{
    const char *at = bytes, *end = at + len;
    enum zmtp_in_event event = ZMTP_IN_MORE;

    while (at < end && event == ZMTP_IN_MORE) {
        if (in->state == ZMTP_IN_GREETING)
            event = greet(in, (unsigned char)*at++);
        else if (in->state != ZMTP_IN_BODY)
            event = take_head(in, (unsigned char)*at++);
        else
            at += take_body(in, at, (size_t)(end - at));
        if (event == ZMTP_IN_MORE && in->state == ZMTP_IN_BODY && in->body_left == 0)
            event = end_frame(in);
    }
    *event_out = event;
    return (size_t)(at - (const char *)bytes);
}
