/* micro - what each technique is worth: a naive way and ours, side by side.
 *
 * Prints Go's benchmark format, so that benchstat reads it. Each benchmark runs for
 * about BENCH_MS (400) milliseconds; allocations are those of our own code, counted by
 * --wrap of the allocator (bench/wrap_malloc.c). An argument picks by name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aggregate/aggregate.h"
#include "aggregate/escape.h"
#include "bench/wrap_malloc.h"
#include "conf/conf.h"
#include "conf/must.h"
#include "decode/decode.h"

enum { ENTRIES = 1000, TEXT_LEN = 88, BLOCK_CAP = 256 * 1024 };

static const char json_line[] =
    "{\"time\":\"2026-11-23T03:34:12.123456Z\",\"level\":\"info\",\"host\":\"web-01\","
    "\"app\":\"checkout\",\"message\":\"order 0000000000 was paid by card in 35 ms and "
    "handed to the warehouse at once, as always\",\"user\":\"u-4821\",\"ms\":35}";

/* Everything a benchmark may need, made once. */
static struct {
    struct budget budget;
    struct message_pool *messages;
    struct entry_pool *entry_pool;
    struct pool *blocks;
    struct pool *slots;
    struct decoder *decoder;
    struct expression_room *room;
    struct format *line;
    struct format *json;
    struct message_pool *shapes;
    struct message *message; /* 1,000 lines of NDJSON in one */
    struct message *batch;   /* 64 KiB of it */
    struct entry *entries[ENTRIES];
    struct block *block;
    char *buffer;
    char rendered[ENTRIES][160]; /* each entry as one finished line */
    size_t rendered_len[ENTRIES];
} world;

static volatile size_t sink_for_results;

/* The compiler must believe that somebody looks at it. */
static void keep(void *object)
{
    __asm__ volatile("" : : "r"(object) : "memory");
}

/* One line of NDJSON; its message ends early by up to TEXT_LEN / 2 bytes, as real ones
 * differ in length: equal ones would teach the branch predictor too much. */
static size_t write_line(char *to, unsigned *seed)
{
    const char *text_end = strstr(json_line, "\",\"user\"");
    size_t shorter, head_len;

    *seed = *seed * 1103515245 + 12345;
    shorter = (*seed >> 16) % (TEXT_LEN / 2);
    head_len = (size_t)(text_end - json_line) - shorter;
    memcpy(to, json_line, head_len);
    strcpy(to + head_len, text_end);
    strcat(to, "\n");
    return strlen(to);
}

static struct message *make_message(size_t lines)
{
    char *text = malloc(lines * (sizeof json_line + 1) + 1);
    struct message *message;
    unsigned seed = 1;
    size_t len = 0;

    must(text);
    for (size_t i = 0; i < lines; i++)
        len += write_line(text + len, &seed);
    message = message_take(world.messages, &(struct message_parts){.payload = {text, len}});
    must(message);
    message->received_ns = 1;
    free(text);
    return message;
}

static const struct decode_rules rules = {.max_entry = 65536};
static struct decode_rules named = {.max_entry = 65536}; /* the same, and a format by name */

static void decode_world(void)
{
    struct decode_cursor cursor = {0};

    for (unsigned i = 0; i < ENTRIES; i++) {
        world.entries[i] = entry_take(world.entry_pool);
        must(world.entries[i]);
        must(decode_next(world.decoder, &rules, &cursor, world.message, world.entries[i]));
        world.rendered_len[i] = format_len(world.line, world.entries[i], world.message->bytes);
        must(world.rendered_len[i] + FORMAT_SPARE <= sizeof world.rendered[i] + 64);
        format_write(world.line, world.entries[i], world.message->bytes, world.buffer);
        memcpy(world.rendered[i], world.buffer, world.rendered_len[i]);
    }
}

