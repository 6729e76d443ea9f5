/* reading.h - what logboomd makes of one payload: its entries, as JSON, and which decoder.
 *
 * The daemon's own decoder outside of the daemon, for payloads of up to READING_MAX bytes. Which
 * decoder `auto` takes is not asked but tried: it is the first one that, named, says the same.
 * Memory is claimed when it is made. One thread. */
#ifndef CLIENT_READING_H
#define CLIENT_READING_H

#include "aggregate/message.h"
#include "conf/conf.h"

enum { READING_MAX = 256 * 1024, READING_MAX_ENTRY = 64 * 1024 }; /* logboomd's defaults */

struct reading;

struct reading *reading_new(struct err *err);
void reading_free(struct reading **reading);

/* What is to be said of one entry; lasts until the next call. */
struct read_entry {
    const char *json; /* one line without its newline, safe for a terminal */
    size_t json_len;
    bool malformed;
    bool cut;
    bool is_text;  /* nothing was found in it: the payload, or its line, is the text */
    bool has_line; /* more than one line is in its text */
};

/* Copies the parts, of which the payload has at most READING_MAX bytes. */
void reading_begin(struct reading *reading, const struct message_parts *parts,
                   enum conf_decode decode);

/* False: there are no more. */
bool reading_next(struct reading *reading, struct read_entry *entry_out);

/* The word for `decode:` that says the same of the first entry; NULL when none does. */
const char *reading_decoder(struct reading *reading, const struct message_parts *parts);

#endif
