/* Getting memory, and looking at it. */
#include <stdlib.h>
#include <string.h>

#include "bench/micro.h"
#include "conf/must.h"

/* ---- object pool, batch allocation ------------------------------------------------------- */

static void malloc_and_free_an_entry(void)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        void *object = malloc(sizeof(struct entry) + 64);

        keep(object);
        free(object);
    }
}

static void pool_take_and_return_an_entry(void)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        void *object = pool_take(world.slots);

        keep(object);
        pool_return(world.slots, object);
    }
}

static void one_malloc_an_object(void)
{
    static void *objects[ENTRIES];

    for (unsigned i = 0; i < ENTRIES; i++)
        objects[i] = malloc(sizeof(struct entry));
    for (unsigned i = 0; i < ENTRIES; i++)
        free(objects[i]);
}

static void one_malloc_a_batch(void)
{
    struct entry *all = calloc(ENTRIES, sizeof *all);

    for (unsigned i = 0; i < ENTRIES; i++)
        keep((char *)all + i * sizeof *all);
    free(all);
}

/* ---- views instead of copies, spans instead of pointers ------------------------------------ */

static void copy_the_strings(void)
{
    const char *base = world.message->bytes;

    for (unsigned i = 0; i < ENTRIES; i++) {
        const struct entry *entry = world.entries[i];
        char *strings[3] = {strndup(base + entry->host.offset, entry->host.len),
                            strndup(base + entry->app.offset, entry->app.len),
                            strndup(base + entry->text.offset, entry->text.len)};

        for (unsigned k = 0; k < 3; k++) {
            keep(strings[k]);
            free(strings[k]);
        }
    }
}

static void view_the_strings(void)
{
    const char *base = world.message->bytes;

    for (unsigned i = 0; i < ENTRIES; i++) {
        const struct entry *entry = world.entries[i];
        struct span strings[3] = {entry->host, entry->app, entry->text};

        for (unsigned k = 0; k < 3; k++)
            keep((char *)(uintptr_t)(base + strings[k].offset + strings[k].len));
    }
}

/* The same entry with a pointer and a length where ours has a span. */
struct wide_span {
    const char *bytes;
    size_t len;
};
struct wide_entry {
    int64_t time_ns, received_ns;
    long digits, level, malformed, cut;
    struct wide_span host, app, topic, text, source;
    size_t field_count, field_max;
    struct {
        struct wide_span key, value;
    } fields[4];
};

enum { MANY = 20000 };

static void *many_objects(size_t bytes)
{
    char *all = malloc(MANY * bytes);

    must(all);
    memset(all, 1, MANY * bytes);
    return all;
}

static void read_wide_entries(void)
{
    static struct wide_entry *all;
    size_t sum = 0;

    if (!all)
        all = many_objects(sizeof *all);
    for (unsigned i = 0; i < MANY; i++)
        sum += all[i].host.len + all[i].app.len + all[i].text.len + all[i].fields[1].value.len;
    sink_for_results = sum;
}

static void read_compact_entries(void)
{
    enum { BYTES = sizeof(struct entry) + 4 * sizeof(struct field) };
    static char *all;
    size_t sum = 0;

    if (!all)
        all = many_objects(BYTES);
    for (unsigned i = 0; i < MANY; i++) {
        const struct entry *entry = (const void *)(all + (size_t)i * BYTES);

        sum += entry->host.len + entry->app.len + entry->text.len + entry->fields[1].value.len;
    }
    sink_for_results = sum;
}

const struct micro micro_memory[] = {
    {"ObjectPool/malloc", malloc_and_free_an_entry, ENTRIES},
    {"ObjectPool/pool", pool_take_and_return_an_entry, ENTRIES},
    {"BatchAllocation/each", one_malloc_an_object, ENTRIES},
    {"BatchAllocation/batch", one_malloc_a_batch, ENTRIES},
    {"Views/copies", copy_the_strings, ENTRIES},
    {"Views/spans", view_the_strings, ENTRIES},
    {"CompactEntries/pointers", read_wide_entries, MANY},
    {"CompactEntries/spans", read_compact_entries, MANY},
    {NULL, NULL, 0},
};
