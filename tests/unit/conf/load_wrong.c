/* load_wrong.c - every word of what is wrong with a setting, an endpoint or a sink. */
#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/conf/load_rig.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_problems_are_told_at_once_in_the_order_of_lines),
        TEST(what_stands_in_the_wrong_shape_is_refused),
        TEST(keys_of_no_setting_are_refused),
        TEST(sockets_have_settings_and_limits_of_their_own),
        TEST(a_match_asks_for_what_is_written),
        TEST(what_no_match_can_ask_for_is_told),
        TEST(globs_are_not_endless),
        TEST(keys_of_later_versions_are_unknown),
        TEST(endpoints_and_sinks_have_what_they_need),
        TEST(what_a_type_needs_and_what_it_cannot_have),
        TEST(one_mistake_is_told_once),
        TEST(a_path_is_judged_by_those_who_use_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
