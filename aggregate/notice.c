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
    timestamp_writer_init(&notice->clock, local_time && style == NOTICE_TEXT);
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
static int write_text(struct notice *notice, const struct gap *gap, char *to)
{
    char from[TIMESTAMP_MAX + 1], until[TIMESTAMP_MAX + 1], mostly[APP_SHOWN_MAX + 24];
    int skip;

    show_time(notice, gap->from_ns, from);
    show_time(notice, gap->to_ns, until);
    skip = memcmp(from, until, DAY_LEN) == 0 ? DAY_LEN + 1 : 0;
    show_mostly(gap, ESCAPE_COLUMN, ", mostly app=", "", mostly, sizeof mostly);
    return snprintf(to, NOTICE_LINE_MAX,
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

size_t notice_write(struct notice *notice, const struct gaps *gaps, char to[NOTICES_ROOM])
{
    size_t len = 0;

    for (unsigned i = 0; i < DROP_REASONS; i++) {
        const struct gap *gap = &gaps->of[i];
        int added = 0;

        if (gap->count > 0 && notice->style == NOTICE_TEXT)
            added = write_text(notice, gap, to + len);
        else if (gap->count > 0 && notice->style == NOTICE_JSON)
            added = write_json(notice, gap, to + len);
        must(added >= 0 && added < NOTICE_LINE_MAX);
        len += (size_t)added;
    }
    return len;
}
