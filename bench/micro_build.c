/* Building strings, and the builders. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aggregate/escape.h"
#include "bench/micro.h"

/* ---- string building: 1,000 entries become one text ------------------------------------ */

static void one_memcpy_an_entry(void)
{
    char *to = world.buffer;

    for (unsigned i = 0; i < ENTRIES; i++) {
        memcpy(to, world.rendered[i], world.rendered_len[i]);
        to += world.rendered_len[i];
    }
    sink_for_results = (size_t)(to - world.buffer);
}

static void render_block(void)
{
    micro_empty(world.block);
    micro_render(world.line, world.block);
}

static size_t snprintf_entry(char *to, size_t size, const struct entry *entry)
{
    const char *base = world.message->bytes;
    time_t seconds = (time_t)(entry->time_ns / 1000000000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    return (size_t)snprintf(to, size, "[%04d-%02d-%02dT%02d:%02d:%02d.%06dZ] %s: %.*s\n",
                            tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                            tm.tm_sec, (int)(entry->time_ns % 1000000000 / 1000),
                            level_name(entry->level)->text, (int)entry->text.len,
                            base + entry->text.offset);
}

static void snprintf_into_reused_buffer(void)
{
    size_t at = 0;

    for (unsigned i = 0; i < ENTRIES; i++)
        at += snprintf_entry(world.buffer + at, BLOCK_CAP - at, world.entries[i]);
    sink_for_results = at;
}

/* s = s + entry: a new string each time, by the library's own means. */
static void naive_concatenation(void)
{
    char line[256];
    char *s = calloc(1, 1);

    for (unsigned i = 0; i < ENTRIES; i++) {
        char *longer;

        snprintf_entry(line, sizeof line, world.entries[i]);
        longer = malloc(strlen(s) + strlen(line) + 1);
        strcpy(longer, s);
        strcat(longer, line);
        free(s);
        s = longer;
    }
    keep(s);
    free(s);
}

/* ---- builder reuse, pre-sizing ----------------------------------------------------------- */

static void new_builder_each_time(void)
{
    struct block *block = malloc(block_slot_bytes(BLOCK_CAP));

    memset(block, 0, sizeof *block);
    block->cap = BLOCK_CAP;
    micro_render(world.line, block);
    sink_for_results = block->len;
    free(block);
}

static void reused_builder(void)
{
    struct block *block = block_take(world.blocks, BLOCK_CAP);

    micro_render(world.line, block);
    sink_for_results = block->len;
    block_return(world.blocks, block);
}

static void growing_builder(void)
{
    size_t cap = 64, len = 0;
    char *text = malloc(cap);

    for (unsigned i = 0; i < ENTRIES; i++) {
        while (len + world.rendered_len[i] > cap)
            text = realloc(text, cap *= 2);
        memcpy(text + len, world.rendered[i], world.rendered_len[i]);
        len += world.rendered_len[i];
    }
    sink_for_results = len;
    free(text);
}

static void presized_builder(void)
{
    struct block *block = block_take(world.blocks, BLOCK_CAP);

    for (unsigned i = 0; i < ENTRIES; i++)
        memcpy(block_add(block, world.rendered_len[i], i, 0), world.rendered[i],
               world.rendered_len[i]);
    sink_for_results = block->len;
    block_return(world.blocks, block);
}

/* ---- JSON straight into the output --------------------------------------------------------- */

static char *escaped_copy(const char *bytes, size_t len)
{
    char *copy = malloc(escape_len(ESCAPE_JSON, bytes, len) + 1);

    *escape_write(ESCAPE_JSON, copy, bytes, len) = '\0';
    return copy;
}

static void json_by_way_of_strings(void)
{
    const char *base = world.message->bytes;
    size_t at = 0;

    for (unsigned i = 0; i < ENTRIES; i++) {
        const struct entry *entry = world.entries[i];
        char *host = escaped_copy(base + entry->host.offset, entry->host.len);
        char *app = escaped_copy(base + entry->app.offset, entry->app.len);
        char *text = escaped_copy(base + entry->text.offset, entry->text.len);

        at += (size_t)snprintf(world.buffer + at, BLOCK_CAP * 4 - at,
                               "{\"time\":\"2026-11-23T03:34:12.%06dZ\",\"level\":\"%s\","
                               "\"host\":\"%s\",\"app\":\"%s\",\"message\":\"%s\"}\n",
                               (int)(entry->time_ns % 1000000000 / 1000),
                               level_name(entry->level)->text, host, app, text);
        free(host);
        free(app);
        free(text);
    }
    sink_for_results = at;
}

static void json_straight_into_block(void)
{
    micro_empty(world.block);
    micro_render(world.json, world.block);
}

const struct micro micro_build[] = {
    {"StringBuilding/memcpy", one_memcpy_an_entry, ENTRIES},
    {"StringBuilding/RenderBlock", render_block, ENTRIES},
    {"StringBuilding/snprintf", snprintf_into_reused_buffer, ENTRIES},
    {"StringBuilding/naive", naive_concatenation, ENTRIES},
    {"BuilderReuse/new", new_builder_each_time, ENTRIES},
    {"BuilderReuse/reused", reused_builder, ENTRIES},
    {"PreSizing/growing", growing_builder, ENTRIES},
    {"PreSizing/presized", presized_builder, ENTRIES},
    {"Json/strings", json_by_way_of_strings, ENTRIES},
    {"Json/straight", json_straight_into_block, ENTRIES},
    {NULL, NULL, 0},
};
