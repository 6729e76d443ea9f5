/* record.h - the members of one document, one after the other, become an entry.
 *
 * The first known key of each meaning fills that part of the entry; what repeats it,
 * or would stand beside our own key of that name in JSON output, goes to the fields as
 * `key.2`. Unknown keys are fields, values other than strings as the JSON they are. Some
 * keys mean something only in the company of others (a numeric level, Python's `name`):
 * they are fields until record_finish looks at the whole. record_add.h adds a member.
 *
 * All spans lie in the message; what is made anew goes to its scratch area. */
#ifndef DECODE_RECORD_H
#define DECODE_RECORD_H

#include <string.h>

#include "aggregate/span.h"
#include "decode/decode_parts.h"
#include "decode/json_names.h"

/* A value that may become a part, and the field that it is until then. */
struct candidate {
    struct span value; /* length 0: there is none */
    unsigned place;    /* of the field, from 1; 0: the value stands within another */
};

/* What the document as a whole has to say about its members. */
struct company {
    bool gelf;       /* it follows GELF's rules */
    bool python;     /* it is a log record of Python's */
    bool syslog;     /* its numeric level is one of syslog's */
    bool channel;    /* its logger is called a channel */
    bool pid;        /* it names a process */
    bool event_time; /* `created` is an event's */
    struct candidate number, levelno, created, logger, name, event;
};

struct record {
    struct decoder *decoder;
    struct message *message;
    struct entry *entry;
    /* Through which byte of the message all is read; for record_has_room. */
    uint32_t (*read_through)(const struct record *record);
    uint32_t scratch;     /* the next free byte of the scratch area */
    bool plain;           /* printable ASCII without a backslash, all of the document */
    bool odd;             /* the document has a company, which record_company began */
    unsigned seen[PARTS]; /* how often each part was named */
    struct company company;
};

/* Begins one; of a message whose bytes are all read already, read_through is
 * record_all_is_read. The company is begun by record_company: it is large, and few have one. */
static inline void record_begin(struct record *record, struct decoder *decoder,
                                struct message *message, struct entry *entry,
                                uint32_t (*read_through)(const struct record *record))
{
    record->decoder = decoder;
    record->message = message;
    record->entry = entry;
    record->read_through = read_through;
    record->scratch = message->scratch_offset;
    record->plain = false;
    record->odd = false;
    memset(record->seen, 0, sizeof record->seen);
    record->seen[PART_TOPIC] = message->topic.len > 0;
}

uint32_t record_all_is_read(const struct record *record);

/* After the last member of an odd record: what the whole makes of its candidates. False: no
 * room for a name. */
bool record_finish(struct record *record);

/* ---- for those who make spans, and for record_*.c --------------------------------- */

/* Whether the scratch area has room for len bytes that the document itself does not pay
 * for: unescaping never lengthens a string, so what is unread needs at most its own
 * length, up to the payload's end, since a document that fails may be read past its line. */
bool record_has_room(const struct record *record, size_t len);

/* Copies bytes to the scratch area, which has room; they may lie in the message. */
struct span record_to_scratch(struct record *record, const char *bytes, uint32_t len);

/* A key that needs a closer look than those of the parts. */
bool record_add_odd(struct record *record, enum part part, struct span key, struct span value);

/* Adds a field under its own name, or as the nth of it, `key.N`. */
bool record_add_field(struct record *record, struct span key, struct span value);
bool record_add_numbered(struct record *record, struct span key, struct span value, unsigned nth);

/* The same as record_add (decode/record_add.h) for a key that is known to name this part. */
bool record_add_part(struct record *record, enum part part, struct span key, struct span value);

/* A member whose part has a value, or whose value does not fit: it becomes a field, unless
 * something else is known about it. */
bool record_add_beside(struct record *record, enum part part, struct span key, struct span value);

/* Fills the part; false: the value is not of its kind, and nothing has changed. */
bool record_set_part(struct record *record, enum part part, struct span value);

/* Most documents need none, so it is empty only from the first time that it is asked for. */
static inline struct company *record_company(struct record *record)
{
    if (!record->odd)
        record->company = (struct company){0};
    record->odd = true;
    return &record->company;
}

/* Keeps a value that may become a part, unless an earlier one is there. */
void record_keep(const struct record *record, struct candidate *candidate, struct span value,
                 unsigned place);

/* That of the field which is added next. */
static inline unsigned record_next_place(const struct record *record)
{
    return record->entry->field_count + 1;
}

/* The time that is a number; false: it is none. */
bool record_set_epoch(struct record *record, struct span value);

/* A level in a word that only some use. */
bool record_set_odd_level(struct record *record, struct span value);

/* Looks for parts within the object that is the value of this key. */
void record_look_inside(struct record *record, struct span key, struct span value);

static inline const char *record_bytes(const struct record *record, struct span span)
{
    return record->message->bytes + span.offset;
}

/* Objects and lists, and null: no name for anything. */
static inline bool record_is_nameless(const struct record *record, struct span value)
{
    char first = *record_bytes(record, value);

    return value.literal && (first == 'n' || first == '{' || first == '[');
}

static inline bool record_is_object(const struct record *record, struct span value)
{
    return value.literal && *record_bytes(record, value) == '{';
}

#endif
