#include "client/zmtp_out.h"

#include <string.h>
#include <sys/socket.h>

#include "conf/must.h"

enum {
    GREETING_LEN = 64,
    GREETING_HEAD_LEN = 11, /* signature and version */
    MORE = 1,
    COMMAND = 4,
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

static void put_frame(struct zmtp_out *out, unsigned char flags, const void *body, size_t len)
{
    unsigned char frame[2 + ZMTP_OUT_FRAME_MAX] = {flags, (unsigned char)len};

    must(len <= ZMTP_OUT_FRAME_MAX);
    memcpy(frame + 2, body, len);
    put(out, frame, 2 + len);
}

void zmtp_out_begin_greeting(struct zmtp_out *out)
{
    put(out, greeting, GREETING_HEAD_LEN);
}

void zmtp_out_end_greeting(struct zmtp_out *out)
{
    if (!out->greeted)
        put(out, greeting + GREETING_HEAD_LEN, GREETING_LEN - GREETING_HEAD_LEN);
    out->greeted = true;
}

void zmtp_out_ready(struct zmtp_out *out, const char *type)
{
    static const char head[] = "\5READY\13Socket-Type\0\0\0";
    size_t type_len = strlen(type);
    char body[64];

    must(sizeof head + type_len <= sizeof body);
    memcpy(body, head, sizeof head - 1);
    body[sizeof head - 1] = (char)type_len;
    memcpy(body + sizeof head, type, type_len);
    put_frame(out, COMMAND, body, sizeof head + type_len);
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
