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
    uint64_t blocked_total_ms; /* before that */
    uint64_t expired_since_ms; /* block_for was over: drops what arrives */
    uint64_t expired_after;    /* block_expired that were counted before */
    uint64_t dropping_since_ms;
    uint64_t dropped_last_ms;
    uint64_t dropped_after; /* drops that were counted before */
    uint64_t dropped_seen;
    bool gave_up_told;
};

struct channel {
    const struct conf_sink *conf; /* as of the last reload */
    struct conf *home;            /* whose conf that is; a reference */
    struct conf *opened_with;     /* what was borrowed when the sink was opened: another one */
    struct outbox *outbox;
    struct format *format;
    struct format *topic; /* NULL: entries have none */
    struct match *match;
    struct path_template *paths; /* NULL: it has one file */
    struct sink *sink;
    struct trouble trouble;

    /* Prepared for a reload, and not in use before channel_renew. */
    struct format *next_format;
    struct match *next_match;

    /* While it leaves (daemon/leaving.c). Of a sink whose queue was handed on, the outbox is NULL.
     */
    uint64_t leave_by_ms; /* loop time */
    bool is_closing;
    bool is_undone; /* the reload that opened it was refused */
    bool hang_told;
    uint64_t retry_at_ms; /* loop time: of a sink that is held; 0: it has not failed */
};

/* What all channels share. */
struct channel_shared {
    struct conf *conf;
    struct pool *blocks;
    size_t block_cap;
    struct sink_shared sink;
};

/* Makes all of it and opens the sink, or holds it (sink_hold). The conf is one of shared->conf,
 * which it refers to. NULL and a sentence, with nothing left open, where sink_open or a setting
 * refuses. */
struct channel *channel_open(const struct conf_sink *conf, const struct channel_shared *shared,
                             unsigned quota, bool is_held, struct err *err);

/* Makes what a changed conf asks for, beside what is in use. 0, or -1 and a sentence. */
int channel_prepare(struct channel *channel, const struct conf_sink *conf,
                    const struct channel_shared *shared, struct err *err);

/* Forgets that. */
void channel_forget(struct channel *channel);

/* Cannot fail: from now on the conf is this one, for which it was prepared. No route may know the
 * format and the match of before. */
void channel_renew(struct channel *channel, const struct conf_sink *conf,
                   const struct channel_shared *shared);

/* Lets go of the sink, which hands what waits on (sink_hand_over), and holds another one in its
 * place. The result is a channel of nothing but the sink. */
struct channel *channel_hand_over(struct channel *channel, uv_loop_t *loop);

/* Opens a sink that is held. 0, or -1 and a sentence: it is held still. */
int channel_open_held(struct channel *channel, const struct channel_shared *shared,
                      struct err *err);

/* After the sink is closed. */
void channel_free(struct channel **channel);

/* Its place among these; NULL: none has the name. */
struct channel **channel_find(struct channel **channels, unsigned count, const char *name);

/* Entries come to it from now on. Borrows the room, see aggregate_narrow_route. */
void channel_join(struct channel *channel, struct aggregate *aggregate,
                  struct expression_room *match_room);

#endif
