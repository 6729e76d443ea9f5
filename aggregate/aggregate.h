/* aggregate.h - the middle: each entry goes into the outbox of every sink, or of none.
 *
 * Knows neither where entries come from nor where blocks go. Loop thread only. */
#ifndef AGGREGATE_AGGREGATE_H
#define AGGREGATE_AGGREGATE_H

#include "aggregate/format.h"
#include "aggregate/match.h"
#include "aggregate/outbox.h"
#include "aggregate/path_template.h"

struct aggregate;

struct aggregate *aggregate_new(void);
void aggregate_free(struct aggregate **aggregate);

/* From now on entries also go to this outbox, looking like this format, in the outbox's
 * framing. Borrows both until aggregate_forget_routes or
 * aggregate_free; each outbox may be given once. At most
 * AGGREGATE_ROUTES_MAX. */
enum { AGGREGATE_ROUTES_MAX = 256 };
void aggregate_add_route(struct aggregate *aggregate, struct outbox *outbox, struct format *format);

/* The outbox that was given last gets only what matches; the others are not concerned. Borrows
 * both until aggregate_free; the room may be NULL if the match does not search, and else is
 * one for all. */
void aggregate_narrow_route(struct aggregate *aggregate, const struct match *match,
                            struct expression_room *room);

/* Entries of the route added last begin with a topic and a NUL, which no line holds, and then
 * the line. Borrows the topic, which is one (format_new_topic). */
void aggregate_head_route(struct aggregate *aggregate, struct format *topic);

/* Entries of the route added last get labels of this template, which is borrowed as well;
 * its outbox must be one for labels. */
void aggregate_label_route(struct aggregate *aggregate, struct path_template *paths);

/* There is no route any more; others are added, and what is parked is asked for anew. Nothing is
 * borrowed until then. */
void aggregate_forget_routes(struct aggregate *aggregate);

enum offered {
    AGGREGATE_TAKEN, /* rendered into open blocks, or dropped by policy; the caller's again */
    AGGREGATE_BUSY   /* an outbox that blocks is full; nothing has changed: park it */
};

/* Borrows entry and base until it returns. Counts the entry in the endpoint's ledger
 * when it is taken. After BUSY the same entry is offered again as it was, or never. */
enum offered aggregate_offer(struct aggregate *aggregate, const struct entry *entry,
                             const char *base, struct endpoint_ledger *ledger);

/* The same for a source that cannot be held back: where a sink that blocks is full, it is
 * dropped there. Always taken. */
void aggregate_take(struct aggregate *aggregate, const struct entry *entry, const char *base,
                    struct endpoint_ledger *ledger);

/* Which outbox had no room, if the last offer was BUSY; by the order of aggregate_add_route.
 * -1: it was TAKEN. */
int aggregate_busy_route(const struct aggregate *aggregate);

/* Whether this outbox, too, would have answered BUSY to that offer. */
bool aggregate_is_busy(const struct aggregate *aggregate, unsigned route);

/* The ingest number given last; numbers count the entries taken, from 1. */
uint64_t aggregate_newest(const struct aggregate *aggregate);

/* Every entry up to this number is written or counted as dropped, in every sink. */
uint64_t aggregate_done_through(const struct aggregate *aggregate);

#endif
