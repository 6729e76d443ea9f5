#include "logfile/rotated_count.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "conf/must.h"

/* Names are shorter than they may be, so that this is room for all, mostly. */
enum { TEXT_BYTES = 64, TEXT_BYTES_MIN = 1024 };

static unsigned slots_for(unsigned base_max)
{
    unsigned slots = 2;

    while (slots < 2 * base_max)
        slots *= 2;
    return slots;
}

static size_t texts_for(unsigned base_max)
{
    return TEXT_BYTES_MIN + (size_t)base_max * TEXT_BYTES;
}

int rotated_count_init(struct rotated_count *table, unsigned base_max)
{
    must(base_max > 0);
    *table = (struct rotated_count){.base_max = base_max,
                                    .slot_count = slots_for(base_max),
                                    .text_max = texts_for(base_max),
                                    .parts = 1};
    table->secret = 14695981039346656037ull;
    (void)!getrandom(&table->secret, sizeof table->secret, GRND_NONBLOCK);
    table->bases = calloc(base_max, sizeof *table->bases);
    table->slots = calloc(table->slot_count, sizeof *table->slots);
    table->texts = malloc(table->text_max);
    if (table->bases && table->slots && table->texts)
        return 0;
    rotated_count_fini(table);
    return -1;
}

void rotated_count_fini(struct rotated_count *table)
{
    free(table->bases);
    free(table->slots);
    free(table->texts);
    *table = (struct rotated_count){0};
}

size_t rotated_count_bytes(unsigned base_max)
{
    return base_max * sizeof(struct base_count) + slots_for(base_max) * sizeof(unsigned) +
           texts_for(base_max);
}

void rotated_count_begin(struct rotated_count *table, unsigned part, unsigned parts)
{
    must(part < parts);
    table->part = part;
    table->parts = parts;
    table->base_count = 0;
    table->text_len = 0;
    memset(table->slots, 0, table->slot_count * sizeof *table->slots);
}

/* FNV-1a from a secret beginning, folded: clients choose names, but not their hashes. */
static unsigned hash_of(const struct rotated_count *table, const char *name, size_t len)
{
    uint64_t hash = table->secret;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)name[i]) * 1099511628211ull;
    return (unsigned)(hash ^ hash >> 32);
}

/* The part is chosen by other bits than the slot. */
bool rotated_count_has_part(const struct rotated_count *table, const char *name, size_t len)
{
    return (hash_of(table, name, len) >> 8) % table->parts == table->part;
}

/* The slot of the name, or the free one where it would be. */
static unsigned *slot_of(const struct rotated_count *table, unsigned hash, const char *name,
                         size_t len)
{
    unsigned at = hash & (table->slot_count - 1);

    for (;; at = (at + 1) & (table->slot_count - 1)) {
        const struct base_count *base;

        if (table->slots[at] == 0)
            return &table->slots[at];
        base = &table->bases[table->slots[at] - 1];
        if (base->hash == hash && base->len == len && memcmp(base->name, name, len) == 0)
            return &table->slots[at];
    }
}

static struct base_count *add_base(struct rotated_count *table, unsigned *slot, unsigned hash,
                                   const char *name, size_t len)
{
    struct base_count *base = &table->bases[table->base_count];
    char *text = table->texts + table->text_len;

    if (table->base_count == table->base_max || table->text_max - table->text_len < len)
        return NULL;
    memcpy(text, name, len);
    *base = (struct base_count){.name = text, .len = len, .hash = hash};
    oldest_init(&base->oldest, base->dates, ROTATED_OLDEST);
    table->text_len += len;
    *slot = ++table->base_count;
    return base;
}

bool rotated_count_add(struct rotated_count *table, const char *name, size_t len, struct dated file)
{
    unsigned hash = hash_of(table, name, len);
    unsigned *slot = slot_of(table, hash, name, len);
    struct base_count *base =
        *slot ? &table->bases[*slot - 1] : add_base(table, slot, hash, name, len);

    if (!base)
        return false;
    base->count++;
    oldest_add(&base->oldest, file);
    return true;
}

bool rotated_count_judge(struct rotated_count *table, unsigned keep, bool *any_out)
{
    bool more = false;

    *any_out = false;
    for (unsigned i = 0; i < table->base_count; i++) {
        struct base_count *base = &table->bases[i];

        if (base->count <= keep)
            continue;
        oldest_sort(&base->oldest);
        base->excess = base->count - keep;
        more |= base->excess > base->oldest.count;
        if (base->excess > base->oldest.count)
            base->excess = base->oldest.count;
        base->last_time_us = base->oldest.items[base->excess - 1].time_us;
        *any_out = true;
    }
    return more;
}

struct base_count *rotated_count_find(const struct rotated_count *table, const char *name,
                                      size_t len)
{
    unsigned hash = hash_of(table, name, len);
    unsigned slot = *slot_of(table, hash, name, len);

    return slot ? &table->bases[slot - 1] : NULL;
}
