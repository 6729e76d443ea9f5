#include "logfile/write_vectors.h"

#include <errno.h>
#include <limits.h>

size_t vectors_bytes(const struct vectors *vectors)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < vectors->count; i++)
        bytes += vectors->first[i].iov_len;
    return bytes;
}

/* Takes `bytes` off the front. */
static void advance(struct vectors *vectors, size_t bytes)
{
    while (vectors->count > 0 && bytes >= vectors->first->iov_len) {
        bytes -= vectors->first->iov_len;
        vectors->first++;
        vectors->count--;
        vectors->is_cut = false;
    }
    if (bytes > 0) {
        vectors->first->iov_base = (char *)vectors->first->iov_base + bytes;
        vectors->first->iov_len -= bytes;
        vectors->is_cut = true;
    }
}

/* One call, of which the last vector may be shortened for its time. */
static ssize_t write_once(const struct vectors *vectors, int fd, size_t bytes)
{
    struct iovec *last = vectors->first;
    unsigned count = 1;
    size_t sum = last->iov_len, whole;
    ssize_t written;

    while (sum < bytes && count < vectors->count && count < IOV_MAX) {
        sum += (++last)->iov_len;
        count++;
    }
    whole = last->iov_len;
    last->iov_len -= sum > bytes ? sum - bytes : 0;
    written = writev(fd, vectors->first, (int)count);
    last->iov_len = whole;
    return written;
}

int vectors_write(struct vectors *vectors, int fd, size_t bytes, size_t *written)
{
    while (bytes > 0 && vectors->count > 0) {
        ssize_t moved = write_once(vectors, fd, bytes);

        if (moved < 0 && errno == EINTR)
            continue;
        if (moved <= 0)
            return moved < 0 ? errno : EIO;
        *written += (size_t)moved;
        bytes -= (size_t)moved;
        advance(vectors, (size_t)moved);
    }
    return 0;
}
