/* replay.h - the entries of a recent message once more, as its endpoint took them.
 *
 * One message at a time, between two turns of the endpoints, whose decoder it shares. Nothing is
 * counted and nobody is offered anything. Loop thread only. */
#ifndef INGEST_REPLAY_H
#define INGEST_REPLAY_H

#include "aggregate/recent.h"
#include "decode/decode.h"

struct replay;

/* For messages of up to max_message bytes, and entries with so many fields. Borrows the decoder.
 * NULL and a sentence. */
struct replay *replay_new(struct budget *budget, size_t max_message, unsigned field_max,
                          struct decoder *decoder, struct err *err);
void replay_free(struct replay **replay);

/* Copies the record, whose source must be there. */
void replay_begin(struct replay *replay, const struct recent_record *record);

/* The entries that the record counts. NULL: there are no more. Each lasts until the next call;
 * its spans are offsets from the base. */
const struct entry *replay_next(struct replay *replay, const char **base_out);

/* What the pools need for it, for the plan. */
size_t replay_message_bytes(size_t max_message);
size_t replay_entry_bytes(unsigned field_max);

#endif
