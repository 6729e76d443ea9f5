/* load.c - whole files: what they mean, and every word of what is wrong with them. */
#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

#define INGEST "ingest: [{name: in, bind: 'tcp://127.0.0.1:5514'}]\n"
#define SINKS  "sinks: [{name: out, type: stdout}]\n"

/* What was read and told by the last load, freed by the teardown. */
struct loaded {
    struct conf *conf;
    struct conf_problems *problems;
    char *told;
};

static int begin(void **state)
{
    struct loaded *loaded = calloc(1, sizeof *loaded);

    loaded->problems = conf_problems_new();
    *state = loaded;
    return 0;
}

static void forget(struct loaded *loaded)
{
    conf_free(&loaded->conf);
    conf_problems_free(&loaded->problems);
    free(loaded->told);
    *loaded = (struct loaded){.problems = conf_problems_new()};
}

static int end(void **state)
{
    struct loaded *loaded = *state;

    forget(loaded);
    conf_problems_free(&loaded->problems);
    free(loaded);
    return 0;
}

static const char *told(struct loaded *loaded)
{
    size_t len;
    FILE *out;

    free(loaded->told);
    out = open_memstream(&loaded->told, &len);
    conf_problems_print(loaded->problems, out);
    fclose(out);
    return loaded->told;
}

static const char *load_bytes(struct loaded *loaded, const char *text, size_t len)
{
    forget(loaded);
    loaded->conf = conf_load_text("x.yaml", text, len, loaded->problems);
    return told(loaded);
}

static const char *load_text(struct loaded *loaded, const char *text)
{
    return load_bytes(loaded, text, strlen(text));
}

static const char *load_file(struct loaded *loaded, const char *path)
{
    forget(loaded);
    loaded->conf = conf_load(path, loaded->problems);
    return told(loaded);
}

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

/* ---- what is wrong ------------------------------------------------------- */

static void all_problems_are_told_at_once_in_the_order_of_lines(void **state)
{
    assert_string_equal(load_text(*state, "sinks:\n"
                                          "  - name: all\n"
                                          "    type: file\n"
                                          "    queue: 32KiB\n"
                                          "\tbatch_for: 5\n"),
                        "x.yaml:5:2: invalid tab used as indentation\n"
                        "\tbatch_for: 5\n"
                        "\t^\n");
    assert_string_equal(
        load_text(*state, "memory: {cap: 64}\n"
                          "timezoen: utc\n"
                          "sinks:\n"
                          "  - name: all\n"
                          "    type: file\n"
                          "    queue: 32KiB\n"
                          "    fromat: json\n"),
        "x.yaml:1:1: 'ingest' needs at least one endpoint, such as "
        "- {name: apps, bind: 'tcp://127.0.0.1:5514'}\n"
        "memory: {cap: 64}\n"
        "^\n"
        "x.yaml:1:15: 'cap': '64' has no unit; write 64KiB or 64MiB "
        "(units are B, KiB, MiB, GiB, KB, MB or GB)\n"
        "memory: {cap: 64}\n"
        "              ^\n"
        "x.yaml:2:1: unknown key 'timezoen'; did you mean 'timezone'?\n"
        "timezoen: utc\n"
        "^\n"
        "x.yaml:4:5: a sink of type file needs 'path', such as path: /var/log/logboom/all.log\n"
        "  - name: all\n"
        "    ^\n"
        "x.yaml:6:12: 'queue' is 32KiB, below the smallest allowed 256KiB\n"
        "    queue: 32KiB\n"
        "           ^\n"
        "x.yaml:7:5: unknown key 'fromat'; did you mean 'format'?\n"
        "    fromat: json\n"
        "    ^\n");
}

/* Of a file with this line and otherwise nothing wrong. */
struct wrong_line {
    const char *line;
    const char *told;
};

static void check_lines(struct loaded *loaded, const struct wrong_line *cases, size_t count,
                        const char *before, const char *after)
{
    for (size_t i = 0; i < count; i++) {
        char text[1024];

        snprintf(text, sizeof text, "%s%s%s", before, cases[i].line, after);
        assert_string_equal(load_text(loaded, text), cases[i].told);
        assert_non_null(loaded->conf);
    }
}

static void what_stands_in_the_wrong_shape_is_refused(void **state)
{
    static const struct wrong_line cases[] = {
        {"memory: [cap]\n", "x.yaml:1:9: 'memory' must be a section, not a list\n"
                            "memory: [cap]\n"
                            "        ^\n"},
        {"memory: 64MiB\n", "x.yaml:1:9: 'memory' must be a section, not a single value\n"
                            "memory: 64MiB\n"
                            "        ^\n"},
        {"timezone: {utc: 1}\n", "x.yaml:1:11: 'timezone' must be a single value, not a section\n"
                                 "timezone: {utc: 1}\n"
                                 "          ^\n"},
        {"timezone:\n", "x.yaml:1:1: 'timezone' has no value\n"
                        "timezone:\n"
                        "^\n"},
        {"timezone: utc\ntimezone: utc\n",
         "x.yaml:2:1: 'timezone' is given twice, first in line 1\n"
         "timezone: utc\n"
         "^\n"},
        {"include: {a: b}\n", "x.yaml:1:10: 'include' must be one value or a list of values, not a "
                              "section; if it is meant as text, put the value in 'single quotes'\n"
                              "include: {a: b}\n"
                              "         ^\n"},
        {"[a]: b\n", "x.yaml:1:1: a list or a section stands where a key is meant; "
                     "if it is meant as text, put the value in 'single quotes'\n"
                     "[a]: b\n"
                     "^\n"},
    };

    check_lines(*state, cases, COUNT_OF(cases), "", INGEST SINKS);
}

static void sockets_have_settings_and_limits_of_their_own(void **state)
{
    static const struct wrong_line cases[] = {
        {"    socket: router\n    subscribe: x\n",
         "x.yaml:5:16: 'subscribe' is only for sub sockets\n"
         "    subscribe: x\n"
         "               ^\n"},
        {"    socket: pair\n    connect: 'tcp://[::]:2'\n",
         "x.yaml:4:13: a pair socket has one peer, and so one address in 'bind' or 'connect'\n"
         "    socket: pair\n"
         "            ^\n"},
        {"    socket: sub\n    subscribe: [orders, x]\n", ""},
        {"    socket: pair\n", ""},
    };

    check_lines(*state, cases, COUNT_OF(cases), "ingest:\n  - name: in\n    bind: 'tcp://[::]:1'\n",
                SINKS);
}

