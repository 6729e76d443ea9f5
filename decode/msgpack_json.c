/* MessagePack written as JSON, for values that stand inside others. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "aggregate/escape.h"
#include "decode/msgpack.h"

/* Where JSON is written: `at` is NULL once the room was too small. */
struct json_out {
    char *at;
    char *end;
};

static void put(struct json_out *out, const char *bytes, size_t len)
{
    if (!out->at || (size_t)(out->end - out->at) < len) {
        out->at = NULL;
        return;
    }
    memcpy(out->at, bytes, len);
    out->at += len;
}

static void __attribute__((format(printf, 2, 3)))
put_number(struct json_out *out, const char *format, ...)
{
    char text[32];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put(out, text, (size_t)len);
}

static void put_string(struct json_out *out, const char *bytes, size_t len)
{
    size_t escaped = escape_len(ESCAPE_JSON, bytes, len);

    put(out, "\"", 1);
    if (!out->at || (size_t)(out->end - out->at) < escaped) {
        out->at = NULL;
        return;
    }
    out->at = escape_write(ESCAPE_JSON, out->at, bytes, len);
    put(out, "\"", 1);
}

/* Digits enough to read back the same; JSON has no words for what is no number. */
static void put_real(struct json_out *out, double real)
{
    if (isfinite(real))
        put_number(out, real == (float)real ? "%.9g" : "%.17g", real);
    else
        put(out, "null", 4);
}

/* A moment as seconds; any other ext only its program understands. */
static void put_ext(struct json_out *out, const struct msgpack_value *value)
{
    static const int64_t NS_PER_S = 1000000000;
    int64_t time_ns;
    uint8_t digits;

    if (msgpack_time(value, &time_ns, &digits) && time_ns >= 0)
        put_number(out, "%" PRId64 ".%09" PRId64, time_ns / NS_PER_S, time_ns % NS_PER_S);
    else
        put(out, "null", 4);
}

static void put_scalar(struct json_out *out, const struct msgpack_value *value)
{
    switch ((int)value->type) {
    case MSGPACK_BOOL:
        put(out, value->truth ? "true" : "false", value->truth ? 4 : 5);
        return;
    case MSGPACK_UINT:
        put_number(out, "%" PRIu64, value->uint);
        return;
    case MSGPACK_INT:
        put_number(out, "%" PRId64, value->sint);
        return;
    case MSGPACK_FLOAT:
        put_real(out, value->real);
        return;
    case MSGPACK_TEXT:
    case MSGPACK_BYTES:
        put_string(out, value->bytes, value->len);
        return;
    case MSGPACK_EXT:
        put_ext(out, value);
        return;
    default:
        put(out, "null", 4);
    }
}

/* A key that is no string becomes one: of a list or a map its JSON would have to be escaped
 * once more, so it is told by its type alone. */
static bool put_key(struct json_out *out, struct msgpack_reader *reader)
{
    struct msgpack_reader key = *reader;
    struct msgpack_value value;
    bool is_string;

    if (!msgpack_read(&key, &value) || !msgpack_skip(reader))
        return false;
    is_string = value.type == MSGPACK_TEXT || value.type == MSGPACK_BYTES;
    if (!is_string)
        put(out, "\"", 1);
    if (value.type == MSGPACK_LIST || value.type == MSGPACK_MAP)
        put(out, "…", sizeof "…" - 1);
    else
        put_scalar(out, &value);
    if (!is_string)
        put(out, "\"", 1);
    put(out, ":", 1);
    return true;
}

static bool put_value(struct json_out *out, struct msgpack_reader *reader, unsigned depth)
{
    struct msgpack_value value;
    bool is_map;

    if (depth > MSGPACK_DEPTH_MAX || !out->at || !msgpack_read(reader, &value))
        return false;
    is_map = value.type == MSGPACK_MAP;
    if (!is_map && value.type != MSGPACK_LIST) {
        put_scalar(out, &value);
        return true;
    }
    put(out, is_map ? "{" : "[", 1);
    for (uint32_t i = 0; i < value.count; i++) {
        if (i > 0)
            put(out, ",", 1);
        if ((is_map && !put_key(out, reader)) || !put_value(out, reader, depth + 1))
            return false;
    }
    put(out, is_map ? "}" : "]", 1);
    return true;
}

size_t msgpack_to_json(struct msgpack_reader *reader, char *to, size_t room)
{
    struct json_out out = {to, to + room};

    return put_value(&out, reader, 0) && out.at ? (size_t)(out.at - to) : 0;
}
