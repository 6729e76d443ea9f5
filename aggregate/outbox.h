/* outbox.h - what one sink still has to send, oldest first.
 *
 *     sealed, in flight -> sealed -> … -> sealed    open (filling)
 *     ^ head, written up to head_written
 *
 * Group commit: while a write is in flight the open block fills; a block is sealed
 * when it is full, or when the sink comes for more and takes all that is there. Low
 * load gets low latency, high load big writes, and there is no timer in between.
 *
 * Holds at most its quota of blocks. A full outbox has no room; what follows from that
 * is its policy: its clients wait, or something is dropped. What is dropped is counted,
 * and told by a notice in front of the block that follows, if notices are wanted. Loop
 * thread only, but the bytes of blocks in flight may be read by one other thread. */
#ifndef AGGREGATE_OUTBOX_H
#define AGGREGATE_OUTBOX_H

#include <sys/uio.h>

#include "aggregate/block.h"
#include "aggregate/latency.h"
#include "aggregate/ledger.h"

struct outbox;

/* Blocks come from the pool, which others may share; each has cap bytes. The quotas of
 * all outboxes on one pool must not exceed it: a block within the quota is always there. */
struct outbox *outbox_new(struct pool *blocks, size_t cap, unsigned quota);

/* How many blocks it has, and how many it may have: from now on so many, not fewer than it has.
 * The sum of all quotas is the caller's to keep within the pool. */
unsigned outbox_held_blocks(const struct outbox *outbox);
unsigned outbox_quota(const struct outbox *outbox);
void outbox_set_quota(struct outbox *outbox, unsigned quota);

/* Nothing may be in flight; what is still queued must have been dropped. */
void outbox_free(struct outbox **outbox);

/* The longest entry that there can ever be room for. */
size_t outbox_longest(const struct outbox *outbox);

bool outbox_has_room(const struct outbox *outbox, size_t entry_len);

/* How entries and notices end. Lines, unless it is set before the first entry. */
void outbox_set_framing(struct outbox *outbox, enum framing framing);
enum framing outbox_framing(const struct outbox *outbox);

/* ---- when it is full (outbox_policy.c) -------------------------------------------------- */

enum outbox_when_full {
    OUTBOX_BLOCK,       /* whoever can wait waits */
    OUTBOX_DROP_NEWEST, /* what arrives is dropped */
    OUTBOX_DROP_OLDEST  /* whole blocks are dropped, none that a write has begun */
};

/* OUTBOX_BLOCK unless this is called. At any time: one that no longer blocks drops no longer
 * because it has blocked for too long. */
void outbox_set_policy(struct outbox *outbox, enum outbox_when_full when_full);

/* What has no room must wait. False: outbox_make_room or outbox_drop. */
bool outbox_holds_back(const struct outbox *outbox);

/* Drops the oldest block that may be dropped, if that is the policy. True: there is now room
 * for any entry. */
bool outbox_make_room(struct outbox *outbox);

/* An entry for which there is no room: offered, and dropped, because of the policy or, where
 * the outbox would hold it back, because its source cannot wait. */
void outbox_drop(struct outbox *outbox, int64_t received_ns, const char *app, size_t app_len);

/* It has blocked for too long: from now on it drops what arrives when it is full, until a
 * write has taken all that was queued and moved it. */
void outbox_expire(struct outbox *outbox);
bool outbox_is_expired(const struct outbox *outbox);

/* By an operator's word: drops what is offered and what is queued, but for what a write has
 * begun, until it is set back; what was dropped is told then. */
void outbox_set_drops_all(struct outbox *outbox, bool drops_all);
bool outbox_drops_all(const struct outbox *outbox);

/* Meanwhile, each turn: what has come back from a write that failed is dropped, too. */
void outbox_drop_waiting(struct outbox *outbox);

/* What was dropped since this was asked last, whether it is told in the output or not.
 * False: nothing. */
bool outbox_take_recent(struct outbox *outbox, struct gaps *recent_out);

/* ---- notices (outbox_notice.c) ---------------------------------------------------------- */

/* Each drop is told in the output. None is, unless this is called. Borrows the name. May be called
 * again at any time: notices on their way stay as they are. With NOTICE_NONE, drops that were not
 * told yet are not told at all. */
