/* verdict.c - the one sentence that somebody who is awake at night reads first.
 *
 *     BLOCKED 41 s by sink all: No space left on device; 12 clients waiting
 *     LOSING 3 s at sink central: Connection refused; 812 entries dropped since the start
 *     fine, but sink central is down for 3 s: Connection refused; 4212 entries wait there
 *     fine, but newcomers find no place: 128 connections are open, and max_clients or ...
 *     fine
 *
 * A sink that is full now and then while everything moves on is how back-pressure works: so
 * BLOCKED begins after a second without a single entry taken. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "status/status.h"

enum { BLOCKED_AFTER_MS = 1000 };

const char *status_verdict_name(enum status_verdict verdict)
{
    static const char *const names[] = {
        [STATUS_FINE] = "fine", [STATUS_LOSING] = "losing", [STATUS_BLOCKED] = "blocked"};

    return names[verdict];
}

static void __attribute__((format(printf, 2, 3)))
say(struct status *status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(status->sentence, sizeof status->sentence, format, args);
    va_end(args);
}

static const char *show_clients(const struct status *status, char text[64])
{
    text[0] = '\0';
    if (status->gate_is_on)
        snprintf(text, 64, "; %u client%s waiting", status->waiting_clients,
                 status->waiting_clients == 1 ? "" : "s");
    return text;
}

static bool is_blocked(struct status *status)
{
    const struct status_sink *sink;
    char clients[64];

    if (status->stalled_by < 0 || status->stalled_ms < BLOCKED_AFTER_MS)
        return false;
    sink = &status->sinks[status->stalled_by];
    status->verdict = STATUS_BLOCKED;
    say(status, "BLOCKED %" PRIu64 " s by sink %s: %s%s", status->stalled_ms / 1000, sink->name,
        sink->trouble[0] ? sink->trouble : "it is full", show_clients(status, clients));
    return true;
}

/* A word of the operator is the weaker news: he knows. */
static const struct status_sink *find_losing(const struct status *status, bool by_operator)
{
    for (unsigned i = 0; i < status->sink_count; i++) {
        const struct status_sink *sink = &status->sinks[i];

        if (by_operator ? sink->drops_all : sink->losing_ms > 0 && !sink->drops_all)
            return sink;
    }
    return NULL;
}

static bool is_losing(struct status *status)
{
    const struct status_sink *sink = find_losing(status, false);

    if (sink) {
        say(status,
            "LOSING %" PRIu64 " s at sink %s: %s; %" PRIu64 " entries dropped since the start",
            sink->losing_ms / 1000, sink->name, sink->trouble[0] ? sink->trouble : "it is full",
            sink_ledger_dropped(&sink->ledger));
    } else if ((sink = find_losing(status, true))) {
        say(status,
            "LOSING at sink %s: an operator said 'logboom sink %s drop'; %" PRIu64
            " entries dropped so",
            sink->name, sink->name, sink->ledger.dropped[DROP_OPERATOR]);
    } else {
        return false;
    }
    status->verdict = STATUS_LOSING;
    return true;
}

static const struct status_sink *find_down(const struct status *status)
{
    for (unsigned i = 0; i < status->sink_count; i++) {
        if (!status->sinks[i].is_up)
            return &status->sinks[i];
    }
    return NULL;
}

static bool is_crowded(const struct status *status)
{
    return status->gate_is_on && status->gate.doors_closed > 0;
}

static void say_fine(struct status *status)
{
    const struct status_sink *down = find_down(status);

    status->verdict = STATUS_FINE;
    if (down)
        say(status,
            "fine, but sink %s is down for %" PRIu64 " s: %s; %" PRIu64 " entries wait there",
            down->name, down->down_ms / 1000, down->trouble,
            down->ledger.queued + down->ledger.in_flight);
    else if (is_crowded(status))
        say(status,
            "fine, but newcomers find no place: %u connection%s open, and max_clients or the limit "
            "of descriptors allows no more",
            status->gate.slots_in_use, status->gate.slots_in_use == 1 ? " is" : "s are");
    else if (status->config.is_refused)
        say(status, "fine, but the configuration as it is now was refused: %s",
            status->config.error);
    else
        say(status, "fine");
}

void status_judge(struct status *status)
{
    if (!is_blocked(status) && !is_losing(status))
        say_fine(status);
    if (status->phase == STATUS_STOPPING && status->verdict == STATUS_FINE)
        say(status, "fine, and stopping");
}
