#include "aggregate/notice.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aggregate/escape.h"
#include "aggregate/ledger.h"
#include "conf/must.h"

/* 2026-11-23T10:00:01.2: as far as text shows a time, of which the day is mostly left out. */
enum { DAY_LEN = 10, TENTH_LEN = 21, APP_SHOWN_MAX = 64 };

void notice_init(struct notice *notice, enum notice_style style, const char *sink, bool local_time)
{
    must(strlen(sink) <= NOTICE_SINK_MAX);
    notice->style = style;
    notice->sink = sink;
    own_host(notice->own_host);
    notice->framing = FRAMING_LINES;
    notice->has_topic = false;
    timestamp_writer_init(&notice->clock,
                          local_time && style != NOTICE_JSON && style != NOTICE_RFC5424);
}

enum notice_style notice_style_of(const char *format)
{
    static const struct {
        const char *format;
        enum notice_style style;
    } styles[] = {{"json", NOTICE_JSON},
                  {"logfmt", NOTICE_LOGFMT},
                  {"rfc5424", NOTICE_RFC5424},
                  {"rfc3164", NOTICE_RFC3164}};

    for (size_t i = 0; i < sizeof styles / sizeof styles[0]; i++) {
        if (strcmp(format, styles[i].format) == 0)
            return styles[i].style;
    }
    return NOTICE_TEXT;
}

static void show_time(struct notice *notice, int64_t time_ns, char text[TIMESTAMP_MAX + 1])
{
    *timestamp_write(&notice->clock, text, time_ns, 6) = '\0';
}

/* The app that most of it was, behind a text, or nothing. */
static void show_mostly(const struct gap *gap, enum escape_style escape, const char *before,
                        const char *after, char *text, size_t size)
{
    char shown[APP_SHOWN_MAX + 1];
    size_t len = 0;
    const char *app = gap_mostly(gap, &len);

    text[0] = '\0';
    if (!app)
        return;
    len = escape_fit(escape, app, len, APP_SHOWN_MAX);
    *escape_write(escape, shown, app, len) = '\0';
    snprintf(text, size, "%s%s%s", before, shown, after);
}

/* The day stands there only when there are two. */
enum { TEXT_MAX = 352, BSD_HEAD_LEN = sizeof "<44>Nov 23 10:00:03  logboom: " - 1 + OWN_HOST_ROOM };
_Static_assert(BSD_HEAD_LEN + TEXT_MAX + (int)sizeof NOTICE_TOPIC + FRAMING_HEAD_MAX <=
                   NOTICE_LINE_MAX,
               "a text behind a syslog header fits");

static int write_text(struct notice *notice, const struct gap *gap, char *to)
{
    char from[TIMESTAMP_MAX + 1], until[TIMESTAMP_MAX + 1], mostly[APP_SHOWN_MAX + 24];
    int skip;

    show_time(notice, gap->from_ns, from);
    show_time(notice, gap->to_ns, until);
    skip = memcmp(from, until, DAY_LEN) == 0 ? DAY_LEN + 1 : 0;
    show_mostly(gap, ESCAPE_COLUMN, ", mostly app=", "", mostly, sizeof mostly);
    return snprintf(to, TEXT_MAX,
                    "--- logboom: sink %s dropped %" PRIu64 " entries (%s) %.*s–%.*s%s\n",
                    notice->sink, gap->count, drop_reason_name(gap->reason), TENTH_LEN - skip,
                    from + skip, TENTH_LEN - skip, until + skip, mostly);
}

/* Its time is that of the last drop. */
static int write_json(struct notice *notice, const struct gap *gap, char *to)
{
    char from[TIMESTAMP_MAX + 1], until[TIMESTAMP_MAX + 1], mostly[APP_SHOWN_MAX + 24];

    show_time(notice, gap->from_ns, from);
    show_time(notice, gap->to_ns, until);
    show_mostly(gap, ESCAPE_JSON, ",\"mostly_app\":\"", "\"", mostly, sizeof mostly);
    return snprintf(to, NOTICE_LINE_MAX,
                    "{\"time\":\"%s\",\"_logboom\":{\"sink\":\"%s\",\"dropped\":%" PRIu64
                    ",\"reason\":\"%s\",\"from\":\"%s\",\"to\":\"%s\"%s}}\n",
                    until, notice->sink, gap->count, drop_reason_name(gap->reason), from, until,
                    mostly);
}

