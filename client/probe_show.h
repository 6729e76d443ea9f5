/* probe_show.h - what came, frame by frame, and what logboomd would make of it.
 *
 *     message 1, from a PUB: 2 frames, 17 bytes
 *       topic          4 B  INFO
 *       payload       13 B  hello there\n
 *         as text: {"time":"…","level":"info","topic":"INFO","message":"hello there"}
 *
 * Bytes of clients are escaped as in `text` (docs/semantics.md), or hexadecimal where they are
 * no text, and cut. What matters for the configuration is remembered. One thread. */
#ifndef CLIENT_PROBE_SHOW_H
#define CLIENT_PROBE_SHOW_H

#include <stdio.h>

#include "client/probe_peer.h"
#include "client/reading.h"

/* Of all messages so far. */
struct probe_found {
    enum probe_socket socket;            /* for the first one's client */
    char type[ZMTP_IN_NAME_MAX + 1];     /* what that is */
    char key[CURVE_KEY_CHARS + 1];       /* its public key, where it is a client of CURVE, or "" */
    char stranger[ZMTP_IN_NAME_MAX + 1]; /* another client that this socket does not suit, or "" */
    unsigned messages;
    unsigned entries;
    unsigned malformed;     /* entries */
    unsigned better_texts;  /* of these, in payloads that `decode: text` does not call malformed */
    unsigned with_lines;    /* entries of text with several lines */
    unsigned with_payloads; /* messages of more than one payload */
    uint64_t longest_message;
    uint64_t longest_payload;
};

struct probe_show {
    FILE *out; /* NULL: only remembers */
    struct reading *reading;
    struct probe_found found;
};

/* The message in peer->in. */
void probe_show_message(struct probe_show *show, const struct probe_peer *peer);

#endif
