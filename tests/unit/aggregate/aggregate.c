/* aggregate.c - an entry goes into every sink or into none, and is counted once. */
#include "aggregate/aggregate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/misuse.h"
#include "tests/unit/aggregate/rendered.h"

enum { CAP = BLOCK_CAP_MIN, QUOTA = 2, SINKS = 3, VECTORS = QUOTA };

#define LINE "[2026-11-23T03:34:12.123456Z] info: "

static struct budget budget;
static struct pool *blocks;
static struct aggregate *aggregate;
static struct endpoint_ledger endpoint;
static struct outbox *outboxes[SINKS];
static struct format *formats[SINKS];
static struct match *matches[SINKS];
static const struct sink_ledger *ledgers[SINKS];

static int with_an_aggregate(void **state)
{
    struct err err;

    (void)state;
    budget_init(&budget, pool_bytes(block_slot_bytes(CAP), SINKS * QUOTA));
    blocks = pool_new(&budget, BUDGET_BLOCKS, block_slot_bytes(CAP), SINKS * QUOTA, &err);
    aggregate = aggregate_new();
    memset(&endpoint, 0, sizeof endpoint);
    sample_full(&sample);
    return 0;
}

static void add_framed_sink(unsigned i, const char *template, enum framing framing)
{
    outboxes[i] = outbox_new(blocks, CAP, QUOTA);
    outbox_set_framing(outboxes[i], framing);
    ledgers[i] = outbox_ledger(outboxes[i]);
    formats[i] = made(template);
    aggregate_add_route(aggregate, outboxes[i], formats[i]);
}

static void add_sink(unsigned i, const char *template)
{
    add_framed_sink(i, template, FRAMING_LINES);
}

/* A sink that only takes the entries of this app. */
static void add_sink_for(unsigned i, const char *template, const char *app)
{
    char *glob = strdup(app);
    struct conf_match conf = {.all.app = {.items = &glob, .count = 1}};
    const void *setting;

    add_sink(i, template);
    matches[i] = match_new(&conf, &setting, NULL);
    assert_non_null(matches[i]);
    free(glob);
    aggregate_narrow_route(aggregate, matches[i], NULL);
}

static void app_of(const char *app)
{
    sample_full(&sample)->app = sample_str(&sample, app);
}

/* The last step of each test. */
static void all_home(void)
{
    assert_true(endpoint_ledger_balances(&endpoint));
    aggregate_free(&aggregate);
    assert_null(aggregate);
    for (unsigned i = 0; i < SINKS; i++) {
        match_free(&matches[i]);
        if (!outboxes[i])
            continue;
        assert_true(sink_ledger_balances(ledgers[i]));
        outbox_drop_all(outboxes[i], DROP_SHUTDOWN);
        outbox_free(&outboxes[i]);
        format_free(&formats[i]);
    }
    pool_free(&blocks);
    budget_fini(&budget);
}

static enum offered offer(void)
{
    return aggregate_offer(aggregate, sample.entry, sample.base, &endpoint);
}

/* Makes the sample's text `len` times this byte. */
static void text_of(char byte, size_t len)
{
    char *bytes = malloc(len + 1);

    memset(bytes, byte, len);
    sample_begin(&sample)->text = sample_bytes(&sample, bytes, len);
    sample.entry->source = sample.entry->text;
    free(bytes);
}

/* Writes all that this sink has; the text lasts until the next call. */
static const char *written(unsigned i, size_t *len_out)
{
    static char text[QUOTA * CAP + 1];
    struct iovec vectors[VECTORS];
    unsigned count = outbox_begin_write(outboxes[i], vectors, VECTORS);
    size_t len = 0;

    for (unsigned v = 0; v < count; v++) {
        memcpy(text + len, vectors[v].iov_base, vectors[v].iov_len);
        len += vectors[v].iov_len;
    }
    outbox_wrote(outboxes[i], len);
    text[len] = '\0';
    if (len_out)
        *len_out = len;
    return text;
}

