/* stamp.h - what an endpoint adds to its entries: where they came from, and fields.
 *
 *     bytes: | names and values of `fields` | our host's name, host.2 … host.9 | peer | key |
 *            └──────────── the same in each message ───────────────────────────┘
 *
 * They are copied into each message once, so that the spans of entries can point at them. An
 * endpoint that is not asked for any of it has a stamp that is not in use, and pays nothing.
 * Loop thread only. */
#ifndef INGEST_STAMP_H
#define INGEST_STAMP_H

#include "aggregate/entry.h"
#include "aggregate/own_host.h"
#include "conf/conf.h"
#include "ingest/peer.h"

/* At most so many fields are added to an entry: those configured, and what its client said of
 * its host under two names. */
enum { STAMP_FIELDS_MAX = CONF_FIELDS_MAX + 2 };

enum { STAMP_HOST_NAMES = 8, STAMP_HOST_NAME_LEN = 6, STAMP_SLACK = 64 };
enum {
    STAMP_SAME_MAX = CONF_FIELDS_MAX * (CONF_FIELD_NAME_MAX + CONF_FIELD_VALUE_MAX) +
                     OWN_HOST_ROOM + STAMP_HOST_NAMES * STAMP_HOST_NAME_LEN
};
_Static_assert((int)STAMP_SAME_MAX + (int)PEER_TEXT_MAX + (int)PEER_KEY_LEN <=
                   (int)MESSAGE_ADDED_MAX,
               "all that is added has its place in a message");

struct stamp {
    bool in_use;
    bool takes_host;     /* the peer is the host */
    bool is_named;       /* each client has a name of ours */
    struct peers *peers; /* NULL: nobody asks who sent an entry */
    unsigned field_count;
    struct field fields[CONF_FIELDS_MAX]; /* spans into bytes, as are these: */
    struct span own_host;
    struct span host_names[STAMP_HOST_NAMES];

    uint32_t same_len;
    char bytes[STAMP_SAME_MAX + PEER_TEXT_MAX + PEER_KEY_LEN + STAMP_SLACK];

    /* of the message in hand */
    struct peer *peer; /* NULL: not known */
    uint64_t client;   /* whose row that was; another may have it while the message is parked */
    uint64_t copied;   /* the client whose text stands in bytes */
    uint64_t seq;      /* of its last entry */
    struct span origin_peer, origin_uid, origin_key;
};

/* As this endpoint is configured. `peers` is NULL where no sink asks for peers or numbers;
 * host: peer needs them. Borrows them. */
void stamp_init(struct stamp *stamp, const struct conf_ingest *conf, struct peers *peers);

/* Whether both add the same to the same message. */
bool stamp_is_alike(const struct stamp *a, const struct stamp *b);

/* What the message that this frame is of must have added; lasts until the next call. */
struct message_part stamp_message(struct stamp *stamp, zmq_msg_t *frame);

/* Each entry of that message, once, in their order. */
void stamp_entry(struct stamp *stamp, const struct message *message, struct entry *entry);

/* The same, later, to an entry of a message that had this origin (aggregate/recent.h); what is
 * counted is not counted again. */
void stamp_again(struct stamp *stamp, struct span origin_peer, struct span origin_uid,
                 const struct message *message, struct entry *entry);

#endif