static void make_world(void)
{
    struct err err;
    struct format_options options = {0};

    budget_init(&world.budget, 1u << 30);
    world.messages = message_pool_new(&world.budget, 1 << 20, 4, &err);
    world.shapes = message_pool_new(&world.budget, 1024, 16, &err);
    world.entry_pool = entry_pool_new(&world.budget, 16, ENTRIES + 8, &err);
    world.blocks = pool_new(&world.budget, BUDGET_BLOCKS, block_slot_bytes(BLOCK_CAP), 8, &err);
    world.slots = pool_new(&world.budget, BUDGET_ENTRIES, sizeof(struct entry) + 64, 16, &err);
    world.room = expression_room_new(rules.max_entry);
    world.decoder = decoder_new(&world.budget, 1 << 20, &err);
    world.line = format_new("line", &options, &err);
    world.json = format_new("json", &options, &err);
    world.buffer = malloc(BLOCK_CAP * 4);
    world.message = make_message(ENTRIES);
    world.batch = make_message(65536 / sizeof json_line);
    world.block = block_take(world.blocks, BLOCK_CAP);
    decode_world();
}

/* ---- string building: 1,000 entries become one text ------------------------------------ */

static void one_memcpy_an_entry(void)
{
    char *to = world.buffer;

    for (unsigned i = 0; i < ENTRIES; i++) {
        memcpy(to, world.rendered[i], world.rendered_len[i]);
        to += world.rendered_len[i];
    }
    sink_for_results = (size_t)(to - world.buffer);
}

static void empty_block(struct block *block)
{
    block->len = 0;
    block->entry_count = 0;
}

static void render_into(struct format *format, struct block *block)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        size_t len = format_len(format, world.entries[i], world.message->bytes);

        format_write(format, world.entries[i], world.message->bytes, block_add(block, len, i, 0));
    }
}

static void render_block(void)
{
    empty_block(world.block);
    render_into(world.line, world.block);
}

static size_t snprintf_entry(char *to, size_t size, const struct entry *entry)
{
    const char *base = world.message->bytes;
    time_t seconds = (time_t)(entry->time_ns / 1000000000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    return (size_t)snprintf(to, size, "[%04d-%02d-%02dT%02d:%02d:%02d.%06dZ] %s: %.*s\n",
                            tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                            tm.tm_sec, (int)(entry->time_ns % 1000000000 / 1000),
                            level_name(entry->level)->text, (int)entry->text.len,
                            base + entry->text.offset);
}

static void snprintf_into_reused_buffer(void)
{
    size_t at = 0;

    for (unsigned i = 0; i < ENTRIES; i++)
        at += snprintf_entry(world.buffer + at, BLOCK_CAP - at, world.entries[i]);
    sink_for_results = at;
}

/* s = s + entry: a new string each time, by the library's own means. */
static void naive_concatenation(void)
{
    char line[256];
    char *s = calloc(1, 1);

    for (unsigned i = 0; i < ENTRIES; i++) {
        char *longer;

        snprintf_entry(line, sizeof line, world.entries[i]);
        longer = malloc(strlen(s) + strlen(line) + 1);
        strcpy(longer, s);
        strcat(longer, line);
        free(s);
        s = longer;
    }
    keep(s);
    free(s);
}

/* ---- builder reuse, pre-sizing ----------------------------------------------------------- */

static void new_builder_each_time(void)
{
    struct block *block = malloc(block_slot_bytes(BLOCK_CAP));

    memset(block, 0, sizeof *block);
    block->cap = BLOCK_CAP;
    render_into(world.line, block);
    sink_for_results = block->len;
    free(block);
}

static void reused_builder(void)
{
    struct block *block = block_take(world.blocks, BLOCK_CAP);

    render_into(world.line, block);
    sink_for_results = block->len;
    block_return(world.blocks, block);
}

static void growing_builder(void)
{
    size_t cap = 64, len = 0;
    char *text = malloc(cap);

    for (unsigned i = 0; i < ENTRIES; i++) {
        while (len + world.rendered_len[i] > cap)
            text = realloc(text, cap *= 2);
        memcpy(text + len, world.rendered[i], world.rendered_len[i]);
        len += world.rendered_len[i];
    }
    sink_for_results = len;
    free(text);
}

static void presized_builder(void)
{
    struct block *block = block_take(world.blocks, BLOCK_CAP);

    for (unsigned i = 0; i < ENTRIES; i++)
        memcpy(block_add(block, world.rendered_len[i], i, 0), world.rendered[i],
               world.rendered_len[i]);
    sink_for_results = block->len;
    block_return(world.blocks, block);
}

/* ---- object pool, batch allocation ------------------------------------------------------- */

static void malloc_and_free_an_entry(void)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        void *object = malloc(sizeof(struct entry) + 64);

        keep(object);
        free(object);
    }
}

