#include "conf/fill.h"

#include <stdlib.h>
#include <string.h>

#include "conf/alloc.h"
#include "conf/conf.h"
#include "conf/must.h"
#include "conf/quoting.h"
#include "conf/syntax.h"

static const char *kind_name(const struct yaml_node *node)
{
    if (node->kind == YAML_LIST)
        return "a list";
    return node->kind == YAML_MAP ? "a section" : "a single value";
}

/* An empty value: `path:` and nothing behind it. */
static bool is_nothing(const struct yaml_node *node)
{
    return node->kind == YAML_SCALAR && !node->quoted &&
           (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
            strcmp(node->text, "null") == 0);
}

static const char *glued_hint(const char *text)
{
    return syntax_glued_key(text) > 0 ? "; put a space behind ':'" : "";
}

static void refuse(const struct fill *fill, const struct setting *row, void *member,
                   struct place place, const char *sentence)
{
    problems_add(fill->problems, place, "%s", sentence);
    if (row)
        places_refuse(fill->places, member);
}

/* What else may be wrong with a value that stands in the place of another kind. */
static const char *shape_hint(const struct setting *row, const struct yaml_node *node)
{
    if (row->kind == SETTING_TEXT || row->kind == SETTING_TEXTS)
        return quoting_hint(node->at);
    return glued_hint(node->kind == YAML_SCALAR && !node->quoted ? node->text : "");
}

static void refuse_shape(const struct fill *fill, const struct setting *row, void *member,
                         const struct yaml_node *node, const char *meant)
{
    struct err err;

    if (is_nothing(node) && !node->key)
        err_set(&err, "this item of '%s' is empty", row->name);
    else if (is_nothing(node))
        err_set(&err, "'%s' has no value", row->name);
    else
        err_set(&err, "'%s' must be %s, not %s%s", row->name, meant, kind_name(node),
                shape_hint(row, node));
    refuse(fill, row, member, node->at, err.text);
}

/* ---- values -------------------------------------------------------------- */

/* The sentence of a single value's problem stands at the value. */
static bool parse_scalar(const struct fill *fill, const struct setting *row,
                         const struct yaml_node *node, void *member)
{
    struct err err;

    if (setting_parse(row, node->text, member, &err) == 0)
        return true;
    refuse(fill, row, member, node->at, err.text);
    return false;
}

static void fill_single(const struct fill *fill, const struct setting *row,
                        const struct yaml_node *node, void *member)
{
    const char *text;

    if (node->kind != YAML_SCALAR || is_nothing(node)) {
        refuse_shape(fill, row, member, node, "a single value");
        return;
    }
    if (!parse_scalar(fill, row, node, member) || row->kind != SETTING_TEXT)
        return;
    text = *(char **)member;
    places_add_setting(fill->places, text, strlen(text) + 1, node->at);
}

static void fill_text_item(const struct fill *fill, const struct setting *row,
                           const struct yaml_node *node, struct conf_strings *member)
{
    const char *text;

    if (node->kind == YAML_REFUSED) {
        places_refuse(fill->places, member);
        return;
    }
    if (node->kind != YAML_SCALAR || is_nothing(node)) {
        refuse_shape(fill, row, member, node, "one value or a list of values");
        return;
    }
    if (!parse_scalar(fill, row, node, member))
        return;
    text = member->items[member->count - 1];
    places_add_setting(fill->places, text, strlen(text) + 1, node->at);
}

/* The items of the finished list have their addresses now. */
static void place_items(const struct fill *fill, const struct conf_strings *member)
{
    for (unsigned i = 0; i < member->count; i++)
        places_add_setting(fill->places, &member->items[i], sizeof member->items[i],
                           places_find(fill->places, member->items[i]));
}

