/* write_vectors.h - writev(2) until it is done or fails. Any thread. */
#ifndef LOGFILE_WRITE_VECTORS_H
#define LOGFILE_WRITE_VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* What is left to write; moves on. */
struct vectors {
    struct iovec *first;
    unsigned count;
    bool is_cut; /* a part of the first is written */
};

/* Writes the first `bytes` of what is left. 0, or the errno that stopped it; what went out
 * before is added to *written either way. */
int vectors_write(struct vectors *vectors, int fd, size_t bytes, size_t *written);

size_t vectors_bytes(const struct vectors *vectors);

#endif