static void pool_take_and_return_an_entry(void)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        void *object = pool_take(world.slots);

        keep(object);
        pool_return(world.slots, object);
    }
}

static void one_malloc_an_object(void)
{
    static void *objects[ENTRIES];

    for (unsigned i = 0; i < ENTRIES; i++)
        objects[i] = malloc(sizeof(struct entry));
    for (unsigned i = 0; i < ENTRIES; i++)
        free(objects[i]);
}

static void one_malloc_a_batch(void)
{
    struct entry *all = calloc(ENTRIES, sizeof *all);

    for (unsigned i = 0; i < ENTRIES; i++)
        keep((char *)all + i * sizeof *all);
    free(all);
}

/* ---- views instead of copies, spans instead of pointers ------------------------------------ */

static void copy_the_strings(void)
{
    const char *base = world.message->bytes;

    for (unsigned i = 0; i < ENTRIES; i++) {
        const struct entry *entry = world.entries[i];
        char *strings[3] = {strndup(base + entry->host.offset, entry->host.len),
                            strndup(base + entry->app.offset, entry->app.len),
                            strndup(base + entry->text.offset, entry->text.len)};

        for (unsigned k = 0; k < 3; k++) {
            keep(strings[k]);
            free(strings[k]);
        }
    }
}

static void view_the_strings(void)
{
    const char *base = world.message->bytes;

    for (unsigned i = 0; i < ENTRIES; i++) {
        const struct entry *entry = world.entries[i];
        struct span strings[3] = {entry->host, entry->app, entry->text};

        for (unsigned k = 0; k < 3; k++)
            keep((char *)(uintptr_t)(base + strings[k].offset + strings[k].len));
    }
}

/* The same entry with a pointer and a length where ours has a span. */
struct wide_span {
    const char *bytes;
    size_t len;
};
struct wide_entry {
    int64_t time_ns, received_ns;
    long digits, level, malformed, cut;
    struct wide_span host, app, topic, text, source;
    size_t field_count, field_max;
    struct {
        struct wide_span key, value;
    } fields[4];
};

enum { MANY = 20000 };

static void *many_objects(size_t bytes)
{
    char *all = malloc(MANY * bytes);

    must(all);
    memset(all, 1, MANY * bytes);
    return all;
}

static void read_wide_entries(void)
{
    static struct wide_entry *all;
    size_t sum = 0;

    if (!all)
        all = many_objects(sizeof *all);
    for (unsigned i = 0; i < MANY; i++)
        sum += all[i].host.len + all[i].app.len + all[i].text.len + all[i].fields[1].value.len;
    sink_for_results = sum;
}

static void read_compact_entries(void)
{
    enum { BYTES = sizeof(struct entry) + 4 * sizeof(struct field) };
    static char *all;
    size_t sum = 0;

    if (!all)
        all = many_objects(BYTES);
    for (unsigned i = 0; i < MANY; i++) {
        const struct entry *entry = (const void *)(all + (size_t)i * BYTES);

        sum += entry->host.len + entry->app.len + entry->text.len + entry->fields[1].value.len;
    }
    sink_for_results = sum;
}