static void without_a_sink_entries_are_taken_and_counted_as_unrouted(void **state)
{
    (void)state;
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    assert_int_equal(endpoint.received, 1);
    assert_int_equal(endpoint.accepted, 1);
    assert_int_equal(endpoint.unrouted, 1);
    assert_int_equal(endpoint.routed, 0);
    assert_int_equal(aggregate_newest(aggregate), 1);
    assert_int_equal(aggregate_done_through(aggregate), 1);
    all_home();
}

static void every_sink_has_the_entry_in_its_own_format(void **state)
{
    (void)state;
    add_sink(0, "line");
    add_sink(1, "raw");
    add_sink(2, "{app}{fields}");
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    sample.entry->app.len = 0;
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    assert_string_equal(written(0, NULL), LINE "order placed\n" LINE "order placed\n");
    assert_string_equal(written(1, NULL),
                        "{\"message\":\"order placed\"}\n{\"message\":\"order placed\"}\n");
    assert_string_equal(written(2, NULL), "shop user=\"ada\" total=\"12.50\"\n"
                                          "- user=\"ada\" total=\"12.50\"\n");
    assert_int_equal(endpoint.routed, 2); /* entries, not copies */
    for (unsigned i = 0; i < SINKS; i++)
        assert_int_equal(ledgers[i]->written, 2);
    all_home();
}

static void every_sink_has_the_entry_in_its_own_framing(void **state)
{
    size_t len;
    const char *text;

    (void)state;
    add_framed_sink(0, "{app}", FRAMING_LINES);
    add_framed_sink(1, "{app}", FRAMING_OCTET_COUNTED);
    add_framed_sink(2, "{app}", FRAMING_NUL);
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    sample.entry->app = sample_str(&sample, "longer.name");
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    assert_string_equal(written(0, NULL), "shop\nlonger.name\n");
    assert_string_equal(written(1, NULL), "4 shop11 longer.name");
    text = written(2, &len);
    assert_int_equal(len, 17);
    assert_memory_equal(text, "shop\0longer.name\0", 17);
    all_home();
}

/* The frame fits the block to its last byte, and what stands behind it is whole. */
static void the_longest_counted_entry_is_whole_and_a_longer_one_is_cut(void **state)
{
    enum { HEAD = 6, LONGEST = CAP - BLOCK_SPARE - sizeof(uint32_t) - HEAD };
    size_t len;
    const char *text;
    char head[32];

    (void)state;
    add_framed_sink(0, "{message}", FRAMING_OCTET_COUNTED);
    text_of('x', LONGEST);
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    text = written(0, &len);
    snprintf(head, sizeof head, "%d x", LONGEST);
    assert_memory_equal(text, head, strlen(head));
    assert_int_equal(len, HEAD + LONGEST);
    assert_int_equal(text[len - 1], 'x');
    assert_int_equal(ledgers[0]->cut, 0);

    text_of('x', LONGEST + 1);
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    text = written(0, &len);
    assert_string_equal(text + len - 8, "x \\[cut]");
    assert_int_equal(strtoul(text, NULL, 10), len - HEAD);
    assert_int_equal(ledgers[0]->cut, 1);
    all_home();
}

static void marks_are_counted_when_the_entry_is_taken(void **state)
{
    (void)state;
    sample.entry->malformed = true;
    offer();
    sample.entry->cut = true;
    offer();
    sample.entry->malformed = false;
    offer();
    assert_int_equal(endpoint.malformed, 2);
    assert_int_equal(endpoint.cut, 2);
    all_home();
}

/* Once an entry, in whichever of its parts and however often; where bytes can be shown, it is no
 * matter. */
static void entries_that_json_cannot_carry_are_counted(void **state)
{
    (void)state;
    add_sink(0, "json");
    add_sink(1, "logfmt");
    add_sink(2, "text");
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    assert_int_equal(ledgers[0]->not_utf8, 0);
    text_of('\xff', 17);
    sample_field(&sample, "a", sample_str(&sample, "\xc3("));
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    text_of('\n', 17);
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    text_of('\n', 17);
    sample_field(&sample, "a", sample_str(&sample, "\xc3("));
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    assert_int_equal(ledgers[0]->not_utf8, 2);
    assert_int_equal(ledgers[1]->not_utf8, 2);
    assert_int_equal(ledgers[2]->not_utf8, 0);
    all_home();
}

