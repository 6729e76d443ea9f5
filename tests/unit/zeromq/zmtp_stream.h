/* zmtp_stream.h - what a ZMTP 3 peer sends, frame by frame, in a buffer (RFC 23, 37). */
#ifndef TESTS_ZEROMQ_ZMTP_STREAM_H
#define TESTS_ZEROMQ_ZMTP_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "conf/must.h"

enum { MORE = 1, LONG = 2, COMMAND = 4 };
enum { STREAM_MAX = 64 * 1024 };

struct stream {
    size_t len;
    uint8_t bytes[STREAM_MAX];
};

static inline void stream_bytes(struct stream *stream, const void *bytes, size_t len)
{
    must(len <= STREAM_MAX - stream->len);
    memcpy(stream->bytes + stream->len, bytes, len);
    stream->len += len;
}

static inline void stream_zeros(struct stream *stream, size_t len)
{
    must(len <= STREAM_MAX - stream->len);
    memset(stream->bytes + stream->len, 0, len);
    stream->len += len;
}

static inline void stream_greeting(struct stream *stream, const char *mechanism)
{
    static const char signature_and_version[12] = "\xff\0\0\0\0\0\0\0\0\x7f\3";
    char name[52] = "";

    memcpy(name, mechanism, strlen(mechanism));
    stream_bytes(stream, signature_and_version, sizeof signature_and_version);
    stream_bytes(stream, name, sizeof name);
}

/* Long as well where the length asks for it. */
static inline void stream_header(struct stream *stream, unsigned flags, size_t len)
{
    uint8_t header[9] = {0};

    if (len > 255)
        flags |= LONG;
    header[0] = (uint8_t)flags;
    if (!(flags & LONG)) {
        header[1] = (uint8_t)len;
        stream_bytes(stream, header, 2);
        return;
    }
    for (unsigned i = 8; i > 0; i--, len >>= 8)
        header[i] = (uint8_t)len;
    stream_bytes(stream, header, 9);
}

/* With a body of zeros. */
static inline void stream_frame(struct stream *stream, unsigned flags, size_t len)
{
    stream_header(stream, flags, len);
    stream_zeros(stream, len);
}

/* As many bytes of the name's length, the name, and zeros. */
static inline void stream_command(struct stream *stream, unsigned flags, const char *name,
                                  size_t len)
{
    char body[1 + 32] = "";
    size_t name_len = strlen(name), told = len < 1 + name_len ? len : 1 + name_len;

    body[0] = (char)name_len;
    memcpy(body + 1, name, name_len);
    stream_header(stream, flags | COMMAND, len);
    stream_bytes(stream, body, told);
    stream_zeros(stream, len - told);
}

/* What a PUSH of libzmq says first. */
static inline void stream_null_handshake(struct stream *stream)
{
    static const char ready[] = "\4\32\5READY\13Socket-Type\0\0\0\4PUSH";

    stream_greeting(stream, "NULL");
    stream_bytes(stream, ready, sizeof ready - 1);
}

/* The same over CURVE (RFC 26), as far as lengths go. */
static inline void stream_curve_handshake(struct stream *stream)
{
    stream_greeting(stream, "CURVE");
    stream_command(stream, 0, "HELLO", 200);
    stream_command(stream, 0, "INITIATE", 260);
}

/* A frame as CURVE sends it; whether more follow is not to be seen. */
static inline void stream_encrypted(struct stream *stream, size_t len)
{
    stream_frame(stream, 0, len + 33);
}

static inline struct stream stream_after_handshake(void)
{
    struct stream stream = {.len = 0};

    stream_null_handshake(&stream);
    return stream;
}

#endif
