/* codec.h - zstd and gzip behind one face: a stream of bytes in, a smaller one out.
 *
 * zstd at level 3 with a window of 128 KiB, which costs 1.6 MiB and nothing of the ratio
 * that logs have; gzip at level 5. Both with a checksum. One thread at a time. */
#ifndef LOGFILE_CODEC_H
#define LOGFILE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum compress_kind { COMPRESS_NONE, COMPRESS_ZSTD, COMPRESS_GZIP };

struct codec;

/* NULL: no memory. */
struct codec *codec_new(enum compress_kind kind);
void codec_free(struct codec **codec);

/* A new stream, of so many bytes. */
void codec_begin(struct codec *codec, uint64_t plain_bytes);

struct codec_flow {
    const uint8_t *in; /* moves on */
    size_t in_len;
    bool is_last; /* nothing comes behind it */
    uint8_t *out;
    size_t out_room;
    size_t out_len; /* out: so many bytes are there */
    bool more;      /* out: room was too small, or input is left: run it again */
};

/* 0; -1: other than so many bytes came, or no memory. */
int codec_run(struct codec *codec, struct codec_flow *flow);

/* What it holds at most. */
size_t codec_bytes(enum compress_kind kind);

#endif
