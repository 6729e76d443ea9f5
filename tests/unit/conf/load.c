/* load.c - whole files that are right, and what a setting does not go with. */
#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/conf/load_rig.h"

/* ---- what is right ------------------------------------------------------- */

static void the_shipped_files_load_without_a_problem(void **state)
{
    struct loaded *loaded = *state;

    assert_string_equal(load_file(loaded, "conf/quickstart.yaml"), "");
    assert_string_equal(loaded->conf->sinks[0].path, "run/all.log");

    assert_string_equal(load_file(loaded, "conf/logboom.yaml"), "");
    assert_int_equal(loaded->conf->ingest[0].bind.count, 2);
    assert_string_equal(loaded->conf->ingest[0].bind.items[1], "ipc:///run/logboom/ingest.sock");
    assert_string_equal(loaded->conf->sinks[0].path, "/var/log/logboom/all.log");
}

static void every_setting_reaches_its_member(void **state)
{
    struct loaded *loaded = *state;
    const struct conf *conf;

    assert_string_equal(load_text(loaded, "memory: {cap: 1GiB}\n"
                                          "timezone: local\n"
                                          "drain_timeout: 250ms\n"
                                          "ingest:\n"
                                          "  - name: apps\n"
                                          "    socket: pull\n"
                                          "    bind: 'tcp://127.0.0.1:5514'\n"
                                          "    connect: ['tcp://a:1', \"tcp://b:2\"]\n"
                                          "    ipc: {mode: 0600, owner: root, group: 'adm'}\n"
                                          "    decode: text\n"
                                          "    split: lines\n"
                                          "    max_entry: 1KiB\n"
                                          "    max_message: 1KiB\n"
                                          "sinks:\n"
                                          "  - name: a\n"
                                          "    type: file\n"
                                          "    path: /var/log/a\n"
                                          "    format: '{time} {message}'\n"
                                          "    newlines: indent\n"
                                          "    mode: 0644\n"
                                          "    owner: root\n"
                                          "    group: adm\n"
                                          "    rotate: {size: 100MiB, every: daily, keep: 7,\n"
                                          "      max_total: 2GiB, compress: zstd}\n"
                                          "    sync: each\n"
                                          "    min_free: 1GiB\n"
                                          "    queue: 1MiB\n"
                                          "    when_full: block\n"
                                          "    block_for: 30s\n"
                                          "    notices: off\n"
                                          "    batch_for: 10ms\n"
                                          "  - {name: b, type: stdout, format: raw}\n"),
                        "");
    conf = loaded->conf;
    assert_true(conf->memory.cap.bytes == 1 << 30);
    assert_int_equal(conf->timezone, CONF_TIMEZONE_LOCAL);
    assert_true(conf->drain_timeout.ms == 250);
    assert_int_equal(conf->ingest_count, 1);
    assert_string_equal(conf->ingest[0].name, "apps");
    assert_string_equal(conf->ingest[0].bind.items[0], "tcp://127.0.0.1:5514");
    assert_int_equal(conf->ingest[0].connect.count, 2);
    assert_string_equal(conf->ingest[0].connect.items[1], "tcp://b:2");
    assert_int_equal(conf->ingest[0].ipc.mode.bits, 0600);
    assert_string_equal(conf->ingest[0].ipc.owner, "root");
    assert_string_equal(conf->ingest[0].ipc.group, "adm");
    assert_int_equal(conf->ingest[0].decode, CONF_DECODE_TEXT);
    assert_int_equal(conf->ingest[0].split, CONF_SPLIT_LINES);
    assert_true(conf->ingest[0].max_entry.bytes == 1024);
    assert_int_equal(conf->sink_count, 2);
    assert_string_equal(conf->sinks[0].format, "{time} {message}");
    assert_int_equal(conf->sinks[0].newlines, CONF_NEWLINES_INDENT);
    assert_int_equal(conf->sinks[0].mode.bits, 0644);
    assert_string_equal(conf->sinks[0].owner, "root");
    assert_string_equal(conf->sinks[0].group, "adm");
    assert_true(conf->sinks[0].rotate.size.bytes == 100 << 20);
    assert_int_equal(conf->sinks[0].rotate.every, CONF_EVERY_DAILY);
    assert_int_equal(conf->sinks[0].rotate.keep.count, 7);
    assert_true(conf->sinks[0].rotate.max_total.bytes == 2ull << 30);
    assert_int_equal(conf->sinks[0].rotate.compress, CONF_COMPRESS_ZSTD);
    assert_true(conf->sinks[0].sync.ms == CONF_SYNC_EACH);
    assert_true(conf->sinks[0].min_free.bytes == 1 << 30);
    assert_true(conf->sinks[0].queue.bytes == 1 << 20);
    assert_true(conf->sinks[0].batch_for.ms == 10);
    assert_int_equal(conf->sinks[0].when_full, CONF_WHEN_FULL_BLOCK);
    assert_true(conf->sinks[0].block_for.ms == 30000);
    assert_int_equal(conf->sinks[0].notices, CONF_NOTICES_OFF);
    assert_int_equal(conf->sinks[1].type, CONF_SINK_STDOUT);
    assert_null(conf->sinks[1].path);
}

