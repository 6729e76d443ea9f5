/* unpack.h - what a compressed file holds, by the libraries themselves. After folder_rig.h. */
#ifndef TESTS_UNIT_LOGFILE_UNPACK_H
#define TESTS_UNIT_LOGFILE_UNPACK_H

#include <zlib.h>
#include <zstd.h>

static inline char *unpack_read(const char *name, size_t *len_out)
{
    int fd = openat(rig_fd, name, O_RDONLY | O_CLOEXEC);
    size_t len = (size_t)rig_stat(name).st_size;
    char *bytes = malloc(len + 1);

    assert_true(fd >= 0 && bytes);
    assert_int_equal(read(fd, bytes, len), len);
    close(fd);
    *len_out = len;
    return bytes;
}

/* The length; `plain` has room for one byte more than is expected. */
static inline size_t unpack_zstd(const char *name, char *plain, size_t room)
{
    size_t len, packed_len;
    char *packed = unpack_read(name, &packed_len);

    len = ZSTD_decompress(plain, room, packed, packed_len);
    assert_false(ZSTD_isError(len));
    free(packed);
    return len;
}

static inline size_t unpack_gzip(const char *name, char *plain, size_t room)
{
    size_t packed_len;
    char *packed = unpack_read(name, &packed_len);
    z_stream stream = {.next_in = (uint8_t *)packed,
                       .avail_in = (unsigned)packed_len,
                       .next_out = (uint8_t *)plain,
                       .avail_out = (unsigned)room};

    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.avail_in, 0);
    inflateEnd(&stream);
    free(packed);
    return stream.total_out;
}

#endif
