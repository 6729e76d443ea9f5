/* changes.c - what is different, whose it is, and what becomes of it. */
#include "conf/changes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define INGEST "ingest: [{name: apps, bind: 'tcp://127.0.0.1:5514'}]\n"
#define SINK   "sinks: [{name: all, type: file, path: all.log}]\n"

static struct conf *read_conf(const char *text)
{
    struct conf_problems *problems = conf_problems_new();
    struct conf *conf = conf_load_text("test.yaml", text, strlen(text), problems);

    conf_problems_print(problems, stderr);
    assert_int_equal(conf_problems_count(problems), 0);
    conf_problems_free(&problems);
    return conf;
}

static const char *const effects[] = {"in place", "anew", "target", "restart"};

/* "sink all: sync is 1s, was none (anew)\n" for each. */
static void note(const struct conf_change *change, void *context)
{
    char *text = context;
    size_t len = strlen(text);

    snprintf(text + len, 2000 - len, "%s%s%s (%s)\n", change->whose, *change->whose ? ": " : "",
             change->what, effects[change->effect]);
}

static void check(const char *older_text, const char *newer_text, const char *expected)
{
    struct conf *older = read_conf(older_text), *newer = read_conf(newer_text);
    char told[2000] = "";

    conf_compare(older, newer, note, told);
    assert_string_equal(told, expected);
    conf_free(&older);
    conf_free(&newer);
}

static void the_same_text_has_no_changes(void **state)
{
    (void)state;
    check(INGEST SINK, INGEST SINK, "");
    check(INGEST SINK, SINK "drain_timeout: 5000ms\n" INGEST, "");
}

static void each_change_is_told_with_what_becomes_of_it(void **state)
{
    static const struct {
        const char *older, *newer, *told;
    } rows[] = {
        {"drain_timeout: 1s\n" INGEST SINK, "drain_timeout: 2s\n" INGEST SINK,
         "drain_timeout is 2s, was 1s (in place)\n"},
        {"memory: {cap: 64MiB}\n" INGEST SINK, "memory: {cap: 32MiB}\n" INGEST SINK,
         "memory.cap is 32MiB, was 64MiB (restart)\n"},
        {INGEST SINK, "timezone: local\n" INGEST SINK, "timezone is local, was utc (restart)\n"},
        {INGEST SINK,
         "ingest: [{name: apps, bind: 'tcp://127.0.0.1:5515', fields: {env: prod}}]\n" SINK,
         "endpoint apps: bind is tcp://127.0.0.1:5515, was tcp://127.0.0.1:5514 (restart)\n"
         "endpoint apps: fields is {env: prod}, was {} (in place)\n"},
        {INGEST SINK, "ingest: [{name: more, bind: 'tcp://127.0.0.1:5514'}]\n" SINK,
         "endpoint more: added (restart)\nendpoint apps: removed (restart)\n"},
        {INGEST SINK, INGEST "sinks: [{name: all, type: stdout}]\n",
         "sink all: type is stdout, was file (target)\n"
         "sink all: path is none, was all.log (target)\n"},
        {INGEST SINK,
         INGEST "sinks: [{name: all, type: file, path: all.log, match: {app: [a, b], not: "
                "{min_level: error}}, sync: 1s, mode: '0600', rotate: {size: 1MiB}}]\n",
         "sink all: match.app is [a, b], was none (in place)\n"
         "sink all: match.not.min_level is error, was none (in place)\n"
         "sink all: mode is 0600, was 0640 (anew)\n"
         "sink all: rotate.size is 1MiB, was none (anew)\n"
         "sink all: sync is 1s, was none (anew)\n"},
        {INGEST SINK,
         INGEST "sinks: [{name: more, type: stdout}, {name: all, type: file, path: all.log}]\n",
         "sink more: added (in place)\n"},
        {INGEST "sinks: [{name: more, type: stdout}, {name: all, type: file, path: all.log}]\n",
         INGEST SINK, "sink more: removed (in place)\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(rows[i].older, rows[i].newer, rows[i].told);
}

/* The value is the same, and yet it means something else. */
static void notices_of_raw_are_on_only_when_written(void **state)
{
    (void)state;
    check(INGEST "sinks: [{name: all, type: stdout, format: raw}]\n",
          INGEST "sinks: [{name: all, type: stdout, format: raw, notices: on}]\n",
          "sink all: notices is on, was off (in place)\n");
}

static void a_long_value_is_cut(void **state)
{
    char path[200], newer[400], told[500];

    (void)state;
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    snprintf(newer, sizeof newer, INGEST "sinks: [{name: all, type: file, path: %s}]\n", path);
    snprintf(told, sizeof told, "sink all: path is %.76s..., was all.log (target)\n", path);
    check(INGEST SINK, newer, told);
}

static void a_conf_is_there_until_its_last_user_frees_it(void **state)
{
    struct conf *conf = read_conf(INGEST SINK), *same = conf_ref(conf);

    (void)state;
    conf_free(&conf);
    assert_null(conf);
    conf_forget_places(same);
    assert_string_equal(same->sinks[0].name, "all");
    conf_free(&same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_text_has_no_changes),
        cmocka_unit_test(each_change_is_told_with_what_becomes_of_it),
        cmocka_unit_test(notices_of_raw_are_on_only_when_written),
        cmocka_unit_test(a_long_value_is_cut),
        cmocka_unit_test(a_conf_is_there_until_its_last_user_frees_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