/* ---- JSON straight into the output --------------------------------------------------------- */

static char *escaped_copy(const char *bytes, size_t len)
{
    char *copy = malloc(escape_len(ESCAPE_JSON, bytes, len) + 1);

    *escape_write(ESCAPE_JSON, copy, bytes, len) = '\0';
    return copy;
}

static void json_by_way_of_strings(void)
{
    const char *base = world.message->bytes;
    size_t at = 0;

    for (unsigned i = 0; i < ENTRIES; i++) {
        const struct entry *entry = world.entries[i];
        char *host = escaped_copy(base + entry->host.offset, entry->host.len);
        char *app = escaped_copy(base + entry->app.offset, entry->app.len);
        char *text = escaped_copy(base + entry->text.offset, entry->text.len);

        at += (size_t)snprintf(world.buffer + at, BLOCK_CAP * 4 - at,
                               "{\"time\":\"2026-11-23T03:34:12.%06dZ\",\"level\":\"%s\","
                               "\"host\":\"%s\",\"app\":\"%s\",\"message\":\"%s\"}\n",
                               (int)(entry->time_ns % 1000000000 / 1000),
                               level_name(entry->level)->text, host, app, text);
        free(host);
        free(app);
        free(text);
    }
    sink_for_results = at;
}

static void json_straight_into_block(void)
{
    empty_block(world.block);
    render_into(world.json, world.block);
}

/* ---- decoding ------------------------------------------------------------------------------ */

static void decode_and_render_64_kib(void)
{
    struct decode_cursor cursor = {0};
    struct entry *entry = world.entries[0];

    empty_block(world.block);
    while (decode_next(world.decoder, &rules, &cursor, world.batch, entry)) {
        size_t len = format_len(world.line, entry, world.batch->bytes);

        format_write(world.line, entry, world.batch->bytes, block_add(world.block, len, 1, 1));
    }
}

/* One line each, of the same message and about the same length as json_line. */
#define SAYS                                                                                       \
    "order 0000000000 was paid by card in 35 ms and handed to the warehouse at once, as always"

static const struct {
    const char *topic, *line;
} shapes[] = {
    {NULL, "2026-11-23T03:34:12.123456Z web-01 checkout info: " SAYS " user=u-4821 ms=35"},
    {"checkout.INFO.orders", "2026-11-23T03:34:12.123456Z web-01: " SAYS " user=u-4821 ms=35\n"},
    {NULL, "<14>1 2026-11-23T03:34:12.123456Z web-01 checkout - - "
           "[fields@32473 user=\"u-4821\" ms=\"35\"] " SAYS},
    {NULL, "<165>1 2026-11-23T03:34:12.123456Z web-01 checkout 4711 ID47 "
           "[orders@32473 user=\"u-4821\" ms=\"35\"] " SAYS},
    {NULL, "<14>Nov 23 03:34:12 web-01 checkout[4711]: " SAYS " user=u-4821 ms=35"},
    {NULL, "<14>" SAYS " user=u-4821 ms=35"},
    {NULL, "I: (checkout) 26-11-23 03:34:12 " SAYS " user=u-4821 ms=35"},
    {NULL, "I, [2026-11-23T03:34:12.123456 #4711]  INFO -- checkout: " SAYS " u-4821"},
    {NULL, "I think " SAYS " user=u-4821 ms=35, and nobody else does"},
};

static void decode_shape_by(const struct decode_rules *by, size_t which)
{
    static struct message *messages[sizeof shapes / sizeof shapes[0]];
    struct decode_cursor cursor = {0};

    if (!messages[which]) {
        const char *line = shapes[which].line, *topic = shapes[which].topic;
        struct message_parts parts = {.payload = {line, strlen(line)},
                                      .topic = {topic, topic ? strlen(topic) : 0}};

        messages[which] = message_take(world.shapes, &parts);
        must(messages[which]);
        messages[which]->received_ns = 1795404852000000000;
    }
    must(decode_next(world.decoder, by, &cursor, messages[which], world.entries[0]));
}