/* `notice` has no value, which no field of an entry can be without. */
static int write_logfmt(struct notice *notice, const struct gap *gap, char *to)
{
    char from[TIMESTAMP_MAX + 1], until[TIMESTAMP_MAX + 1], mostly[APP_SHOWN_MAX + 24];

    show_time(notice, gap->from_ns, from);
    show_time(notice, gap->to_ns, until);
    show_mostly(gap, ESCAPE_JSON, " mostly_app=\"", "\"", mostly, sizeof mostly);
    return snprintf(
        to, NOTICE_LINE_MAX,
        "time=%s level=warning sink=%s dropped=%" PRIu64 " reason=%s from=%s to=%s%s notice\n",
        until, notice->sink, gap->count, drop_reason_name(gap->reason), from, until, mostly);
}

/* Facility syslog, severity warning; the structured data bears our name. */
static int write_rfc5424(struct notice *notice, const struct gap *gap, char *to)
{
    char from[TIMESTAMP_MAX + 1], until[TIMESTAMP_MAX + 1], mostly[APP_SHOWN_MAX + 24];

    show_time(notice, gap->from_ns, from);
    show_time(notice, gap->to_ns, until);
    show_mostly(gap, ESCAPE_SD_VALUE, " mostly_app=\"", "\"", mostly, sizeof mostly);
    return snprintf(to, NOTICE_LINE_MAX,
                    "<44>1 %s - logboom - - [logboom@32473 sink=\"%s\" dropped=\"%" PRIu64
                    "\" reason=\"%s\" from=\"%s\" to=\"%s\"%s] "
                    "--- logboom: sink %s dropped %" PRIu64 " entries (%s)\n",
                    until, notice->sink, gap->count, drop_reason_name(gap->reason), from, until,
                    mostly, notice->sink, gap->count, drop_reason_name(gap->reason));
}

static int write_rfc3164(struct notice *notice, const struct gap *gap, char *to)
{
    char *end = timestamp_write_bsd(&notice->clock, stpcpy(to, "<44>"), gap->to_ns);
    int head, tail;

    *end++ = ' ';
    end = stpcpy(stpcpy(end, notice->own_host), " logboom: ");
    head = (int)(end - to);
    tail = write_text(notice, gap, end);
    return head + tail;
}

static int write_one(struct notice *notice, const struct gap *gap, char *to)
{
    switch (notice->style) {
    case NOTICE_NONE:
        return 0;
    case NOTICE_TEXT:
        return write_text(notice, gap, to);
    case NOTICE_JSON:
        return write_json(notice, gap, to);
    case NOTICE_LOGFMT:
        return write_logfmt(notice, gap, to);
    case NOTICE_RFC5424:
        return write_rfc5424(notice, gap, to);
    case NOTICE_RFC3164:
        return write_rfc3164(notice, gap, to);
    }
    must(!"a notice of no style");
    return 0;
}

/* Where the frame ends that begins here. How long the line is shows when it is written. */
static char *write_framed(struct notice *notice, const struct gap *gap, char *to)
{
    char line[NOTICE_LINE_MAX];
    int len = write_one(notice, gap, line);
    char *begin;

    must(len >= 0 && len + (int)sizeof NOTICE_TOPIC + FRAMING_HEAD_MAX <= NOTICE_LINE_MAX);
    if (len == 0)
        return to;
    if (notice->has_topic)
        to = (char *)memcpy(to, NOTICE_TOPIC, sizeof NOTICE_TOPIC) + sizeof NOTICE_TOPIC;
    begin = framing_begin(notice->framing, to, (size_t)len);
    memcpy(begin, line, (size_t)len);
    return framing_end(notice->framing, begin + len);
}

size_t notice_write(struct notice *notice, const struct gaps *gaps, char to[NOTICES_ROOM])
{
    char *end = to;

    for (unsigned i = 0; i < DROP_REASONS; i++) {
        if (gaps->of[i].count > 0)
            end = write_framed(notice, &gaps->of[i], end);
    }
    return (size_t)(end - to);
}