static void a_full_sink_makes_us_busy_and_nothing_changes_anywhere(void **state)
{
    struct endpoint_ledger endpoint_before;
    struct sink_ledger before[SINKS];

    (void)state;
    add_sink(0, "{app}");
    add_sink(1, "{message}");
    add_sink(2, "{app}");
    text_of('x', block_longest(CAP) - 1);
    for (unsigned i = 0; i < QUOTA; i++)
        assert_int_equal(offer(), AGGREGATE_TAKEN);
    endpoint_before = endpoint;
    for (unsigned i = 0; i < SINKS; i++)
        before[i] = *ledgers[i];

    sample_full(&sample)->malformed = true;
    for (unsigned again = 0; again < 3; again++)
        assert_int_equal(offer(), AGGREGATE_BUSY);
    assert_memory_equal(&endpoint, &endpoint_before, sizeof endpoint);
    for (unsigned i = 0; i < SINKS; i++)
        assert_memory_equal(ledgers[i], &before[i], sizeof before[i]);
    assert_int_equal(aggregate_newest(aggregate), QUOTA);
    assert_string_equal(written(0, NULL), "-\n-\n");
    assert_int_equal(offer(), AGGREGATE_BUSY);

    written(1, NULL);
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    assert_string_equal(written(0, NULL), "shop\n");
    assert_string_equal(written(1, NULL), "order placed\n");
    assert_string_equal(written(2, NULL), "-\n-\nshop\n");
    all_home();
}

/* Sink 0 drops what is oldest, 1 blocks, 2 drops what is newest; all of them are full. */
static void fill_three_policies(void)
{
    for (unsigned i = 0; i < SINKS; i++)
        add_sink(i, "{message}");
    outbox_set_policy(outboxes[0], OUTBOX_DROP_OLDEST);
    outbox_set_policy(outboxes[2], OUTBOX_DROP_NEWEST);
    text_of('x', block_longest(CAP) - 1);
    for (unsigned i = 0; i < QUOTA; i++)
        assert_int_equal(offer(), AGGREGATE_TAKEN);
    sample_full(&sample);
}

static void nobody_drops_what_somebody_else_holds_back(void **state)
{
    struct sink_ledger before[SINKS];

    (void)state;
    fill_three_policies();
    for (unsigned i = 0; i < SINKS; i++)
        before[i] = *ledgers[i];
    assert_int_equal(offer(), AGGREGATE_BUSY);
    assert_int_equal(aggregate_busy_route(aggregate), 1);
    for (unsigned i = 0; i < SINKS; i++) {
        assert_memory_equal(ledgers[i], &before[i], sizeof before[i]);
        assert_int_equal(aggregate_is_busy(aggregate, i), i == 1);
    }
    written(1, NULL);
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    assert_false(aggregate_is_busy(aggregate, 1));
    assert_int_equal(ledgers[0]->dropped[DROP_FULL], 1);
    assert_int_equal(ledgers[1]->queued, 1);
    assert_int_equal(ledgers[2]->dropped[DROP_FULL], 1);
    assert_int_equal(endpoint.routed, QUOTA + 1); /* a drop is a sink's affair */
    all_home();
}

static void who_cannot_wait_is_taken_and_dropped_where_it_would_wait(void **state)
{
    (void)state;
    fill_three_policies();
    assert_int_equal(offer(), AGGREGATE_BUSY);
    aggregate_take(aggregate, sample.entry, sample.base, &endpoint);
    assert_int_equal(aggregate_busy_route(aggregate), 1); /* others wait as before */
    assert_int_equal(ledgers[0]->dropped[DROP_FULL], 1);
    assert_int_equal(ledgers[1]->dropped[DROP_SUB_FULL], 1);
    assert_int_equal(ledgers[2]->dropped[DROP_FULL], 1);
    assert_int_equal(aggregate_newest(aggregate), QUOTA + 1);
    outbox_expire(outboxes[1]);
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    assert_int_equal(ledgers[1]->dropped[DROP_BLOCK_EXPIRED], 1);
    for (unsigned i = 0; i < SINKS; i++) {
        while (!outbox_is_empty(outboxes[i]))
            written(i, NULL);
    }
    assert_int_equal(aggregate_done_through(aggregate), QUOTA + 2);
    all_home();
}

