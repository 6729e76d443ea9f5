/* outbox_parts.h - the inside of an outbox: for outbox.c and outbox_*.c. */
#ifndef AGGREGATE_OUTBOX_PARTS_H
#define AGGREGATE_OUTBOX_PARTS_H

#include "aggregate/labelled.h"
#include "aggregate/outbox.h"

struct outbox {
    struct pool *blocks;
    size_t cap;
    unsigned quota;
    enum framing framing;
    unsigned held; /* blocks, the open one included */

    /* What entries take of a block: one, beside its bytes, and each before it at the far end.
     * So asking for room is the same sum with and without labels. */
    size_t entry_overhead;
    size_t slot_bytes;
    size_t label_room; /* the longest label; 0: entries have none */

    struct block *open;
    struct block *head;
    struct block **tail;
    uint32_t head_written;         /* bytes of the head's notices and entries that are written */
    uint32_t head_entries_written; /* entries wholly among them */
    uint64_t in_flight_bytes;
    uint64_t in_flight_entry_bytes; /* without notices; of a batch only */
    unsigned in_flight_blocks;
    bool took_all; /* nothing was left in the queue by the write in flight */
    uint64_t done_through;
    struct sink_ledger ledger;
    struct latency latency;
    int64_t wrote_ns; /* when the write ended of which the ledger learns now */

    /* outbox_policy.c */
    enum outbox_when_full when_full;
    bool expired;   /* has blocked for too long, and drops until it has caught up */
    bool drops_all; /* as long as an operator wants it */
    struct gaps recent;

    /* outbox_ack.c */
    struct block *sending; /* the last in flight; NULL: none, or not written in that way */
    uint32_t sending_sent; /* bytes of its notices and entries that are sent */

    /* outbox_notice.c */
    struct notice notice;
    struct gaps pending; /* dropped behind all that is queued, and not told yet */
    bool torn;           /* what was dropped at the end was written in part */
    size_t last_words_len;
    char last_words[NOTICES_ROOM + 16];
};

/* How many of the first bytes of a block on the wire are bytes of entries. */
static inline uint32_t outbox_entry_bytes(const struct block *block, uint32_t wire_bytes)
{
    return wire_bytes > block->notice_len ? wire_bytes - block->notice_len : 0;
}

/* outbox.c */
bool outbox_has_entries(const struct outbox *outbox);
void outbox_seal(struct outbox *outbox);
void outbox_open_block(struct outbox *outbox);

/* Takes a block off the list; it is the caller's. */
struct block *outbox_unlink(struct outbox *outbox, struct block **link);

/* Of `max` blocks so many may be put in flight. */
unsigned outbox_most_in_flight(const struct outbox *outbox, unsigned max);
void outbox_send_home(struct outbox *outbox, struct block *block);

/* A write has ended; before what it wrote is counted. */
void outbox_note_time(struct outbox *outbox);

/* So many more of a block's entries are written, and no more in flight. */
void outbox_count_written(struct outbox *outbox, const struct block *block, uint32_t entries);

/* Moves the head's cursor; what is now wholly written is counted, and no more in flight. */
void outbox_advance_head(struct outbox *outbox, uint32_t bytes);

/* Where the line begins of which a part was written; head_written itself if none was. */
uint32_t outbox_line_begin(const struct outbox *outbox);

/* outbox_batch.c, for whoever drops blocks: whether a line of it is written in part, which
 * may not be left so; and what would be given up with it. */
bool outbox_is_begun(const struct outbox *outbox, const struct block *block);
struct labelled_rest outbox_rest(const struct outbox *outbox, const struct block *block);

/* outbox_policy.c: each write that took all there was and moved it. */
void outbox_caught_up(struct outbox *outbox);

/* outbox_notice.c */
bool outbox_tells(const struct outbox *outbox);

/* Whether there is a drop to tell behind all that is queued. While everything is dropped there
 * is none yet: one notice tells of it when that is over, not one a turn. */
bool outbox_has_pending(const struct outbox *outbox);

/* Gives the gaps that nobody follows a block of their own, if they have waited for all else
 * to be written. */
void outbox_place_pending(struct outbox *outbox);

/* Makes the block's notices say what its gaps are. */
void outbox_write_notices(struct outbox *outbox, struct block *block);

/* Where the head's notice begins of which this byte is a part. */
uint32_t outbox_notice_begin(const struct outbox *outbox, uint32_t byte);

/* These bytes of a block's notices have been written: counts those that are now wholly
 * written, and forgets their gaps. */
void outbox_count_notices(struct outbox *outbox, struct block *block, uint32_t from,
                          uint32_t until);

#endif