static void fill_texts(const struct fill *fill, const struct setting *row,
                       const struct yaml_node *node, struct conf_strings *member)
{
    if (node->kind == YAML_LIST)
        for (const struct yaml_node *item = node->children; item; item = item->next)
            fill_text_item(fill, row, item, member);
    else
        fill_text_item(fill, row, node, member);
    place_items(fill, member);
}

/* ---- texts by name --------------------------------------------------------- */

static void fill_pair(const struct fill *fill, const struct setting *row,
                      const struct yaml_node *node, struct conf_pairs *member)
{
    struct err err;

    if (node->kind == YAML_REFUSED) {
        places_refuse(fill->places, member);
    } else if (node->kind != YAML_SCALAR || is_nothing(node)) {
        err_set(&err, "'%s' in '%s' must be a single value", node->key, row->name);
        refuse(fill, row, member, node->at, err.text);
    } else if (setting_add_pair(row, node->key, node->text, member, &err) < 0) {
        refuse(fill, row, member, node->key_at, err.text);
    }
}

static void fill_pairs(const struct fill *fill, const struct setting *row,
                       const struct yaml_node *node, struct conf_pairs *member)
{
    if (node->kind == YAML_MAP)
        for (const struct yaml_node *pair = node->children; pair; pair = pair->next)
            fill_pair(fill, row, pair, member);
    else if (!is_nothing(node))
        refuse_shape(fill, row, member, node, "values with names, such as {env: prod}");
}

/* ---- sections and lists of sections -------------------------------------- */

static void fill_subsection(const struct fill *fill, const struct setting *row,
                            const struct yaml_node *node, void *member)
{
    if (node->kind == YAML_MAP)
        fill_section(fill, row->section, node, member);
    else if (!is_nothing(node))
        refuse_shape(fill, row, member, node, "a section");
}

/* Makes room for `more` items behind the `count` that are there; they may move. */
static char *grow_list(const struct fill *fill, size_t item_size, char *items, unsigned count,
                       unsigned more)
{
    char *grown = alloc_zeroed(count + more, item_size);

    if (count > 0) {
        memcpy(grown, items, count * item_size);
        places_move(fill->places, items, count * item_size, grown);
    }
    free(items);
    return grown;
}

static void fill_item(const struct fill *fill, const struct setting *row,
                      const struct yaml_node *node, char *item)
{
    settings_init(row->section, item);
    fill_section(fill, row->section, node, item);
}

static void refuse_item(const struct fill *fill, const struct setting *row,
                        const struct yaml_node *item)
{
    const char *noun = row->section->noun;

    if (is_nothing(item))
        problems_add(fill->problems, item->at,
                     "this item is empty; %s is a section such as '- name: …'", noun);
    else
        problems_add(fill->problems, item->at, "%s is a section such as '- name: …', not %s%s",
                     noun, kind_name(item),
                     glued_hint(item->kind == YAML_SCALAR && !item->quoted ? item->text : ""));
}

static void fill_list(const struct fill *fill, const struct setting *row,
                      const struct yaml_node *node, char **items, unsigned *count)
{
    if (node->kind != YAML_LIST) {
        if (!is_nothing(node))
            refuse_shape(fill, row, items, node, "a list, whose items begin with '- '");
        return;
    }
    if (*count + node->count > row->most) {
        problems_add(fill->problems, node->at, "'%s' has %u items, above the largest allowed %u",
                     row->name, *count + node->count, (unsigned)row->most);
        places_refuse(fill->places, items);
        return;
    }
    *items = grow_list(fill, row->section->size, *items, *count, node->count);
    for (const struct yaml_node *item = node->children; item; item = item->next) {
        if (item->kind == YAML_MAP) {
            fill_item(fill, row, item, *items + *count * row->section->size);
            ++*count;
        } else if (item->kind != YAML_REFUSED) {
            refuse_item(fill, row, item);
        }
        if (item->kind != YAML_MAP)
            places_refuse(fill->places, items);
    }
}

/* ---- one section --------------------------------------------------------- */

