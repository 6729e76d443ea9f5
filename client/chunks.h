/* chunks.h - a fixed ring of buffers, from which lines are sent where they lie.
 *
 * The problem: ZeroMQ bounds what it queues by number, not by bytes; a thousand
 * lines of 256 KiB would be 256 MiB. The trick: input is read into one of a few
 * chunks, messages point into it (no copy), and a chunk is read into again only
 * when ZeroMQ has let go of every message in it. So memory is the ring, whatever is
 * sent, and the sender waits when it comes round.
 *
 * One thread reads and lends; chunks_give_back may be called from any thread. */
#ifndef CLIENT_CHUNKS_H
#define CLIENT_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/err.h"

struct chunk;
struct chunks;

struct chunks *chunks_new(size_t chunk_bytes, struct err *err);

/* No message may be lent any more. */
void chunks_free(struct chunks **chunks);

/* The chunk that is being read into. */
char *chunks_bytes(const struct chunks *chunks);
size_t chunks_chunk_bytes(const struct chunks *chunks);

/* Lends a part of the current chunk; the result goes to chunks_give_back as `lent`. */
struct chunk *chunks_lend(struct chunks *chunks);

/* Has the shape of a zmq_free_fn. */
void chunks_give_back(void *bytes, void *lent);

/* Can the current chunk be left for the next? When not, sleep on chunks_doorbell. */
bool chunks_may_turn(const struct chunks *chunks);
void chunks_turn(struct chunks *chunks);

/* Readable when a chunk came home after it was left. */
int chunks_doorbell(const struct chunks *chunks);
void chunks_quiet_doorbell(const struct chunks *chunks);

/* How many messages ZeroMQ still holds; what it has let go is in the kernel or next to it. */
uint64_t chunks_lent_count(const struct chunks *chunks);

#endif
