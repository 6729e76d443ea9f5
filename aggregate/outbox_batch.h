/* outbox_batch.h - what is in flight to many files: entry by entry, done in any order.
 *
 * An outbox whose entries have labels hands out whole blocks (aggregate/labelled.h). Whoever
 * has them moves the `begin` of each slot by what was written of its line, file by file, and
 * may move it back to where the line begins when that file is gone. What is not done when
 * the batch ends is queued again, in its old order. */
#ifndef AGGREGATE_OUTBOX_BATCH_H
#define AGGREGATE_OUTBOX_BATCH_H

#include "aggregate/labelled.h"
#include "aggregate/outbox.h"

/* Before the first entry: each will have a label of at most so many bytes. */
void outbox_label_entries(struct outbox *outbox, size_t label_longest);

/* As outbox_add; the label is copied. */
char *outbox_add_labelled(struct outbox *outbox, const struct label *label, size_t entry_len,
                          uint64_t number, int64_t received_ns);

/* Seals the open block and puts the oldest `max` blocks in flight. Returns how many, 0 when
 * empty. Nothing may be in flight. Ends with outbox_end_batch. The blocks may be read and
 * their slots moved by one other thread until then. */
unsigned outbox_begin_batch(struct outbox *outbox, struct block **blocks, unsigned max);

/* So many bytes of lines were written, those included that will be written again. Done
 * entries are written, blocks in which all are done go home, the rest is queued again. */
void outbox_end_batch(struct outbox *outbox, uint64_t bytes);

#endif
