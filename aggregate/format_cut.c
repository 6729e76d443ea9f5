/* What is too long for a block is cut to what fits: its columns end early, its fields go,
 * and its text is as long as can be, ending between two characters. */
#include <string.h>

#include "aggregate/format_pieces.h"
#include "conf/must.h"

enum { INDENT_LEN = sizeof FORMAT_INDENT - 1 };
enum { CUT_COLUMN_LEN = 64 };

static struct span cut_span(const char *base, struct span span, enum escape_style style,
                            size_t room)
{
    span.len = (unsigned)escape_fit(style, base + span.offset, span.len, room) & SPAN_LEN_MAX;
    return span;
}

/* The same for a text whose inner lines are indented. */
static struct span cut_lines(const char *base, struct span span, size_t room)
{
    const char *text = base + span.offset;
    uint32_t at = 0;

    for (;;) {
        const char *newline = memchr(text + at, '\n', span.len - at);
        size_t line_len = newline ? (size_t)(newline - text) - at : span.len - at;
        size_t fit = escape_fit(ESCAPE_MESSAGE, text + at, line_len, room);

        room -= escape_len(ESCAPE_MESSAGE, text + at, fit);
        at += (uint32_t)fit;
        if (fit < line_len || !newline || room < INDENT_LEN)
            break;
        room -= INDENT_LEN;
        at++;
    }
    span.len = at & SPAN_LEN_MAX;
    return span;
}

/* How often the message stands in what this format makes of an entry. */
static unsigned message_count(const struct format *format)
{
    unsigned count = 0;

    for (unsigned i = 0; i < format->piece_count; i++)
        count += format->pieces[i].kind == PIECE_MESSAGE;
    return count;
}

void format_cut(struct format *format, const struct entry *entry, const char *base, size_t room,
                struct entry *cut)
{
    const struct renderer *renderer = &renderers[format->kind];
    unsigned shares = format->kind == FORMAT_TEMPLATE ? message_count(format) : 1;
    size_t others;

    must(room >= FORMAT_ROOM_MIN);
    *cut = *entry;
    cut->cut = true;
    cut->field_count = 0;
    cut->host = cut_span(base, entry->host, renderer->column, CUT_COLUMN_LEN);
    cut->app = cut_span(base, entry->app, renderer->column, CUT_COLUMN_LEN);
    cut->topic = cut_span(base, entry->topic, renderer->column, CUT_COLUMN_LEN);
    cut->text.len = cut->source.len = 0;
    others = format_len(format, cut, base);
    must(others <= room);
    if (shares == 0)
        return;
    cut->text = format->indent_newlines
                    ? cut_lines(base, entry->text, (room - others) / shares)
                    : cut_span(base, entry->text, renderer->text, (room - others) / shares);
    cut->source = cut_span(base, entry->source, renderer->text, room - others);
}
