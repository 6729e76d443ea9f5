/* endpoint_parts.h - the inside of an endpoint: for the files endpoint*.c. */
#ifndef INGEST_ENDPOINT_PARTS_H
#define INGEST_ENDPOINT_PARTS_H

#include <zmq.h>

#include "decode/frames.h"
#include "ingest/ahead.h"
#include "ingest/endpoint.h"
#include "ingest/stamp.h"
#include "zeromq/listener.h"

/* A frame that is needed until the payloads behind it are taken. Longer ones are kept in part,
 * as message_take would. */
enum { KEPT_FRAME_MAX = 1024 };
struct kept_frame {
    size_t len; /* as it came */
    char bytes[KEPT_FRAME_MAX];
};
_Static_assert((int)KEPT_FRAME_MAX >= (int)MESSAGE_TOPIC_MAX &&
                   (int)KEPT_FRAME_MAX >= (int)MESSAGE_HEADER_MAX &&
                   (int)KEPT_FRAME_MAX >= (int)MESSAGE_KEY_MAX,
               "all of what a message keeps");

/* Where the answer to the request in work goes, see endpoint_answer.c: who asked, up to 7 frames,
 * and nothing. A name has at most 255 bytes, and 5 if ZeroMQ made it up. */
enum { ANSWER_FRAMES_MAX = 9, ANSWER_BYTES_MAX = 512, ANSWERS_QUEUED = 64 };
struct answer {
    bool due; /* the request is taken */
    int fd;   /* the connection that it came on */
    int64_t since_ms;
    unsigned frame_count;
    unsigned bytes_used;
    unsigned short lens[ANSWER_FRAMES_MAX];
    char bytes[ANSWER_BYTES_MAX];
};

struct endpoint {
    const struct conf_ingest *conf;
    struct endpoint_shared shared;
    struct decode_rules rules;
    struct stamp stamp;
    struct endpoint_ledger ledger;
    uint64_t refused_asked[REFUSE_REASONS]; /* of the ledger's, by endpoint_refused_since */
    struct zmq_watched watched;
    void *socket;
    struct ahead ahead;
    uint64_t frame_bytes; /* received so far, of whatever frames */
    struct gate_group *gate;
    struct admission *admission; /* while it opens; NULL: it binds nothing */
    struct listener *listeners;
    unsigned listener_count;
    size_t frame_extra; /* what encryption adds to each frame */
    bool watching;
    bool stopped;
    bool is_outdated; /* rules and stamp are made of the conf of before: a payload is in hand */

    /* What is known of ZeroMQ's message in work, one frame after the other. Between two turns
     * it is in work while a payload of it is parked. */
    enum frames_envelope envelope;
    struct frames frames;
    bool more_frames; /* are there, to be received */
    struct kept_frame topic;
    struct kept_frame header;
    struct kept_frame key;
    int64_t received_ns;
    int source_fd; /* the connection that the frame in hand came on (ZMQ_SRCFD) */
    struct answer answer;

    /* the payload in hand; parked while `entry` is set between two turns */
    struct message *message;
    struct entry *entry;
    struct decode_cursor cursor;
    uint32_t taken;              /* entries of it */
    struct census_sender sender; /* of the message */
};

/* ---- endpoint_open.c ------------------------------------------------------------------ */

/* Makes the socket and gives it the configured addresses. 0, or -1 and a
 * sentence, with the setting to blame; what was opened so far is in the endpoint. */
int endpoint_open_socket(struct endpoint *endpoint, const void **setting_out, struct err *err);
int endpoint_open_addresses(struct endpoint *endpoint, const void **setting_out, struct err *err);

/* ---- endpoint_admit.c ----------------------------------------------------------------- */

/* At the start: reads who may come in, and guards the socket. Before anybody can connect. */
int endpoint_guard(struct endpoint *endpoint, const void **setting_out, struct err *err);

/* The socket takes clients at the last listener. */
int endpoint_attach(struct endpoint *endpoint, struct err *err);

/* ---- endpoint_take.c ------------------------------------------------------------------ */

/* Makes rules and stamp of the conf. No payload is in hand. */
void endpoint_renew(struct endpoint *endpoint);

/* Copies the payload, with what is kept of the frames before it, and offers what is in it.
 * False: busy, the payload is parked. */
bool endpoint_take_payload(struct endpoint *endpoint, zmq_msg_t *payload);

/* Offers the entry in hand and all that follow it in its payload. False: the
 * aggregate is busy, and they stay in hand. */
bool endpoint_offer_rest(struct endpoint *endpoint);

/* Every entry that is still in the payload in hand is received and refused. */
void endpoint_refuse_payload(struct endpoint *endpoint);

/* ---- endpoint_receive.c --------------------------------------------------------------- */

void endpoint_on_turn(struct zmq_watched *watched);
void endpoint_pause_if_waiting(struct endpoint *endpoint);

/* Takes the frames of the message in work that are still to come. False: parked again. */
bool endpoint_receive_rest(struct endpoint *endpoint);

/* Whether nothing new is received for now: something is parked, or an answer waits. */
bool endpoint_is_waiting(const struct endpoint *endpoint);

/* After the stop: what ZeroMQ still has is refused. */
void endpoint_refuse_queued(struct endpoint *endpoint);

/* ---- endpoint_answer.c ---------------------------------------------------------------- */

/* With the next request. */
void endpoint_answer_begin(struct endpoint *endpoint);

/* False: the way back is longer than any that is served. */
bool endpoint_answer_keep(struct endpoint *endpoint, zmq_msg_t *frame);

/* The request is dealt with: from now on it is owed an answer. */
void endpoint_answer_owe(struct endpoint *endpoint);

/* False: it is owed still, and cannot be sent now. */
bool endpoint_answer_send(struct endpoint *endpoint);

#endif
