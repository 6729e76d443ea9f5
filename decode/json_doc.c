#include "decode/json_doc.h"

#include <stdlib.h>
#include <string.h>

#include "decode/json_walk.h"

/* json_index and json_unescape read so far behind a text. */
enum { PADDING = 64 };

struct json_doc {
    struct json_index *index;
    const uint32_t *tokens;
    uint32_t token_count;
    size_t max_len;
    char *text;
    char *scratch; /* strings are unescaped into it */
};

struct json_doc *json_doc_new(size_t max_len)
{
    struct json_doc *doc = calloc(1, sizeof *doc);

    if (!doc)
        return NULL;
    doc->max_len = max_len;
    doc->index = json_index_new(max_len);
    doc->text = malloc(max_len + PADDING);
    doc->scratch = malloc(max_len + PADDING);
    if (!doc->index || !doc->text || !doc->scratch)
        json_doc_free(&doc);
    return doc;
}

void json_doc_free(struct json_doc **doc_address)
{
    struct json_doc *doc = *doc_address;

    *doc_address = NULL;
    if (!doc)
        return;
    if (doc->index)
        json_index_free(&doc->index);
    free(doc->text);
    free(doc->scratch);
    free(doc);
}

size_t json_doc_bytes(size_t max_len)
{
    return sizeof(struct json_doc) + json_index_bytes(max_len) + 2 * (max_len + PADDING);
}

/* ---- walking ------------------------------------------------------------------------------- */

static struct json_walk walk_at(const struct json_doc *doc, uint32_t token)
{
    return (struct json_walk){.index = doc->index,
                              .text = doc->text,
                              .tokens = doc->tokens,
                              .count = doc->token_count,
                              .at = token,
                              .scratch = doc->scratch};
}

/* The token behind the value. */
static uint32_t pass(const struct json_doc *doc, uint32_t value)
{
    struct json_walk walk = walk_at(doc, value);
    uint32_t begin, len;

    json_walk_value(&walk, 0, &begin, &len);
    return walk.at;
}

static char first_byte(const struct json_doc *doc, uint32_t value)
{
    return value < doc->token_count ? doc->text[doc->tokens[value]] : '\0';
}

bool json_doc_read(struct json_doc *doc, const char *text, size_t len)
{
    struct json_walk walk;
    uint32_t begin, value_len;

    doc->token_count = 0;
    if (len > doc->max_len)
        return false;
    memcpy(doc->text, text, len);
    memset(doc->text + len, 0, PADDING);
    if (!json_index_build(doc->index, doc->text, len))
        return false;
    doc->tokens = json_index_tokens(doc->index, &doc->token_count);
    walk = walk_at(doc, JSON_ROOT);
    if (json_walk_value(&walk, 0, &begin, &value_len) && walk.at == walk.count)
        return true;
    doc->token_count = 0;
    return false;
}

/* ---- asking -------------------------------------------------------------------------------- */

bool json_doc_each(struct json_doc *doc, uint32_t container, struct json_each *each)
{
    char bracket = first_byte(doc, container);
    uint32_t at = each->next ? each->next : container + 1;

    if ((bracket != '{' && bracket != '[') || first_byte(doc, at) == bracket + 2)
        return false;
    if (each->next && first_byte(doc, at) != ',')
        return false;
    at += each->next != 0; /* the comma */
    each->name = bracket == '{' ? at : JSON_NOTHING;
    each->value = bracket == '{' ? at + 2 : at; /* the name, a colon */
    each->next = pass(doc, each->value);
    return true;
}

static bool is_called(const struct json_doc *doc, uint32_t token, const char *name)
{
    struct json_walk walk = walk_at(doc, token);
    uint32_t begin, len;

    return json_walk_string(&walk, &begin, &len) && len == strlen(name) &&
           memcmp(doc->text + begin, name, len) == 0;
}

uint32_t json_doc_member(struct json_doc *doc, uint32_t object, const char *name)
{
    struct json_each each = {0};

    while (json_doc_is_object(doc, object) && json_doc_each(doc, object, &each)) {
        if (is_called(doc, each.name, name))
            return each.value;
    }
    return JSON_NOTHING;
}

bool json_doc_is_object(const struct json_doc *doc, uint32_t value)
{
    return first_byte(doc, value) == '{';
}

bool json_doc_text(struct json_doc *doc, uint32_t value, char *text, size_t size)
{
    const char *end;
    size_t len;

    text[0] = '\0';
    if (first_byte(doc, value) != '"')
        return false;
    end = json_unescape(doc->index, doc->text + doc->tokens[value] + 1, doc->scratch);
    len = end ? (size_t)(end - doc->scratch) : size;
    if (len >= size || memchr(doc->scratch, '\0', len))
        return false;
    memcpy(text, doc->scratch, len);
    text[len] = '\0';
    return true;
}

bool json_doc_number(struct json_doc *doc, uint32_t value, uint64_t *number_out)
{
    const char *at;
    uint64_t number = 0;
    bool fits = true;

    *number_out = 0;
    if ((unsigned char)(first_byte(doc, value) - '0') > 9)
        return false;
    for (at = doc->text + doc->tokens[value]; (unsigned char)(*at - '0') <= 9; at++) {
        fits &= !__builtin_mul_overflow(number, 10, &number);
        fits &= !__builtin_add_overflow(number, (uint64_t)(*at - '0'), &number);
    }
    if (!fits || *at == '.' || *at == 'e' || *at == 'E')
        return false;
    *number_out = number;
    return true;
}

bool json_doc_truth(const struct json_doc *doc, uint32_t value)
{
    return first_byte(doc, value) == 't';
}
