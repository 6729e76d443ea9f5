#include "metrics/page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DECIMAL_TEXT_MAX = 24 };

void page_begin(struct page *page, char *text, size_t size)
{
    *page = (struct page){.text = text, .size = size};
}

bool page_end(const struct page *page)
{
    return !page->is_full;
}

/* ---- texts ------------------------------------------------------------------------------- */

static void put_bytes(struct page *page, const char *bytes, size_t len)
{
    page->is_full |= page->size - page->len < len;
    if (page->is_full)
        return;
    memcpy(page->text + page->len, bytes, len);
    page->len += len;
}

static void put(struct page *page, const char *text)
{
    put_bytes(page, text, strlen(text));
}

static void put_escaped(struct page *page, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            put(page, "\\n");
        else if (*text == '\\' || *text == '"')
            put_bytes(page, (const char[]){'\\', *text}, 2);
        else
            put_bytes(page, text, 1);
    }
}

/* ---- families and samples ---------------------------------------------------------------- */

void page_family(struct page *page, const char *name, const char *type, const char *help)
{
    page->family = name;
    put(page, "# HELP ");
    put(page, name);
    put(page, " ");
    put(page, help);
    put(page, "\n# TYPE ");
    put(page, name);
    put(page, " ");
    put(page, type);
    put(page, "\n");
}

void page_sample(struct page *page, const char *suffix)
{
    page->labels = 0;
    put(page, page->family);
    put(page, suffix);
}

void page_label(struct page *page, const char *name, const char *value)
{
    put(page, page->labels++ == 0 ? "{" : ",");
    put(page, name);
    put(page, "=\"");
    put_escaped(page, value);
    put(page, "\"");
}

static void end_sample(struct page *page, const char *value)
{
    put(page, page->labels > 0 ? "} " : " ");
    put(page, value);
    put(page, "\n");
}

/* ---- numbers ----------------------------------------------------------------------------- */

/* 1500, 3: 1.5 */
static const char *show_decimal(uint64_t amount, unsigned places, char text[DECIMAL_TEXT_MAX])
{
    uint64_t unit = 1;
    int len;

    for (unsigned i = 0; i < places; i++)
        unit *= 10;
    len = snprintf(text, DECIMAL_TEXT_MAX, "%" PRIu64, amount / unit);
    if (amount % unit == 0)
        return text;
    len += snprintf(text + len, (size_t)(DECIMAL_TEXT_MAX - len), ".%0*" PRIu64, (int)places,
                    amount % unit);
    while (text[len - 1] == '0')
        text[--len] = '\0';
    return text;
}

void page_number(struct page *page, uint64_t number)
{
    page_decimal(page, number, 0);
}

void page_decimal(struct page *page, uint64_t amount, unsigned places)
{
    char text[DECIMAL_TEXT_MAX];

    end_sample(page, show_decimal(amount, places, text));
}

void page_decimal_label(struct page *page, const char *name, uint64_t amount, unsigned places)
{
    char text[DECIMAL_TEXT_MAX];

    page_label(page, name, show_decimal(amount, places, text));
}
