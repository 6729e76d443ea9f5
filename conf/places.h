/* places.h - where each setting was written, found by the address of its member.
 *
 *   conf ┌───────────────┐ 1:1            the section that is the whole file
 *        │ memory ┌─────┐│ 1:1            a section in it
 *        │        │ cap ││ 1:15           a setting in that
 *        └────────┴─────┴┘
 *
 * Each is a range of bytes; an address belongs to the smallest range around it,
 * so a setting that nobody wrote belongs to its section. */
#ifndef CONF_PLACES_H
#define CONF_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/source.h"

struct conf_places;

struct conf_places *places_new(void);

/* Frees the sources too. */
void places_free(struct conf_places **places);

/* Those that were kept, in their order; NULL behind the last. */
const struct source *places_source(const struct conf_places *places, unsigned index);

/* Takes the source over, to live as long as the places in it. */
void places_keep_source(struct conf_places *places, struct source *source);

void places_add_section(struct conf_places *places, const void *address, size_t size,
                        struct place place);
void places_add_setting(struct conf_places *places, const void *address, size_t size,
                        struct place place);

/* A list has grown and lives elsewhere now. */
void places_move(struct conf_places *places, const void *from, size_t size, const void *to);

/* Nowhere, when nothing around the address is known. */
struct place places_find(const struct conf_places *places, const void *address);

/* Whether a setting begins at the address, and whether its value was refused. */
bool places_was_written(const struct conf_places *places, const void *setting);
bool places_was_refused(const struct conf_places *places, const void *setting);
void places_refuse(struct conf_places *places, const void *setting);

#endif
