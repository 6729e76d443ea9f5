#include "client/top_line.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The first byte of a character is not 10xxxxxx; each takes one cell: what is shown here are
 * names and blocks. What would stand beyond the last column is left out. */
void top_put(struct top_line *line, const char *words)
{
    for (size_t i = 0; words[i]; i++) {
        line->cells += ((unsigned char)words[i] & 0xc0) != 0x80;
        if (line->cells > line->style->columns)
            return;
        top_put_bytes(line->text, words + i, 1);
    }
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
    while (line->cells < end && line->cells < line->style->columns)
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
