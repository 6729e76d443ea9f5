/* recent.h - the last messages whose entries were taken, byte for byte: what `logboom tail` shows.
 *
 *     | record | record | …       free       … | record | record |
 *       ^ newest at the end        oldest ^
 *
 * To keep entries, rendered or not, would cost each of them; a message costs one copy, however
 * many entries are in it, and whoever looks decodes it once more. Entries are numbered from 0 in
 * the order in which they were taken, so whoever comes too late for some knows how many.
 * When there is no room, the oldest records go. Loop thread only. */
#ifndef AGGREGATE_RECENT_H
#define AGGREGATE_RECENT_H

#include "aggregate/message.h"

struct recent;

/* What stands in front of a record's parts, which the payload begins. */
struct recent_record {
    const void *source; /* who took it; NULL: nobody can read it any more */
    uint64_t first;     /* the number of its first entry */
    uint32_t count;     /* entries that were taken of it now, */
    uint32_t skip;      /* after so many, which are in a record before this one */
    int64_t received_ns;
    struct span origin_peer, origin_uid; /* in `added`, see ingest/stamp.h */
    uint32_t payload_len, topic_len, header_len, key_len, added_len;
    bool topic_cut, header_lost;
    char bytes[];
};

/* For messages of up to keep_bytes. NULL and a sentence. */
struct recent *recent_new(struct budget *budget, size_t keep_bytes, struct err *err);

/* Nobody will ever look: from now on nothing is kept. */
void recent_stop(struct recent *recent);
void recent_free(struct recent **recent);
size_t recent_bytes(size_t keep_bytes);

/* So many entries were taken of this message, after `skip` others. A message that is too long is
 * not kept, but its entries are counted. */
struct recent_origin {
    const void *source;
    struct span peer, uid;
};
void recent_add(struct recent *recent, const struct message *message,
                const struct recent_origin *origin, uint32_t skip, uint32_t count);

/* The source will be gone, or read otherwise: its records stay, but say nothing. */
void recent_forget(struct recent *recent, const void *source);

/* How many entries there were. */
uint64_t recent_count(const struct recent *recent);

/* Where somebody reads. */
struct recent_cursor {
    uint64_t at;
};

/* From the oldest record on, or from the next one that will be added. */
struct recent_cursor recent_oldest(const struct recent *recent);
struct recent_cursor recent_newest(const struct recent *recent);

/* The record at the cursor, or, if that is gone, the oldest; NULL at the end. Lasts until the
 * next recent_add. */
const struct recent_record *recent_look(const struct recent *recent, struct recent_cursor *cursor);

/* Behind that record. */
void recent_step(const struct recent *recent, struct recent_cursor *cursor);

/* Its parts, for message_take. */
struct message_parts recent_parts(const struct recent_record *record);

#endif