static void several_can_be_busy_at_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SINKS; i++)
        add_sink(i, "{message}");
    text_of('x', block_longest(CAP) - 1);
    offer();
    offer();
    written(1, NULL);
    assert_int_equal(offer(), AGGREGATE_BUSY);
    assert_true(aggregate_is_busy(aggregate, 0));
    assert_false(aggregate_is_busy(aggregate, 1));
    assert_true(aggregate_is_busy(aggregate, 2));
    all_home();
}

static void all_is_done_up_to_where_the_slowest_sink_stands(void **state)
{
    (void)state;
    add_sink(0, "line");
    add_sink(1, "line");
    assert_int_equal(aggregate_newest(aggregate), 0);
    assert_int_equal(aggregate_done_through(aggregate), 0);
    for (unsigned i = 1; i <= 3; i++) {
        offer();
        assert_int_equal(aggregate_newest(aggregate), i);
    }
    assert_int_equal(aggregate_done_through(aggregate), 0);
    written(0, NULL);
    assert_int_equal(aggregate_done_through(aggregate), 0);
    written(1, NULL);
    assert_int_equal(aggregate_done_through(aggregate), 3);
    offer();
    written(1, NULL);
    assert_int_equal(aggregate_done_through(aggregate), 3);
    outbox_drop_all(outboxes[0], DROP_SHUTDOWN);
    assert_int_equal(aggregate_done_through(aggregate), 4);
    all_home();
}

static void the_longest_entry_is_whole_and_one_byte_more_is_cut(void **state)
{
    const char *line;
    size_t longest = block_longest(CAP), len;

    (void)state;
    add_sink(0, "{message}");
    text_of('x', longest - 1);
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    line = written(0, &len);
    assert_int_equal(len, longest);
    assert_null(strstr(line, "cut"));
    assert_int_equal(ledgers[0]->cut, 0);

    text_of('x', longest);
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    line = written(0, &len);
    assert_true(len <= longest && len > longest - 8);
    assert_string_equal(line + len - 9, "x \\[cut]\n");
    assert_int_equal(ledgers[0]->cut, 1);
    assert_int_equal(endpoint.cut, 0); /* the entry was not: only its line is */
    all_home();
}

static void an_entry_is_cut_only_where_it_is_too_long(void **state)
{
    size_t len;

    (void)state;
    add_sink(0, "text");
    add_sink(1, "raw");
    text_of('\x01', 20000); /* four bytes each, and one */
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    assert_non_null(strstr(written(0, NULL), "\\x01 \\[cut]\n"));
    written(1, &len);
    assert_int_equal(len, 20001);
    assert_int_equal(ledgers[0]->cut, 1);
    assert_int_equal(ledgers[1]->cut, 0);
    all_home();
}

static void what_must_be_cut_waits_for_a_whole_block(void **state)
{
    (void)state;
    add_sink(0, "raw");
    text_of('x', block_longest(CAP) - 1);
    offer();
    sample_full(&sample);
    offer();
    text_of('x', 3 * (size_t)CAP);
    assert_int_equal(offer(), AGGREGATE_BUSY);
    assert_int_equal(ledgers[0]->cut, 0);
    written(0, NULL);
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    assert_int_equal(ledgers[0]->cut, 1);
    all_home();
}

static void the_ledgers_hold_after_every_step_of_a_random_streak(void **state)
{
    uint64_t taken = 0;

    (void)state;
    add_sink(0, "text");
    add_sink(1, "json");
    add_sink(2, "raw");
    for (unsigned step = 0; step < 5000; step++) {
        uint64_t done = taken;

        rolled_sample(500);
        if (roll(100) == 0)
            text_of("x\n\x01"[roll(3)], roll(2 * CAP));
        taken += offer() == AGGREGATE_TAKEN;
        if (roll(50) == 0)
            written(roll(SINKS), NULL);
        for (unsigned i = 0; i < SINKS; i++) {
            assert_true(sink_ledger_balances(ledgers[i]));
            assert_int_equal(ledgers[i]->offered, taken);
            done = ledgers[i]->written < done ? ledgers[i]->written : done;
        }
        assert_true(endpoint_ledger_balances(&endpoint));
        assert_int_equal(endpoint.routed, taken);
        assert_int_equal(aggregate_newest(aggregate), taken);
        assert_int_equal(aggregate_done_through(aggregate), done);
    }
    assert_true(taken > 1000 && taken < 5000); /* sometimes busy */
    all_home();
}

