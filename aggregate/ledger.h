/* ledger.h - every entry has exactly one fate, and the sums hold at every moment.
 *
 *     endpoint: received = refused{reason} + accepted
 *               accepted = unrouted + routed
 *     sink:     offered  = written + dropped{reason} + queued + in_flight
 *
 * Entries, not bytes, unless the name says so. `malformed` and `cut` are marks on
 * accepted entries, not fates. Loop thread only. */
#ifndef AGGREGATE_LEDGER_H
#define AGGREGATE_LEDGER_H

#include "aggregate/block.h"

enum refuse_reason {
    REFUSE_FRAMES,   /* more frames than this endpoint understands */
    REFUSE_PICKLE,   /* a Python object, which nobody opens */
    REFUSE_JAVA,     /* a Java object, likewise */
    REFUSE_SHUTDOWN, /* waiting for room when the daemon stopped */
    REFUSE_REASONS
};

struct endpoint_ledger {
    uint64_t received;
    uint64_t refused[REFUSE_REASONS];
    uint64_t accepted;
    uint64_t unrouted;
    uint64_t routed;
    uint64_t malformed;
    uint64_t cut;
    uint64_t messages;   /* of ZeroMQ, whatever was in them */
    uint64_t unwanted;   /* of these, not subscribed to: no entries, so in none of the sums */
    uint64_t bytes;      /* of payload */
    uint64_t unanswered; /* requests whose client has left, or does not read */
};

struct sink_ledger {
    uint64_t offered;
    uint64_t written;
    uint64_t dropped[DROP_REASONS];
    uint64_t queued;
    uint64_t in_flight;
    uint64_t cut;           /* rendered longer than a block */
    uint64_t notices;       /* lines that told of drops; no entries, so in none of the sums */
    uint64_t resent;        /* sent once more, since nobody could tell whether they had arrived */
    uint64_t written_bytes; /* notices included */
    uint64_t queued_bytes;  /* of entries */
    uint64_t not_utf8;      /* had bytes that are not UTF-8, for which json and logfmt put U+FFFD */
    uint64_t match_limit;   /* messages in which a search was given up; offered or not */
};

/* Whether the sums hold: for must(). */
bool endpoint_ledger_balances(const struct endpoint_ledger *ledger);
bool sink_ledger_balances(const struct sink_ledger *ledger);

uint64_t sink_ledger_dropped(const struct sink_ledger *ledger);
uint64_t endpoint_ledger_refused(const struct endpoint_ledger *ledger);

/* Every counter of another one on top: the sums hold for both together. */
void sink_ledger_add(struct sink_ledger *sum, const struct sink_ledger *ledger);

/* The fixed words of docs/semantics.md. */
const char *refuse_reason_name(enum refuse_reason reason);
const char *drop_reason_name(enum drop_reason reason);

/* One line of `name=value` pairs, reasons with a count in braces; the marks of few only if there
 * are any. Returns text. */
enum { LEDGER_TEXT_MAX = 640 };
const char *endpoint_ledger_show(const struct endpoint_ledger *ledger, char text[LEDGER_TEXT_MAX]);
const char *sink_ledger_show(const struct sink_ledger *ledger, char text[LEDGER_TEXT_MAX]);

#endif