static void decode_shape(size_t which)
{
    decode_shape_by(&rules, which);
}

static void decode_text_line(void)
{
    decode_shape(0);
}
static void decode_pyzmq_topic(void)
{
    decode_shape(1);
}
static void decode_rfc5424(void)
{
    decode_shape(2);
}
static void decode_rfc5424_names(void)
{
    decode_shape(3);
}
static void decode_rfc3164(void)
{
    decode_shape(4);
}
static void decode_priority(void)
{
    decode_shape(5);
}
static void decode_czmq(void)
{
    decode_shape(6);
}
static void decode_ruby(void)
{
    decode_shape(7);
}
static void decode_text_like(void)
{
    decode_shape(8);
}

static void decode_one_by(const struct decode_rules *by)
{
    static struct message *one;
    struct decode_cursor cursor = {0};

    if (!one)
        one = make_message(1);
    must(decode_next(world.decoder, by, &cursor, one, world.entries[0]));
}

static void decode_one(void)
{
    decode_one_by(&rules);
}

/* The same with the format named: what `auto` costs is the difference. */
static void decode_shape_named(size_t which, enum conf_decode format)
{
    named.decode = format;
    decode_shape_by(&named, which);
}
static void decode_text_named(void)
{
    decode_shape_named(0, CONF_DECODE_TEXT);
}
static void decode_rfc5424_named(void)
{
    decode_shape_named(2, CONF_DECODE_RFC5424);
}
static void decode_rfc3164_named(void)
{
    decode_shape_named(4, CONF_DECODE_RFC3164);
}
static void decode_json_named(void)
{
    named.decode = CONF_DECODE_JSON;
    decode_one_by(&named);
}

/* What loggers in use send, with keys that need a second look. */
static void decode_text_of(struct message **message, const char *text)
{
    struct decode_cursor cursor = {0};

    if (!*message)
        *message =
            message_take(world.messages, &(struct message_parts){.payload = {text, strlen(text)}});
    must(*message && decode_next(world.decoder, &rules, &cursor, *message, world.entries[0]));
}

static void decode_pino(void)
{
    static struct message *message;

    decode_text_of(&message,
                   "{\"level\":30,\"time\":1795404852123,\"pid\":4711,\"hostname\":\"web-01\","
                   "\"name\":\"checkout\",\"user\":\"u-4821\",\"ms\":35,"
                   "\"msg\":\"order was paid by card in 35 ms and handed over\"}");
}

static void decode_ecs(void)
{
    static struct message *message;

    decode_text_of(&message,
                   "{\"@timestamp\":\"2026-11-23T03:34:12.123Z\",\"log\":{\"level\":\"info\","
                   "\"logger\":\"shop.cart\"},\"host\":{\"name\":\"web-01\"},"
                   "\"service\":{\"name\":\"checkout\"},\"message\":\"order was paid by card\"}");
}

/* ---- routing: what a sink costs that does not want the entry ----------------------------------
 */

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