static void each_sink_gets_what_matches_and_what_matches_none_is_unrouted(void **state)
{
    (void)state;
    add_sink_for(0, "{app}", "shop");
    add_sink_for(1, "{app}", "b*");
    add_sink_for(2, "{app}", "bank");
    for (unsigned i = 0; i < 4; i++) {
        app_of((const char *const[]){"shop", "bank", "bar", "cafe"}[i]);
        assert_int_equal(offer(), AGGREGATE_TAKEN);
    }
    assert_int_equal(endpoint.accepted, 4);
    assert_int_equal(endpoint.routed, 3);
    assert_int_equal(endpoint.unrouted, 1);
    assert_int_equal(aggregate_newest(aggregate), 4); /* it has its number, too */
    assert_int_equal(ledgers[0]->offered, 1);
    assert_int_equal(ledgers[1]->offered, 2);
    assert_int_equal(ledgers[2]->offered, 1);
    assert_string_equal(written(0, NULL), "shop\n");
    assert_string_equal(written(1, NULL), "bank\nbar\n");
    assert_string_equal(written(2, NULL), "bank\n");
    all_home();
}

static void a_full_sink_holds_back_only_what_it_would_take(void **state)
{
    (void)state;
    add_sink_for(0, "{message}", "shop");
    add_sink_for(1, "{message}", "*");
    app_of("shop");
    while (offer() == AGGREGATE_TAKEN)
        written(1, NULL);
    assert_true(aggregate_is_busy(aggregate, 0));
    assert_false(aggregate_is_busy(aggregate, 1));
    assert_int_equal(aggregate_busy_route(aggregate), 0);
    aggregate_take(aggregate, sample.entry, sample.base, &endpoint); /* somebody else's */
    assert_int_equal(ledgers[0]->dropped[DROP_SUB_FULL], 1);
    app_of("bank");
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    assert_false(aggregate_is_busy(aggregate, 0));
    assert_int_equal(ledgers[0]->dropped[DROP_SUB_FULL], 1);
    all_home();
}

static void a_sink_that_drops_drops_only_what_it_would_take(void **state)
{
    uint64_t dropped;

    (void)state;
    add_sink_for(0, "{message}", "shop");
    outbox_set_policy(outboxes[0], OUTBOX_DROP_NEWEST);
    app_of("shop");
    while (ledgers[0]->dropped[DROP_FULL] == 0)
        assert_int_equal(offer(), AGGREGATE_TAKEN);
    dropped = ledgers[0]->dropped[DROP_FULL];
    app_of("bank");
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    aggregate_take(aggregate, sample.entry, sample.base, &endpoint);
    assert_int_equal(ledgers[0]->dropped[DROP_FULL], dropped);
    assert_int_equal(endpoint.unrouted, 2);
    all_home();
}

static void what_goes_elsewhere_is_done_for_a_sink_that_waits_for_nothing(void **state)
{
    (void)state;
    add_sink_for(0, "{app}", "shop");
    add_sink_for(1, "{app}", "bank");
    app_of("bank");
    offer();
    written(1, NULL);
    assert_int_equal(aggregate_done_through(aggregate), 1);
    app_of("cafe");
    offer();
    assert_int_equal(aggregate_done_through(aggregate), 2); /* for nobody: done at once */
    app_of("shop");
    offer();
    app_of("bank");
    offer();
    written(1, NULL);
    assert_int_equal(aggregate_done_through(aggregate), 2);
    written(0, NULL);
    assert_int_equal(aggregate_done_through(aggregate), 4);
    all_home();
}

