#include "client/top_line.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "conf/must.h"

enum { BAR_CELLS = 34 };

void top_put_bytes(struct top_text *text, const char *bytes, size_t len)
{
    if (text->room - text->len < len) {
        text->room = 2 * (text->room + len);
        text->bytes = realloc(text->bytes, text->room);
        must(text->bytes);
    }
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
}

/* One character, as the C library knows it by LC_CTYPE. Bytes that are none take a cell each, as
 * they do in terminals, and so does what has no width of its own to be known. */
static size_t character_bytes(const char *words, unsigned *cells_out)
{
    mbstate_t state = {0};
    wchar_t character;
    size_t bytes = mbrtowc(&character, words, MB_CUR_MAX, &state);
    int cells;

    *cells_out = 1;
    if (bytes == (size_t)-1 || bytes == (size_t)-2 || bytes == 0)
        return 1;
    cells = wcwidth(character);
    if (cells >= 0)
        *cells_out = (unsigned)cells;
    return bytes;
}

size_t top_fit(const char *words, unsigned cells, unsigned *used_out)
{
    size_t at = 0;

    *used_out = 0;
    while (words[at]) {
        unsigned more;
        size_t bytes = character_bytes(words + at, &more);

        if (*used_out + more > cells)
            return at;
        *used_out += more;
        at += bytes;
    }
    return at;
}

/* Behind what has found no room nothing else is shown. */
void top_put(struct top_line *line, const char *words)
{
    unsigned used;
    size_t len;

    if (line->is_full)
        return;
    len = top_fit(words, line->style->columns - line->cells, &used);
    top_put_bytes(line->text, words, len);
    line->cells += used;
    line->is_full = words[len];
}

void top_put_column(struct top_line *line, unsigned cells, const char *words)
{
    unsigned used;
    size_t len = top_fit(words, cells - 1, &used);
    bool is_cut = words[len];

    if (is_cut)
        len = top_fit(words, cells - 2, &used);
    top_put_format(line, "%.*s%s%*s", (int)len, words, is_cut ? "~" : "",
                   (int)(cells - used - is_cut), "");
}

void top_put_format(struct top_line *line, const char *format, ...)
{
    char words[2 * SHOWN_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    top_put(line, words);
}

void top_set_colour(struct top_line *line, enum top_colour colour)
{
    char sequence[16];

    if (!line->style->colours)
        return;
    snprintf(sequence, sizeof sequence, "\x1b[%dm", (int)colour);
    top_put_bytes(line->text, sequence, strlen(sequence));
}

void top_put_coloured(struct top_line *line, enum top_colour colour, const char *words)
{
    if (colour != TOP_PLAIN)
        top_set_colour(line, colour);
    top_put(line, words);
    if (colour != TOP_PLAIN)
        top_set_colour(line, TOP_PLAIN);
}

struct top_line top_begin_line(struct top_text *text, const struct top_style *style)
{
    return (struct top_line){.text = text, .style = style};
}

void top_end_line(struct top_line *line)
{
    top_put_bytes(line->text, "\n", 1);
    line->text->line_count++;
}

/* ---- bars ------------------------------------------------------------------------------------ */

/* Eight of them fill a cell. */
static const char *const bar_blocks[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
static const char *const spark_blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char *const spark_letters[] = {" ", ".", ".", ":", "-", "=", "+", "*", "#"};

double top_part(double amount, double whole)
{
    return whole <= 0 ? 0 : amount >= whole ? 1 : amount / whole;
}

void top_put_bar(struct top_line *line, double part, enum top_colour colour)
{
    unsigned eighths = (unsigned)lround(part * BAR_CELLS * 8);
    unsigned end = line->cells + BAR_CELLS;

    if (colour != TOP_PLAIN)
        top_set_colour(line, colour);
    for (unsigned i = 0; i < eighths / 8; i++)
        top_put(line, line->style->utf8 ? "█" : "#");
    if (line->style->utf8)
        top_put(line, bar_blocks[eighths % 8]);
    if (colour != TOP_PLAIN)
        top_set_colour(line, TOP_PLAIN);
    while (line->cells < end && line->cells < line->style->columns && !line->is_full)
        top_put(line, line->style->utf8 ? "·" : ".");
}

void top_put_sparkline(struct top_line *line, const struct top_past *past)
{
    unsigned cells = line->style->columns > line->cells ? line->style->columns - line->cells : 0;
    double highest = 0;

    for (unsigned i = 0; i < past->count; i++)
        highest = fmax(highest, past->values[i]);
    for (unsigned i = past->count > cells ? past->count - cells : 0; i < past->count; i++) {
        unsigned level = (unsigned)ceil(top_part(past->values[i], highest) * 8);

        top_put(line, (line->style->utf8 ? spark_blocks : spark_letters)[level]);
    }
}

void top_text_fini(struct top_text *text)
{
    free(text->bytes);
    *text = (struct top_text){0};
}
