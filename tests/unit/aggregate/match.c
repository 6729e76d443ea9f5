/* match.c - which entries a sink takes, key by key and all together. */
#include "aggregate/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/glob.h"
#include "conf/check_text.h"
#include "tests/unit/aggregate/sample.h"

static struct sample sample;

static struct {
    struct conf_problems *problems;
    struct conf *conf;
    struct match *match;
    struct expression_room *room;
} t;

static void forget(void)
{
    match_free(&t.match);
    if (t.conf)
        conf_free(&t.conf);
    conf_problems_free(&t.problems);
}

static const struct conf_match *conf_of(const char *match)
{
    char text[1024];

    snprintf(text, sizeof text,
             "ingest: [{name: in, bind: 'tcp://127.0.0.1:0'}]\n"
             "sinks: [{name: out, type: stdout, match: %s}]\n",
             match);
    t.problems = conf_problems_new();
    t.conf = conf_load_text("x.yaml", text, strlen(text), t.problems);
    if (conf_problems_count(t.problems) > 0) {
        conf_problems_print(t.problems, stderr);
        fail();
    }
    return &t.conf->sinks[0].match;
}

/* From the YAML of a `match`. */
static void with(const char *match)
{
    const void *setting;
    struct err err;

    forget();
    t.match = match_new(conf_of(match), &setting, &err);
    if (!t.match)
        fail_msg("%s", err.text);
}

static unsigned answer(void)
{
    return match_ask(t.match, t.room, sample.entry, sample.base);
}

static bool takes(void)
{
    return answer() & MATCH_TAKES;
}

/* The sample is `shop` on `web1`, topic `orders.eu`, level info, "order placed", from 10.0.0.7. */
static int begin(void **state)
{
    (void)state;
    sample_full(&sample)->origin.peer = sample_str(&sample, "10.0.0.7");
    t.room = expression_room_new(65536);
    return 0;
}

static int end(void **state)
{
    (void)state;
    forget();
    expression_room_free(&t.room);
    return 0;
}

static const struct {
    const char *match;
    bool takes;
} matches[] = {
    {"{}", true},
    {"{app: shop}", true},
    {"{app: sho}", false},
    {"{app: '*'}", true},
    {"{app: [bank, 'sh*']}", true},
    {"{app: [bank, 'ch*']}", false},
    {"{host: 'web*', app: shop}", true},
    {"{host: 'db*', app: shop}", false}, /* all keys */
    {"{topic: 'orders.*'}", true},
    {"{topic: '*.us'}", false},
    {"{min_level: info}", true},
    {"{min_level: debug}", true},
    {"{min_level: notice}", false},
    {"{min_level: WARN}", false},
    {"{app: shop, not: {}}", true}, /* asks for nothing */
    {"{not: {app: shop}}", false},
    {"{not: {app: bank}}", true},
    {"{not: {app: shop, host: db1}}", true}, /* all keys, there too */
    {"{not: {app: shop, host: [db1, web1]}}", false},
    {"{not: {min_level: warning}}", true},
    {"{not: {min_level: info}}", false},
    {"{app: 'sh*', min_level: info, topic: '*', not: {topic: 'orders.us'}}", true},
    {"{peer: '10.0.0.*'}", true},
    {"{peer: ['10.1.*', 'uid:0,*']}", false},
    {"{peer: '-'}", false},
    {"{host: 'web*', not: {peer: '10.*'}}", false},
    {"{host: 'web*', not: {peer: 'uid:*'}}", true},
    {"{message: placed}", true},
    {"{message: '^placed'}", false},
    {"{message: 'order (placed|paid)', app: shop}", true},
    {"{message: placed, app: bank}", false},
    {"{not: {message: placed}}", false},
    {"{not: {message: paid}}", true},
    {"{not: {message: placed, app: bank}}", true},
    {"{message: order, not: {message: placed, app: shop}}", false},
    {"{app: 'sh*', min_level: info, topic: '*', not: {topic: '*.eu'}}", false},
};

static void an_entry_is_taken_if_all_keys_are_like_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof matches / sizeof matches[0]; i++) {
        with(matches[i].match);
        if (takes() != matches[i].takes)
            fail_msg("%s", matches[i].match);
    }
}

static void min_level_is_at_least_as_grave(void **state)
{
    char match[64];

    (void)state;
    for (unsigned least = LEVEL_EMERG; least < LEVEL_NONE; least++) {
        snprintf(match, sizeof match, "{min_level: %s}", level_name(least)->text);
        with(match);
        for (unsigned level = LEVEL_EMERG; level <= LEVEL_NONE; level++) {
            sample.entry->level = (uint8_t)level;
            assert_int_equal(takes(), level <= least); /* so one without a level never is */
        }
    }
}

static void what_an_entry_does_not_have_counts_as_a_dash(void **state)
{
    (void)state;
    sample.entry->app.len = 0;
    sample.entry->level = LEVEL_NONE;
    with("{app: '-'}");
    assert_true(takes());
    with("{app: '*', host: '*', topic: '*'}");
    assert_true(takes());
    with("{app: '?*'}");
    assert_true(takes());
    with("{app: 'shop'}");
    assert_false(takes());
    with("{not: {app: '-'}}");
    assert_false(takes());
    with("{not: {min_level: trace}}");
    assert_true(takes());
}

