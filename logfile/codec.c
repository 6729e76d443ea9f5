#include "logfile/codec.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "conf/must.h"

enum { ZSTD_LEVEL = 3, ZSTD_WINDOW_LOG = 17 };
enum { GZIP_LEVEL = 5, GZIP_WINDOW_BITS = 15, GZIP_HEADER = 16, GZIP_MEMORY_LEVEL = 8 };

/* ZSTD_sizeof_CCtx says 1,657 KiB; zlib.h gives the sum for deflate: 256 KiB and a few. */
enum { ZSTD_BYTES = 1700 * 1024, GZIP_BYTES = 300 * 1024 };

struct codec {
    enum compress_kind kind;
    ZSTD_CCtx *zstd;
    z_stream gzip;
};

static int open_zstd(struct codec *codec)
{
    codec->zstd = ZSTD_createCCtx();
    if (!codec->zstd)
        return -1;
    must(!ZSTD_isError(ZSTD_CCtx_setParameter(codec->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL)));
    must(!ZSTD_isError(ZSTD_CCtx_setParameter(codec->zstd, ZSTD_c_windowLog, ZSTD_WINDOW_LOG)));
    must(!ZSTD_isError(ZSTD_CCtx_setParameter(codec->zstd, ZSTD_c_checksumFlag, 1)));
    return 0;
}

static int open_gzip(struct codec *codec)
{
    return deflateInit2(&codec->gzip, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS + GZIP_HEADER,
                        GZIP_MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK
               ? 0
               : -1;
}

struct codec *codec_new(enum compress_kind kind)
{
    struct codec *codec = calloc(1, sizeof *codec);

    must(kind != COMPRESS_NONE);
    if (!codec)
        return NULL;
    codec->kind = kind;
    if ((kind == COMPRESS_ZSTD ? open_zstd(codec) : open_gzip(codec)) == 0)
        return codec;
    free(codec);
    return NULL;
}

void codec_free(struct codec **codec_address)
{
    struct codec *codec = *codec_address;

    *codec_address = NULL;
    if (!codec)
        return;
    if (codec->kind == COMPRESS_GZIP)
        deflateEnd(&codec->gzip);
    ZSTD_freeCCtx(codec->zstd);
    free(codec);
}

void codec_begin(struct codec *codec, uint64_t plain_bytes)
{
    if (codec->kind == COMPRESS_GZIP) {
        must(deflateReset(&codec->gzip) == Z_OK);
        return;
    }
    must(!ZSTD_isError(ZSTD_CCtx_reset(codec->zstd, ZSTD_reset_session_only)));
    must(!ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(codec->zstd, plain_bytes)));
}

static int run_zstd(ZSTD_CCtx *zstd, struct codec_flow *flow)
{
    ZSTD_inBuffer in = {flow->in, flow->in_len, 0};
    ZSTD_outBuffer out = {flow->out, flow->out_room, 0};
    size_t left =
        ZSTD_compressStream2(zstd, &out, &in, flow->is_last ? ZSTD_e_end : ZSTD_e_continue);

    if (ZSTD_isError(left))
        return -1;
    flow->in += in.pos;
    flow->in_len -= in.pos;
    flow->out_len = out.pos;
    flow->more = flow->is_last ? left > 0 : flow->in_len > 0;
    return 0;
}

static int run_gzip(z_stream *gzip, struct codec_flow *flow)
{
    int result;

    gzip->next_in = (uint8_t *)(uintptr_t)flow->in; /* only read; zlib.h knows no const */
    gzip->avail_in = (unsigned)flow->in_len;
    gzip->next_out = flow->out;
    gzip->avail_out = (unsigned)flow->out_room;
    result = deflate(gzip, flow->is_last ? Z_FINISH : Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return -1;
    flow->in = gzip->next_in;
    flow->in_len = gzip->avail_in;
    flow->out_len = flow->out_room - gzip->avail_out;
    flow->more = flow->is_last ? result != Z_STREAM_END : gzip->avail_out == 0;
    return 0;
}

int codec_run(struct codec *codec, struct codec_flow *flow)
{
    return codec->kind == COMPRESS_ZSTD ? run_zstd(codec->zstd, flow)
                                        : run_gzip(&codec->gzip, flow);
}

size_t codec_bytes(enum compress_kind kind)
{
    return kind == COMPRESS_ZSTD ? ZSTD_BYTES : kind == COMPRESS_GZIP ? GZIP_BYTES : 0;
}
