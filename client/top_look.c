#include "client/top_look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/must.h"

static void remember(struct top_past *past, double value)
{
    if (past->count == TOP_PAST)
        memmove(past->values, past->values + 1, (TOP_PAST - 1) * sizeof past->values[0]);
    else
        past->count++;
    past->values[past->count - 1] = value;
}

static void take_text(struct json_doc *doc, uint32_t object, const char *name, char *text,
                      size_t size)
{
    char all[SHOWN_MAX];
    size_t len = strnlen(shown_text(doc, object, name, all), size - 1);

    memcpy(text, all, len);
    text[len] = '\0';
}

static bool take_truth(struct json_doc *doc, uint32_t object, const char *name)
{
    return json_doc_truth(doc, json_doc_member(doc, object, name));
}

/* ---- rows -------------------------------------------------------------------------------- */

static struct top_row *find_row(struct top_look *look, bool is_sink, const char *name)
{
    for (unsigned i = 0; i < look->row_count; i++)
        if (look->rows[i].is_sink == is_sink && strcmp(look->rows[i].name, name) == 0)
            return &look->rows[i];
    return NULL;
}

static struct top_row *add_row(struct top_look *look, bool is_sink, const char *name)
{
    struct top_row *row;

    look->rows = realloc(look->rows, (look->row_count + 1) * sizeof *look->rows);
    must(look->rows);
    row = &look->rows[look->row_count++];
    *row = (struct top_row){.is_sink = is_sink};
    snprintf(row->name, sizeof row->name, "%s", name);
    return row;
}

/* What a counter has grown by a second; one that went back belongs to another daemon or sink. */
static double rate(uint64_t *counter, uint64_t now, uint64_t elapsed_ms)
{
    uint64_t grown = now >= *counter ? now - *counter : now;

    *counter = now;
    return elapsed_ms > 0 ? (double)grown * 1000 / (double)elapsed_ms : 0;
}

static void take_endpoint(struct top_row *row, struct json_doc *doc, uint32_t one,
                          uint64_t elapsed_ms)
{
    row->entries_per_s = rate(&row->entries, shown_number(doc, one, "received"), elapsed_ms);
    row->bytes_per_s = rate(&row->bytes, shown_number(doc, one, "bytes"), elapsed_ms);
    row->lost_per_s = rate(&row->lost, shown_number(doc, one, "refused"), elapsed_ms);
    row->is_waiting = take_truth(doc, one, "waiting");
    row->clients = shown_number(doc, one, "clients");
    row->malformed = shown_number(doc, one, "malformed");
}

static void take_sink(struct top_row *row, struct json_doc *doc, uint32_t one, uint64_t elapsed_ms)
{
    uint64_t down_ms = shown_number(doc, one, "down_ms");
    uint64_t blocked_ms = shown_number(doc, one, "blocked_ms");

    row->entries_per_s = rate(&row->entries, shown_number(doc, one, "written"), elapsed_ms);
    row->bytes_per_s = rate(&row->bytes, shown_number(doc, one, "written_bytes"), elapsed_ms);
    row->lost_per_s = rate(&row->lost, shown_number(doc, one, "dropped"), elapsed_ms);
    row->is_up = take_truth(doc, one, "up");
    row->drops_all = take_truth(doc, one, "drops_all");
    take_text(doc, one, "trouble", row->trouble, sizeof row->trouble);
    row->trouble_ms = down_ms > blocked_ms ? down_ms : blocked_ms;
    row->queue_bytes = shown_number(doc, one, "queue_bytes");
    row->queue_limit_bytes = shown_number(doc, one, "queue_limit_bytes");
}

static void take_row(struct top_look *look, struct json_doc *doc, uint32_t one, bool is_sink,
                     uint64_t elapsed_ms)
{
    char name[TOP_NAME_MAX + 1];
    struct top_row *row;

    take_text(doc, one, "name", name, sizeof name);
    row = find_row(look, is_sink, name);
    if (!row) {
        row = add_row(look, is_sink, name);
        elapsed_ms = 0; /* it has no past to be compared with */
    }
    row->is_there = true;
    (is_sink ? take_sink : take_endpoint)(row, doc, one, elapsed_ms);
    if (elapsed_ms > 0)
        remember(&row->past, row->entries_per_s);
}

static void take_rows(struct top_look *look, struct json_doc *doc, bool is_sink,
                      uint64_t elapsed_ms)
{
    uint32_t all = json_doc_member(doc, JSON_ROOT, is_sink ? "sinks" : "endpoints");
    struct json_each each = {0};

    while (json_doc_each(doc, all, &each))
        take_row(look, doc, each.value, is_sink, elapsed_ms);
}

static void forget_who_has_left(struct top_look *look)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < look->row_count; i++) {
        if (look->rows[i].is_there)
            look->rows[kept++] = look->rows[i];
    }
    look->row_count = kept;
    for (unsigned i = 0; i < kept; i++)
        look->rows[i].is_there = false;
}

/* ---- the rest ------------------------------------------------------------------------------ */

static void take_heavy(struct top_look *look, struct json_doc *doc)
{
    uint32_t all = json_doc_member(doc, JSON_ROOT, "heaviest");
    struct json_each each = {0};

    take_text(doc, JSON_ROOT, "by", look->by, sizeof look->by);
    look->heavy_count = 0;
    while (look->heavy_count < TOP_HEAVY_MAX && json_doc_each(doc, all, &each)) {
        struct top_heavy *heavy = &look->heavy[look->heavy_count++];

        shown_text(doc, each.value, "name", heavy->name);
        heavy->entries = shown_number(doc, each.value, "entries");
        heavy->bytes = shown_number(doc, each.value, "bytes");
    }
}

static void take_whole(struct top_look *look, struct json_doc *doc)
{
    uint32_t memory = json_doc_member(doc, JSON_ROOT, "memory");
    uint32_t gate = json_doc_member(doc, JSON_ROOT, "gate");

    take_text(doc, JSON_ROOT, "verdict", look->verdict, sizeof look->verdict);
    take_text(doc, JSON_ROOT, "sentence", look->sentence, sizeof look->sentence);
    take_text(doc, JSON_ROOT, "version", look->version, sizeof look->version);
    look->uptime_ms = shown_number(doc, JSON_ROOT, "uptime_ms");
    look->missed += shown_number(doc, JSON_ROOT, "missed");
    look->cap_bytes = shown_number(doc, memory, "cap_bytes");
    look->resident_bytes = shown_number(doc, memory, "resident_bytes");
    look->peak_bytes = shown_number(doc, memory, "resident_peak_bytes");
    remember(&look->resident, (double)look->resident_bytes);
    look->gate_is_on = take_truth(doc, gate, "on");
    look->clients = shown_number(doc, gate, "open");
    look->held = shown_number(doc, gate, "held");
    look->charged_bytes = shown_number(doc, gate, "charged_bytes");
    look->charged_limit_bytes = shown_number(doc, gate, "charged_limit_bytes");
}

void top_look_take(struct top_look *look, struct json_doc *doc)
{
    uint64_t loop_ms = shown_number(doc, JSON_ROOT, "loop_ms");
    uint64_t elapsed_ms =
        look->loop_ms > 0 && loop_ms > look->loop_ms ? loop_ms - look->loop_ms : 0;

    look->loop_ms = loop_ms;
    take_whole(look, doc);
    take_rows(look, doc, false, elapsed_ms);
    take_rows(look, doc, true, elapsed_ms);
    forget_who_has_left(look);
    take_heavy(look, doc);
}

void top_look_fini(struct top_look *look)
{
    free(look->rows);
    *look = (struct top_look){0};
}
