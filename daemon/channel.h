/* channel.h - one item of `sinks:` as the daemon has it: what makes its lines, the queue that
 * they wait in, and the sink that writes them.
 *
 *     entry -> match? -> format -> outbox -> sink
 *                        topic, paths
 *
 * All that there is once for each sink is here, so that it comes and goes together. */
#ifndef DAEMON_CHANNEL_H
#define DAEMON_CHANNEL_H

#include "aggregate/aggregate.h"
#include "sink/sink.h"

/* What is said of a sink that is full, once when it begins and once when it ends. Loop
 * times; 0: it is not so. */
struct trouble {
    uint64_t blocked_since_ms; /* holds back what waits, without a break */
    uint64_t expired_since_ms; /* block_for was over: drops what arrives */
    uint64_t expired_after;    /* block_expired that were counted before */
    uint64_t dropping_since_ms;
    uint64_t dropped_last_ms;
    uint64_t dropped_after; /* drops that were counted before */
    uint64_t dropped_seen;
    bool gave_up_told;
};

struct channel {
    const struct conf_sink *conf; /* borrowed */
    struct outbox *outbox;
    struct format *format;
    struct format *topic; /* NULL: entries have none */
    struct match *match;
    struct path_template *paths; /* NULL: it has one file */
    struct sink *sink;
    struct trouble trouble;
};

/* What all channels share. */
struct channel_shared {
    const struct conf *conf;
    struct pool *blocks;
    size_t block_cap;
    struct sink_shared sink;
};

/* Makes all of it and opens the sink. Borrows the conf. NULL and a sentence, with nothing left
 * open, where sink_open or a setting refuses. */
struct channel *channel_open(const struct conf_sink *conf, const struct channel_shared *shared,
                             unsigned quota, struct err *err);

/* After the sink is closed. */
void channel_free(struct channel **channel);

/* Entries come to it from now on. Borrows the room, see aggregate_narrow_route. */
void channel_join(struct channel *channel, struct aggregate *aggregate,
                  struct expression_room *match_room);

#endif
