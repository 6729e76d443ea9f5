#include "client/top_draw.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/must.h"

enum { BAR_CELLS = 34, NAME_CELLS = 15, NUMBER_MAX = 32 };

/* ---- lines ------------------------------------------------------------------------------- */

/* One line, in cells: what a terminal shows of it. */
struct line {
    struct top_text *text;
    const struct top_style *style;
    unsigned cells;
};

static void put_bytes(struct top_text *text, const char *bytes, size_t len)
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
static void put(struct line *line, const char *words)
{
    for (size_t i = 0; words[i]; i++) {
        line->cells += ((unsigned char)words[i] & 0xc0) != 0x80;
        if (line->cells > line->style->columns)
            return;
        put_bytes(line->text, words + i, 1);
    }
}

__attribute__((format(printf, 2, 3))) static void put_format(struct line *line, const char *format,
                                                             ...)
{
    char words[2 * SHOWN_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    put(line, words);
}

enum colour { PLAIN = 0, BOLD = 1, RED = 31, GREEN = 32, YELLOW = 33 };

static void set_colour(struct line *line, enum colour colour)
{
    char sequence[16];

    if (!line->style->colours)
        return;
    snprintf(sequence, sizeof sequence, "\x1b[%dm", (int)colour);
    put_bytes(line->text, sequence, strlen(sequence));
}

static void put_coloured(struct line *line, enum colour colour, const char *words)
{
    if (colour != PLAIN)
        set_colour(line, colour);
    put(line, words);
    if (colour != PLAIN)
        set_colour(line, PLAIN);
}

static struct line begin_line(struct top_text *text, const struct top_style *style)
{
    return (struct line){.text = text, .style = style};
}

static void end_line(struct line *line)
{
    put_bytes(line->text, "\n", 1);
    line->text->line_count++;
}

/* ---- numbers and bars ---------------------------------------------------------------------- */

/* `12,345,678`; from a thousand millions on `1.23 G`. */
static const char *show_count(double count, char text[NUMBER_MAX])
{
    char digits[NUMBER_MAX];
    size_t len, at = 0;

    if (count >= 1e9) {
        snprintf(text, NUMBER_MAX, count >= 1e12 ? "%.2f T" : "%.2f G",
                 count / (count >= 1e12 ? 1e12 : 1e9));
        return text;
    }
    len = (size_t)snprintf(digits, sizeof digits, "%.0f", count);
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
    return text;
}

/* Eight of them fill a cell. */
static const char *const bar_blocks[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
static const char *const spark_blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char *const spark_letters[] = {" ", ".", ".", ":", "-", "=", "+", "*", "#"};

static double part_of(double amount, double whole)
{
    return whole <= 0 ? 0 : amount >= whole ? 1 : amount / whole;
}

static void put_bar(struct line *line, double part, enum colour colour)
{
    unsigned eighths = (unsigned)lround(part * BAR_CELLS * 8);
    unsigned end = line->cells + BAR_CELLS;

    if (colour != PLAIN)
        set_colour(line, colour);
    for (unsigned i = 0; i < eighths / 8; i++)
        put(line, line->style->utf8 ? "█" : "#");
    if (line->style->utf8)
        put(line, bar_blocks[eighths % 8]);
    if (colour != PLAIN)
        set_colour(line, PLAIN);
    while (line->cells < end && line->cells < line->style->columns)
        put(line, line->style->utf8 ? "·" : ".");
}

/* The last minute, or as much of it as there is room for; its highest value fills a cell. Some
 * is never shown as none. */
static void put_sparkline(struct line *line, const struct top_past *past)
{
    unsigned cells = line->style->columns > line->cells ? line->style->columns - line->cells : 0;
    double highest = 0;

    for (unsigned i = 0; i < past->count; i++)
        highest = fmax(highest, past->values[i]);
    for (unsigned i = past->count > cells ? past->count - cells : 0; i < past->count; i++) {
        unsigned level = (unsigned)ceil(part_of(past->values[i], highest) * 8);

        put(line, (line->style->utf8 ? spark_blocks : spark_letters)[level]);
    }
}

/* ---- the head ------------------------------------------------------------------------------ */

static enum colour colour_of(const char *verdict)
{
    return strcmp(verdict, "fine") == 0 ? GREEN : strcmp(verdict, "losing") == 0 ? YELLOW : RED;
}

static void draw_title(const struct top_look *look, const struct top_style *style,
                       struct top_text *text)
{
    struct line line = begin_line(text, style);
    char uptime[SHOWN_TIME_MAX];

    put_format(&line, "logboomd %s  up %s  %" PRIu64 " client%s", look->version,
               shown_time(look->uptime_ms, uptime), look->clients, look->clients == 1 ? "" : "s");
    if (look->missed > 0)
        put_format(&line, "  (%" PRIu64 " s missed: this terminal was too slow)", look->missed);
    end_line(&line);
}

/* How much of a sentence has room in a line: up to a space, or all that fits. */
static size_t fit(const char *words, unsigned columns)
{
    size_t last_space = 0, at = 0;

    for (unsigned cells = 0; words[at]; at++) {
        if (words[at] == ' ')
            last_space = at;
        cells += ((unsigned char)words[at] & 0xc0) != 0x80;
        if (cells > columns)
            return last_space > 0 ? last_space : at;
    }
    return at;
}

static void draw_verdict(const struct top_look *look, const struct top_style *style,
                         struct top_text *text)
{
    const char *words = look->sentence;

    do {
        struct line line = begin_line(text, style);
        size_t len = fit(words, style->columns);
        char part[SHOWN_MAX];

        snprintf(part, sizeof part, "%.*s", (int)len, words);
        put_coloured(&line, colour_of(look->verdict), part);
        end_line(&line);
        words += len + (words[len] == ' ');
    } while (*words);
}

static void draw_memory(const struct top_look *look, const struct top_style *style,
                        struct top_text *text)
{
    struct line line = begin_line(text, style);
    char now[SHOWN_TIME_MAX], cap[SHOWN_TIME_MAX], peak[SHOWN_TIME_MAX];
    double part = part_of((double)look->resident_bytes, (double)look->cap_bytes);

    put(&line, "memory  ");
    put_bar(&line, part, part > 0.95 ? YELLOW : GREEN);
    put_format(&line, "  %s of %s, peak %s", shown_size((double)look->resident_bytes, now),
               shown_size((double)look->cap_bytes, cap),
               shown_size((double)look->peak_bytes, peak));
    end_line(&line);
}

static void draw_gate(const struct top_look *look, const struct top_style *style,
                      struct top_text *text)
{
    struct line line = begin_line(text, style);
    char now[SHOWN_TIME_MAX], limit[SHOWN_TIME_MAX];
    double part = part_of((double)look->charged_bytes, (double)look->charged_limit_bytes);

    put(&line, "ZeroMQ  ");
    if (!look->gate_is_on) {
        put_coloured(&line, YELLOW, "the gate is off: the memory cap is not guaranteed");
    } else {
        put_bar(&line, part, PLAIN);
        put_format(&line, "  %s of %s", shown_size((double)look->charged_bytes, now),
                   shown_size((double)look->charged_limit_bytes, limit));
        if (look->held > 0)
            put_format(&line, ", %" PRIu64 " held", look->held);
    }
    end_line(&line);
}

/* ---- the tables ---------------------------------------------------------------------------- */

static void draw_heading(bool is_sink, const struct top_style *style, struct top_text *text)
{
    struct line line = begin_line(text, style);

    end_line(&line);
    line = begin_line(text, style);
    set_colour(&line, BOLD);
    if (is_sink)
        put_format(&line, "%-*s%10s%8s%8s%9s%12s  ", NAME_CELLS, "sink", "written/s", "MiB/s",
                   "queue", "drops/s", "dropped");
    else
        put_format(&line, "%-*s%10s%8s%8s%9s%12s  ", NAME_CELLS, "endpoint", "entries/s", "MiB/s",
                   "clients", "refused", "malformed");
    put(&line, "last minute");
    set_colour(&line, PLAIN);
    end_line(&line);
}

static void put_name_and_rates(struct line *line, const struct top_row *row)
{
    char rate[NUMBER_MAX], name[TOP_NAME_MAX + 1];

    snprintf(name, sizeof name, "%s", row->name);
    if (strlen(name) > NAME_CELLS - 1)
        snprintf(name + NAME_CELLS - 2, sizeof name - NAME_CELLS + 2, "~");
    put_format(line, "%-*s%10s%8.1f", NAME_CELLS, name, show_count(row->entries_per_s, rate),
               row->bytes_per_s / (1024 * 1024));
}

static void draw_endpoint(const struct top_row *row, const struct top_style *style,
                          struct top_text *text)
{
    struct line line = begin_line(text, style);
    char number[NUMBER_MAX];

    put_name_and_rates(&line, row);
    put_format(&line, "%8" PRIu64, row->clients);
    put_format(&line, "%9s", show_count((double)row->lost, number));
    put_format(&line, "%12s  ", show_count((double)row->malformed, number));
    if (row->is_waiting)
        put_coloured(&line, RED, "waits for a sink");
    else
        put_sparkline(&line, &row->past);
    end_line(&line);
}

static void draw_trouble(const struct top_row *row, const struct top_style *style,
                         struct top_text *text)
{
    struct line line = begin_line(text, style);
    char time[SHOWN_TIME_MAX];

    set_colour(&line, row->drops_all ? YELLOW : RED);
    if (row->drops_all)
        put(&line, "  drops everything, as an operator said");
    else if (row->trouble_ms > 0)
        put_format(&line, "  %s, for %s", row->trouble, shown_time(row->trouble_ms, time));
    else
        put_format(&line, "  %s", row->trouble);
    set_colour(&line, PLAIN);
    end_line(&line);
}

static void draw_sink(const struct top_row *row, const struct top_style *style,
                      struct top_text *text)
{
    struct line line = begin_line(text, style);
    char number[NUMBER_MAX], drops[NUMBER_MAX];
    double full = part_of((double)row->queue_bytes, (double)row->queue_limit_bytes);

    put_name_and_rates(&line, row);
    put_format(&line, "%6.0f %%", full * 100);
    snprintf(drops, sizeof drops, "%9s", show_count(row->lost_per_s, number));
    put_coloured(&line, row->lost_per_s > 0 ? YELLOW : PLAIN, drops);
    put_format(&line, "%12s  ", show_count((double)row->lost, number));
    put_sparkline(&line, &row->past);
    end_line(&line);
    if (row->trouble[0] || row->drops_all)
        draw_trouble(row, style, text);
}

static void draw_table(const struct top_look *look, bool is_sink, const struct top_style *style,
                       struct top_text *text)
{
    draw_heading(is_sink, style, text);
    for (unsigned i = 0; i < look->row_count; i++) {
        if (look->rows[i].is_sink == is_sink)
            (is_sink ? draw_sink : draw_endpoint)(&look->rows[i], style, text);
    }
}

static void draw_heaviest(const struct top_look *look, const struct top_style *style,
                          struct top_text *text)
{
    struct line line = begin_line(text, style);
    char entries[NUMBER_MAX], size[SHOWN_TIME_MAX];

    end_line(&line);
    line = begin_line(text, style);
    set_colour(&line, BOLD);
    put_format(&line, "%12s%12s  heaviest by %s, since this began", "entries", "size", look->by);
    set_colour(&line, PLAIN);
    end_line(&line);
    for (unsigned i = 0; i < look->heavy_count; i++) {
        const struct top_heavy *heavy = &look->heavy[i];

        line = begin_line(text, style);
        put_format(&line, "%12s%12s  %s", show_count((double)heavy->entries, entries),
                   shown_size((double)heavy->bytes, size), heavy->name[0] ? heavy->name : "-");
        end_line(&line);
    }
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* Keeps the first lines, and says in the last one how many more there are. */
static void cut_height(const struct top_style *style, struct top_text *text)
{
    unsigned more = text->line_count - style->lines + 1, kept = 0;
    struct line line = begin_line(text, style);
    size_t at = 0;

    if (style->lines == 0 || text->line_count <= style->lines)
        return;
    while (kept < style->lines - 1)
        kept += text->bytes[at++] == '\n';
    text->len = at;
    text->line_count = kept;
    put_format(&line, "%u more line%s: the terminal is too low", more, more == 1 ? "" : "s");
    end_line(&line);
}

void top_draw(const struct top_look *look, const struct top_style *style, struct top_text *text)
{
    text->len = text->line_count = 0;
    draw_title(look, style, text);
    draw_verdict(look, style, text);
    draw_memory(look, style, text);
    draw_gate(look, style, text);
    draw_table(look, false, style, text);
    draw_table(look, true, style, text);
    if (look->by[0])
        draw_heaviest(look, style, text);
    cut_height(style, text);
}

void top_text_fini(struct top_text *text)
{
    free(text->bytes);
    *text = (struct top_text){0};
}
