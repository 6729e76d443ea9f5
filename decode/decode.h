/* decode.h - from the bytes of a message to its entries, one after the other.
 *
 * auto: what begins with `{` is JSON, what is wholly Fluentd's events is MessagePack, all
 * else is text, which is looked into. JSON: when the first line is a document, each line is
 * one, and a bad line is its own malformed text; else the whole may be one document; else the
 * whole is one malformed text. Nothing is thrown away because it is ugly. Loop thread only. */
#ifndef DECODE_DECODE_H
#define DECODE_DECODE_H

#include "aggregate/entry.h"
#include "conf/conf.h"

/* What decoding needs beside the message; shared by all endpoints. */
struct decoder;

/* For messages of up to max_message bytes; claims its tables from the budget. */
struct decoder *decoder_new(struct budget *budget, size_t max_message, struct err *err);
void decoder_free(struct decoder **decoder);

/* How one endpoint wants its messages read. */
struct decode_rules {
    enum conf_decode decode;
    enum conf_split split;
    size_t max_entry; /* bytes; longer texts are cut, longer documents are text */
};

enum decode_state {
    DECODE_BEGIN,
    DECODE_BATCH,   /* NDJSON whose tokens are all known */
    DECODE_CAREFUL, /* NDJSON with something wrong in it: each line on its own */
    DECODE_LINES,   /* text, split */
    DECODE_MSGPACK, /* events, one behind the other up to `base` */
    DECODE_END
};

/* Where in a message the next entry begins. Zero it to begin. */
struct decode_cursor {
    uint32_t at;
    enum decode_state state;
    uint32_t base;   /* the byte from which the index was built; of events, where they end */
    uint32_t token;  /* the first of its tokens that is not used up; of events, their form */
    uint32_t list;   /* where the value begins that holds the events */
    uint64_t build;  /* which of the decoder's indexes that is */
    uint8_t level;   /* what the topic frame says it is, for entries that say nothing; enum level */
    bool is_process; /* the topic frame is `program:pid` */
};

/* Fills the entry with the next one of this message. False: there are no more. */
bool decode_next(struct decoder *decoder, const struct decode_rules *rules,
                 struct decode_cursor *cursor, struct message *message, struct entry *entry);

/* How many fields an entry of max_entry bytes can have at most. */
unsigned decode_fields_max(size_t max_entry);

#endif