/* ---- fields ----------------------------------------------------------------- */

#define WITH_FIELDS(fields)                                                                        \
    "ingest:\n  - {name: in, bind: 'tcp://127.0.0.1:0', fields: " fields "}\n"                     \
    "sinks: [{name: s, type: stdout}]\n"
#define OF_32 "abcdefghijklmnopqrstuvwxyz012345"

static void fields_keep_their_order_and_are_texts(void **state)
{
    struct loaded *loaded = *state;
    const struct conf_pairs *fields;

    assert_string_equal(load_text(loaded, WITH_FIELDS("{env: prod, dc.no: 07, " OF_32 ": 'a b'}")),
                        "");
    fields = &loaded->conf->ingest[0].fields;
    assert_int_equal(fields->count, 3);
    assert_string_equal(fields->items[0].name, "env");
    assert_string_equal(fields->items[0].value, "prod");
    assert_string_equal(fields->items[1].name, "dc.no");
    assert_string_equal(fields->items[1].value, "07");
    assert_string_equal(fields->items[2].name, OF_32);
    assert_string_equal(fields->items[2].value, "a b");
    assert_string_equal(load_text(loaded, WITH_FIELDS("{}")), "");
    assert_int_equal(loaded->conf->ingest[0].fields.count, 0);
}

