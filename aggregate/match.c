#include "aggregate/match.h"

#include <stdlib.h>

#include "aggregate/glob.h"
#include "conf/must.h"

struct names {
    struct glob *globs;
    unsigned count; /* 0: any name will do */
};

struct filter {
    unsigned level; /* this or less; LEVEL_NONE: any */
    struct names app;
    struct names host;
    struct names topic;
    struct names peer;
    struct expression *message; /* NULL: any message will do */
};

struct match {
    struct filter all;
    struct filter except;
    bool has_except;
};

/* ---- making ------------------------------------------------------------------------------ */

static int names_init(struct names *names, const struct conf_strings *conf,
                      const void **setting_out, struct err *err)
{
    if (conf->count == 0)
        return 0;
    names->globs = calloc(conf->count, sizeof *names->globs);
    must(names->globs);
    for (; names->count < conf->count; names->count++) {
        *setting_out = conf->items[names->count];
        if (glob_init(&names->globs[names->count], conf->items[names->count], err) < 0)
            return -1;
    }
    return 0;
}

static void names_fini(struct names *names)
{
    for (unsigned i = 0; i < names->count; i++)
        glob_fini(&names->globs[i]);
    free(names->globs);
}

static int filter_init(struct filter *filter, const struct conf_filter *conf,
                       const void **setting_out, struct err *err)
{
    filter->level = LEVEL_NONE;
    if (conf->min_level)
        filter->level = level_parse(conf->min_level, strlen(conf->min_level));
    if (names_init(&filter->app, &conf->app, setting_out, err) < 0 ||
        names_init(&filter->host, &conf->host, setting_out, err) < 0 ||
        names_init(&filter->topic, &conf->topic, setting_out, err) < 0 ||
        names_init(&filter->peer, &conf->peer, setting_out, err) < 0)
        return -1;
    if (!conf->message)
        return 0;
    *setting_out = &conf->message;
    filter->message = expression_new(conf->message, EXPRESSION_JIT_IF_POSSIBLE, err);
    return filter->message ? 0 : -1;
}

static void filter_fini(struct filter *filter)
{
    names_fini(&filter->app);
    names_fini(&filter->host);
    names_fini(&filter->topic);
    names_fini(&filter->peer);
    expression_free(&filter->message);
}

static bool asks_for_anything(const struct conf_filter *conf)
{
    return conf->min_level || conf->app.count > 0 || conf->host.count > 0 ||
           conf->topic.count > 0 || conf->peer.count > 0 || conf->message;
}

struct match *match_new(const struct conf_match *conf, const void **setting_out, struct err *err)
{
    struct match *match = calloc(1, sizeof *match);

    must(match);
    match->has_except = asks_for_anything(&conf->except);
    if (filter_init(&match->all, &conf->all, setting_out, err) < 0 ||
        filter_init(&match->except, &conf->except, setting_out, err) < 0)
        match_free(&match);
    return match;
}

void match_free(struct match **match_address)
{
    struct match *match = *match_address;

    *match_address = NULL;
    if (!match)
        return;
    filter_fini(&match->all);
    filter_fini(&match->except);
    free(match);
}

static size_t names_bytes(const struct conf_strings *conf)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < conf->count; i++)
        bytes += glob_bytes(strlen(conf->items[i]));
    return bytes;
}

static size_t filter_bytes(const struct conf_filter *conf)
{
    return names_bytes(&conf->app) + names_bytes(&conf->host) + names_bytes(&conf->topic) +
           names_bytes(&conf->peer) + (conf->message ? EXPRESSION_BYTES_MAX : 0);
}

bool match_conf_asks_peer(const struct conf_match *conf)
{
    return conf->all.peer.count > 0 || conf->except.peer.count > 0;
}

bool match_conf_searches(const struct conf_match *conf)
{
    return conf->all.message || conf->except.message;
}

size_t match_bytes(const struct conf_match *conf)
{
    return filter_bytes(&conf->all) + filter_bytes(&conf->except);
}

/* ---- asking ------------------------------------------------------------------------------ */

static bool is_any(const struct names *names)
{
    for (unsigned i = 0; i < names->count; i++) {
        if (glob_is_any(&names->globs[i]))
            return true;
    }
    return names->count == 0;
}

bool match_is_everything(const struct match *match)
{
    return !match->has_except && match->all.level == LEVEL_NONE && is_any(&match->all.app) &&
           is_any(&match->all.host) && is_any(&match->all.topic) && is_any(&match->all.peer) &&
           !match->all.message;
}

bool match_searches(const struct match *match)
{
    return match->all.message || match->except.message;
}

static bool lacks_jit(const struct expression *expression)
{
    return expression && !expression_has_jit(expression);
}

bool match_lacks_jit(const struct match *match)
{
    return lacks_jit(match->all.message) || lacks_jit(match->except.message);
}

/* What is not there is compared as what most formats show for it. */
static struct glob_name name_of(struct span span, const char *base)
{
    static const char nothing[GLOB_HEAD] = "-";

    return span.len > 0 ? glob_name(base + span.offset, span.len) : glob_name(nothing, 1);
}

static bool is_one_of(const struct names *names, struct span span, const char *base)
{
    struct glob_name name;

    if (names->count == 0)
        return true;
    name = name_of(span, base);
    for (unsigned i = 0; i < names->count; i++) {
        if (glob_matches(&names->globs[i], name))
            return true;
    }
    return false;
}

/* But for the message. */
static bool is_like(const struct filter *filter, const struct entry *entry, const char *base)
{
    return entry->level <= filter->level && is_one_of(&filter->app, entry->app, base) &&
           is_one_of(&filter->host, entry->host, base) &&
           is_one_of(&filter->topic, entry->topic, base) &&
           is_one_of(&filter->peer, entry->origin.peer, base);
}

static enum expression_answer search(const struct filter *filter, struct expression_room *room,
                                     const struct entry *entry, const char *base)
{
    if (!filter->message)
        return EXPRESSION_FOUND;
    return expression_search(filter->message, room, base + entry->text.offset, entry->text.len);
}

/* It is like all that costs little; now the messages. */
static unsigned ask_messages(const struct match *match, bool may_be_excepted,
                             struct expression_room *room, const struct entry *entry,
                             const char *base)
{
    enum expression_answer answer = search(&match->all, room, entry, base);

    if (answer != EXPRESSION_FOUND)
        return answer == EXPRESSION_LIMIT ? MATCH_LEAVES | MATCH_GAVE_UP : MATCH_LEAVES;
    if (!may_be_excepted)
        return MATCH_TAKES;
    answer = search(&match->except, room, entry, base);
    if (answer == EXPRESSION_FOUND)
        return MATCH_LEAVES;
    return answer == EXPRESSION_LIMIT ? MATCH_TAKES | MATCH_GAVE_UP : MATCH_TAKES;
}

unsigned match_ask(const struct match *match, struct expression_room *room,
                   const struct entry *entry, const char *base)
{
    bool may_be_excepted;

    if (!is_like(&match->all, entry, base))
        return MATCH_LEAVES;
    may_be_excepted = match->has_except && is_like(&match->except, entry, base);
    if (may_be_excepted && !match->except.message)
        return MATCH_LEAVES;
    return ask_messages(match, may_be_excepted, room, entry, base);
}
