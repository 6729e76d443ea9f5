/* census.h - who sends most, by client, app or host: counted only while somebody watches.
 *
 * Each of the three begins from nothing with the first who watches it, and is forgotten with the
 * last. Nobody watching costs an entry one comparison. Loop thread only. */
#ifndef INGEST_CENSUS_H
#define INGEST_CENSUS_H

#include "aggregate/entry.h"
#include "aggregate/heavy.h"
#include "ingest/peer.h"

enum census_by { CENSUS_CLIENT, CENSUS_APP, CENSUS_HOST, CENSUS_KINDS };

struct census {
    unsigned descriptors;
    unsigned watchers[CENSUS_KINDS];
    unsigned watcher_count; /* their sum */
    struct heavy *heavy[CENSUS_KINDS];
    struct peers *peers; /* while somebody watches clients */
};

/* Who sent the message in hand, as ZeroMQ knows it. */
struct census_sender {
    uint8_t len; /* 0: not known */
    char name[PEER_TEXT_MAX];
};

/* For clients at descriptors below this number. Nothing is allocated before somebody watches. */
void census_init(struct census *census, unsigned descriptors);
void census_fini(struct census *census);

/* What it takes when all are watched, for planning. */
size_t census_bytes(unsigned descriptors);

/* One more watches. 0, or -1 and a sentence. */
int census_watch(struct census *census, enum census_by by, struct err *err);
void census_unwatch(struct census *census, enum census_by by);

/* What was counted; NULL: nobody watches it. */
const struct heavy *census_look(const struct census *census, enum census_by by);

static inline bool census_is_on(const struct census *census)
{
    return census && census->watcher_count > 0;
}

/* Of a message that begins with this frame; see peers_find for is_named. */
void census_find_sender(struct census *census, zmq_msg_t *frame, bool is_named,
                        struct census_sender *sender_out);

/* One entry that was taken. */
void census_add(struct census *census, const struct census_sender *sender,
                const struct entry *entry, const char *base);

#endif
