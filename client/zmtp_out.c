#include "client/zmtp_out.h"

#include <string.h>
#include <sys/socket.h>

#include "conf/must.h"

enum {
    GREETING_LEN = 64,
    GREETING_HEAD_LEN = 11, /* signature and version */
    MORE = 1,
    LONG = 2,
    COMMAND = 4,
    MECHANISM = 12, /* where it stands in the greeting, and whether we are the server: */
    AS_SERVER = 32,
    CONTEXT_MAX = 16, /* of a PING */
};

/* clang-format off */
static const unsigned char greeting[GREETING_LEN] = {
    0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f,
    3, 0,
    'N', 'U', 'L', 'L', /* and zeros: no server, and a filler */
};
/* clang-format on */

static void put(struct zmtp_out *out, const void *bytes, size_t len)
{
    if (len > sizeof out->bytes - out->len)
        return;
    memcpy(out->bytes + out->len, bytes, len);
    out->len += len;
}

enum { FRAME_MAX = 1024 };

static void put_plain(struct zmtp_out *out, unsigned char flags, const void *body, size_t len)
{
    unsigned char frame[9 + FRAME_MAX] = {flags, (unsigned char)len};
    size_t head_len = 2;

    must(len <= FRAME_MAX);
    if (len > 255) {
        frame[0] |= LONG;
        frame[1] = 0;
        frame[7] = (unsigned char)(len >> 8);
        frame[8] = (unsigned char)len;
        head_len = 9;
    }
    memcpy(frame + head_len, body, len);
    put(out, frame, head_len + len);
}

static void put_frame(struct zmtp_out *out, unsigned char flags, const void *body, size_t len)
{
    unsigned char sealed[ZMTP_OUT_FRAME_MAX + CURVE_SEAL_EXTRA];

    must(len <= ZMTP_OUT_FRAME_MAX);
    if (!out->talk) {
        put_plain(out, flags, body, len);
        return;
    }
    curve_talk_seal(out->talk,
                    (flags & MORE ? CURVE_MORE : 0) | (flags & COMMAND ? CURVE_COMMAND : 0), body,
                    len, sealed);
    put_plain(out, 0, sealed, len + CURVE_SEAL_EXTRA);
}

void zmtp_out_command(struct zmtp_out *out, const void *body, size_t len)
{
    put_plain(out, COMMAND, body, len);
}

void zmtp_out_begin_greeting(struct zmtp_out *out)
{
    put(out, greeting, GREETING_HEAD_LEN);
}

void zmtp_out_end_greeting(struct zmtp_out *out)
{
    unsigned char whole[GREETING_LEN];

    memcpy(whole, greeting, sizeof whole);
    if (out->talk) {
        memcpy(whole + MECHANISM, "CURVE", strlen("CURVE"));
        whole[AS_SERVER] = out->talk->self->is_server;
    }
    if (!out->greeted)
        put(out, whole + GREETING_HEAD_LEN, GREETING_LEN - GREETING_HEAD_LEN);
    out->greeted = true;
}

size_t zmtp_out_properties(char bytes[ZMTP_OUT_PROPERTIES_MAX], const char *type)
{
    static const char head[] = "\13Socket-Type\0\0\0";
    size_t type_len = strlen(type);

    must(sizeof head + type_len <= ZMTP_OUT_PROPERTIES_MAX);
    memcpy(bytes, head, sizeof head - 1);
    bytes[sizeof head - 1] = (char)type_len;
    memcpy(bytes + sizeof head, type, type_len);
    return sizeof head + type_len;
}

void zmtp_out_ready(struct zmtp_out *out, const char *type)
{
    static const char name[] = "\5READY";
    enum { NAME_LEN = sizeof name - 1 };
    char properties[ZMTP_OUT_PROPERTIES_MAX];
    size_t len = zmtp_out_properties(properties, type);
    unsigned char body[CURVE_READY_HEAD + ZMTP_OUT_PROPERTIES_MAX];

    if (out->talk) {
        curve_talk_ready(out->talk, properties, len, body);
        zmtp_out_command(out, body, CURVE_READY_HEAD + len);
        return;
    }
    memcpy(body, name, NAME_LEN);
    memcpy(body + NAME_LEN, properties, len);
    zmtp_out_command(out, body, NAME_LEN + len);
}

void zmtp_out_subscribe(struct zmtp_out *out)
{
    put_frame(out, 0, "\1", 1);
}

void zmtp_out_pong(struct zmtp_out *out, const void *context, size_t context_len)
{
    static const char head[] = "\4PONG";
    char body[sizeof head + CONTEXT_MAX];

    if (context_len > CONTEXT_MAX)
        context_len = CONTEXT_MAX;
    memcpy(body, head, sizeof head - 1);
    memcpy(body + sizeof head - 1, context, context_len);
    put_frame(out, COMMAND, body, sizeof head - 1 + context_len);
}

void zmtp_out_frame(struct zmtp_out *out, const void *body, size_t len, bool more)
{
    put_frame(out, more ? MORE : 0, body, len);
}

void zmtp_out_send(struct zmtp_out *out, int fd)
{
    ssize_t sent = 0;

    if (out->len > 0)
        sent = send(fd, out->bytes, out->len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0)
        return;
    out->len -= (size_t)sent;
    memmove(out->bytes, out->bytes + sent, out->len);
}