static void everything_is_taken_by_those_that_ask_for_nothing(void **state)
{
    static const struct {
        const char *match;
        bool everything;
    } all[] = {
        {"{}", true},
        {"{app: '*', host: ['web*', '*'], topic: '**'}", true},
        {"{not: {}}", true},
        {"{app: 'a*'}", false},
        {"{app: '?*'}", false},
        {"{min_level: trace}", false},
        {"{not: {app: x}}", false},
        {"{message: '.*'}", false},
        {"{not: {message: x}}", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        with(all[i].match);
        if (match_is_everything(t.match) != all[i].everything)
            fail_msg("%s", all[i].match);
    }
}

static void what_is_no_glob_is_told_at_its_item(void **state)
{
    const struct conf_match *conf = conf_of("{host: 'a*', not: {topic: [a, 'b[']}}");
    const void *setting;
    struct err err;

    (void)state;
    assert_null(match_new(conf, &setting, &err));
    assert_ptr_equal(setting, conf->except.topic.items[1]);
    assert_non_null(strstr(err.text, "'b['"));
}

static void an_expression_that_is_none_is_told_at_its_setting(void **state)
{
    const struct conf_match *conf = conf_of("{not: {message: 'a(b'}}");
    const void *setting;
    struct err err;

    (void)state;
    assert_null(match_new(conf, &setting, &err));
    assert_ptr_equal(setting, &conf->except.message);
    assert_non_null(strstr(err.text, "missing closing parenthesis"));
}

/* It counts as not found: in `match` the entry is left, in `not` it is not left out. */
static void a_search_that_gives_up_has_found_nothing_and_says_so(void **state)
{
    (void)state;
    sample.entry->text = sample_str(&sample, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
    with("{message: '(a+)+$'}");
    assert_int_equal(answer(), MATCH_LEAVES | MATCH_GAVE_UP);
    with("{not: {message: '(a+)+$'}}");
    assert_int_equal(answer(), MATCH_TAKES | MATCH_GAVE_UP);
    with("{app: bank, message: '(a+)+$'}"); /* asked last, so not at all */
    assert_int_equal(answer(), MATCH_LEAVES);
    with("{app: shop, not: {app: bank, message: '(a+)+$'}}");
    assert_int_equal(answer(), MATCH_TAKES);
}

static void only_those_that_search_need_a_room(void **state)
{
    (void)state;
    with("{app: shop}");
    assert_false(match_searches(t.match));
    assert_false(match_lacks_jit(t.match));
    assert_false(match_conf_searches(&t.conf->sinks[0].match));
    with("{not: {message: x}}");
    assert_true(match_searches(t.match));
    assert_true(match_conf_searches(&t.conf->sinks[0].match));
    assert_int_equal(match_bytes(&t.conf->sinks[0].match), EXPRESSION_BYTES_MAX);
}

/* conf/ has a list of its own, since it knows nobody. */
static void the_words_for_levels_are_those_that_clients_may_use(void **state)
{
    unsigned count = 0;

    (void)state;
    for (; check_level_words[count]; count++)
        assert_int_not_equal(
            level_parse(check_level_words[count], strlen(check_level_words[count])), LEVEL_NONE);
    for (unsigned level = 0; level < LEVEL_NONE; level++)
        assert_int_equal(check_level(NULL, level_name(level)->text, NULL), 0);
    assert_int_equal(count, 21); /* as many as level.c has */
}

static void more_globs_need_more_memory(void **state)
{
    (void)state;
    assert_int_equal(match_bytes(conf_of("{}")), 0);
    forget();
    assert_int_equal(match_bytes(conf_of("{app: [a, b], not: {host: 'c*'}}")),
                     2 * glob_bytes(1) + glob_bytes(2));
}

static void who_sent_it_is_asked_for_only_by_those_that_name_it(void **state)
{
    (void)state;
    assert_false(match_conf_asks_peer(conf_of("{host: '10.*', not: {app: peer}}")));
    forget();
    assert_true(match_conf_asks_peer(conf_of("{peer: '10.*'}")));
    forget();
    assert_true(match_conf_asks_peer(conf_of("{not: {peer: '10.*'}}")));
    forget();
    with("{peer: '*'}");
    assert_true(match_is_everything(t.match));
    with("{peer: '1*'}");
    assert_false(match_is_everything(t.match));
    sample.entry->origin.peer = (struct span){0};
    assert_false(takes());
    with("{peer: '-'}");
    assert_true(takes());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_entry_is_taken_if_all_keys_are_like_it, begin, end),
        cmocka_unit_test_setup_teardown(min_level_is_at_least_as_grave, begin, end),
        cmocka_unit_test_setup_teardown(what_an_entry_does_not_have_counts_as_a_dash, begin, end),
        cmocka_unit_test_setup_teardown(everything_is_taken_by_those_that_ask_for_nothing, begin,
                                        end),
        cmocka_unit_test_setup_teardown(what_is_no_glob_is_told_at_its_item, begin, end),
        cmocka_unit_test_setup_teardown(an_expression_that_is_none_is_told_at_its_setting, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_search_that_gives_up_has_found_nothing_and_says_so, begin,
                                        end),
        cmocka_unit_test_setup_teardown(only_those_that_search_need_a_room, begin, end),
        cmocka_unit_test_setup_teardown(the_words_for_levels_are_those_that_clients_may_use, begin,
                                        end),
        cmocka_unit_test_setup_teardown(who_sent_it_is_asked_for_only_by_those_that_name_it, begin,
                                        end),
        cmocka_unit_test_setup_teardown(more_globs_need_more_memory, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
