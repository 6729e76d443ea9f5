/* value_show.c - a value as one would write it, and whether two are the same. */
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/must.h"
#include "conf/settings.h"

struct pen {
    char *at, *end;
};

/* As much as there is room for. */
static void put(struct pen *pen, const char *text)
{
    while (*text && pen->at < pen->end)
        *pen->at++ = *text++;
}

static void put_number(struct pen *pen, const struct setting *row, uint64_t value)
{
    char text[UNITS_TEXT_MAX];

    if (value == 0 && row->zero_word)
        put(pen, row->zero_word);
    else if (value == UINT64_MAX && row->endless_word)
        put(pen, row->endless_word);
    else
        put(pen, setting_show(row, value, text));
}

static void put_mode(struct pen *pen, const struct conf_mode *mode)
{
    char text[16];

    snprintf(text, sizeof text, "%04o", mode->bits);
    put(pen, text);
}

static void put_texts(struct pen *pen, const struct conf_strings *texts)
{
    if (texts->count == 0)
        put(pen, "none");
    for (unsigned i = 0; i < texts->count; i++) {
        put(pen, i > 0 ? ", " : texts->count > 1 ? "[" : "");
        put(pen, texts->items[i]);
    }
    put(pen, texts->count > 1 ? "]" : "");
}

static void put_pairs(struct pen *pen, const struct conf_pairs *pairs)
{
    put(pen, "{");
    for (unsigned i = 0; i < pairs->count; i++) {
        put(pen, i > 0 ? ", " : "");
        put(pen, pairs->items[i].name);
        put(pen, ": ");
        put(pen, pairs->items[i].value);
    }
    put(pen, "}");
}

static void put_value(struct pen *pen, const struct setting *row, const void *member)
{
    const char *text = row->kind == SETTING_TEXT ? *(char *const *)member : NULL;

    switch (row->kind) {
    case SETTING_BYTES:
        put_number(pen, row, ((const struct conf_bytes *)member)->bytes);
        break;
    case SETTING_MS:
        put_number(pen, row, ((const struct conf_ms *)member)->ms);
        break;
    case SETTING_COUNT:
        put_number(pen, row, ((const struct conf_count *)member)->count);
        break;
    case SETTING_MODE:
        put_mode(pen, member);
        break;
    case SETTING_WORD:
        put(pen, row->words[*(const unsigned *)member]);
        break;
    case SETTING_TEXT:
        put(pen, text ? text : "none");
        break;
    case SETTING_TEXTS:
        put_texts(pen, member);
        break;
    case SETTING_PAIRS:
        put_pairs(pen, member);
        break;
    case SETTING_SECTION:
    case SETTING_LIST:
        must(!"a single value");
    }
}

const char *setting_show_value(const struct setting *row, const void *member, char *text,
                               size_t size)
{
    struct pen pen = {text, text + size - 1};

    must(size >= 8);
    put_value(&pen, row, member);
    if (pen.at == pen.end)
        memcpy(pen.end - 3, "...", 3);
    *pen.at = '\0';
    return text;
}

static bool is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool are_same_texts(const struct conf_strings *a, const struct conf_strings *b)
{
    for (unsigned i = 0; i < a->count && i < b->count; i++) {
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    }
    return a->count == b->count;
}

static bool are_same_pairs(const struct conf_pairs *a, const struct conf_pairs *b)
{
    for (unsigned i = 0; i < a->count && i < b->count; i++) {
        if (strcmp(a->items[i].name, b->items[i].name) != 0 ||
            strcmp(a->items[i].value, b->items[i].value) != 0)
            return false;
    }
    return a->count == b->count;
}

bool setting_is_same(const struct setting *row, const void *a, const void *b)
{
    must(row->kind != SETTING_SECTION && row->kind != SETTING_LIST);
    if (row->kind == SETTING_TEXT)
        return is_same_text(*(char *const *)a, *(char *const *)b);
    if (row->kind == SETTING_TEXTS)
        return are_same_texts(a, b);
    if (row->kind == SETTING_PAIRS)
        return are_same_pairs(a, b);
    return memcmp(a, b, row->size) == 0; /* a number, without padding */
}
