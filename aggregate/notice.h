/* notice.h - how a sink's output tells what is missing in it: one line a gap.
 *
 *     --- logboom: sink central dropped 812 entries (full) 10:00:01.2–10:00:03.9, mostly app=shop
 *     {"time":"…","_logboom":{"sink":"central","dropped":812,"reason":"full","from":"…","to":"…"}}
 *     time=… level=warning sink=central dropped=812 reason=full from=… to=… mostly_app="shop"
 * notice <44>1 … - logboom - - [logboom@32473 sink="central" dropped="812" …] --- logboom: sink …
 *     <44>Nov 23 10:00:03 web1 logboom: --- logboom: sink central dropped 812 entries …
 *
 * No entry of the formats text, line, json, logfmt and rfc5424 can look like that. The only bytes
 * of a client in it are an app's, escaped as in entries. Allocates nothing. Loop thread only. */
#ifndef AGGREGATE_NOTICE_H
#define AGGREGATE_NOTICE_H

#include "aggregate/framing.h"
#include "aggregate/gap.h"
#include "aggregate/own_host.h"
#include "aggregate/timestamp.h"

enum notice_style {
    NOTICE_NONE,
    NOTICE_TEXT,
    NOTICE_JSON,
    NOTICE_LOGFMT,
    NOTICE_RFC5424,
    NOTICE_RFC3164
};

struct notice {
    enum notice_style style;
    const char *sink;
    enum framing framing; /* of the line; lines unless it is set */
    bool has_topic;       /* it begins with NOTICE_TOPIC and a NUL, as entries do with theirs */
    struct timestamp_writer clock;
    char own_host[OWN_HOST_ROOM];
};

/* With a name of NOTICE_SINK_MAX bytes at most, every notice fits. */
enum { NOTICE_SINK_MAX = 64, NOTICE_LINE_MAX = 512, NOTICES_ROOM = DROP_REASONS * NOTICE_LINE_MAX };

#define NOTICE_TOPIC "logboom"

/* How a sink of this format tells. */
enum notice_style notice_style_of(const char *format);

/* Borrows the sink's name, which needs no escapes. json and rfc5424 are always in UTC. */
void notice_init(struct notice *notice, enum notice_style style, const char *sink, bool local_time);

/* One frame for each reason that has a count, in the order of the reasons. Returns how many
 * bytes they are. */
size_t notice_write(struct notice *notice, const struct gaps *gaps, char to[NOTICES_ROOM]);

#endif