static void keys_of_no_setting_are_refused(void **state)
{
    static const struct wrong_line cases[] = {
        {"    quota: none\n",
         "x.yaml:4:5: unknown key 'quota'; an ingest endpoint has name, socket, bind, connect, "
         "subscribe, ipc, encryption, key, allow, server_key, frames, decode, split, max_entry, "
         "max_message, max_clients, host and fields\n"
         "    quota: none\n"
         "    ^\n"},
        {"    max_entries: 1MiB\n", "x.yaml:4:5: unknown key 'max_entries'; did you mean "
                                    "'max_entry'?\n"
                                    "    max_entries: 1MiB\n"
                                    "    ^\n"},
        {"    ipc: {onwer: root}\n", "x.yaml:4:11: unknown key 'onwer'; did you mean 'owner'?\n"
                                     "    ipc: {onwer: root}\n"
                                     "          ^\n"},
        {"    \"\": x\n",
         "x.yaml:4:5: unknown key ''; an ingest endpoint has name, socket, bind, connect, "
         "subscribe, ipc, encryption, key, allow, server_key, frames, decode, split, max_entry, "
         "max_message, max_clients, host and fields\n"
         "    \"\": x\n"
         "    ^\n"},
        {"    socket: req\n",
         "x.yaml:4:13: 'socket' is 'req', but can only be pull, sub, router, rep or pair\n"
         "    socket: req\n"
         "            ^\n"},
    };

    check_lines(*state, cases, COUNT_OF(cases), "ingest:\n  - name: in\n    bind: 'tcp://[::]:1'\n",
                SINKS);
}

static void a_match_asks_for_what_is_written(void **state)
{
    const struct conf_match *match;
    struct conf *conf;

    assert_string_equal(load_text(*state, INGEST "sinks:\n  - name: s\n    type: stdout\n"
                                                 "    match:\n"
                                                 "      min_level: Warn\n"
                                                 "      app: 'web-*'\n"
                                                 "      topic: ['a.*', b]\n"
                                                 "      not: {host: [x, y]}\n"),
                        "");
    conf = ((struct loaded *)*state)->conf;
    match = &conf->sinks[0].match;
    assert_string_equal(match->all.min_level, "Warn");
    assert_int_equal(match->all.app.count, 1);
    assert_string_equal(match->all.app.items[0], "web-*");
    assert_int_equal(match->all.host.count, 0);
    assert_int_equal(match->all.topic.count, 2);
    assert_null(match->except.min_level);
    assert_string_equal(match->except.host.items[1], "y");
}

static void what_no_match_can_ask_for_is_told(void **state)
{
    static const struct wrong_line cases[] = {
        {"    match: {min_level: warm}\n",
         "x.yaml:5:24: 'min_level' is 'warm'; did you mean 'warn'?\n"
         "    match: {min_level: warm}\n"
         "                       ^\n"},
        {"    match: {min_level: 5}\n",
         "x.yaml:5:24: 'min_level' is '5', but can only be emerg, alert, crit, error, warning, "
         "notice, info, debug or trace\n"
         "    match: {min_level: 5}\n"
         "                       ^\n"},
        {"    match: {apps: x}\n", "x.yaml:5:13: unknown key 'apps'; did you mean 'app'?\n"
                                   "    match: {apps: x}\n"
                                   "            ^\n"},
        {"    match: {app: [a, '']}\n", "x.yaml:5:22: 'app' is empty\n"
                                        "    match: {app: [a, '']}\n"
                                        "                     ^\n"},
        {"    match: {not: {not: {app: x}}}\n",
         "x.yaml:5:19: unknown key 'not'; 'not' has min_level, app, host, topic, peer and message\n"
         "    match: {not: {not: {app: x}}}\n"
         "                  ^\n"},
        {"    match: web-*\n", "x.yaml:5:12: 'match' must be a section, not a single value\n"
                               "    match: web-*\n"
                               "           ^\n"},
    };

    check_lines(*state, cases, COUNT_OF(cases), INGEST "sinks:\n  - name: s\n    type: stdout\n",
                "");
}

static void globs_are_not_endless(void **state)
{
    char text[512], glob[140];

    memset(glob, 'a', sizeof glob);
    glob[129] = '\0';
    snprintf(text, sizeof text, INGEST "sinks:\n  - {name: s, type: stdout, match: {app: %s}}\n",
             glob);
    assert_non_null(strstr(load_text(*state, text),
                           "a glob of 129 bytes, above the largest allowed "
                           "128"));
    glob[128] = '\0';
    snprintf(text, sizeof text, INGEST "sinks:\n  - {name: s, type: stdout, match: {app: %s}}\n",
             glob);
    assert_string_equal(load_text(*state, text), "");
}

static void keys_of_later_versions_are_unknown(void **state)
{
    static const char *const later[] = {"certificate", "listen"};

    for (size_t i = 0; i < COUNT_OF(later); i++) {
        char text[256], wanted[64];

        snprintf(text, sizeof text, INGEST "sinks:\n  - {name: s, type: stdout, %s: x}\n",
                 later[i]);
        snprintf(wanted, sizeof wanted, "x.yaml:3:29: unknown key '%s';", later[i]);
        assert_non_null(strstr(load_text(*state, text), wanted));
    }
}