static void fields_that_cannot_be_are_told_at_their_place(void **state)
{
    static const char *const cases[][2] = {
        {WITH_FIELDS("{" OF_32 "6: x}"), ":2:52: a name in 'fields' has 1 to 32 characters; '"},
        {WITH_FIELDS("{'': x}"), "a name in 'fields' has 1 to 32 characters; '' has 0"},
        {WITH_FIELDS("{'a b': x}"), "'a b' in 'fields' may only have letters, digits, '_'"},
        {WITH_FIELDS("{app: x}"), "'fields' cannot set 'app': that is no field, but a part of"},
        {WITH_FIELDS("{_logboom: x}"), "'fields' cannot set '_logboom'"},
        {WITH_FIELDS("{a: x, b: y, a: z}"), ":2:64: 'a' is given twice in 'fields'"},
        {WITH_FIELDS("{a: ''}"), "the value of 'a' in 'fields' has 0 bytes; 1 to 64 may be"},
        {WITH_FIELDS("{a: " OF_32 OF_32 "}"), ""},
        {WITH_FIELDS("{a: " OF_32 OF_32 "x}"), "has 65 bytes; 1 to 64 may be"},
        {WITH_FIELDS("{a: [x]}"), ":2:55: 'a' in 'fields' must be a single value"},
        {WITH_FIELDS("{a: }"), "'a' in 'fields' must be a single value"},
        {WITH_FIELDS("[a, b]"), "'fields' must be values with names, such as {env: prod}, not a"},
        {WITH_FIELDS("prod"), "'fields' must be values with names, such as {env: prod}, not a"},
        {WITH_FIELDS("{a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, k: 1, l: 1, "
                     "m: 1, n: 1, o: 1, p: 1}"),
         ""},
        {WITH_FIELDS("{a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, k: 1, l: 1, "
                     "m: 1, n: 1, o: 1, p: 1, q: 1}"),
         "'fields' has more than the largest allowed 16 items"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *said = load_text(*state, cases[i][0]);

        if (*cases[i][1] ? !strstr(said, cases[i][1]) : *said != '\0')
            fail_msg("case %zu says: %s", i, said);
    }
}

static void only_formats_with_a_place_for_it_have_an_origin(void **state)
{
    static const char *const cases[][2] = {
        {"format: json, origin: on", ""},
        {"format: rfc5424, origin: on", ""},
        {"format: text, origin: off", ""},
        {"format: logfmt, origin: on", ":2:57: 'origin' is only for the formats json and rfc5424"},
        {"origin: on", "'origin' is only for the formats json and rfc5424"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[256];
        const char *said;

        snprintf(text, sizeof text, INGEST "sinks: [{name: s, type: stdout, %s}]\n", cases[i][0]);
        said = load_text(*state, text);
        if (*cases[i][1] ? !strstr(said, cases[i][1]) : *said != '\0')
            fail_msg("'%s' says: %s", cases[i][0], said);
    }
}

static void what_only_a_file_has_is_refused_elsewhere(void **state)
{
    static const char *const settings[][2] = {
        {"mode", "mode: '0600'"},
        {"owner", "owner: root"},
        {"group", "group: root"},
        {"rotate.size", "rotate: {size: 1MiB}"},
        {"rotate.every", "rotate: {every: 1d}"},
        {"rotate.keep", "rotate: {keep: 3}"},
        {"rotate.max_total", "rotate: {max_total: 1GiB}"},
        {"rotate.compress", "rotate: {compress: zstd}"},
        {"sync", "sync: none"},
        {"min_free", "min_free: none"},
    };

    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        char text[256], wanted[128];

        snprintf(text, sizeof text, INGEST "sinks:\n  - {name: s, type: stdout, %s}\n",
                 settings[i][1]);
        snprintf(wanted, sizeof wanted, ": '%s' is only for sinks of type file\n", settings[i][0]);
        assert_non_null(strstr(load_text(*state, text), wanted));
    }
}

static void what_is_kept_must_first_be_put_away(void **state)
{
    static const char *const cases[][2] = {
        {"size: 1MiB, keep: 1", ""},
        {"every: 1h, compress: gzip", ""},
        {"size: 512KiB, max_total: 1MiB", ""},
        {"every: 1d, max_total: 1MiB", ""},
        {"keep: 3", "'keep' is for files that were put away; that needs 'size' or 'every'"},
        {"compress: none", "'compress' is for files that were put away"},
        {"max_total: 1GiB", "'max_total' is for files that were put away"},
        {"size: none, every: never, keep: 3", "'keep' is for files that were put away"},
        {"size: 513KiB, max_total: 1MiB",
         "'max_total' is 1MiB, below twice 'size', which is 513KiB"},
        {"size: 1MiB, keep: 0", "'keep' is 0, below the smallest allowed 1"},
        {"size: 1MiB, keep: 1000001", "'keep' is 1000001, above the largest allowed 1000000"},
        {"size: 1MiB, max_total: 1023KiB", "'max_total' is 1023KiB, below the smallest allowed"},
        {"size: 1MiB, compress: zst", "'compress' is 'zst', but can only be none, zstd or gzip"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[256];
        const char *said;

        snprintf(text, sizeof text,
                 INGEST "sinks:\n  - {name: s, type: file, path: x, rotate: {%s}}\n", cases[i][0]);
        said = load_text(*state, text);
        if (*cases[i][1] ? !strstr(said, cases[i][1]) : *said != '\0')
            fail_msg("'%s' says: %s", cases[i][0], said);
    }
}

/* A file whose day is over goes without having been put away; nothing else does. */
static void a_path_with_a_date_has_a_total_without_rotation(void **state)
{
    struct loaded *loaded = *state;

    assert_string_equal(load_text(loaded,
                                  INGEST "sinks:\n  - {name: s, type: file, path: 'x/{date}', "
                                         "rotate: {max_total: 1MiB}}\n"),
                        "");
    assert_true(conf_rotates(&loaded->conf->sinks[0]));
    assert_non_null(
        strstr(load_text(loaded, INGEST "sinks:\n  - {name: s, type: file, path: 'x/{date}', "
                                        "rotate: {max_total: 1MiB, keep: 3}}\n"),
               "'keep' is for files that were put away"));
    assert_non_null(
        strstr(load_text(loaded, INGEST "sinks:\n  - {name: s, type: file, path: 'x/{hour}', "
                                        "rotate: {max_total: 1MiB}}\n"),
               "'max_total' is for files that were put away"));
}

static void drops_are_told_unless_the_format_is_raw(void **state)
{
    static const struct {
        const char *settings;
        bool told;
    } cases[] = {
        {"format: text", true},
        {"format: json", true},
        {"format: raw", false},
        {"format: raw, notices: on", true},
        {"format: raw, notices: off", false},
        {"format: line, notices: off", false},
    };
    struct loaded *loaded = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[256];

        snprintf(text, sizeof text, INGEST "sinks:\n  - {name: s, type: stdout, %s}\n",
                 cases[i].settings);
        assert_string_equal(load_text(loaded, text), "");
        assert_int_equal(conf_tells_drops(loaded->conf, &loaded->conf->sinks[0]), cases[i].told);
    }
}

static void only_a_sink_that_blocks_can_block_for_a_time(void **state)
{
    struct loaded *loaded = *state;

    assert_string_equal(load_text(loaded, INGEST "sinks:\n  - {name: s, type: stdout, when_full: "
                                                 "drop_newest, block_for: 30s}\n"),
                        "x.yaml:3:64: 'block_for' is only for sinks with when_full: block; this "
                        "one never blocks\n"
                        "  - {name: s, type: stdout, when_full: drop_newest, block_for: 30s}\n"
                        "                                                               ^\n");
    assert_string_equal(load_text(loaded, INGEST "sinks:\n  - {name: s, type: stdout, "
                                                 "block_for: forever}\n"),
                        "");
}

static void an_empty_section_keeps_its_defaults(void **state)
{
    struct loaded *loaded = *state;

    assert_string_equal(load_text(loaded, "memory:\n  # cap: 1GiB\n" INGEST SINKS), "");
    assert_true(loaded->conf->memory.cap.bytes == 64 << 20);
}

static void a_byte_order_mark_and_windows_line_ends_do_no_harm(void **state)
{
    static const char text[] = "\xef\xbb\xbftimezone: local\r\n"
                               "ingest:\r\n  - name: in\r\n    bind: 'tcp://127.0.0.1:1'\r\n"
                               "sinks:\r\n  - {name: out, type: stdout}\r\n";
    struct loaded *loaded = *state;

    assert_string_equal(load_text(loaded, text), "");
    assert_int_equal(loaded->conf->timezone, CONF_TIMEZONE_LOCAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_shipped_files_load_without_a_problem),
        TEST(every_setting_reaches_its_member),
        TEST(fields_keep_their_order_and_are_texts),
        TEST(fields_that_cannot_be_are_told_at_their_place),
        TEST(only_formats_with_a_place_for_it_have_an_origin),
        TEST(what_only_a_file_has_is_refused_elsewhere),
        TEST(what_is_kept_must_first_be_put_away),
        TEST(a_path_with_a_date_has_a_total_without_rotation),
        TEST(drops_are_told_unless_the_format_is_raw),
        TEST(only_a_sink_that_blocks_can_block_for_a_time),
        TEST(an_empty_section_keeps_its_defaults),
        TEST(a_byte_order_mark_and_windows_line_ends_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
