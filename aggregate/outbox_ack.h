/* outbox_ack.h - sending to a target that tells later how much has arrived.
 *
 *     | written | sent, on its way … | to be sent … |  open (filling)
 *               ^ acknowledged       ^ sent
 *
 * What is sent stays in the outbox until it is acknowledged, and what comes behind it may be
 * sent meanwhile. The blocks in between are in flight, and nothing of them is dropped; they
 * are at most half of the quota, so that there is something to fill and to drop. Where the
 * target is lost, the next one gets everything from the first entry that was not wholly
 * acknowledged. Group commit as in outbox.h: the open block is sealed when all before it is
 * sent. An outbox is written in this way, or by outbox_begin_write; never in both. */
#ifndef AGGREGATE_OUTBOX_ACK_H
#define AGGREGATE_OUTBOX_ACK_H

#include "aggregate/outbox.h"

/* What is to be sent next, of `max` blocks at most. 0: nothing, or nothing before more is
 * acknowledged. The vectors hold until the outbox is called again. */
unsigned outbox_begin_send(struct outbox *outbox, struct iovec *vectors, unsigned max);

/* So many bytes of them were sent. Entries that had been sent before are counted as resent. */
void outbox_sent(struct outbox *outbox, size_t bytes);

/* The oldest bytes that were sent have arrived, so many more than before. Entries wholly
 * among them are written. */
void outbox_acked(struct outbox *outbox, size_t bytes);

/* The target is lost, and what was sent is queued again. */
void outbox_send_again(struct outbox *outbox);

uint64_t outbox_unacked_bytes(const struct outbox *outbox);

/* Whether there is anything that was not sent, be it a notice; and whether a block of it is
 * sealed. */
bool outbox_has_unsent(const struct outbox *outbox);
bool outbox_has_sealed_unsent(const struct outbox *outbox);

/* Of entries, more or less: notices count as nothing before they are sent, and then as entries. */
uint64_t outbox_unsent_bytes(const struct outbox *outbox);

#endif