static void a_template_without_quotes_is_told_to_take_some(void **state)
{
    static const struct wrong_line cases[] = {
        {"    format: {message}\n", "x.yaml:5:13: 'format' must be a single value, not a section; "
                                    "if it is meant as text, put the value in 'single quotes'\n"
                                    "    format: {message}\n"
                                    "            ^\n"},
        {"    format: [{time}]\n", "x.yaml:5:13: 'format' must be a single value, not a list; "
                                   "if it is meant as text, put the value in 'single quotes'\n"
                                   "    format: [{time}]\n"
                                   "            ^\n"},
        {"    format: *x\n", "x.yaml:5:14: aliases are not supported; write the value out; "
                             "if it is meant as text, put the value in 'single quotes'\n"
                             "    format: *x\n"
                             "             ^\n"},
        {"    format: !x {message}\n", "x.yaml:5:16: tags are not supported; "
                                       "if it is meant as text, put the value in 'single quotes'\n"
                                       "    format: !x {message}\n"
                                       "               ^\n"},
        {"    format: &x json\n", "x.yaml:5:16: anchors are not supported; "
                                  "if it is meant as text, put the value in 'single quotes'\n"
                                  "    format: &x json\n"
                                  "               ^\n"},
    };

    check_lines(*state, cases, COUNT_OF(cases), INGEST "sinks:\n  - name: s\n    type: stdout\n",
                "");
}

/* Where YAML itself breaks, there is no document. */
static void a_syntax_error_keeps_its_place_and_has_advice(void **state)
{
    static const struct wrong_line cases[] = {
        {"format: {time} {message}\n", "x.yaml:1:16: did not find expected key; "
                                       "if it is meant as text, put the value in 'single quotes'\n"
                                       "format: {time} {message}\n"
                                       "               ^\n"},
        {"format: %{message}\n", "x.yaml:1:9: plain scalar cannot start with '%'; "
                                 "if it is meant as text, put the value in 'single quotes'\n"
                                 "format: %{message}\n"
                                 "        ^\n"},
        {"- path: @x\n", "x.yaml:1:9: plain scalar cannot start with '@'; "
                         "if it is meant as text, put the value in 'single quotes'\n"
                         "- path: @x\n"
                         "        ^\n"},
        {"path: `x`\n", "x.yaml:1:7: plain scalar cannot start with '`'; "
                        "if it is meant as text, put the value in 'single quotes'\n"
                        "path: `x`\n"
                        "      ^\n"},
        {"a: b: c\n", "x.yaml:1:5: invalid nested block mapping on the same line\n"
                      "a: b: c\n"
                      "    ^\n"},
        {"bind: ['a' 'b']\n", "x.yaml:1:13: missing comma in flow sequence\n"
                              "bind: ['a' 'b']\n"
                              "            ^\n"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct loaded *loaded = *state;

        assert_string_equal(load_text(loaded, cases[i].line), cases[i].told);
        assert_null(loaded->conf);
    }
}

static void check_first_lines(struct loaded *loaded, const struct wrong_line *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *said = load_text(loaded, cases[i].line);

        if (strncmp(said, cases[i].told, strlen(cases[i].told)) != 0)
            assert_string_equal(said, cases[i].told);
    }
}

static void what_is_not_closed_is_told_where_it_opens(void **state)
{
    static const struct wrong_line cases[] = {
        {"ingest:\n  - name: 'apps\n    bind: x\n", "x.yaml:2:11: the ' in line 2 is not closed\n"
                                                    "  - name: 'apps\n"
                                                    "          ^\n"},
        {"ingest:\n  - name: 'apps\n", "x.yaml:2:11: the ' in line 2 is not closed\n"
                                       "  - name: 'apps\n"
                                       "          ^\n"},
        {"a: \"b\nc: \"d\"\n", "x.yaml:1:4: the \" in line 1 is not closed\n"
                               "a: \"b\n"
                               "   ^\n"},
        {"a: ['ü', 'b]\nc: 'd'\n", "x.yaml:1:10: the ' in line 1 is not closed\n"},
        {"a: ['b, 'c']\n", "x.yaml:1:5: the ' in line 1 is not closed\n"
                           "a: ['b, 'c']\n"
                           "    ^\n"},
        {"a: {message\nb: c\n", "x.yaml:1:4: the '{' of line 1 is not closed\n"
                                "a: {message\n"
                                "   ^\n"},
        {"a: [x\n", "x.yaml:1:4: the '[' of line 1 is not closed\n"},
        {"a:\n  b: ['x',\nc: [d]\n", "x.yaml:2:6: the '[' of line 2 is not closed\n"
                                     "  b: ['x',\n"
                                     "     ^\n"},
        {"a: [{b: c, d: [e]\nf: [{g: h}]\n", "x.yaml:1:5: the '{' of line 1 is not closed\n"},
        {"a: [{b: 'it''s ]', c: \"\\\"}\", d: e # ]}\nf: g\n",
         "x.yaml:1:5: the '{' of line 1 is not closed\n"},
        {"a: [{b: c]\n", "x.yaml:1:5: the '{' of line 1 is not closed\n"},
        {"a: [{b: c}}\n", "x.yaml:1:4: the '[' of line 1 is not closed\n"},
        {"sinks: [", "x.yaml:1:8: the '[' of line 1 is not closed\n"},
    };

    check_first_lines(*state, cases, COUNT_OF(cases));
}

static void a_colon_without_a_space_behind_it_is_told(void **state)
{
    static const struct wrong_line cases[] = {
        {"ingest:\n  - name:apps\n    bind: x\n", "x.yaml:2:9: put a space behind ':'\n"
                                                  "  - name:apps\n"
                                                  "        ^\n"},
        {"ingest:\n  - name: a\n    bind:'tcp://x'\nsinks: []\n",
         "x.yaml:3:9: put a space behind ':'\n"
         "    bind:'tcp://x'\n"
         "        ^\n"},
        {INGEST "timezone:utc\n", "x.yaml:2:9: put a space behind ':'\n"},
        {"a:\n  tcp://x\n  b: c\n", "x.yaml:2:3: invalid multiline plain key\n"},
        {"memory:\n  cap:64MiB\n" INGEST SINKS,
         "x.yaml:2:3: 'memory' must be a section, not a single value; put a space behind ':'\n"},
        {"memory: {cap:64MiB}\n" INGEST SINKS,
         "x.yaml:1:10: unknown key 'cap:64MiB'; put a space behind ':'\n"},
        {"ingest:\n  - name:apps\n" SINKS,
         "x.yaml:2:5: an ingest endpoint is a section such as '- name: …', not a single value; "
         "put a space behind ':'\n"},
    };

    check_first_lines(*state, cases, COUNT_OF(cases));
}

