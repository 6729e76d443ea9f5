#include "aggregate/aggregate.h"

#include <stdlib.h>

#include "aggregate/outbox_batch.h"
#include "conf/must.h"

struct route {
    struct outbox *outbox;
    struct format *format;
    struct format *topic;        /* NULL: entries have none */
    struct path_template *paths; /* NULL: entries have no labels */
    const struct match *match;   /* NULL: takes every entry */
    unsigned answer;             /* match_ask's, to the entry being offered; the next two, too */
    enum framing framing;
    size_t topic_len; /* with its NUL */
    bool topic_is_cut;
    size_t line_len;  /* without a frame, but with the topic */
    size_t entry_len; /* in its frame */
    bool has_room;
    bool is_busy;         /* held back the last offer that was BUSY */
    unsigned busy_answer; /* to busy_entry, which is not asked for again */
};

struct aggregate {
    uint64_t newest;
    int busy_route;
    struct expression_room *room;   /* NULL: no match needs one */
    const struct entry *busy_entry; /* of the last offer that was BUSY, until it is taken */
    unsigned route_count;
    struct route routes[AGGREGATE_ROUTES_MAX];
};

struct aggregate *aggregate_new(void)
{
    struct aggregate *aggregate = calloc(1, sizeof *aggregate);

    must(aggregate);
    aggregate->busy_route = -1;
    return aggregate;
}

void aggregate_free(struct aggregate **aggregate)
{
    free(*aggregate);
    *aggregate = NULL;
}

void aggregate_add_route(struct aggregate *aggregate, struct outbox *outbox, struct format *format)
{
    must(aggregate->route_count < AGGREGATE_ROUTES_MAX);
    aggregate->routes[aggregate->route_count++] =
        (struct route){.outbox = outbox, .format = format, .framing = outbox_framing(outbox)};
    format_count_not_utf8(format, outbox_not_utf8_counter(outbox));
}

void aggregate_forget_routes(struct aggregate *aggregate)
{
    aggregate->route_count = 0;
    aggregate->busy_route = -1;
    aggregate->busy_entry = NULL;
    aggregate->room = NULL;
}

void aggregate_narrow_route(struct aggregate *aggregate, const struct match *match,
                            struct expression_room *room)
{
    must(aggregate->route_count > 0);
    aggregate->routes[aggregate->route_count - 1].match = match;
    must(room || !match_searches(match));
    aggregate->room = room;
}

/* Which routes it takes, so that the others are left alone. */
static void judge(struct aggregate *aggregate, const struct entry *entry, const char *base)
{
    for (unsigned i = 0; i < aggregate->route_count; i++) {
        struct route *route = &aggregate->routes[i];

        if (entry == aggregate->busy_entry)
            route->answer = route->busy_answer;
        else
            route->answer =
                route->match ? match_ask(route->match, aggregate->room, entry, base) : MATCH_TAKES;
    }
}

static bool takes(const struct route *route)
{
    return route->answer & MATCH_TAKES;
}

void aggregate_label_route(struct aggregate *aggregate, struct path_template *paths)
{
    must(aggregate->route_count > 0);
    aggregate->routes[aggregate->route_count - 1].paths = paths;
}

void aggregate_head_route(struct aggregate *aggregate, struct format *topic)
{
    must(aggregate->route_count > 0);
    aggregate->routes[aggregate->route_count - 1].topic = topic;
}

/* A client's names may be of any length; nobody subscribes to such topics. */
enum { TOPIC_MAX = 1024 };

/* The entry as its topic shows it. */
static const struct entry *topic_entry(const struct route *route, const struct entry *entry,
                                       const char *base, struct entry *cut)
{
    if (!route->topic_is_cut)
        return entry;
    format_cut(route->topic, entry, base, FORMAT_ROOM_MIN, cut);
    return cut;
}

static void measure_topic(struct route *route, const struct entry *entry, const char *base)
{
    struct entry cut;

    route->topic_len = format_len(route->topic, entry, base);
    route->topic_is_cut = route->topic_len > TOPIC_MAX;
    if (route->topic_is_cut)
        route->topic_len = format_len(route->topic, topic_entry(route, entry, base, &cut), base);
}

/* Its newline becomes the NUL. Not inline: what it has on the stack would cost every entry. */
static __attribute__((noinline)) char *write_topic(const struct route *route,
                                                   const struct entry *entry, const char *base,
                                                   char *to)
{
    struct entry cut;

    to = format_write(route->topic, topic_entry(route, entry, base, &cut), base, to);
    to[-1] = '\0';
    return to;
}

/* The length in this route's sink, and whether there is room for it. */
static bool find_room(struct route *route, const struct entry *entry, const char *base)
{
    size_t longest = outbox_longest(route->outbox);

    if (route->topic)
        measure_topic(route, entry, base);
    route->line_len = route->topic_len + format_len(route->format, entry, base);
    route->entry_len = framing_len(route->framing, route->line_len);
    route->has_room =
        outbox_has_room(route->outbox, route->entry_len < longest ? route->entry_len : longest);
    return route->has_room;
}

