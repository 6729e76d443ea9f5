#include "conf/places.h"

#include <stdint.h>
#include <stdlib.h>

#include "conf/alloc.h"

struct range {
    uintptr_t start;
    size_t size;
    struct place place;
    bool is_setting;
    bool refused;
};

struct conf_places {
    struct range *ranges;
    unsigned range_count;
    struct source **sources;
    unsigned source_count;
};

struct conf_places *places_new(void)
{
    return alloc_zeroed(1, sizeof(struct conf_places));
}

void places_free(struct conf_places **places)
{
    if (!*places)
        return;
    for (unsigned i = 0; i < (*places)->source_count; i++)
        source_free(&(*places)->sources[i]);
    free((*places)->sources);
    free((*places)->ranges);
    free(*places);
    *places = NULL;
}

const struct source *places_source(const struct conf_places *places, unsigned index)
{
    return index < places->source_count ? places->sources[index] : NULL;
}

void places_keep_source(struct conf_places *places, struct source *source)
{
    source->order = places->source_count;
    places->sources = alloc_room(places->sources, places->source_count, sizeof(struct source *));
    places->sources[places->source_count++] = source;
}

static void add(struct conf_places *places, struct range range)
{
    places->ranges = alloc_room(places->ranges, places->range_count, sizeof range);
    places->ranges[places->range_count++] = range;
}

void places_add_section(struct conf_places *places, const void *address, size_t size,
                        struct place place)
{
    add(places, (struct range){(uintptr_t)address, size, place, false, false});
}

void places_add_setting(struct conf_places *places, const void *address, size_t size,
                        struct place place)
{
    add(places, (struct range){(uintptr_t)address, size, place, true, false});
}

void places_move(struct conf_places *places, const void *from, size_t size, const void *to)
{
    for (unsigned i = 0; i < places->range_count; i++) {
        struct range *range = &places->ranges[i];

        if (range->start - (uintptr_t)from < size)
            range->start += (uintptr_t)to - (uintptr_t)from;
    }
}

struct place places_find(const struct conf_places *places, const void *address)
{
    const struct range *smallest = NULL;

    for (unsigned i = 0; i < places->range_count; i++) {
        const struct range *range = &places->ranges[i];

        /* `<=`: a section comes before the only setting that fills it. */
        if ((uintptr_t)address - range->start < range->size &&
            (!smallest || range->size <= smallest->size))
            smallest = range;
    }
    return smallest ? smallest->place : (struct place){0};
}

static struct range *find_setting(const struct conf_places *places, const void *setting)
{
    for (unsigned i = 0; i < places->range_count; i++)
        if (places->ranges[i].is_setting && places->ranges[i].start == (uintptr_t)setting)
            return &places->ranges[i];
    return NULL;
}

bool places_was_written(const struct conf_places *places, const void *setting)
{
    return find_setting(places, setting) != NULL;
}

bool places_was_refused(const struct conf_places *places, const void *setting)
{
    const struct range *range = find_setting(places, setting);

    return range && range->refused;
}

void places_refuse(struct conf_places *places, const void *setting)
{
    struct range *range = find_setting(places, setting);

    if (range)
        range->refused = true;
}
