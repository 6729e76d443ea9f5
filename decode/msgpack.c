#include "decode/msgpack.h"

#include <endian.h>
#include <math.h>
#include <mpack.h>
#include <string.h>

#include "conf/must.h"

/* The bytes of a str, bin or ext stand right behind its token. */
static bool take_bytes(struct msgpack_reader *reader, uint32_t len, struct msgpack_value *value)
{
    if ((size_t)(reader->end - reader->at) < len)
        return false;
    value->bytes = reader->at;
    value->len = len;
    reader->at += len;
    return true;
}

static bool set_signed(struct msgpack_value *value, int64_t number)
{
    value->type = number < 0 ? MSGPACK_INT : MSGPACK_UINT;
    value->sint = number;
    value->uint = (uint64_t)number;
    return true;
}

/* Each item of a list and each half of a pair is at least a byte. */
static bool set_count(const struct msgpack_reader *reader, struct msgpack_value *value,
                      enum msgpack_type type, uint32_t count)
{
    size_t left = (size_t)(reader->end - reader->at);

    value->type = type;
    value->count = count;
    return count <= (type == MSGPACK_MAP ? left / 2 : left);
}

static bool from_token(struct msgpack_reader *reader, const mpack_token_t *token,
                       struct msgpack_value *value)
{
    switch (token->type) {
    case MPACK_TOKEN_NIL:
        value->type = MSGPACK_NIL;
        return true;
    case MPACK_TOKEN_BOOLEAN:
        value->type = MSGPACK_BOOL;
        value->truth = mpack_unpack_boolean(*token);
        return true;
    case MPACK_TOKEN_UINT:
        value->type = MSGPACK_UINT;
        value->uint = mpack_unpack_uint(*token);
        return true;
    case MPACK_TOKEN_SINT:
        return set_signed(value, mpack_unpack_sint(*token));
    case MPACK_TOKEN_FLOAT:
        value->type = MSGPACK_FLOAT;
        value->real = mpack_unpack_float(*token);
        return true;
    case MPACK_TOKEN_STR:
        value->type = MSGPACK_TEXT;
        return take_bytes(reader, token->length, value);
    case MPACK_TOKEN_BIN:
        value->type = MSGPACK_BYTES;
        return take_bytes(reader, token->length, value);
    case MPACK_TOKEN_EXT:
        value->type = MSGPACK_EXT;
        value->ext_type =
            token->data.ext_type > 127 ? token->data.ext_type - 256 : token->data.ext_type;
        return take_bytes(reader, token->length, value);
    case MPACK_TOKEN_ARRAY:
        return set_count(reader, value, MSGPACK_LIST, token->length);
    case MPACK_TOKEN_MAP:
        return set_count(reader, value, MSGPACK_MAP, token->length);
    case MPACK_TOKEN_CHUNK: /* only behind a str, bin or ext that is read on */
        return false;
    }
    return false;
}

bool msgpack_read(struct msgpack_reader *reader, struct msgpack_value *value_out)
{
    mpack_tokbuf_t tokbuf = MPACK_TOKBUF_INITIAL_VALUE;
    mpack_token_t token;
    size_t left = (size_t)(reader->end - reader->at);

    *value_out = (struct msgpack_value){0};
    return left > 0 && mpack_read(&tokbuf, &reader->at, &left, &token) == MPACK_OK &&
           from_token(reader, &token, value_out);
}

static uint64_t values_in(const struct msgpack_value *value)
{
    if (value->type == MSGPACK_MAP)
        return (uint64_t)value->count * 2;
    return value->type == MSGPACK_LIST ? value->count : 0;
}

bool msgpack_skip(struct msgpack_reader *reader)
{
    uint64_t left[MSGPACK_DEPTH_MAX + 1] = {1};
    unsigned depth = 0;
    struct msgpack_value value;

    for (;;) {
        while (left[depth] == 0) {
            if (depth == 0)
                return true;
            depth--;
        }
        left[depth]--;
        if (!msgpack_read(reader, &value))
            return false;
        if (values_in(&value) == 0)
            continue;
        if (depth == MSGPACK_DEPTH_MAX)
            return false;
        left[++depth] = values_in(&value);
    }
}

/* ---- times ------------------------------------------------------------------------ */

static const int64_t NS_PER_S = 1000000000;

/* The years of timestamp.h. */
static const int64_t SECONDS_MAX = INT64_MAX / 1000000000 - 1;

static uint32_t big_endian_32(const char *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof value);
    return be32toh(value);
}

static uint64_t big_endian_64(const char *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof value);
    return be64toh(value);
}

static bool set_time(int64_t seconds, uint32_t nanoseconds, int64_t *time_ns_out,
                     uint8_t *digits_out)
{
    if (seconds > SECONDS_MAX || seconds < -SECONDS_MAX || nanoseconds >= NS_PER_S)
        return false;
    *time_ns_out = seconds * NS_PER_S + nanoseconds;
    *digits_out = nanoseconds % 1000 == 0 ? 6 : 9;
    return true;
}

/* Type 0 is Fluentd's EventTime, type -1 MessagePack's timestamp in its three lengths. */
static bool time_of_ext(const struct msgpack_value *value, int64_t *time_ns_out,
                        uint8_t *digits_out)
{
    uint64_t packed;

    if (value->len == 8 && value->ext_type == 0)
        return set_time(big_endian_32(value->bytes), big_endian_32(value->bytes + 4), time_ns_out,
                        digits_out);
    if (value->ext_type != -1)
        return false;
    switch (value->len) {
    case 4:
        return set_time(big_endian_32(value->bytes), 0, time_ns_out, digits_out);
    case 8:
        packed = big_endian_64(value->bytes);
        return set_time((int64_t)(packed & 0x3ffffffff), (uint32_t)(packed >> 34), time_ns_out,
                        digits_out);
    case 12:
        return set_time((int64_t)big_endian_64(value->bytes + 4), big_endian_32(value->bytes),
                        time_ns_out, digits_out);
    default:
        return false;
    }
}

/* A double has not more than a microsecond of the present. */
static bool time_of_real(double seconds, int64_t *time_ns_out, uint8_t *digits_out)
{
    double whole = floor(seconds);

    if (!isfinite(seconds) || fabs(seconds) > (double)(SECONDS_MAX - 1))
        return false;
    *time_ns_out = (int64_t)whole * NS_PER_S + (int64_t)llround((seconds - whole) * 1e6) * 1000;
    *digits_out = 6;
    return true;
}

bool msgpack_time(const struct msgpack_value *value, int64_t *time_ns_out, uint8_t *digits_out)
{
    switch ((int)value->type) {
    case MSGPACK_UINT:
        return value->uint <= INT64_MAX &&
               set_time((int64_t)value->uint, 0, time_ns_out, digits_out);
    case MSGPACK_INT:
        return set_time(value->sint, 0, time_ns_out, digits_out);
    case MSGPACK_FLOAT:
        return time_of_real(value->real, time_ns_out, digits_out);
    case MSGPACK_EXT:
        return time_of_ext(value, time_ns_out, digits_out);
    default:
        return false;
    }
}
