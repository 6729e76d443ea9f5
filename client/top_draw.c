#include "client/top_draw.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_CELLS = 15, NUMBER_MAX = 32 };

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

/* ---- the head ------------------------------------------------------------------------------ */

static enum top_colour colour_of(const char *verdict)
{
    return strcmp(verdict, "fine") == 0     ? TOP_GREEN
           : strcmp(verdict, "losing") == 0 ? TOP_YELLOW
                                            : TOP_RED;
}

static void draw_title(const struct top_look *look, const struct top_style *style,
                       struct top_text *text)
{
    struct top_line line = top_begin_line(text, style);
    char uptime[SHOWN_TIME_MAX];

    top_put_format(&line, "logboomd %s  up %s  %" PRIu64 " client%s", look->version,
                   shown_time(look->uptime_ms, uptime), look->clients,
                   look->clients == 1 ? "" : "s");
    if (look->missed > 0)
        top_put_format(&line, "  (%" PRIu64 " s missed: this terminal was too slow)", look->missed);
    top_end_line(&line);
}

/* How much of a sentence has room in a line: up to a space, or all that fits. */
static size_t fit(const char *words, unsigned columns)
{
    unsigned used;
    size_t len = top_fit(words, columns, &used), at = len;

    if (len == 0)
        return strlen(words);
    while (words[len] && at > 0 && words[at] != ' ')
        at--;
    return at > 0 ? at : len;
}

static void draw_verdict(const struct top_look *look, const struct top_style *style,
                         struct top_text *text)
{
    const char *words = look->sentence;

    do {
        struct top_line line = top_begin_line(text, style);
        size_t len = fit(words, style->columns);
        char part[SHOWN_MAX];

        snprintf(part, sizeof part, "%.*s", (int)len, words);
        top_put_coloured(&line, colour_of(look->verdict), part);
        top_end_line(&line);
        words += len + (words[len] == ' ');
    } while (*words);
}

static void draw_memory(const struct top_look *look, const struct top_style *style,
                        struct top_text *text)
{
    struct top_line line = top_begin_line(text, style);
    char now[SHOWN_TIME_MAX], cap[SHOWN_TIME_MAX], peak[SHOWN_TIME_MAX];
    double part = top_part((double)look->resident_bytes, (double)look->cap_bytes);

    top_put(&line, "memory  ");
    top_put_bar(&line, part, part > 0.95 ? TOP_YELLOW : TOP_GREEN);
    top_put_format(&line, "  %s of %s, peak %s", shown_size((double)look->resident_bytes, now),
                   shown_size((double)look->cap_bytes, cap),
                   shown_size((double)look->peak_bytes, peak));
    top_end_line(&line);
}

static void draw_gate(const struct top_look *look, const struct top_style *style,
                      struct top_text *text)
{
    struct top_line line = top_begin_line(text, style);
    char now[SHOWN_TIME_MAX], limit[SHOWN_TIME_MAX];
    double part = top_part((double)look->charged_bytes, (double)look->charged_limit_bytes);

    top_put(&line, "ZeroMQ  ");
    if (!look->gate_is_on) {
        top_put_coloured(&line, TOP_YELLOW, "the gate is off: the memory cap is not guaranteed");
    } else {
        top_put_bar(&line, part, TOP_PLAIN);
        top_put_format(&line, "  %s of %s", shown_size((double)look->charged_bytes, now),
                       shown_size((double)look->charged_limit_bytes, limit));
        if (look->held > 0)
            top_put_format(&line, ", %" PRIu64 " held", look->held);
    }
    top_end_line(&line);
}

/* ---- the tables ---------------------------------------------------------------------------- */

static void draw_heading(bool is_sink, const struct top_style *style, struct top_text *text)
{
    struct top_line line = top_begin_line(text, style);

    top_end_line(&line);
    line = top_begin_line(text, style);
    top_set_colour(&line, TOP_BOLD);
    if (is_sink)
        top_put_format(&line, "%-*s%10s%8s%8s%9s%12s  ", NAME_CELLS, "sink", "written/s", "MiB/s",
                       "queue", "drops/s", "dropped");
    else
        top_put_format(&line, "%-*s%10s%8s%8s%9s%12s  ", NAME_CELLS, "endpoint", "entries/s",
                       "MiB/s", "clients", "refused", "malformed");
    top_put(&line, "last minute");
    top_set_colour(&line, TOP_PLAIN);
    top_end_line(&line);
}

