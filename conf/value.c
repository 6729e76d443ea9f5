/* value.c - one value of the configuration, from its text to its member. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/alloc.h"
#include "conf/conf.h"
#include "conf/must.h"
#include "conf/settings.h"

enum { MODE_MAX = 0777 };

const char *setting_list_words(const char *const *words, const char *last, char *text, size_t cap)
{
    size_t used = 0;

    text[0] = '\0';
    for (unsigned i = 0; words[i] && used < cap; i++) {
        const char *glue = i == 0 ? "" : words[i + 1] ? ", " : last;

        used += (size_t)snprintf(text + used, cap - used, "%s%s", glue, words[i]);
    }
    return text;
}

const char *setting_show(const struct setting *setting, uint64_t value, char text[UNITS_TEXT_MAX])
{
    if (setting->kind == SETTING_COUNT) {
        snprintf(text, UNITS_TEXT_MAX, "%llu", (unsigned long long)value);
        return text;
    }
    if (setting->kind == SETTING_MS)
        return units_show_ms((struct conf_ms){value}, text);
    return units_show_bytes((struct conf_bytes){value}, text);
}

static int check_bounds(const struct setting *setting, uint64_t value, const char *text,
                        struct err *err)
{
    char bound[UNITS_TEXT_MAX];

    if (value < setting->least)
        return err_set(err, "'%s' is %s, below the smallest allowed %s", setting->name, text,
                       setting_show(setting, setting->least, bound));
    if (setting->most > 0 && value > setting->most)
        return err_set(err, "'%s' is %s, above the largest allowed %s", setting->name, text,
                       setting_show(setting, setting->most, bound));
    return 0;
}

static int parse_bytes(const struct setting *setting, const char *text, struct conf_bytes *member,
                       struct err *err)
{
    struct conf_bytes size;
    struct err why;

    if (setting->zero_word && strcmp(text, setting->zero_word) == 0) {
        member->bytes = 0;
        return 0;
    }
    if (units_parse_bytes(text, &size, &why) < 0)
        return err_set(err, "'%s': %s", setting->name, why.text);
    if (check_bounds(setting, size.bytes, text, err) < 0)
        return -1;
    *member = size;
    return 0;
}

static int parse_ms(const struct setting *setting, const char *text, struct conf_ms *member,
                    struct err *err)
{
    struct conf_ms time;
    struct err why;

    if (setting->zero_word && strcmp(text, setting->zero_word) == 0) {
        member->ms = 0;
        return 0;
    }
    if (setting->endless_word && strcmp(text, setting->endless_word) == 0) {
        member->ms = UINT64_MAX;
        return 0;
    }
    if (units_parse_ms(text, &time, &why) < 0)
        return err_set(err, "'%s': %s", setting->name, why.text);
    if (check_bounds(setting, time.ms, text, err) < 0)
        return -1;
    *member = time;
    return 0;
}

static int parse_count(const struct setting *setting, const char *text, struct conf_count *member,
                       struct err *err)
{
    struct conf_count count;
    struct err why;

    if (units_parse_count(text, &count, &why) < 0)
        return err_set(err, "'%s': %s", setting->name, why.text);
    if (check_bounds(setting, count.count, text, err) < 0)
        return -1;
    *member = count;
    return 0;
}

static int parse_mode(const struct setting *setting, const char *text, struct conf_mode *member,
                      struct err *err)
{
    size_t len = strlen(text);
    unsigned long bits = strtoul(text, NULL, 8);

    if (len < 3 || len > 4 || strspn(text, "01234567") != len)
        return err_set(err, "'%s' is '%s'; write an octal number such as '0640'", setting->name,
                       text);
    if (bits > MODE_MAX)
        return err_set(err, "'%s' is %s, above the largest allowed %04o", setting->name, text,
                       MODE_MAX);
    member->bits = (unsigned)bits;
    return 0;
}

static int parse_word(const struct setting *setting, const char *text, unsigned *member,
                      struct err *err)
{
    char allowed[256];

    for (unsigned i = 0; setting->words[i]; i++)
        if (strcmp(setting->words[i], text) == 0) {
            *member = i;
            return 0;
        }
    return err_set(err, "'%s' is '%s', but can only be %s", setting->name, text,
                   setting_list_words(setting->words, " or ", allowed, sizeof allowed));
}

static int check_text(const struct setting *setting, const char *text, struct err *err)
{
    if (text[0] == '\0')
        return err_set(err, "'%s' is empty", setting->name);
    return setting->check ? setting->check(setting, text, err) : 0;
}

static int parse_text(const struct setting *setting, const char *text, char **member,
                      struct err *err)
{
    if (check_text(setting, text, err) < 0)
        return -1;
    free(*member);
    *member = alloc_text(text, strlen(text));
    return 0;
}

static int append_text(const struct setting *setting, const char *text, struct conf_strings *member,
                       struct err *err)
{
    if (check_text(setting, text, err) < 0)
        return -1;
    if (setting->most > 0 && member->count >= setting->most)
        return err_set(err, "'%s' has more than the largest allowed %u items", setting->name,
                       (unsigned)setting->most);
    member->items = alloc_room(member->items, member->count, sizeof(char *));
    member->items[member->count++] = alloc_text(text, strlen(text));
    return 0;
}

static int check_pair(const struct setting *setting, const char *name, const char *value,
                      const struct conf_pairs *member, struct err *err)
{
    if (setting->check && setting->check(setting, name, err) < 0)
        return -1;
    if (value[0] == '\0' || strlen(value) > CONF_FIELD_VALUE_MAX)
        return err_set(err, "the value of '%s' in '%s' has %zu bytes; 1 to %d may be", name,
                       setting->name, strlen(value), CONF_FIELD_VALUE_MAX);
    if (member->count >= setting->most)
        return err_set(err, "'%s' has more than the largest allowed %u items", setting->name,
                       (unsigned)setting->most);
    for (unsigned i = 0; i < member->count; i++)
        if (strcmp(member->items[i].name, name) == 0)
            return err_set(err, "'%s' is given twice in '%s'", name, setting->name);
    return 0;
}

int setting_add_pair(const struct setting *setting, const char *name, const char *value,
                     struct conf_pairs *member, struct err *err)
{
    if (check_pair(setting, name, value, member, err) < 0)
        return -1;
    member->items = alloc_room(member->items, member->count, sizeof *member->items);
    member->items[member->count++] = (struct conf_pair){
        .name = alloc_text(name, strlen(name)),
        .value = alloc_text(value, strlen(value)),
    };
    return 0;
}

int setting_parse(const struct setting *setting, const char *text, void *member, struct err *err)
{
    switch (setting->kind) {
    case SETTING_BYTES:
        return parse_bytes(setting, text, member, err);
    case SETTING_MS:
        return parse_ms(setting, text, member, err);
    case SETTING_COUNT:
        return parse_count(setting, text, member, err);
    case SETTING_MODE:
        return parse_mode(setting, text, member, err);
    case SETTING_WORD:
        return parse_word(setting, text, member, err);
    case SETTING_TEXT:
        return parse_text(setting, text, member, err);
    case SETTING_TEXTS:
        return append_text(setting, text, member, err);
    case SETTING_PAIRS:
    case SETTING_SECTION:
    case SETTING_LIST:
        break;
    }
    must(!"a section, a list or a map has no text");
    return -1;
}
