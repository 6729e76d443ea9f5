/* msgpack.h - the values of a MessagePack text, one after the other (msgpack/spec.md).
 *
 * libmpack's tokenizer finds them; here it is made sure that what a value claims to hold
 * is there, so that nothing is ever allocated or repeated for what is only claimed. */
#ifndef DECODE_MSGPACK_H
#define DECODE_MSGPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MSGPACK_DEPTH_MAX = 64 };

enum msgpack_type {
    MSGPACK_NIL,
    MSGPACK_BOOL,
    MSGPACK_UINT,  /* not negative, however it was packed */
    MSGPACK_INT,   /* negative */
    MSGPACK_FLOAT, /* of 32 bits, too */
    MSGPACK_TEXT,  /* str: not known to be UTF-8 */
    MSGPACK_BYTES, /* bin */
    MSGPACK_EXT,
    MSGPACK_LIST,
    MSGPACK_MAP
};

struct msgpack_value {
    enum msgpack_type type;
    uint32_t count;    /* of a list's items, of a map's pairs: they follow */
    const char *bytes; /* of a text, bytes or an ext */
    uint32_t len;
    int ext_type;
    bool truth;
    uint64_t uint;
    int64_t sint;
    double real;
};

/* Whether a list or a map may begin with this byte. */
static inline bool msgpack_may_begin(char first)
{
    unsigned char byte = (unsigned char)first;

    return (byte >= 0x80 && byte <= 0x9f) || (byte >= 0xdc && byte <= 0xdf);
}

/* Bytes that are not read yet. */
struct msgpack_reader {
    const char *at;
    const char *end;
};

/* The next value, and of a list or map only its head. False: it is not wholly there. */
bool msgpack_read(struct msgpack_reader *reader, struct msgpack_value *value_out);

/* The next value with all that is in it. False: it is not wholly there, or too deep. */
bool msgpack_skip(struct msgpack_reader *reader);

/* A moment: seconds as a number, Fluentd's EventTime, or MessagePack's own timestamp. False:
 * it is none, or beyond the years of timestamp.h. Digits as there. */
bool msgpack_time(const struct msgpack_value *value, int64_t *time_ns_out, uint8_t *digits_out);

/* The next value as JSON (RFC 8259), at most `room` bytes of it: what JSON has no word for is
 * null, and keys are strings. Returns its length; 0: there was no room, or no value. */
size_t msgpack_to_json(struct msgpack_reader *reader, char *to, size_t room);

#endif
