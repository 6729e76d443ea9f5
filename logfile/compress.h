/* compress.h - one file into a compressed one beside it, with no moment in which neither is
 * whole.
 *
 *     1. plain → .part                        a crash leaves an unfinished .part
 *     2. owner, permissions, time; fsync
 *     3. .part → .zst or .gz; fsync folder    a crash leaves both, the same in time
 *     4. plain removed
 *
 * That a compressed file is whole is known by its modification time, which was set to that of
 * the plain one: we do so before the file gets its name, and no tool does so before it has
 * finished. One thread at a time. */
#ifndef LOGFILE_COMPRESS_H
#define LOGFILE_COMPRESS_H

#include <pthread.h>
#include <sys/stat.h>

#include "conf/err.h"
#include "logfile/codec.h"

struct compress;

/* The buffers; what the kind needs beside them comes with the first file and goes with
 * compress_rest. `names` is held while a file goes from one name to the other, for those who
 * count files in another thread; it may be NULL, and is borrowed. NULL: no memory. */
struct compress *compress_new(pthread_mutex_t *names);
void compress_free(struct compress **compress);

/* Gives back what the next file needs anew. */
void compress_rest(struct compress *compress);

enum compress_result {
    COMPRESS_DONE,
    COMPRESS_NOTHING, /* nothing to do: gone, empty, a link, or its compressed name is taken */
    COMPRESS_STOPPED, /* on_chunk did not want to go on */
    COMPRESS_FAILED,  /* errno and a sentence; the plain file is there as before */
    COMPRESS_NO_ROOM  /* the same, of a disk that takes nothing from anybody */
};

/* So many more bytes are on the disk; whether to go on. Asked for each 64 KiB that are
 * read. */
typedef bool compress_chunk_cb(void *context, size_t written_bytes);

/* The file of that name, which must not be written to any more. */
enum compress_result compress_file(struct compress *compress, enum compress_kind kind,
                                   int folder_fd, const char *name, compress_chunk_cb *on_chunk,
                                   void *context, struct err *err);

/* Whether `name` is there compressed as well, in either kind, and whole. */
bool compress_has_twin(int folder_fd, const char *name, const struct stat *plain);

/* Buffers and all that the kind needs. */
size_t compress_bytes(enum compress_kind kind);

#endif