/* Also when it is offered again and again, an entry is searched once and counted once. */
static void a_search_that_gives_up_is_counted_in_its_sink_once_an_entry(void **state)
{
    struct conf_match conf = {.all.message = strdup("(a+)+$")};
    struct expression_room *room = expression_room_new(CAP);
    const void *setting;

    (void)state;
    add_sink(0, "{message}");
    add_sink(1, "{message}");
    matches[1] = match_new(&conf, &setting, NULL);
    free(conf.all.message);
    aggregate_narrow_route(aggregate, matches[1], room);
    text_of('x', block_longest(CAP) - 1);
    while (offer() == AGGREGATE_TAKEN)
        ;
    aggregate_take(aggregate, sample.entry, sample.base, &endpoint);
    assert_int_equal(ledgers[1]->match_limit, 0);
    sample_full(&sample)->text = sample_str(&sample, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
    for (unsigned again = 0; again < 3; again++)
        assert_int_equal(offer(), AGGREGATE_BUSY);
    assert_int_equal(ledgers[1]->match_limit, 0);
    written(0, NULL);
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    assert_int_equal(ledgers[1]->match_limit, 1);
    assert_int_equal(ledgers[1]->offered, 0);
    expression_room_free(&room);
    all_home();
}

/* What is taken meanwhile from those who cannot wait leaves the answers for who waits alone. */
static void who_waits_is_not_judged_again_when_others_are_taken(void **state)
{
    static struct sample others;

    (void)state;
    add_sink_for(0, "{message}", "shop");
    add_sink_for(1, "{message}", "bank");
    app_of("shop");
    while (offer() == AGGREGATE_TAKEN)
        ;
    sample_full(&others)->app = sample_str(&others, "bank");
    aggregate_take(aggregate, others.entry, others.base, &endpoint);
    assert_int_equal(ledgers[1]->offered, 1);
    sample.entry->app = sample_str(&sample, "bank"); /* nobody may: so that it would show */
    assert_int_equal(offer(), AGGREGATE_BUSY);
    assert_true(aggregate_is_busy(aggregate, 0));
    written(0, NULL);
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    assert_int_equal(ledgers[1]->offered, 1);
    assert_int_equal(offer(), AGGREGATE_TAKEN); /* as a new one */
    assert_int_equal(ledgers[1]->offered, 2);
    all_home();
}

static void as_many_routes_as_promised_and_not_one_more(void **state)
{
    (void)state;
    add_sink(0, "{app}");
    for (unsigned i = 1; i < AGGREGATE_ROUTES_MAX; i++)
        aggregate_add_route(aggregate, outboxes[0], formats[0]);
    assert_stops(aggregate_add_route(aggregate, outboxes[0], formats[0]));
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    assert_int_equal(ledgers[0]->offered, AGGREGATE_ROUTES_MAX);
    all_home();
}

/* ---- topics ---------------------------------------------------------------------------------- */

static struct format *topic;

static void add_headed_sink(unsigned i, const char *template, const char *topic_template)
{
    struct err err;

    add_sink(i, template);
    topic = format_new_topic(topic_template, &(struct format_options){0}, &err);
    if (!topic)
        fail_msg("%s", err.text);
    aggregate_head_route(aggregate, topic);
}

static void a_topic_and_a_nul_stand_in_front_of_the_line(void **state)
{
    static const char both[] = "shop.info\0<a b>\n-.info\0<->\n";
    const char *text;
    size_t len;

    (void)state;
    add_headed_sink(0, "<{message}>", "{app}.{level}");
    add_sink(1, "{app}");
    sample_begin(&sample)->app = sample_str(&sample, "shop");
    sample.entry->text = sample_str(&sample, "a b");
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    sample_begin(&sample);
    sample.entry->text = sample_str(&sample, "-");
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    text = written(0, &len);
    assert_int_equal(len, sizeof both - 1);
    assert_memory_equal(text, both, len);
    assert_string_equal(written(1, NULL), "shop\n-\n");
    format_free(&topic);
    all_home();
}

/* Names are shortened where a topic would be very long; an entry that is cut keeps its topic. */
static void a_topic_stays_short_and_the_longest_entry_has_one(void **state)
{
    static char name[3000];
    const char *text;
    size_t len;

    (void)state;
    add_headed_sink(0, "{message}", "{app}/{host}");
    text_of('x', 2 * CAP);
    memset(name, 'n', sizeof name - 1);
    sample.entry->app = sample_str(&sample, name);
    sample.entry->host = sample_str(&sample, "web");
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    text = written(0, &len);
    assert_in_range(len, outbox_longest(outboxes[0]) - 8, outbox_longest(outboxes[0]));
    assert_int_equal(strlen(text), 64 + sizeof "/web" - 1);
    assert_memory_equal(text + 60, "nnnn/web\0xxxx", 13);
    assert_int_equal(ledgers[0]->cut, 1);
    format_free(&topic);
    all_home();
}

static void a_topic_is_made_of_names(void **state)
{
    struct format_options options = {0};
    struct err err;
    struct format *plain = format_new_topic("logs", &options, &err);

    (void)state;
    assert_non_null(plain);
    format_free(&plain);
    assert_null(format_new_topic("{message}", &options, &err));
    assert_non_null(strstr(err.text, "a topic has no '{message}'"));
    assert_null(format_new_topic("{app}{fields}", &options, &err));
    assert_null(format_new_topic("", &options, &err));
    assert_null(format_new_topic("{ap}", &options, &err));
    all_home();
}

/* The entry that is parked goes where the routes of now lead, and not to the one of before. */
static void what_is_parked_goes_by_the_routes_that_are_there_then(void **state)
{
    (void)state;
    add_sink(0, "line");
    text_of('x', CAP * 3 / 4);
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    assert_int_equal(offer(), AGGREGATE_BUSY);
    aggregate_forget_routes(aggregate);
    assert_int_equal(aggregate_busy_route(aggregate), -1);
    add_sink(1, "line");
    assert_int_equal(offer(), AGGREGATE_TAKEN);
    assert_int_equal(ledgers[0]->offered, 2);
    assert_int_equal(ledgers[1]->offered, 1);
    assert_int_equal(aggregate_newest(aggregate), 3);
    all_home();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, with_an_aggregate)
        TEST(without_a_sink_entries_are_taken_and_counted_as_unrouted),
        TEST(what_is_parked_goes_by_the_routes_that_are_there_then),
        TEST(every_sink_has_the_entry_in_its_own_format),
        TEST(every_sink_has_the_entry_in_its_own_framing),
        TEST(the_longest_counted_entry_is_whole_and_a_longer_one_is_cut),
        TEST(marks_are_counted_when_the_entry_is_taken),
        TEST(entries_that_json_cannot_carry_are_counted),
        TEST(a_full_sink_makes_us_busy_and_nothing_changes_anywhere),
        TEST(nobody_drops_what_somebody_else_holds_back),
        TEST(who_cannot_wait_is_taken_and_dropped_where_it_would_wait),
        TEST(several_can_be_busy_at_once),
        TEST(all_is_done_up_to_where_the_slowest_sink_stands),
        TEST(the_longest_entry_is_whole_and_one_byte_more_is_cut),
        TEST(an_entry_is_cut_only_where_it_is_too_long),
        TEST(what_must_be_cut_waits_for_a_whole_block),
        TEST(the_ledgers_hold_after_every_step_of_a_random_streak),
        TEST(each_sink_gets_what_matches_and_what_matches_none_is_unrouted),
        TEST(a_full_sink_holds_back_only_what_it_would_take),
        TEST(a_sink_that_drops_drops_only_what_it_would_take),
        TEST(what_goes_elsewhere_is_done_for_a_sink_that_waits_for_nothing),
        TEST(a_search_that_gives_up_is_counted_in_its_sink_once_an_entry),
        TEST(who_waits_is_not_judged_again_when_others_are_taken),
        TEST(as_many_routes_as_promised_and_not_one_more),
        TEST(a_topic_and_a_nul_stand_in_front_of_the_line),
        TEST(a_topic_stays_short_and_the_longest_entry_has_one),
        TEST(a_topic_is_made_of_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
