/* probe.c - any bytes as what a peer says to `logboom probe`.
 *
 * The first byte chooses what we are and how large the pieces are in which the rest comes. The
 * events must be the same as with all bytes at once; what is kept lies in what there is; and
 * nothing printed is a control byte, or more than a bound. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/must.h"

/* The client's objects hold a main and are not linked into tests. */
#include "client/probe_show.c"
#include "client/probe_socket.c"
#include "client/reading.c"
#include "client/zmtp_in.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Each of a message's 64 frames is at most a line of hex or text, and three entries. */
enum { SHOWN_MAX = 2 }; /* messages; more say no more */
enum { PRINTED_MAX = FRAMES_MAX * (TEXT_SHOWN_MAX + 4 * (JSON_SHOWN_MAX + 200)) };

static struct {
    struct reading *reading;
    struct probe_peer peer, other;
    char *printed;
    size_t printed_len;
} f;

static void open_everything(void)
{
    struct err err;

    f.reading = reading_new(&err);
    f.peer.kept = malloc(ZMTP_IN_KEPT_MAX + ZMTP_IN_SPARE);
    f.other.kept = malloc(ZMTP_IN_KEPT_MAX + ZMTP_IN_SPARE);
    must(f.reading && f.peer.kept && f.other.kept);
}

static void check_kept(const struct zmtp_in *in)
{
    uint64_t sum = 0;

    must(in->frame_count > 0 && in->frame_count <= FRAMES_MAX);
    for (unsigned i = 0; i < in->frame_count; i++) {
        must(in->frames[i].kept_len <= in->frames[i].len);
        must(in->frames[i].kept_offset + in->frames[i].kept_len <= ZMTP_IN_KEPT_MAX);
        sum += in->frames[i].len;
    }
    must(sum == in->message_len && sum <= ZMTP_IN_LONGEST);
}

static void check_printed(void)
{
    must(f.printed_len <= PRINTED_MAX);
    for (size_t i = 0; i < f.printed_len;) {
        uint32_t point;
        unsigned len = utf8_sequence(f.printed + i, f.printed_len - i, &point);

        must(len > 0);
        must(point == '\n' || (point >= ' ' && point != 0x7f && !(point >= 0x80 && point < 0xa0)));
        i += len;
    }
}

static void show_message(struct probe_peer *peer)
{
    struct probe_show shown = {.reading = f.reading};

    check_kept(&peer->in);
    shown.out = open_memstream(&f.printed, &f.printed_len);
    must(shown.out);
    probe_show_message(&shown, peer);
    fclose(shown.out);
    check_printed();
    free(f.printed);
}

/* The next event, from pieces of at most so many bytes. */
static enum zmtp_in_event next_event(struct probe_peer *peer, const char **at, const char *end,
                                     size_t piece)
{
    enum zmtp_in_event event = ZMTP_IN_MORE;

    while (*at < end && event == ZMTP_IN_MORE) {
        size_t now = (size_t)(end - *at) < piece ? (size_t)(end - *at) : piece;

        *at += zmtp_in_feed(&peer->in, *at, now, &event);
    }
    return event;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *at = (const char *)data + 1, *other_at = at, *end = (const char *)data + len;
    enum zmtp_in_event event;
    unsigned shown = 0;

    if (len < 1)
        return 0;
    if (!f.reading)
        open_everything();
    f.peer.socket = f.other.socket = data[0] % PROBE_SOCKETS;
    zmtp_in_begin(&f.peer.in, f.peer.kept);
    zmtp_in_begin(&f.other.in, f.other.kept);
    do {
        event = next_event(&f.peer, &at, end, 1 + data[0] / PROBE_SOCKETS);
        must(next_event(&f.other, &other_at, end, SIZE_MAX) == event && at == other_at);
        if (event == ZMTP_IN_MESSAGE && shown++ < SHOWN_MAX)
            show_message(&f.peer);
    } while (at < end && event < ZMTP_IN_STRANGE);
    return 0;
}
