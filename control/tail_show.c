/* tail_show.c - what a reader of `tail` gets, one line of JSON each (words.h). */
#include <stdio.h>
#include <string.h>

#include "aggregate/escape.h"
#include "control/tail_parts.h"

enum { OURS_MAX = 256, FRAME_MAX = 64 };

static bool put(struct tail_reader *reader, const char *line, size_t len)
{
    bool has_room = control_stream_put(reader->stream, line, len);

    reader->needs = has_room ? 0 : len;
    return has_room;
}

/* ---- entries --------------------------------------------------------------------------------- */

/* As long as it may be. */
static const struct entry *shortened(struct format *format, const struct entry *entry,
                                     const char *base, size_t *len_out, struct entry *cut)
{
    *len_out = format_len(format, entry, base);
    if (*len_out <= TAIL_LINE_MAX)
        return entry;
    format_cut(format, entry, base, TAIL_LINE_MAX, cut);
    *len_out = format_len(format, cut, base);
    return cut;
}

/* As in a sink. */
static bool show_json(struct tail_reader *reader, const struct entry *entry, const char *base)
{
    struct format *format = reader->tail->as_json;
    struct entry cut;
    size_t len;
    char *room;

    entry = shortened(format, entry, base, &len, &cut);
    room = control_stream_room(reader->stream, len + FORMAT_SPARE);
    reader->needs = room ? 0 : len + FORMAT_SPARE;
    if (!room)
        return false;
    format_write(format, entry, base, room);
    control_stream_add(reader->stream, len);
    return true;
}

/* What is no control character any more; of a line of nothing but quotes, a part. */
static bool show_line(struct tail_reader *reader, const char *level, const char *line, size_t len)
{
    size_t kept = escape_fit(ESCAPE_JSON, line, len, CONTROL_STREAM_BYTES - FRAME_MAX);
    size_t needs = FRAME_MAX + escape_len(ESCAPE_JSON, line, kept);
    char *room = control_stream_room(reader->stream, needs), *to = room;

    reader->needs = room ? 0 : needs;
    if (!room)
        return false;
    to += sprintf(to, "{\"" CONTROL_LEVEL "\":\"%s\",\"" CONTROL_TEXT "\":\"", level);
    to = escape_write(ESCAPE_JSON, to, line, kept);
    to += sprintf(to, kept < len ? "\",\"" CONTROL_CUT "\":true}\n" : "\"}\n");
    control_stream_add(reader->stream, (size_t)(to - room));
    return true;
}

static bool show_text(struct tail_reader *reader, const struct entry *entry, const char *base)
{
    struct tail *tail = reader->tail;
    struct entry cut;
    size_t len;

    entry = shortened(tail->text, entry, base, &len, &cut);
    format_write(tail->text, entry, base, tail->line);
    return show_line(reader, level_name(entry->level)->text, tail->line, len - 1);
}

bool tail_show_entry(struct tail_reader *reader, const struct entry *entry, const char *base)
{
    return reader->json ? show_json(reader, entry, base) : show_text(reader, entry, base);
}

/* ---- what is no entry ------------------------------------------------------------------------ */

static bool show_ours(struct tail_reader *reader, const char *member)
{
    char line[OURS_MAX];
    int len = snprintf(line, sizeof line, reader->json ? "{\"" CONTROL_OURS "\":{%s}}\n" : "{%s}\n",
                       member);

    return put(reader, line, (size_t)len);
}

bool tail_show_missed(struct tail_reader *reader)
{
    char member[64];

    snprintf(member, sizeof member, "\"" CONTROL_MISSED "\":%llu",
             (unsigned long long)reader->missed);
    if (!show_ours(reader, member))
        return false;
    reader->missed = 0;
    return true;
}

void tail_show_begin(struct tail_reader *reader)
{
    static const char line[] = "{\"" CONTROL_OK "\":true}\n";

    put(reader, line, sizeof line - 1);
}

void tail_show_end(struct tail_reader *reader, const char *sentence)
{
    char member[OURS_MAX / 2];

    snprintf(member, sizeof member, "\"" CONTROL_ENDED "\":\"%s\"", sentence);
    show_ours(reader, member);
}