static void a_line_that_is_indented_wrongly_is_told(void **state)
{
    static const struct wrong_line cases[] = {
        {"ingest:\n  - name: a\n     bind: x\n",
         "x.yaml:3:6: this line is indented differently from the one above\n"
         "     bind: x\n"
         "     ^\n"},
        {"ingest:\n  - name: a\n   bind: x\n",
         "x.yaml:3:4: this line is indented differently from the one above\n"},
        {"ingest:\n  - name: a\n  bind: x\n",
         "x.yaml:3:3: this line is indented differently from the one above\n"},
        {"ingest:\n  - name: a\n    bind: x\n - name: b\n",
         "x.yaml:4:2: this line is indented differently from the one above\n"},
        {"sinks:\n  - {name: a}\n    - {name: b}\n",
         "x.yaml:3:5: this line is indented differently from the one above\n"},
        {" memory: {cap: 64MiB}\ningest: []\n",
         "x.yaml:2:1: this line is indented differently from the one above\n"},
        {"memory: {cap: 64MiB}\n\n# here\n ingest: []\n",
         "x.yaml:4:2: this line is indented differently from the one above\n"},
        {"sinks:\n  - name: a\n    type: file\n\n      # where\n      path: x\n",
         "x.yaml:6:7: this line is indented differently from the one above\n"
         "      path: x\n"
         "      ^\n"},
        {"a: [\n{b: c}\n]\n", "x.yaml:2:1: indent this line; it belongs to the '[' of line 1\n"
                              "{b: c}\n"
                              "^\n"},
    };

    check_first_lines(*state, cases, COUNT_OF(cases));
}

/* Not at its list, nor at the line of its header. */
static void a_problem_stands_at_the_text_itself(void **state)
{
    static const char sink[] = INGEST "sinks:\n  - name: a\n    type: stdout\n    format: ";
    static const struct {
        const char *value, *told;
    } blocks[] = {
        {"|\n      syslog\n", "x.yaml:6:7:"},
        {">-  # {time}\n\n\n       syslog\n", "x.yaml:8:8:"},
        {"|2\n         syslog\n", "x.yaml:6:10:"},
        {"|", "x.yaml:5:5: 'format' is empty\n"},
    };
    struct loaded *loaded = *state;

    for (size_t i = 0; i < COUNT_OF(blocks); i++) {
        char text[512];

        snprintf(text, sizeof text, "%s%s", sink, blocks[i].value);
        assert_memory_equal(load_text(loaded, text), blocks[i].told, strlen(blocks[i].told));
    }
    assert_string_equal(load_text(loaded, "ingest:\n"
                                          "  - name: in\n"
                                          "    bind:\n"
                                          "      - 'tcp://[::1]:1'\n"
                                          "      -\n"
                                          "      - >\n"
                                          "        tcp://[::1]:2\n"
                                          "      # next\n"
                                          "      -   # nothing\n"
                                          "  -\n"
                                          "sinks: [{name: out, type: file, path: }]\n"),
                        "x.yaml:5:7: this item of 'bind' is empty\n"
                        "      -\n"
                        "      ^\n"
                        "x.yaml:9:7: this item of 'bind' is empty\n"
                        "      -   # nothing\n"
                        "      ^\n"
                        "x.yaml:10:3: this item is empty; an ingest endpoint is a section such as "
                        "'- name: …'\n"
                        "  -\n"
                        "  ^\n"
                        "x.yaml:11:33: 'path' has no value\n"
                        "sinks: [{name: out, type: file, path: }]\n"
                        "                                ^\n");
}

static void endpoints_and_sinks_have_what_they_need(void **state)
{
    assert_string_equal(
        load_text(*state, "ingest:\n"
                          "  - name: a\n"
                          "  - {name: a, bind: 'tcp://[::]:1'}\n"
                          "  - connect: 'tcp://[::]:1'\n"
                          "    max_entry: 512KiB\n"
                          "  - {name: b, bind: [], max_message: 2KiB}\n"
                          "  - apps\n"
                          "sinks:\n"
                          "  - {name: s}\n"
                          "  - {name: s, type: stdout, path: /x, mode: '0600'}\n"
                          "  - {name: t, type: stdout, format: json, "
                          "newlines: indent}\n"),
        "x.yaml:2:5: an ingest endpoint needs 'bind' or 'connect', such as "
        "bind: 'tcp://127.0.0.1:5514'\n"
        "  - name: a\n"
        "    ^\n"
        "x.yaml:3:12: another ingest endpoint is called 'a' too\n"
        "  - {name: a, bind: 'tcp://[::]:1'}\n"
        "           ^\n"
        "x.yaml:4:5: an ingest endpoint needs 'name'\n"
        "  - connect: 'tcp://[::]:1'\n"
        "    ^\n"
        "x.yaml:5:16: 'max_entry' is 512KiB, above 'max_message', which is 256KiB\n"
        "    max_entry: 512KiB\n"
        "               ^\n"
        "x.yaml:6:21: an ingest endpoint needs 'bind' or 'connect', such as "
        "bind: 'tcp://127.0.0.1:5514'\n"
        "  - {name: b, bind: [], max_message: 2KiB}\n"
        "                    ^\n"
        "x.yaml:6:38: 'max_message' is 2KiB, below 'max_entry', which is 64KiB\n"
        "  - {name: b, bind: [], max_message: 2KiB}\n"
        "                                     ^\n"
        "x.yaml:7:5: an ingest endpoint is a section such as '- name: …', "
        "not a single value\n"
        "  - apps\n"
        "    ^\n"
        "x.yaml:9:5: a sink needs 'type' (file, stdout, tcp, tls, unix, udp, unix-dgram or zmq)\n"
        "  - {name: s}\n"
        "    ^\n"
        "x.yaml:10:12: another sink is called 's' too\n"
        "  - {name: s, type: stdout, path: /x, mode: '0600'}\n"
        "           ^\n"
        "x.yaml:10:35: 'path' is only for sinks of type file\n"
        "  - {name: s, type: stdout, path: /x, mode: '0600'}\n"
        "                                  ^\n"
        "x.yaml:10:45: 'mode' is only for sinks of type file\n"
        "  - {name: s, type: stdout, path: /x, mode: '0600'}\n"
        "                                            ^\n"
        "x.yaml:11:53: 'newlines' is only for the formats text, line and "
        "templates; json keeps an entry on one line in its own way\n"
        "  - {name: t, type: stdout, format: json, newlines: indent}\n"
        "                                                    ^\n");
}

