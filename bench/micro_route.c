/* Routing: what a sink costs that does not want the entry. */
#include <stdio.h>

#include "bench/micro.h"
#include "conf/conf.h"
#include "conf/must.h"

enum { ROUTES = 10 };

/* Ten sinks, none of which takes an entry of app checkout on web-01, level info: they look
 * at the app, the host, a list, the level, at several, and at what is left out. */
static const char *const routing[ROUTES] = {
    "{app: 'bank-*'}",
    "{app: cart}",
    "{host: 'db-*'}",
    "{app: [search, 'mail-*', 'chat-*', sms, 'push-*', geo, 'ads-*', 'tax-*']}",
    "{min_level: warning}",
    "{host: 'web-*', app: 'check*', min_level: error}",
    "{topic: 'orders.*'}",
    "{host: '*-99'}",
    "{not: {app: 'check*'}}",
    "{app: 'c*t*t', host: 'w?b-0[2-9]'}",
};

static struct conf *read_routing(const char *const *matches, unsigned count)
{
    struct conf_problems *problems = conf_problems_new();
    char text[4096];
    struct conf *conf;
    size_t len = (size_t)snprintf(text, sizeof text,
                                  "ingest: [{name: in, bind: 'tcp://127.0.0.1:0'}]\nsinks:\n");

    for (unsigned i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "  - {name: s%u, type: stdout, match: %s}\n", i, matches[i]);
    conf = conf_load_text("routing", text, len, problems);
    must(conf && conf_problems_count(problems) == 0);
    conf_problems_free(&problems);
    return conf;
}

/* An aggregate in which nobody takes anything; no outbox is ever touched. */
static struct aggregate *make_routing(const char *const *matches, unsigned count)
{
    struct aggregate *aggregate = aggregate_new();
    struct conf *conf = count > 0 ? read_routing(matches, count) : NULL;
    const void *setting;

    for (unsigned i = 0; i < count; i++) {
        struct match *match = match_new(&conf->sinks[i].match, &setting, NULL);

        must(match);
        aggregate_add_route(aggregate, outbox_new(world.blocks, BLOCK_CAP, 1), world.line);
        aggregate_narrow_route(aggregate, match, world.room);
    }
    if (conf)
        conf_free(&conf);
    return aggregate;
}

static void offer_to_nobody(struct aggregate *aggregate)
{
    struct endpoint_ledger ledger = {0};

    for (unsigned i = 0; i < ENTRIES; i++)
        aggregate_offer(aggregate, world.entries[i], world.message->bytes, &ledger);
    must(ledger.unrouted == ENTRIES);
}

static void route_to_no_sink(void)
{
    static struct aggregate *aggregate;

    if (!aggregate)
        aggregate = make_routing(NULL, 0);
    offer_to_nobody(aggregate);
}

static void route_past_ten_sinks(void)
{
    static struct aggregate *aggregate;

    if (!aggregate)
        aggregate = make_routing(routing, ROUTES);
    offer_to_nobody(aggregate);
}

/* The text of an entry is some 88 bytes, none of which is a candidate. */
static void route_past_an_expression(void)
{
    static const char *const match[] = {"{message: 'timeout|connection (refused|reset)'}"};
    static struct aggregate *aggregate;

    if (!aggregate)
        aggregate = make_routing(match, 1);
    offer_to_nobody(aggregate);
}

const struct micro micro_route[] = {
    {"Routing/none", route_to_no_sink, ENTRIES},
    {"Routing/ten", route_past_ten_sinks, ENTRIES},
    {"Routing/expression", route_past_an_expression, ENTRIES},
    {NULL, NULL, 0},
};
