/* Each chunk counts the messages in it. Only the I/O thread should pay for an
 * atomic operation a message, so the sender adds what it lends in one go: a chunk
 * begins with a large count in advance, and when the sender leaves it, the part of
 * the advance that was not lent is taken back. Zero means home. */
#include "client/chunks.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "conf/must.h"

enum { CHUNK_COUNT = 4 };

static const int64_t ADVANCE = INT64_C(1) << 40; /* more than any chunk has lines */

struct chunk {
    _Atomic int64_t held;
    int doorbell;
    char *bytes;
};

struct chunks {
    struct chunk ring[CHUNK_COUNT];
    unsigned current;
    size_t chunk_bytes;
    int64_t lent; /* of the current chunk */
    int doorbell;
};

static struct chunk *current_chunk(struct chunks *chunks)
{
    return &chunks->ring[chunks->current];
}

static int64_t held_by(const struct chunk *chunk)
{
    return atomic_load_explicit(&chunk->held, memory_order_acquire);
}

struct chunks *chunks_new(size_t chunk_bytes, struct err *err)
{
    struct chunks *chunks = calloc(1, sizeof(*chunks));

    if (!chunks) {
        err_set(err, "no memory");
        return NULL;
    }
    chunks->chunk_bytes = chunk_bytes;
    atomic_store(&current_chunk(chunks)->held, ADVANCE);
    chunks->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (chunks->doorbell < 0) {
        err_set(err, "cannot make an eventfd: %s", strerror(errno));
        chunks_free(&chunks);
        return NULL;
    }
    for (unsigned i = 0; i < CHUNK_COUNT; i++) {
        chunks->ring[i].doorbell = chunks->doorbell;
        chunks->ring[i].bytes = malloc(chunk_bytes);
        if (chunks->ring[i].bytes)
            continue;
        err_set(err, "no memory for %d buffers of %zu bytes", CHUNK_COUNT, chunk_bytes);
        chunks_free(&chunks);
        return NULL;
    }
    return chunks;
}

void chunks_free(struct chunks **chunks)
{
    if (!*chunks)
        return;
    must(chunks_lent_count(*chunks) == 0);
    for (unsigned i = 0; i < CHUNK_COUNT; i++)
        free((*chunks)->ring[i].bytes);
    if ((*chunks)->doorbell >= 0)
        close((*chunks)->doorbell);
    free(*chunks);
    *chunks = NULL;
}

char *chunks_bytes(const struct chunks *chunks)
{
    return chunks->ring[chunks->current].bytes;
}

size_t chunks_chunk_bytes(const struct chunks *chunks)
{
    return chunks->chunk_bytes;
}

struct chunk *chunks_lend(struct chunks *chunks)
{
    chunks->lent++;
    return current_chunk(chunks);
}

void chunks_give_back(void *bytes, void *lent)
{
    struct chunk *chunk = lent;
    /* Once the count is 0 the chunk may be gone before we ring. */
    int doorbell = chunk->doorbell;

    (void)bytes;
    if (atomic_fetch_sub_explicit(&chunk->held, 1, memory_order_acq_rel) == 1)
        eventfd_write(doorbell, 1);
}

bool chunks_may_turn(const struct chunks *chunks)
{
    return held_by(&chunks->ring[(chunks->current + 1) % CHUNK_COUNT]) == 0;
}

void chunks_turn(struct chunks *chunks)
{
    must(chunks_may_turn(chunks));
    atomic_fetch_sub_explicit(&current_chunk(chunks)->held, ADVANCE - chunks->lent,
                              memory_order_acq_rel);
    chunks->current = (chunks->current + 1) % CHUNK_COUNT;
    chunks->lent = 0;
    atomic_store(&current_chunk(chunks)->held, ADVANCE);
}

int chunks_doorbell(const struct chunks *chunks)
{
    return chunks->doorbell;
}

void chunks_quiet_doorbell(const struct chunks *chunks)
{
    eventfd_t rings;

    (void)!eventfd_read(chunks->doorbell, &rings); /* none yet is fine, too */
}

uint64_t chunks_lent_count(const struct chunks *chunks)
{
    int64_t held = chunks->lent - ADVANCE;

    for (unsigned i = 0; i < CHUNK_COUNT; i++)
        held += held_by(&chunks->ring[i]);
    must(held >= 0);
    return (uint64_t)held;
}
