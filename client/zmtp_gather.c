#include "client/zmtp_gather.h"

#include <string.h>

enum { LONG = 2 };

static unsigned head_len(const struct zmtp_gather *gather)
{
    return gather->head[0] & LONG ? 9 : 2;
}

static void take_head(struct zmtp_gather *gather, unsigned char byte)
{
    gather->head[gather->head_got++] = byte;
    if (gather->head_got < 2 || gather->head_got < head_len(gather))
        return;
    gather->len = 0;
    for (unsigned i = 1; i < head_len(gather); i++)
        gather->len = gather->len << 8 | gather->head[i];
    gather->got = 0;
    gather->is_too_long = gather->len > ZMTP_GATHER_MAX;
    gather->is_whole = gather->len == 0;
}

static bool has_head(const struct zmtp_gather *gather)
{
    return gather->head_got >= 2 && gather->head_got == head_len(gather);
}

static size_t take_body(struct zmtp_gather *gather, const unsigned char *bytes, size_t len)
{
    size_t wanted = (size_t)gather->len - gather->got;

    len = len < wanted ? len : wanted;
    memcpy(gather->body + gather->got, bytes, len);
    gather->got += len;
    gather->is_whole = gather->got == gather->len;
    return len;
}

size_t zmtp_gather_feed(struct zmtp_gather *gather, const void *bytes, size_t len)
{
    const unsigned char *at = bytes, *end = at + len;

    if (gather->is_whole) { /* that one was the caller's to look at */
        gather->is_whole = false;
        gather->head_got = 0;
    }
    while (at < end && !gather->is_whole && !gather->is_too_long) {
        if (has_head(gather))
            at += take_body(gather, at, (size_t)(end - at));
        else
            take_head(gather, *at++);
    }
    return (size_t)(at - (const unsigned char *)bytes);
}