/* ---- the harness --------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*run)(void);
    unsigned entries; /* in one op, for the rate; 0: not entries */
} benchmarks[] = {
    {"StringBuilding/memcpy", one_memcpy_an_entry, ENTRIES},
    {"StringBuilding/RenderBlock", render_block, ENTRIES},
    {"StringBuilding/snprintf", snprintf_into_reused_buffer, ENTRIES},
    {"StringBuilding/naive", naive_concatenation, ENTRIES},
    {"BuilderReuse/new", new_builder_each_time, ENTRIES},
    {"BuilderReuse/reused", reused_builder, ENTRIES},
    {"PreSizing/growing", growing_builder, ENTRIES},
    {"PreSizing/presized", presized_builder, ENTRIES},
    {"ObjectPool/malloc", malloc_and_free_an_entry, ENTRIES},
    {"ObjectPool/pool", pool_take_and_return_an_entry, ENTRIES},
    {"BatchAllocation/each", one_malloc_an_object, ENTRIES},
    {"BatchAllocation/batch", one_malloc_a_batch, ENTRIES},
    {"Views/copies", copy_the_strings, ENTRIES},
    {"Views/spans", view_the_strings, ENTRIES},
    {"CompactEntries/pointers", read_wide_entries, MANY},
    {"CompactEntries/spans", read_compact_entries, MANY},
    {"Json/strings", json_by_way_of_strings, ENTRIES},
    {"Json/straight", json_straight_into_block, ENTRIES},
    {"Routing/none", route_to_no_sink, ENTRIES},
    {"Routing/ten", route_past_ten_sinks, ENTRIES},
    {"Routing/expression", route_past_an_expression, ENTRIES},
    {"Decode/one", decode_one, 1},
    {"Decode/text", decode_text_line, 1},
    {"Decode/text+like", decode_text_like, 1},
    {"Decode/topic", decode_pyzmq_topic, 1},
    {"Decode/rfc5424", decode_rfc5424, 1},
    {"Decode/rfc5424+names", decode_rfc5424_names, 1},
    {"Decode/rfc3164", decode_rfc3164, 1},
    {"Decode/priority", decode_priority, 1},
    {"Decode/czmq", decode_czmq, 1},
    {"Decode/ruby", decode_ruby, 1},
    {"Decode/json+named", decode_json_named, 1},
    {"Decode/text+named", decode_text_named, 1},
    {"Decode/rfc5424+named", decode_rfc5424_named, 1},
    {"Decode/rfc3164+named", decode_rfc3164_named, 1},
    {"Decode/pino", decode_pino, 1},
    {"Decode/ecs", decode_ecs, 1},
    {"Decode/batch+render", decode_and_render_64_kib, 65536 / sizeof json_line},
};

enum { SLICES = 40 };

static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double time_runs(void (*run)(void), unsigned long runs)
{
    double began = now_ns();

    for (unsigned long i = 0; i < runs; i++)
        run();
    return now_ns() - began;
}

/* How many runs fill a slice of this length. */
static unsigned long runs_in(void (*run)(void), double slice_ns)
{
    unsigned long runs = 1;

    while (time_runs(run, runs) < slice_ns)
        runs *= 2;
    return runs;
}

/* The fastest of many short slices: on a shared machine, what disturbs only adds. */
static void measure(unsigned which, double bench_ns)
{
    void (*run)(void) = benchmarks[which].run;
    unsigned long runs, all_runs;
    double best = 0;
    struct wrap_count before, after;

    run();
    runs = runs_in(run, bench_ns / SLICES);
    all_runs = runs * SLICES;
    before = wrap_malloc_count();
    for (unsigned i = 0; i < SLICES; i++) {
        double took = time_runs(run, runs);

        if (i == 0 || took < best)
            best = took;
    }
    after = wrap_malloc_count();
    best /= (double)runs;
    printf("Benchmark%s-2 %lu %.1f ns/op %lu B/op %lu allocs/op %.2f ns/entry\n",
           benchmarks[which].name, all_runs, best, (after.bytes - before.bytes) / all_runs,
           (after.calls - before.calls) / all_runs, best / benchmarks[which].entries);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *ms = getenv("BENCH_MS");
    double bench_ns = (ms ? atof(ms) : 400) * 1e6;

    make_world();
    for (unsigned i = 0; i < sizeof benchmarks / sizeof benchmarks[0]; i++) {
        if (argc < 2 || strstr(benchmarks[i].name, argv[1]))
            measure(i, bench_ns);
    }
    return 0;
}
