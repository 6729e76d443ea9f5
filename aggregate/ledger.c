#include "aggregate/ledger.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/must.h"

uint64_t endpoint_ledger_refused(const struct endpoint_ledger *ledger)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < REFUSE_REASONS; i++)
        sum += ledger->refused[i];
    return sum;
}

uint64_t sink_ledger_dropped(const struct sink_ledger *ledger)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < DROP_REASONS; i++)
        sum += ledger->dropped[i];
    return sum;
}

bool endpoint_ledger_balances(const struct endpoint_ledger *ledger)
{
    return ledger->received == endpoint_ledger_refused(ledger) + ledger->accepted &&
           ledger->accepted == ledger->unrouted + ledger->routed;
}

bool sink_ledger_balances(const struct sink_ledger *ledger)
{
    return ledger->offered ==
           ledger->written + sink_ledger_dropped(ledger) + ledger->queued + ledger->in_flight;
}

/* Nothing but counters, all of one kind. */
void sink_ledger_add(struct sink_ledger *sum, const struct sink_ledger *ledger)
{
    enum { COUNTERS = sizeof *sum / sizeof(uint64_t) };
    uint64_t to[COUNTERS], from[COUNTERS];

    static_assert(sizeof to == sizeof *sum, "a member is no counter");
    memcpy(to, sum, sizeof to);
    memcpy(from, ledger, sizeof from);
    for (unsigned i = 0; i < COUNTERS; i++)
        to[i] += from[i];
    memcpy(sum, to, sizeof to);
}

const char *refuse_reason_name(enum refuse_reason reason)
{
    static const char *const names[REFUSE_REASONS] = {
        [REFUSE_FRAMES] = "frames",
        [REFUSE_PICKLE] = "pickle",
        [REFUSE_JAVA] = "java",
        [REFUSE_SHUTDOWN] = "shutdown",
    };

    return names[reason];
}

const char *drop_reason_name(enum drop_reason reason)
{
    static const char *const names[DROP_REASONS] = {
        [DROP_SHUTDOWN] = "shutdown",
        [DROP_FULL] = "full",
        [DROP_BLOCK_EXPIRED] = "block_expired",
        [DROP_SUB_FULL] = "sub_full",
        [DROP_REMOVED] = "removed",
        [DROP_OPERATOR] = "operator",
    };

    return names[reason];
}

/* Appends to a text of LEDGER_TEXT_MAX bytes. */
static unsigned __attribute__((format(printf, 3, 4)))
append(char *text, unsigned at, const char *format, ...)
{
    va_list args;
    int added;

    va_start(args, format);
    added = vsnprintf(text + at, LEDGER_TEXT_MAX - at, format, args);
    va_end(args);
    must(added >= 0 && at + (unsigned)added < LEDGER_TEXT_MAX);
    return at + (unsigned)added;
}

static unsigned append_reason(char *text, unsigned at, const char *name, uint64_t count,
                              bool *first)
{
    if (count == 0)
        return at;
    at = append(text, at, "%s%s=%" PRIu64, *first ? "{" : " ", name, count);
    *first = false;
    return at;
}

const char *endpoint_ledger_show(const struct endpoint_ledger *ledger, char text[LEDGER_TEXT_MAX])
{
    unsigned at = append(text, 0, "received=%" PRIu64 " refused=%" PRIu64, ledger->received,
                         endpoint_ledger_refused(ledger));
    bool first = true;

    for (unsigned i = 0; i < REFUSE_REASONS; i++)
        at = append_reason(text, at, refuse_reason_name(i), ledger->refused[i], &first);
    at = append(text, at,
                "%s accepted=%" PRIu64 " unrouted=%" PRIu64 " routed=%" PRIu64 " malformed=%" PRIu64
                " cut=%" PRIu64 " messages=%" PRIu64 " bytes=%" PRIu64,
                first ? "" : "}", ledger->accepted, ledger->unrouted, ledger->routed,
                ledger->malformed, ledger->cut, ledger->messages, ledger->bytes);
    if (ledger->unwanted > 0)
        at = append(text, at, " unwanted=%" PRIu64, ledger->unwanted);
    if (ledger->unanswered > 0)
        append(text, at, " unanswered=%" PRIu64, ledger->unanswered);
    return text;
}

const char *sink_ledger_show(const struct sink_ledger *ledger, char text[LEDGER_TEXT_MAX])
{
    unsigned at = append(text, 0, "offered=%" PRIu64 " written=%" PRIu64 " dropped=%" PRIu64,
                         ledger->offered, ledger->written, sink_ledger_dropped(ledger));
    bool first = true;

    for (unsigned i = 0; i < DROP_REASONS; i++)
        at = append_reason(text, at, drop_reason_name(i), ledger->dropped[i], &first);
    at = append(text, at,
                "%s queued=%" PRIu64 " in_flight=%" PRIu64 " cut=%" PRIu64 " notices=%" PRIu64
                " bytes=%" PRIu64,
                first ? "" : "}", ledger->queued, ledger->in_flight, ledger->cut, ledger->notices,
                ledger->written_bytes);
    if (ledger->resent > 0)
        at = append(text, at, " resent=%" PRIu64, ledger->resent);
    if (ledger->not_utf8 > 0)
        at = append(text, at, " not_utf8=%" PRIu64, ledger->not_utf8);
    if (ledger->match_limit > 0)
        append(text, at, " match_limit=%" PRIu64, ledger->match_limit);
    return text;
}
