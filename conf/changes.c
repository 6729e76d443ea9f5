#include "conf/changes.h"

#include <stdio.h>
#include <string.h>

#include "conf/must.h"

enum { NAME_MAX = 64, VALUE_MAX = 80 };

struct comparison {
    conf_change_cb *on_change;
    void *context;
    struct conf_change change; /* whose it is, filled in before its settings are looked at */
};

static enum setting_change graver(enum setting_change a, enum setting_change b)
{
    return a > b ? a : b;
}

static void tell(struct comparison *comparison, const void *setting, enum setting_change effect)
{
    comparison->change.setting = setting;
    comparison->change.effect = effect;
    comparison->on_change(&comparison->change, comparison->context);
}

/* `path` is the name of the setting, with those of its sections: "rotate.size". */
static void tell_value(struct comparison *comparison, const struct setting *row, const char *path,
                       const void *older, const void *newer, enum setting_change effect)
{
    char is[VALUE_MAX], was[VALUE_MAX];

    snprintf(comparison->change.what, CONF_CHANGE_TEXT_MAX, "%s is %s, was %s", path,
             setting_show_value(row, newer, is, sizeof is),
             setting_show_value(row, older, was, sizeof was));
    tell(comparison, newer, effect);
}

static void compare_section(struct comparison *comparison, const struct section *section,
                            const char *path, const void *older, const void *newer,
                            enum setting_change effect);

static void compare_setting(struct comparison *comparison, const struct setting *row,
                            const char *path, const void *older, const void *newer,
                            enum setting_change effect)
{
    const void *was = setting_member(row, older), *is = setting_member(row, newer);
    char name[NAME_MAX];

    snprintf(name, sizeof name, "%s%s%s", path, *path ? "." : "", row->name);
    effect = graver(effect, row->change);
    if (row->kind == SETTING_SECTION)
        compare_section(comparison, row->section, name, was, is, effect);
    else if (row->kind != SETTING_LIST && !setting_is_same(row, was, is))
        tell_value(comparison, row, name, was, is, effect);
}

static void compare_section(struct comparison *comparison, const struct section *section,
                            const char *path, const void *older, const void *newer,
                            enum setting_change effect)
{
    for (unsigned i = 0; i < section->count; i++)
        compare_setting(comparison, &section->settings[i], path, older, newer, effect);
}

/* ---- endpoints and sinks ----------------------------------------------------------------- */

struct items {
    const struct setting *row;
    const char *items;
    unsigned count;
};

static struct items items_of(const struct conf *conf, const struct setting *row)
{
    return (struct items){row, *(char *const *)setting_member(row, conf),
                          *setting_count(row, (void *)(uintptr_t)conf)};
}

static const char *item_at(const struct items *items, unsigned index)
{
    return items->items + index * items->row->section->size;
}

/* The first setting of both kinds. */
static const char *name_of(const char *item)
{
    _Static_assert(offsetof(struct conf_ingest, name) == 0 && offsetof(struct conf_sink, name) == 0,
                   "the name comes first");
    return *(char *const *)(const void *)item;
}

static const char *find(const struct items *items, const char *name)
{
    for (unsigned i = 0; i < items->count; i++) {
        if (strcmp(name_of(item_at(items, i)), name) == 0)
            return item_at(items, i);
    }
    return NULL;
}

static void begin_item(struct comparison *comparison, const struct items *items, unsigned index)
{
    struct conf_change *change = &comparison->change;

    change->kind = CONF_CHANGED;
    change->of_sink = items->row->offset == offsetof(struct conf, sinks);
    change->name = name_of(item_at(items, index));
    change->index = index;
    snprintf(change->whose, CONF_CHANGE_TEXT_MAX, "%s %s", change->of_sink ? "sink" : "endpoint",
             change->name);
}

/* No endpoint comes or goes while the daemon runs. */
static void tell_item(struct comparison *comparison, enum conf_change_kind kind, const char *what,
                      const void *setting)
{
    comparison->change.kind = kind;
    snprintf(comparison->change.what, CONF_CHANGE_TEXT_MAX, "%s", what);
    tell(comparison, setting,
         comparison->change.of_sink ? SETTING_IN_PLACE : SETTING_NEEDS_A_RESTART);
}

/* Whether it tells drops depends, of raw, on whether that was written. */
static void compare_notices(struct comparison *comparison, const struct conf *older,
                            const struct conf_sink *was, const struct conf *newer,
                            const struct conf_sink *is)
{
    bool told = conf_tells_drops(older, was), tells = conf_tells_drops(newer, is);

    if (told == tells || was->notices != is->notices || strcmp(was->format, is->format) != 0)
        return;
    snprintf(comparison->change.what, CONF_CHANGE_TEXT_MAX, "notices is %s, was %s",
             tells ? "on" : "off", told ? "on" : "off");
    tell(comparison, &is->notices, SETTING_IN_PLACE);
}

static void compare_items(struct comparison *comparison, const struct setting *row,
                          const struct conf *older, const struct conf *newer)
{
    struct items was = items_of(older, row), is = items_of(newer, row);

    for (unsigned i = 0; i < is.count; i++) {
        const char *item = item_at(&is, i), *before = find(&was, name_of(item));

        begin_item(comparison, &is, i);
        if (!before) {
            tell_item(comparison, CONF_ADDED, "added", item);
            continue;
        }
        compare_section(comparison, row->section, "", before, item, SETTING_IN_PLACE);
        if (comparison->change.of_sink)
            compare_notices(comparison, older, (const void *)before, newer, (const void *)item);
    }
    for (unsigned i = 0; i < was.count; i++) {
        if (find(&is, name_of(item_at(&was, i))))
            continue;
        begin_item(comparison, &was, i);
        tell_item(comparison, CONF_REMOVED, "removed", setting_member(row, newer));
    }
}

void conf_compare(const struct conf *older, const struct conf *newer, conf_change_cb *on_change,
                  void *context)
{
    struct comparison comparison = {on_change, context, {.kind = CONF_CHANGED}};

    compare_section(&comparison, &settings_root, "", older, newer, SETTING_IN_PLACE);
    for (unsigned i = 0; i < settings_root.count; i++) {
        if (settings_root.settings[i].kind == SETTING_LIST)
            compare_items(&comparison, &settings_root.settings[i], older, newer);
    }
}