static void what_a_type_needs_and_what_it_cannot_have(void **state)
{
    static const struct load_case {
        const char *sink, *said;
    } cases[] = {
        {"type: tcp, address: 'h:1', framing: nul, timeout: 5s", ""},
        {"type: unix, address: /x, framing: octet-counted, timeout: 5s", ""},
        {"type: udp, address: 'h:1', timeout: 5s", ""},
        {"type: unix-dgram, address: /dev/log", ""},
        {"type: tls, address: 'h:1', framing: nul, timeout: 5s", ""},
        {"type: tls, address: 'h:1', tls: {}", ""},
        {"type: tls, address: 'h:1', tls: {ca: a, cert: b, key: c, server_name: d, verify: off}",
         ""},
        {"type: tls", "a sink of type tls needs 'address', such as address: 'loghost:6514'"},
        {"type: tls, address: 'h:1', tls: {cert: b}", "'cert' needs 'key' beside it"},
        {"type: tls, address: 'h:1', tls: {key: b}", "'key' needs 'cert' beside it"},
        {"type: tcp, address: 'h:1', tls: {ca: b}", "'ca' is only for sinks of type tls"},
        {"type: stdout, tls: {verify: off}", "'verify' is only for sinks of type tls"},
        {"type: tls, address: 'h:1', tls: {verify: maybe}",
         "'verify' is 'maybe', but can only be on or off"},
        {"type: udp, address: 'h:1', framing: nul",
         "'framing' is only for sinks of type tcp, tls and unix"},
        {"type: udp", "a sink of type udp needs 'address', such as address: 'loghost:514'"},
        {"type: unix-dgram",
         "a sink of type unix-dgram needs 'address', such as address: /dev/log"},
        {"type: tcp", "a sink of type tcp needs 'address', such as address: 'loghost:514'"},
        {"type: unix", "a sink of type unix needs 'address', such as address: /run/logs.sock"},
        {"type: tcp, address: 'h:1', path: /x", "'path' is only for sinks of type file"},
        {"type: unix, address: /x, mode: '0600'", "'mode' is only for sinks of type file"},
        {"type: stdout, address: 'h:1'",
         "'address' is only for sinks of type tcp, tls, unix, udp and unix-dgram"},
        {"type: stdout, framing: lines", "'framing' is only for sinks of type tcp, tls and unix"},
        {"type: file, path: /x, timeout: 5s",
         "'timeout' is only for sinks of type tcp, tls, unix, udp, unix-dgram and zmq"},
        {"type: zmq, connect: 'ipc:///x', format: json", ""},
        {"type: zmq, socket: pub, bind: 'ipc:///x', topic: '{app}', timeout: 5s", ""},
        {"type: zmq", "a sink of type zmq needs 'bind' or 'connect', such as"},
        {"type: zmq, bind: 'ipc:///x', topic: '{app}'", "'topic' is only for socket: pub"},
        {"type: zmq, bind: 'ipc:///x', timeout: 5s", "'timeout' is only for socket: pub"},
        {"type: zmq, bind: 'ipc:///x', address: 'h:1'", "'address' is only for sinks of type"},
        {"type: stdout, bind: 'ipc:///x'", "'bind' is only for sinks of type zmq"},
        {"type: stdout, max_clients: 3", "'max_clients' is only for sinks of type zmq"},
        {"type: stdout, ipc: {mode: '0600'}", "'ipc.mode' is only for sinks of type zmq"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[256];
        const char *shown;

        snprintf(text, sizeof text, INGEST "sinks:\n  - {name: s, %s}\n", cases[i].sink);
        shown = load_text(*state, text);
        assert_int_equal(shown[0] == '\0', cases[i].said[0] == '\0');
        assert_non_null(strstr(shown, cases[i].said));
    }
}

static void one_mistake_is_told_once(void **state)
{
    assert_string_equal(load_text(*state, INGEST "sinks:\n"
                                                 "  - {name: s, type: http, path: x}\n"
                                                 "  - {name: t, type: file, path: ''}\n"),
                        "x.yaml:3:21: 'type' is 'http', but can only be file, stdout, tcp, tls, "
                        "unix, udp, unix-dgram or zmq\n"
                        "  - {name: s, type: http, path: x}\n"
                        "                    ^\n"
                        "x.yaml:4:33: 'path' is empty\n"
                        "  - {name: t, type: file, path: ''}\n"
                        "                                ^\n");
}

static void a_path_is_judged_by_those_who_use_it(void **state)
{
    assert_string_equal(load_text(*state, INGEST "sinks: [{name: s, type: file, max_open: 2, "
                                                 "path: 'logs/{nonsense}}{.log'}]\n"),
                        "");
}

/* ---- what is no document ------------------------------------------------- */

static void a_file_without_a_document_gives_no_conf(void **state)
{
    static const char empty[] = "x.yaml: is empty; it needs at least 'ingest' and 'sinks'\n";
    struct loaded *loaded = *state;

    assert_string_equal(load_text(loaded, ""), empty);
    assert_null(loaded->conf);
    assert_string_equal(load_text(loaded, "# nothing\n"), empty);
    assert_string_equal(load_text(loaded, "---\n"), empty);
    assert_string_equal(load_text(loaded, "- a\n"),
                        "x.yaml:1:1: a configuration consists of keys such as 'ingest:' and "
                        "'sinks:'\n- a\n^\n");
    assert_null(loaded->conf);
}

static void a_second_document_is_refused(void **state)
{
    assert_string_equal(load_text(*state, INGEST SINKS "---\n" INGEST),
                        "x.yaml:3:1: a second document begins here; a configuration is one "
                        "document\n---\n^\n");
}

static void what_is_not_text_is_refused_where_it_stands(void **state)
{
    struct loaded *loaded = *state;

    assert_string_equal(load_bytes(loaded, "a: 1\nb: \0\n", 10),
                        "x.yaml:2:4: byte \\x00 is not text; save the file as UTF-8\n"
                        "b: \\x00\n"
                        "   ^\n");
    assert_string_equal(load_text(loaded, "ü: \xfcx"),
                        "x.yaml:1:4: byte \\xFC is not text; save the file as UTF-8\n"
                        "ü: \\xFCx\n"
                        "   ^\n");
    assert_string_equal(load_bytes(loaded, "\xff\xfe#\0", 4),
                        "x.yaml:1:1: byte \\xFF is not text; save the file as UTF-8\n"
                        "\\xFF\\xFE#\\x00\n"
                        "^\n");
    assert_string_equal(load_text(loaded, "a\rb"),
                        "x.yaml:1:2: byte \\x0D is not text; save the file as UTF-8\n"
                        "a\\x0Db\n"
                        " ^\n");
    assert_string_equal(load_text(loaded, "timezone: \"\\0\"\n" INGEST SINKS),
                        "x.yaml:1:11: this text has a NUL byte, which no setting may have\n"
                        "timezone: \"\\0\"\n"
                        "          ^\n");
}

/* libfyaml 0.7.12 breaks its own memory over the first and the third. */
static void explicit_keys_are_refused_before_they_are_parsed(void **state)
{
    static const struct wrong_line cases[] = {
        {"? a:\t? b: c\n", "x.yaml:1:1: keys that begin with '?' are not supported\n"
                           "? a:\t? b: c\n"
                           "^\n"},
        {"a: 1\n- --- &ü !t \t?", "x.yaml:2:14: keys that begin with '?' are not supported\n"
                                  "- --- &ü !t \t?\n"
                                  "            \t^\n"},
        {" : : ? in\t]\t\t:\n\n ?: ?", "x.yaml:1:6: keys that begin with '?' are not supported\n"
                                       " : : ? in\t]\t\t:\n"
                                       "     ^\n"},
        {"a: [\"b: ? \", 'c': ? d]", "x.yaml:1:19: keys that begin with '?' are not supported\n"
                                     "a: [\"b: ? \", 'c': ? d]\n"
                                     "                  ^\n"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(load_text(*state, cases[i].line), cases[i].told);
    assert_string_equal(load_text(*state, INGEST "sinks: [{name: s, type: stdout, "
                                                 "format: '? {message}: ? '}]\n"),
                        "");
    assert_string_equal(load_text(*state, INGEST "sinks: [{name: s, type: stdout, "
                                                 "format: \"why ? {message}, ? \"}]\n"),
                        "");
}

static void control_characters_never_reach_the_terminal(void **state)
{
    assert_string_equal(load_text(*state, "timezone: \"\\e[31m\"\n" INGEST SINKS),
                        "x.yaml:1:11: 'timezone' is '\\x1B[31m', but can only be utc or local\n"
                        "timezone: \"\\e[31m\"\n"
                        "          ^\n");
}

static void a_file_name_does_not_reach_the_terminal_as_it_is(void **state)
{
    struct loaded *loaded = *state;

    loaded->conf = conf_load_text("a\033[31m\n.yaml", "a: b", 4, loaded->problems);
    assert_memory_equal(told(loaded), "a\\x1B[31m\\x0A.yaml:1:1: ", 23);
}

static void depth_is_bounded(void **state)
{
    /* The root and its list are two levels. */
    assert_string_equal(load_text(*state, INGEST "sinks: [[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]\n"),
                        "x.yaml:2:9: a sink is a section such as '- name: …', not a list\n"
                        "sinks: [[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]\n"
                        "        ^\n");
    assert_string_equal(load_text(*state, INGEST "sinks: [[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]\n"),
                        "x.yaml:2:9: a sink is a section such as '- name: …', not a list\n"
                        "sinks: [[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]\n"
                        "        ^\n"
                        "x.yaml:2:23: this is deeper than the largest allowed 16 levels\n"
                        "sinks: [[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]\n"
                        "                      ^\n");
}

static void a_file_of_one_mebibyte_fits_and_one_byte_more_does_not(void **state)
{
    static const char text[] = INGEST SINKS;
    struct loaded *loaded = *state;
    size_t len = 1 << 20;
    char *large = malloc(len + 1);

    memset(large, '#', len + 1);
    memcpy(large, text, sizeof text - 1);
    assert_string_equal(load_bytes(loaded, large, len), "");
    assert_string_equal(load_bytes(loaded, large, len + 1),
                        "x.yaml: is larger than the largest allowed 1MiB\n");
    assert_null(loaded->conf);
    free(large);
}

static void lists_are_bounded(void **state)
{
    struct loaded *loaded = *state;
    char *text = calloc(300, 32), *at = text;

    at += sprintf(at, INGEST "sinks:\n");
    for (unsigned i = 0; i < 256; i++)
        at += sprintf(at, "- {name: s%u, type: stdout}\n", i);
    assert_string_equal(load_text(loaded, text), "");
    assert_int_equal(loaded->conf->sink_count, 256);
    sprintf(at, "- {name: t, type: stdout}\n");
    assert_string_equal(load_text(loaded, text),
                        "x.yaml:3:1: 'sinks' has 257 items, above the largest allowed 256\n"
                        "- {name: s0, type: stdout}\n"
                        "^\n");
    free(text);
}

static void of_a_very_long_line_the_part_around_the_caret_is_shown(void **state)
{
    char text[1024], shown[512];

    snprintf(text, sizeof text, "{%*s, %s, \"tïmezone\": %0*d}\n", 200, "ingest: [], sinks: []",
             "timezone: utc", 300, 0);
    snprintf(shown, sizeof shown,
             "x.yaml:1:219: unknown key 'tïmezone'; did you mean 'timezone'?\n"
             "%*s, timezone: utc, \"tïmezone\": %0*d\n%*s^\n",
             62, "ingest: [], sinks: []", 68, 0, 79, "");
    assert_non_null(strstr(load_text(*state, text), shown));
}

static void a_very_long_line_of_stray_bytes_is_shown_in_part(void **state)
{
    char text[300], *shown = calloc(1, 1024), *at = shown;

    memset(text, 0xa8, sizeof text);
    at += sprintf(at, "x.yaml:1:1: byte \\xA8 is not text; save the file as UTF-8\n");
    for (unsigned i = 0; i < 160; i++)
        at += sprintf(at, "\\xA8");
    strcpy(at, "\n^\n");
    assert_string_equal(load_bytes(*state, text, sizeof text), shown);
    free(shown);
}

static void beyond_a_thousand_problems_they_are_only_counted(void **state)
{
    struct loaded *loaded = *state;
    char *text = calloc(1100, 8), *at = text;
    const char *shown;

    for (unsigned i = 0; i < 1010; i++)
        at += sprintf(at, "k%u: x\n", i);
    strcpy(at, SINKS);
    shown = load_text(loaded, text);
    assert_int_equal(conf_problems_count(loaded->problems), 1011);
    assert_non_null(strstr(shown, "and 11 more problems\n"));
    free(text);
}

/* ---- places -------------------------------------------------------------- */

static const char *problem_at(struct loaded *loaded, const void *setting)
{
    conf_problems_free(&loaded->problems);
    loaded->problems = conf_problems_new();
    conf_problem(loaded->conf, loaded->problems, setting, "look at %s", "this");
    return told(loaded);
}

static void a_problem_stands_where_its_setting_was_written(void **state)
{
    static const char text[] = "# first\n"
                               "memory: {cap: 64MiB}\n"
                               "ingest:\n"
                               "  - name: in\n"
                               "    bind: ['tcp://[::]:1', 'tcp://[::]:2']\n"
                               "sinks:\n"
                               "  - name: a\n"
                               "    type: stdout\n"
                               "  - {name: b, type: file, path: /x}\n";
    struct loaded *loaded = *state;
    const struct conf *conf;

    assert_string_equal(load_text(loaded, text), "");
    conf = loaded->conf;
    assert_non_null(strstr(problem_at(loaded, &conf->memory.cap), "x.yaml:2:15: look at this\n"));
    assert_non_null(strstr(problem_at(loaded, &conf->ingest[0].bind), "x.yaml:5:11:"));
    assert_non_null(strstr(problem_at(loaded, &conf->ingest[0].bind.items[1]), "x.yaml:5:28:"));
    assert_non_null(strstr(problem_at(loaded, conf->ingest[0].bind.items[1]), "x.yaml:5:28:"));
    assert_non_null(strstr(problem_at(loaded, &conf->sinks[1].path), "x.yaml:9:33:"));
    assert_non_null(strstr(problem_at(loaded, conf->sinks[1].path), "x.yaml:9:33:"));
}

static void a_problem_of_a_default_stands_at_its_section(void **state)
{
    struct loaded *loaded = *state;
    const struct conf *conf;

    assert_string_equal(load_text(loaded, "# first\n" INGEST SINKS), "");
    conf = loaded->conf;
    assert_non_null(strstr(problem_at(loaded, &conf->memory.cap), "x.yaml:2:1:"));
    assert_non_null(strstr(problem_at(loaded, &conf->timezone), "x.yaml:2:1:"));
    assert_non_null(strstr(problem_at(loaded, &conf->sinks[0].queue), "x.yaml:3:9:"));
    assert_non_null(strstr(problem_at(loaded, &conf->ingest[0].ipc.owner), "x.yaml:2:10:"));
    assert_string_equal(problem_at(loaded, state), "look at this\n"); /* not of this conf */
}

static void a_conf_made_by_hand_has_problems_without_places(void **state)
{
    struct loaded *loaded = *state;
    struct conf conf = {0};

    conf_problem(&conf, loaded->problems, &conf.memory.cap, "too small");
    assert_string_equal(told(loaded), "too small\n");
}

/* ---- files --------------------------------------------------------------- */

static char folder[] = "/tmp/logboom-conf-XXXXXX";

static int make_folder(void **state)
{
    char path[64];

    strcpy(folder, "/tmp/logboom-conf-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/conf.d", folder);
    return mkdir(path, 0700) == 0 ? begin(state) : -1;
}

static int remove_folder(void **state)
{
    char command[96];

    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) == 0 ? end(state) : -1;
}

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void included_files_add_endpoints_and_sinks_in_order(void **state)
{
    struct loaded *loaded = *state;

    write_file("main.yaml",
               "include: ['conf.d/*.yaml', 'none.d/*.yaml', last.yaml]\n" INGEST SINKS);
    write_file("conf.d/20.yaml", "sinks: [{name: twenty, type: stdout}]\n");
    write_file("conf.d/10.yaml", "sinks: [{name: ten, type: stdout}]\n"
                                 "ingest: [{name: more, connect: 'tcp://a:1'}]\n");
    write_file("conf.d/30.yml", "this: is no match\n");
    write_file("last.yaml", "sinks:\n");
    assert_string_equal(load_file(loaded, path_of("main.yaml")), "");
    assert_int_equal(loaded->conf->ingest_count, 2);
    assert_int_equal(loaded->conf->sink_count, 3);
    assert_string_equal(loaded->conf->sinks[0].name, "out");
    assert_string_equal(loaded->conf->sinks[1].name, "ten");
    assert_string_equal(loaded->conf->sinks[2].name, "twenty");
    /* The list has moved twice since this was noted. */
    assert_non_null(strstr(problem_at(loaded, &loaded->conf->sinks[0].type), "main.yaml:3:27:"));
    assert_non_null(strstr(problem_at(loaded, &loaded->conf->sinks[2].type), "20.yaml:1:30:"));
}

/* Leaves out the folder, whose name differs each time. */
static char *without_folder(const char *text)
{
    char *copy = strdup(text), *found;
    size_t len = strlen(folder) + 1;

    while ((found = strstr(copy, folder)))
        memmove(found, found + len, strlen(found + len) + 1);
    return copy;
}

static void problems_of_included_files_come_after_those_of_the_file(void **state)
{
    char *shown;

    write_file("main.yaml", "include: ['conf.d/*', missing.yaml]\n" INGEST SINKS "tiemzone: utc\n");
    write_file("conf.d/a.yaml", "memory: {cap: 1GiB}\ninclude: b.yaml\n");
    write_file("conf.d/b.yaml", "sinks: [{name: out, type: stdout}]\n");
    write_file("conf.d/c.yaml", "sinks: {\n");
    shown = without_folder(load_file(*state, path_of("main.yaml")));
    assert_string_equal(
        shown, "main.yaml:1:23: 'missing.yaml' cannot be opened: No such file or directory\n"
               "include: ['conf.d/*', missing.yaml]\n"
               "                      ^\n"
               "main.yaml:4:1: unknown key 'tiemzone'; did you mean 'timezone'?\n"
               "tiemzone: utc\n"
               "^\n"
               "conf.d/a.yaml:1:1: 'memory' cannot stand in an included file; "
               "it may only add 'ingest' and 'sinks'\n"
               "memory: {cap: 1GiB}\n"
               "^\n"
               "conf.d/a.yaml:2:1: 'include' cannot stand in an included file; "
               "it may only add 'ingest' and 'sinks'\n"
               "include: b.yaml\n"
               "^\n"
               "conf.d/b.yaml:1:16: another sink is called 'out' too\n"
               "sinks: [{name: out, type: stdout}]\n"
               "               ^\n"
               "conf.d/c.yaml:1:8: the '{' of line 1 is not closed\n"
               "sinks: {\n"
               "       ^\n");
    free(shown);
}

/* As somebody who may not look into every folder: root may. */
static void a_folder_of_files_that_cannot_be_searched_is_told(void **state)
{
    bool is_root = geteuid() == 0;
    char *shown;

    write_file("main.yaml", "include: 'conf.d/*.yaml'\n" INGEST SINKS);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chmod(path_of("conf.d"), 0), 0);
    if (is_root)
        assert_int_equal(seteuid(65534), 0);
    shown = without_folder(load_file(*state, path_of("main.yaml")));
    if (is_root)
        assert_int_equal(seteuid(0), 0);
    chmod(path_of("conf.d"), 0700);
    assert_string_equal(shown,
                        "main.yaml:1:10: 'conf.d/*.yaml' cannot be searched: Permission denied\n"
                        "include: 'conf.d/*.yaml'\n"
                        "         ^\n");
    free(shown);
}

static void of_a_missing_configuration_the_way_on_is_told(void **state)
{
    if (access(CONF_DEFAULT_PATH, F_OK) < 0)
        assert_string_equal(load_file(*state, CONF_DEFAULT_PATH),
                            CONF_DEFAULT_PATH ": cannot be opened: No such file or directory; name "
                                              "another with --config FILE, or begin with the "
                                              "sample conf/logboom.yaml\n");
    assert_string_equal(load_file(*state, ""), "the name of the configuration file is empty; name "
                                               "one, as in --config FILE\n");
}

static void what_cannot_be_read_is_named(void **state)
{
    char *shown;

    assert_string_equal(load_file(*state, "/nonexistent.yaml"),
                        "/nonexistent.yaml: cannot be opened: No such file or directory\n");
    assert_string_equal(load_file(*state, "/tmp"), "/tmp: cannot be read: Is a directory\n");
    assert_string_equal(load_file(*state, "/dev/zero"),
                        "/dev/zero: is larger than the largest allowed 1MiB\n");
    write_file("main.yaml", "include: pipe\n" INGEST SINKS);
    assert_int_equal(mkfifo(path_of("pipe"), 0600), 0);
    shown = without_folder(load_file(*state, path_of("main.yaml")));
    assert_string_equal(shown, "main.yaml:1:10: 'pipe' is not a regular file\n"
                               "include: pipe\n"
                               "         ^\n");
    free(shown);
}

#define TEST(function)      cmocka_unit_test_setup_teardown(function, begin, end)
#define FILE_TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

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
        TEST(all_problems_are_told_at_once_in_the_order_of_lines),
        TEST(what_stands_in_the_wrong_shape_is_refused),
        TEST(keys_of_no_setting_are_refused),
        TEST(sockets_have_settings_and_limits_of_their_own),
        TEST(a_match_asks_for_what_is_written),
        TEST(what_no_match_can_ask_for_is_told),
        TEST(globs_are_not_endless),
        TEST(keys_of_later_versions_are_unknown),
        TEST(a_template_without_quotes_is_told_to_take_some),
        TEST(a_syntax_error_keeps_its_place_and_has_advice),
        TEST(what_is_not_closed_is_told_where_it_opens),
        TEST(a_colon_without_a_space_behind_it_is_told),
        TEST(a_line_that_is_indented_wrongly_is_told),
        TEST(a_problem_stands_at_the_text_itself),
        TEST(endpoints_and_sinks_have_what_they_need),
        TEST(what_a_type_needs_and_what_it_cannot_have),
        TEST(one_mistake_is_told_once),
        TEST(a_path_is_judged_by_those_who_use_it),
        TEST(a_file_without_a_document_gives_no_conf),
        TEST(a_second_document_is_refused),
        TEST(what_is_not_text_is_refused_where_it_stands),
        TEST(explicit_keys_are_refused_before_they_are_parsed),
        TEST(control_characters_never_reach_the_terminal),
        TEST(a_file_name_does_not_reach_the_terminal_as_it_is),
        TEST(depth_is_bounded),
        TEST(a_file_of_one_mebibyte_fits_and_one_byte_more_does_not),
        TEST(lists_are_bounded),
        TEST(of_a_very_long_line_the_part_around_the_caret_is_shown),
        TEST(a_very_long_line_of_stray_bytes_is_shown_in_part),
        TEST(beyond_a_thousand_problems_they_are_only_counted),
        TEST(a_problem_stands_where_its_setting_was_written),
        TEST(a_problem_of_a_default_stands_at_its_section),
        TEST(a_conf_made_by_hand_has_problems_without_places),
        FILE_TEST(included_files_add_endpoints_and_sinks_in_order),
        FILE_TEST(problems_of_included_files_come_after_those_of_the_file),
        FILE_TEST(a_folder_of_files_that_cannot_be_searched_is_told),
        TEST(of_a_missing_configuration_the_way_on_is_told),
        FILE_TEST(what_cannot_be_read_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