void outbox_set_notices(struct outbox *outbox, enum notice_style style, const char *sink,
                        bool local_time);

/* Notices begin with a topic and a NUL, as do the entries (aggregate_head_route). After
 * outbox_set_notices. */
void outbox_head_notices(struct outbox *outbox);

/* What is left to tell when all that is queued was dropped, and that a line was left
 * unfinished: to be written at the very end. The text belongs to the outbox; 0: nothing. */
size_t outbox_last_words(struct outbox *outbox, const char **text_out);

/* They were written whole. */
void outbox_said_last_words(struct outbox *outbox);

/* ---- in and out -------------------------------------------------------------------------- */

/* Adds one entry, for which there must be room, as offered and queued. The caller
 * writes its bytes at the place returned. */
char *outbox_add(struct outbox *outbox, size_t entry_len, uint64_t number, int64_t received_ns);

/* Nothing queued, nothing in flight, and no drop that is still to be told. */
bool outbox_is_empty(const struct outbox *outbox);

/* Whether there is more than the block that is filling: sealed ones, in flight or not. */
bool outbox_has_sealed(const struct outbox *outbox);

/* Whether it has so many blocks, or all of its quota, the last of them filling. */
bool outbox_uses_blocks(const struct outbox *outbox, unsigned count);

/* Seals the open block and puts the oldest `max` blocks in flight, described by vectors.
 * Returns how many, 0 when empty. Nothing may be in flight. Ends with outbox_wrote. */
unsigned outbox_begin_write(struct outbox *outbox, struct iovec *vectors, unsigned max);

/* Where the lines of the write in flight end, counted from its begin: the last end in
 * (from, limit], or, if there is none, the first beyond limit; for entries of several lines,
 * the last one's. `outbox` is one. The only function here for another thread, while it writes. */
size_t outbox_line_end(const void *outbox, size_t from, size_t limit);

/* What was put in flight, notices included. */
uint64_t outbox_in_flight_bytes(const struct outbox *outbox);

/* The first frames of the write in flight, one vector each, of at most `max`: entries and
 * notices, with all of their framing. Returns how many. */
unsigned outbox_frames(const struct outbox *outbox, struct iovec *frames, unsigned max);

/* Whether a write has begun and not ended; it may be one of notices alone. */
bool outbox_is_writing(const struct outbox *outbox);

/* The write ended, having moved this many bytes: entries wholly among them are
 * written, what is left is queued again, and the next write begins where this ended. */
void outbox_wrote(struct outbox *outbox, size_t bytes);

/* Whoever reads on begins anew, so the entry or notice that was written in part must be
 * sent whole: the next write begins with it. Nothing may be in flight. */
void outbox_rewind_entry(struct outbox *outbox);

/* Gives up all that is queued. Nothing may be in flight. */
void outbox_drop_all(struct outbox *outbox, enum drop_reason reason);

/* Everything up to this ingest number is written or counted as dropped; moves on block by
 * block. `newest` when no entry is queued or in flight. */
uint64_t outbox_done_through(const struct outbox *outbox, uint64_t newest);

const struct sink_ledger *outbox_ledger(const struct outbox *outbox);

/* How long what is written took; its counts add up to the ledger's `written`. */
const struct latency *outbox_latency(const struct outbox *outbox);

/* How much of its quota its blocks take, spare ends included, and how much that may be: full,
 * both are the same but for what no entry fits into any more. */
size_t outbox_used_bytes(const struct outbox *outbox);
size_t outbox_limit_bytes(const struct outbox *outbox);

/* When the oldest entry was received that is queued or in flight, give or take those that left
 * the same block before it; 0: there is none. */
int64_t outbox_oldest_ns(const struct outbox *outbox);

/* For the aggregate: an entry was rendered shorter than it is. */
void outbox_count_cut(struct outbox *outbox);

/* For the aggregate: entries in which U+FFFD had to stand for bytes. */
uint64_t *outbox_not_utf8_counter(struct outbox *outbox);

/* For the aggregate: a search in a message was given up, and what it should decide decided
 * without it. */
void outbox_count_gave_up(struct outbox *outbox);

#endif