static inline char *make_place(struct route *route, const struct entry *entry, const char *base,
                               uint64_t number)
{
    struct label label;

    if (!route->paths)
        return outbox_add(route->outbox, route->entry_len, number, entry->received_ns);
    label = path_template_render(route->paths, entry, base);
    return outbox_add_labelled(route->outbox, &label, route->entry_len, number, entry->received_ns);
}

/* The entry's bytes, framed, at this place. */
static void write_frame(struct route *route, const struct entry *entry, const char *base, char *to)
{
    char *line = framing_begin(route->framing, to, route->line_len);
    char *text = route->topic ? write_topic(route, entry, base, line) : line;
    char *end = format_write(route->format, entry, base, text);

    must(end == line + route->line_len);
    must(framing_end(route->framing, end) == to + route->entry_len);
}

/* An entry that no block can hold goes in as far as it fits. */
static void render_cut(struct route *route, const struct entry *entry, const char *base,
                       uint64_t number)
{
    size_t room = framing_longest_line(route->framing, outbox_longest(route->outbox));
    struct entry cut;

    format_cut(route->format, entry, base, room - route->topic_len, &cut);
    if (route->topic)
        measure_topic(route, &cut, base);
    route->line_len = route->topic_len + format_len(route->format, &cut, base);
    route->entry_len = framing_len(route->framing, route->line_len);
    write_frame(route, &cut, base, make_place(route, entry, base, number));
    outbox_count_cut(route->outbox);
}

static void render(struct route *route, const struct entry *entry, const char *base,
                   uint64_t number)
{
    if (route->entry_len > outbox_longest(route->outbox))
        render_cut(route, entry, base, number);
    else
        write_frame(route, entry, base, make_place(route, entry, base, number));
}

/* Every sink that it is for gets the entry, or drops it. */
static void take(struct aggregate *aggregate, const struct entry *entry, const char *base,
                 struct endpoint_ledger *ledger)
{
    uint64_t number = ++aggregate->newest;
    bool routed = false;

    if (entry == aggregate->busy_entry)
        aggregate->busy_entry = NULL;
    for (unsigned i = 0; i < aggregate->route_count; i++) {
        struct route *route = &aggregate->routes[i];

        if (route->answer & MATCH_GAVE_UP)
            outbox_count_gave_up(route->outbox);
        if (!takes(route))
            continue;
        routed = true;
        if (route->has_room || outbox_make_room(route->outbox))
            render(route, entry, base, number);
        else
            outbox_drop(route->outbox, entry->received_ns, base + entry->app.offset,
                        entry->app.len);
    }
    ledger->received++;
    ledger->accepted++;
    ledger->malformed += entry->malformed;
    ledger->cut += entry->cut;
    ledger->routed += routed;
    ledger->unrouted += !routed;
}

static bool holds_back(struct route *route, const struct entry *entry, const char *base)
{
    return takes(route) && !find_room(route, entry, base) && outbox_holds_back(route->outbox);
}

/* Route `first` is the first that holds the entry back. */
static void note_who_is_busy(struct aggregate *aggregate, unsigned first, const struct entry *entry,
                             const char *base)
{
    aggregate->busy_route = (int)first;
    aggregate->busy_entry = entry;
    for (unsigned i = 0; i < aggregate->route_count; i++) {
        struct route *route = &aggregate->routes[i];

        route->is_busy = i >= first && holds_back(route, entry, base);
        route->busy_answer = route->answer;
    }
}

enum offered aggregate_offer(struct aggregate *aggregate, const struct entry *entry,
                             const char *base, struct endpoint_ledger *ledger)
{
    judge(aggregate, entry, base);
    for (unsigned i = 0; i < aggregate->route_count; i++) {
        if (holds_back(&aggregate->routes[i], entry, base)) {
            note_who_is_busy(aggregate, i, entry, base);
            return AGGREGATE_BUSY;
        }
    }
    aggregate->busy_route = -1;
    take(aggregate, entry, base, ledger);
    return AGGREGATE_TAKEN;
}

void aggregate_take(struct aggregate *aggregate, const struct entry *entry, const char *base,
                    struct endpoint_ledger *ledger)
{
    judge(aggregate, entry, base);
    for (unsigned i = 0; i < aggregate->route_count; i++) {
        if (takes(&aggregate->routes[i]))
            find_room(&aggregate->routes[i], entry, base);
    }
    take(aggregate, entry, base, ledger);
}

int aggregate_busy_route(const struct aggregate *aggregate)
{
    return aggregate->busy_route;
}

bool aggregate_is_busy(const struct aggregate *aggregate, unsigned route)
{
    return aggregate->busy_route >= 0 && aggregate->routes[route].is_busy;
}

uint64_t aggregate_newest(const struct aggregate *aggregate)
{
    return aggregate->newest;
}

uint64_t aggregate_done_through(const struct aggregate *aggregate)
{
    uint64_t done = aggregate->newest;

    for (unsigned i = 0; i < aggregate->route_count; i++) {
        uint64_t route_done = outbox_done_through(aggregate->routes[i].outbox, aggregate->newest);

        if (route_done < done)
            done = route_done;
    }
    return done;
}