static void put_name_and_rates(struct top_line *line, const struct top_row *row)
{
    char rate[NUMBER_MAX];

    top_put_column(line, NAME_CELLS, row->name);
    top_put_format(line, "%10s%8.1f", show_count(row->entries_per_s, rate),
                   row->bytes_per_s / (1024 * 1024));
}

static void draw_endpoint(const struct top_row *row, const struct top_style *style,
                          struct top_text *text)
{
    struct top_line line = top_begin_line(text, style);
    char number[NUMBER_MAX];

    put_name_and_rates(&line, row);
    top_put_format(&line, "%8" PRIu64, row->clients);
    top_put_format(&line, "%9s", show_count((double)row->lost, number));
    top_put_format(&line, "%12s  ", show_count((double)row->malformed, number));
    if (row->is_waiting)
        top_put_coloured(&line, TOP_RED, "waits for a sink");
    else
        top_put_sparkline(&line, &row->past);
    top_end_line(&line);
}

static void draw_trouble(const struct top_row *row, const struct top_style *style,
                         struct top_text *text)
{
    struct top_line line = top_begin_line(text, style);
    char time[SHOWN_TIME_MAX];

    top_set_colour(&line, row->drops_all ? TOP_YELLOW : TOP_RED);
    if (row->drops_all)
        top_put(&line, "  drops everything, as an operator said");
    else if (row->trouble_ms > 0)
        top_put_format(&line, "  %s, for %s", row->trouble, shown_time(row->trouble_ms, time));
    else
        top_put_format(&line, "  %s", row->trouble);
    top_set_colour(&line, TOP_PLAIN);
    top_end_line(&line);
}

static void draw_sink(const struct top_row *row, const struct top_style *style,
                      struct top_text *text)
{
    struct top_line line = top_begin_line(text, style);
    char number[NUMBER_MAX], drops[NUMBER_MAX];
    double full = top_part((double)row->queue_bytes, (double)row->queue_limit_bytes);

    put_name_and_rates(&line, row);
    top_put_format(&line, "%6.0f %%", full * 100);
    snprintf(drops, sizeof drops, "%9s", show_count(row->lost_per_s, number));
    top_put_coloured(&line, row->lost_per_s > 0 ? TOP_YELLOW : TOP_PLAIN, drops);
    top_put_format(&line, "%12s  ", show_count((double)row->lost, number));
    top_put_sparkline(&line, &row->past);
    top_end_line(&line);
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
    struct top_line line = top_begin_line(text, style);
    char entries[NUMBER_MAX], size[SHOWN_TIME_MAX];

    top_end_line(&line);
    line = top_begin_line(text, style);
    top_set_colour(&line, TOP_BOLD);
    top_put_format(&line, "%12s%12s  heaviest by %s, since this began", "entries", "size",
                   look->by);
    top_set_colour(&line, TOP_PLAIN);
    top_end_line(&line);
    for (unsigned i = 0; i < look->heavy_count; i++) {
        const struct top_heavy *heavy = &look->heavy[i];

        line = top_begin_line(text, style);
        top_put_format(&line, "%12s%12s  %s", show_count((double)heavy->entries, entries),
                       shown_size((double)heavy->bytes, size), heavy->name[0] ? heavy->name : "-");
        top_end_line(&line);
    }
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* Keeps the first lines, and says in the last one how many more there are. */
static void cut_height(const struct top_style *style, struct top_text *text)
{
    unsigned more = text->line_count - style->lines + 1, kept = 0;
    struct top_line line = top_begin_line(text, style);
    size_t at = 0;

    if (style->lines == 0 || text->line_count <= style->lines)
        return;
    while (kept < style->lines - 1)
        kept += text->bytes[at++] == '\n';
    text->len = at;
    text->line_count = kept;
    top_put_format(&line, "%u more line%s: the terminal is too low", more, more == 1 ? "" : "s");
    top_end_line(&line);
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
