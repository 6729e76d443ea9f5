/* fill.h - a YAML tree into the structs, guided by the rows of settings.c.
 *
 * Everything that does not fit is added as a problem and leaves the default; every
 * place is noted. */
#ifndef CONF_FILL_H
#define CONF_FILL_H

#include <stdbool.h>

#include "conf/places.h"
#include "conf/problems.h"
#include "conf/settings.h"
#include "conf/yaml.h"

struct fill {
    struct conf_places *places;
    struct conf_problems *problems;
    bool included; /* the file may only add to some lists */
};

/* Fills `values`, which settings_init has prepared, from a YAML_MAP. Borrows the map. */
void fill_section(const struct fill *fill, const struct section *section,
                  const struct yaml_node *map, void *values);

#endif