static void fill_value(const struct fill *fill, const struct setting *row,
                       const struct yaml_node *node, void *values)
{
    void *member = setting_member(row, values);

    places_add_setting(fill->places, member, row->size, node->at);
    if (node->kind == YAML_REFUSED)
        places_refuse(fill->places, member);
    else if (row->kind == SETTING_SECTION)
        fill_subsection(fill, row, node, member);
    else if (row->kind == SETTING_LIST)
        fill_list(fill, row, node, member, setting_count(row, values));
    else if (row->kind == SETTING_TEXTS)
        fill_texts(fill, row, node, member);
    else if (row->kind == SETTING_PAIRS)
        fill_pairs(fill, row, node, member);
    else
        fill_single(fill, row, node, member);
}

static void refuse_unknown(const struct fill *fill, const struct section *section,
                           const struct yaml_node *node)
{
    const char *nearest = settings_suggest(section, node->key);
    const char *names[SECTION_ROWS_MAX + 1] = {0};
    char known[256];

    if (nearest) {
        problems_add(fill->problems, node->key_at, "unknown key '%s'; did you mean '%s'?",
                     node->key, nearest);
        return;
    }
    if (syntax_glued_key(node->key) > 0) {
        problems_add(fill->problems, node->key_at, "unknown key '%s'%s", node->key,
                     glued_hint(node->key));
        return;
    }
    for (unsigned i = 0; i < section->count; i++)
        names[i] = section->settings[i].name;
    problems_add(fill->problems, node->key_at, "unknown key '%s'; %s has %s", node->key,
                 section->noun, setting_list_words(names, " and ", known, sizeof known));
}

/* A key outside the rows, written before, or not for included files. */
static bool may_be_filled(const struct fill *fill, const struct section *section,
                          const struct setting *row, const struct yaml_node *node,
                          const struct yaml_node *before)
{
    if (!row) {
        if (node->kind != YAML_REFUSED ||
            node->key[0] != '\0') /* what was no key is told already */
            refuse_unknown(fill, section, node);
    } else if (before) {
        problems_add(fill->problems, node->key_at, "'%s' is given twice, first in line %u",
                     row->name, before->key_at.line);
    } else if (fill->included && section == &settings_root && !row->in_included) {
        problems_add(fill->problems, node->key_at,
                     "'%s' cannot stand in an included file; it may only add 'ingest' and 'sinks'",
                     row->name);
    } else {
        return true;
    }
    return false;
}

static void require(const struct fill *fill, const struct section *section,
                    const struct setting *row, struct place place, void *values)
{
    char words[256] = "";

    if (row->words)
        setting_list_words(row->words, " or ", words, sizeof words);
    problems_add(fill->problems, place, "%s needs '%s'%s%s%s", section->noun, row->name,
                 row->words ? " (" : "", words, row->words ? ")" : "");
    places_add_setting(fill->places, setting_member(row, values), row->size, place);
    places_refuse(fill->places, setting_member(row, values));
}

void fill_section(const struct fill *fill, const struct section *section,
                  const struct yaml_node *map, void *values)
{
    const struct yaml_node *written[SECTION_ROWS_MAX] = {0};

    must(section->count <= SECTION_ROWS_MAX);
    if (!fill->included || section != &settings_root)
        places_add_section(fill->places, values, section->size, map->at);
    for (const struct yaml_node *node = map->children; node; node = node->next) {
        const struct setting *row = settings_find(section, node->key);
        size_t at = row ? (size_t)(row - section->settings) : 0;

        if (!may_be_filled(fill, section, row, node, row ? written[at] : NULL))
            continue;
        must(row); /* what has no row may not be filled */
        written[at] = node;
        fill_value(fill, row, node, values);
    }
    for (unsigned i = 0; i < section->count; i++)
        if (section->settings[i].required && !written[i])
            require(fill, section, &section->settings[i], map->at, values);
}
