/* tail_request.c - from the request of a reader to a match, as a sink has one. */
#include <string.h>

#include "conf/must.h"
#include "control/tail_parts.h"

enum { NAMES_MAX = 16 };

/* The texts of a request, which are shorter than it is. */
struct texts {
    char bytes[CONTROL_REQUEST_MAX];
    size_t used;
    char *app[NAMES_MAX], *host[NAMES_MAX];
};

/* NULL: it is no text. */
static char *keep_text(struct texts *texts, struct json_doc *request, uint32_t value)
{
    char *text = texts->bytes + texts->used;

    if (!json_doc_text(request, value, text, sizeof texts->bytes - texts->used))
        return NULL;
    texts->used += strlen(text) + 1;
    return text;
}

static int read_text(struct texts *texts, struct json_doc *request, const char *name,
                     char **text_out, struct err *err)
{
    uint32_t value = json_doc_member(request, JSON_ROOT, name);

    if (value == JSON_NOTHING)
        return 0;
    *text_out = keep_text(texts, request, value);
    return *text_out ? 0 : err_set(err, "'%s' must be a text", name);
}

static int read_names(struct texts *texts, struct json_doc *request, const char *name, char **items,
                      struct conf_strings *names_out, struct err *err)
{
    uint32_t value = json_doc_member(request, JSON_ROOT, name);
    struct json_each each = {0};

    if (value == JSON_NOTHING)
        return 0;
    names_out->items = items;
    while (json_doc_each(request, value, &each)) {
        if (names_out->count == NAMES_MAX)
            return err_set(err, "there are more than %d names in '%s'", NAMES_MAX, name);
        items[names_out->count] = keep_text(texts, request, each.value);
        if (!items[names_out->count++])
            return err_set(err, "'%s' must be a list of texts", name);
    }
    return names_out->count > 0 ? 0 : err_set(err, "'%s' must be a list of texts", name);
}

static int read_filter(struct texts *texts, struct json_doc *request, struct conf_filter *filter,
                       struct err *err)
{
    if (read_text(texts, request, CONTROL_MIN_LEVEL, &filter->min_level, err) < 0 ||
        read_text(texts, request, CONTROL_MESSAGE, &filter->message, err) < 0 ||
        read_names(texts, request, CONTROL_APP, texts->app, &filter->app, err) < 0 ||
        read_names(texts, request, CONTROL_HOST, texts->host, &filter->host, err) < 0)
        return -1;
    if (filter->min_level &&
        level_parse(filter->min_level, strlen(filter->min_level)) == LEVEL_NONE)
        return err_set(err, "there is no level '%s'", filter->min_level);
    if (filter->message && strlen(filter->message) > EXPRESSION_SOURCE_MAX)
        return err_set(err, "the expression is longer than %d bytes", EXPRESSION_SOURCE_MAX);
    return 0;
}

int tail_read_request(struct json_doc *request, struct tail_reader *reader, struct err *err)
{
    uint32_t last = json_doc_member(request, JSON_ROOT, CONTROL_LAST);
    struct texts texts = {.used = 0};
    struct conf_match conf = {0};
    const void *setting;
    struct err why;

    if (last != JSON_NOTHING && !json_doc_number(request, last, &reader->last))
        return err_set(err, "'%s' must be a number", CONTROL_LAST);
    reader->json = json_doc_truth(request, json_doc_member(request, JSON_ROOT, CONTROL_JSON));
    if (read_filter(&texts, request, &conf.all, err) < 0)
        return -1;
    reader->match = match_new(&conf, &setting, &why);
    if (!reader->match)
        return err_set(err, "%s", why.text);
    reader->searches = match_searches(reader->match);
    if (match_is_everything(reader->match))
        match_free(&reader->match);
    return 0;
}
