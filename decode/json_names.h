/* json_names.h - which part of an entry a key names.
 *
 * The keys of the loggers that are in use; docs/semantics.md has them as a table. Found by
 * one look into a table, since every key of every document is asked for. */
#ifndef DECODE_JSON_NAMES_H
#define DECODE_JSON_NAMES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum part {
    PART_NONE, /* a field */
    PART_TIME,
    PART_LEVEL,
    PART_MESSAGE,
    PART_HOST,
    PART_APP,
    PART_TOPIC,
    PART_OURS, /* what no client may say */
    PARTS,     /* so many there are; what follows needs a closer look */

    /* A part by one logger's own rules. */
    PART_GELF_MESSAGE = PARTS, /* the document is GELF */
    PART_JOURNAL_MESSAGE,      /* may be a list of bytes */
    PART_JOURNAL_LEVEL,        /* a number of syslog's */
    PART_LEVEL_NAME,           /* Python's or Monolog's */

    /* Fields that are a part if no other key is, or in company of others. */
    PART_LEVEL_NUMBER, /* Python's */
    PART_CREATED,      /* Python's time */
    PART_EVENT_TIME,
    PART_LOGGER,  /* an app, without a better one */
    PART_CHANNEL, /* the same; logbook has it */
    PART_PID,     /* company for a name */
    PART_NAME,    /* bunyan's, pino's and Python's; anybody's word otherwise */
    PART_EVENT,   /* a message, without a better one; or an object */
    PART_OBJECT   /* has parts inside */
};

/* Two tables, in which no two names want the same place: what has up to eight letters is
 * one number, of the others the first and the last eight are. */
enum { JSON_SHORT_MAX = 8, JSON_SHORT_PLACES = 64, JSON_LONG_MAX = 20, JSON_LONG_PLACES = 32 };

struct json_short_name {
    char letters[JSON_SHORT_MAX];
    uint8_t len;
    uint8_t part;
    char padding[6]; /* to 16, so that finding the place is a shift */
};
extern const struct json_short_name json_short_names[JSON_SHORT_PLACES];

struct json_long_name {
    char letters[JSON_LONG_MAX];
    uint8_t len;
    uint8_t part;
    char padding[10];
};
extern const struct json_long_name json_long_names[JSON_LONG_PLACES];

/* Eight bytes as one number, the first of them the lowest. */
static inline uint64_t json_letters(const char *from)
{
    uint64_t letters;

    memcpy(&letters, from, sizeof letters);
    return le64toh(letters);
}

/* Of a key of 1 to 8 bytes; what follows it is read and left out. */
static inline uint64_t json_short_letters(const char *key, size_t len)
{
    return json_letters(key) & UINT64_MAX >> (64 - 8 * len);
}

static inline unsigned json_short_place(uint64_t letters)
{
    return (unsigned)(letters * 0xf12616423423880bULL >> 58);
}

static inline unsigned json_long_place(const char *key, size_t len)
{
    return (unsigned)((json_letters(key) + json_letters(key + len - 8)) * 0xf2cbe861953f8019ULL >>
                      59);
}

enum part json_long_part(const char *key, size_t len);

/* At least eight bytes from the key's first on must be readable. */
static inline enum part json_name_part(const char *key, size_t len)
{
    const struct json_short_name *name;
    uint64_t letters;

    if (len - 1 >= JSON_SHORT_MAX)
        return json_long_part(key, len);
    letters = json_short_letters(key, len);
    name = &json_short_names[json_short_place(letters)];
    return json_letters(name->letters) == letters && name->len == len ? (enum part)name->part
                                                                      : PART_NONE;
}

/* Whether it always names a part: where other things than a document's members carry names of
 * their client's, one of these must not come out as if it were that part. */
static inline bool json_name_is_taken(const char *key, size_t len)
{
    enum part part = json_name_part(key, len);

    return part > PART_NONE && part < PARTS;
}

#endif
