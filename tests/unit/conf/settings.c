/* settings.c - each row by itself: defaults, bounds, words, help. */
#include "conf/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/conf.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const struct setting *row(const char *section, const char *name)
{
    const struct section *found = &settings_root;

    if (section)
        found = settings_find(found, section)->section;
    return settings_find(found, name);
}

/* The sentence that refuses the text, or "" when it is taken. */
static const char *refusal(const struct setting *setting, const char *text)
{
    static struct err err;
    char *member = calloc(1, setting->size);

    err.text[0] = '\0';
    if (setting_parse(setting, text, member, &err) == 0 && setting->kind == SETTING_TEXT)
        free(*(char **)(void *)member);
    free(member);
    return err.text;
}

static void check_section(const struct section *section)
{
    assert_true(section->count > 0);
    for (unsigned i = 0; i < section->count; i++) {
        const struct setting *setting = &section->settings[i];

        assert_ptr_equal(settings_find(section, setting->name), setting);
        assert_true(strlen(setting->help) > 0);
        assert_true(setting->offset + setting->size <= section->size);
        if (setting->standard)
            assert_string_equal(refusal(setting, setting->standard), "");
        if (setting->kind == SETTING_WORD)
            assert_true(setting->words && (setting->standard || setting->required));
        if (setting->section)
            check_section(setting->section);
    }
}

static void every_default_is_taken_by_its_own_parser(void **state)
{
    (void)state;
    check_section(&settings_root);
}

static void members_begin_with_their_defaults(void **state)
{
    struct conf conf = {0};
    struct conf_ingest ingest = {0};
    struct conf_sink sink = {0};

    (void)state;
    settings_init(&settings_root, &conf);
    assert_true(conf.memory.cap.bytes == 64 << 20);
    assert_int_equal(conf.timezone, CONF_TIMEZONE_UTC);
    assert_true(conf.drain_timeout.ms == 5000);
    settings_fini(&settings_root, &conf);

    settings_init(row(NULL, "ingest")->section, &ingest);
    assert_int_equal(ingest.socket, CONF_SOCKET_PULL);
    assert_int_equal(ingest.decode, CONF_DECODE_AUTO);
    assert_int_equal(ingest.split, CONF_SPLIT_NONE);
    assert_int_equal(ingest.ipc.mode.bits, 0660);
    assert_true(ingest.max_entry.bytes == 64 << 10);
    assert_true(ingest.max_message.bytes == 256 << 10);
    assert_int_equal(ingest.max_clients.count, 128);
    assert_int_equal(ingest.host, CONF_HOST_CLIENT);
    assert_int_equal(ingest.fields.count, 0);
    settings_fini(row(NULL, "ingest")->section, &ingest);

    settings_init(row(NULL, "sinks")->section, &sink);
    assert_string_equal(sink.format, "text");
    assert_int_equal(sink.newlines, CONF_NEWLINES_ESCAPE);
    assert_int_equal(sink.origin, CONF_ORIGIN_OFF);
    assert_int_equal(sink.mode.bits, 0640);
    assert_true(sink.rotate.size.bytes == 0);
    assert_int_equal(sink.rotate.every, CONF_EVERY_NEVER);
    assert_int_equal(sink.rotate.keep.count, 10);
    assert_true(sink.rotate.max_total.bytes == 0);
    assert_int_equal(sink.rotate.compress, CONF_COMPRESS_NONE);
    assert_true(sink.sync.ms == 0 && sink.min_free.bytes == 0);
    assert_true(sink.queue.bytes == 0);
    assert_int_equal(sink.when_full, CONF_WHEN_FULL_BLOCK);
    assert_true(sink.block_for.ms == 0);
    assert_int_equal(sink.notices, CONF_NOTICES_ON);
    assert_true(sink.batch_for.ms == 0);
    settings_fini(row(NULL, "sinks")->section, &sink);
}

/* The words stand in the order of the enum's members. */
static void each_word_is_its_member_of_the_enum(void **state)
{
    static const struct {
        const char *section, *name, *word;
        unsigned value;
    } cases[] = {
        {NULL, "timezone", "utc", CONF_TIMEZONE_UTC},
        {NULL, "timezone", "local", CONF_TIMEZONE_LOCAL},
        {"memory", "gate", "on", CONF_GATE_ON},
        {"memory", "gate", "off", CONF_GATE_OFF},
        {"ingest", "socket", "pull", CONF_SOCKET_PULL},
        {"ingest", "socket", "sub", CONF_SOCKET_SUB},
        {"ingest", "decode", "auto", CONF_DECODE_AUTO},
        {"ingest", "decode", "json", CONF_DECODE_JSON},
        {"ingest", "decode", "text", CONF_DECODE_TEXT},
        {"ingest", "split", "none", CONF_SPLIT_NONE},
        {"ingest", "split", "lines", CONF_SPLIT_LINES},
        {"sinks", "type", "file", CONF_SINK_FILE},
        {"sinks", "type", "stdout", CONF_SINK_STDOUT},
        {"sinks", "newlines", "escape", CONF_NEWLINES_ESCAPE},
        {"sinks", "newlines", "indent", CONF_NEWLINES_INDENT},
        {"sinks", "when_full", "block", CONF_WHEN_FULL_BLOCK},
        {"sinks", "when_full", "drop_newest", CONF_WHEN_FULL_DROP_NEWEST},
        {"sinks", "when_full", "drop_oldest", CONF_WHEN_FULL_DROP_OLDEST},
        {"sinks", "notices", "on", CONF_NOTICES_ON},
        {"sinks", "notices", "off", CONF_NOTICES_OFF},
        {"sinks", "origin", "on", CONF_ORIGIN_ON},
        {"sinks", "origin", "off", CONF_ORIGIN_OFF},
        {"ingest", "host", "client", CONF_HOST_CLIENT},
        {"ingest", "host", "peer", CONF_HOST_PEER},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        unsigned value = 42;

        assert_int_equal(
            setting_parse(row(cases[i].section, cases[i].name), cases[i].word, &value, NULL), 0);
        assert_int_equal(value, cases[i].value);
    }
}

static void values_are_taken_up_to_their_bounds_and_refused_past_them(void **state)
{
    static const struct {
        const char *section, *name, *text, *sentence;
    } cases[] = {
        {"memory", "cap", "16MiB", ""},
        {"memory", "cap", "16777215B", "'cap' is 16777215B, below the smallest allowed 16MiB"},
        {"memory", "cap", "64",
         "'cap': '64' has no unit; write 64KiB or 64MiB "
         "(units are B, KiB, MiB, GiB, KB, MB or GB)"},
        {NULL, "drain_timeout", "100ms", ""},
        {"sinks", "sync", "10ms", ""},
        {"sinks", "sync", "9ms", "'sync' is 9ms, below the smallest allowed 10ms"},
        {"sinks", "sync", "each", ""},
        {NULL, "drain_timeout", "each",
         "'drain_timeout': 'each' is not a time; write a whole number and ms, s, m, h or d"},
        {NULL, "drain_timeout", "99ms",
         "'drain_timeout' is 99ms, below the smallest allowed 100ms"},
        {NULL, "drain_timeout", "0", "'drain_timeout' is 0, below the smallest allowed 100ms"},
        {NULL, "drain_timeout", "60m", ""},
        {NULL, "drain_timeout", "3600001ms",
         "'drain_timeout' is 3600001ms, above the largest allowed 1h"},
        {"memory", "gate", "off", ""},
        {"memory", "gate", "no", "'gate' is 'no', but can only be on or off"},
        {"ingest", "max_clients", "1", ""},
        {"ingest", "max_clients", "0", "'max_clients' is 0, below the smallest allowed 1"},
        {"ingest", "max_clients", "100000", ""},
        {"ingest", "max_clients", "100001",
         "'max_clients' is 100001, above the largest allowed 100000"},
        {"ingest", "max_clients", "1KiB",
         "'max_clients': '1KiB' is not a count; write a whole number alone"},
        {"ingest", "max_entry", "1KiB", ""},
        {"ingest", "max_entry", "1023B", "'max_entry' is 1023B, below the smallest allowed 1KiB"},
        {"ingest", "max_entry", "1MiB", ""},
        {"ingest", "max_entry", "2MiB", "'max_entry' is 2MiB, above the largest allowed 1MiB"},
        {"ingest", "max_message", "16MiB", ""},
        {"ingest", "max_message", "17MiB",
         "'max_message' is 17MiB, above the largest allowed 16MiB"},
        {"sinks", "queue", "256KiB", ""},
        {"sinks", "queue", "32KiB", "'queue' is 32KiB, below the smallest allowed 256KiB"},
        {"sinks", "queue", "0", "'queue' is 0, below the smallest allowed 256KiB"},
        {"sinks", "queue", "auto", ""},
        {"sinks", "batch_for", "0", ""},
        {"sinks", "batch_for", "10s", ""},
        {"sinks", "batch_for", "11s", "'batch_for' is 11s, above the largest allowed 10s"},
        {"sinks", "mode", "0777", ""},
        {"sinks", "mode", "640", ""},
        {"sinks", "mode", "1777", "'mode' is 1777, above the largest allowed 0777"},
        {"sinks", "mode", "0888", "'mode' is '0888'; write an octal number such as '0640'"},
        {"sinks", "mode", "64", "'mode' is '64'; write an octal number such as '0640'"},
        {"sinks", "mode", "00640", "'mode' is '00640'; write an octal number such as '0640'"},
        {"sinks", "mode", "-640", "'mode' is '-640'; write an octal number such as '0640'"},
        {"sinks", "type", "http",
         "'type' is 'http', but can only be file, stdout, tcp, tls, unix, udp, unix-dgram or zmq"},
        {"sinks", "framing", "crlf",
         "'framing' is 'crlf', but can only be lines, octet-counted or nul"},
        {"sinks", "timeout", "50ms", "'timeout' is 50ms, below the smallest allowed 100ms"},
        {"sinks", "when_full", "drop",
         "'when_full' is 'drop', but can only be block, drop_newest or drop_oldest"},
        {"sinks", "block_for", "forever", ""},
        {"sinks", "block_for", "100ms", ""},
        {"sinks", "block_for", "0", "'block_for' is 0, below the smallest allowed 100ms"},
        {"sinks", "block_for", "24h", ""},
        {"sinks", "block_for", "25h", "'block_for' is 25h, above the largest allowed 1d"},
        {"sinks", "batch_for", "forever",
         "'batch_for': 'forever' is not a time; write a whole number and ms, s, m, h or d"},
        {"sinks", "notices", "yes", "'notices' is 'yes', but can only be on or off"},
        {"ingest", "socket", "push",
         "'socket' is 'push', but can only be pull, sub, router, rep or pair"},
        {"ingest", "decode", "Json",
         "'decode' is 'Json', but can only be auto, json, text, rfc5424, "
         "rfc3164, gelf or msgpack"},
        {"sinks", "path", "", "'path' is empty"},
        {"sinks", "name", "a-b_c.9", ""},
        {"sinks", "name", "a b",
         "'name' is 'a b', but may only have letters, digits, '_', '.' and '-'"},
        {"sinks", "name", "ü",
         "'name' is 'ü', but may only have letters, digits, '_', '.' and '-'"},
        {"sinks", "name", "0123456789012345678901234567890123456789012345678901234567890123", ""},
        {"sinks", "name", "01234567890123456789012345678901234567890123456789012345678901234",
         "'name' has 65 characters, above the largest allowed 64"},
        {"sinks", "format", "raw", ""},
        {"sinks", "format", "{message}", ""},
        {"sinks", "format", "jsno", "'format' is 'jsno'; did you mean 'json'?"},
        {"sinks", "format", "rfc5424", ""},
        {"sinks", "format", "syslog",
         "'format' is 'syslog', but can only be text, line, json, logfmt, rfc5424, rfc3164, raw or "
         "a template such as '{time} {message}'"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(refusal(row(cases[i].section, cases[i].name), cases[i].text),
                            cases[i].sentence);
}

static void a_refused_value_leaves_the_member_as_it_was(void **state)
{
    struct conf_bytes queue = {42};
    char *format = strdup("line");

    (void)state;
    assert_int_equal(setting_parse(row("sinks", "queue"), "1B", &queue, NULL), -1);
    assert_true(queue.bytes == 42);
    assert_int_equal(setting_parse(row("sinks", "format"), "lines!", &format, NULL), -1);
    assert_string_equal(format, "line");
    free(format);
}

static void a_list_takes_as_many_texts_as_allowed_and_no_more(void **state)
{
    struct conf_ingest ingest = {0};
    const struct setting *bind = row("ingest", "bind");
    struct err err;

    (void)state;
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(setting_parse(bind, "tcp://[::1]:5514", &ingest.bind, &err), 0);
    assert_int_equal(setting_parse(bind, "tcp://[::1]:5514", &ingest.bind, &err), -1);
    assert_string_equal(err.text, "'bind' has more than the largest allowed 64 items");
    assert_int_equal(ingest.bind.count, 64);
    settings_fini(row(NULL, "ingest")->section, &ingest);
}

static void words_that_do_not_fit_are_cut(void **state)
{
    const char *const words[] = {"one", "two", "three", NULL};
    char text[32];

    (void)state;
    assert_string_equal(setting_list_words(words, " or ", text, 18), "one, two or three");
    assert_string_equal(setting_list_words(words, " or ", text, 17), "one, two or thre");
    assert_string_equal(setting_list_words(words, " or ", text, 1), "");
}

static void the_help_names_every_setting_with_its_default_and_bounds(void **state)
{
    static const char *const lines[] = {
        "  cap:              size, 16MiB to 1024GiB; default 64MiB\n",
        "drain_timeout:      time, 100ms to 1h; default 5s\n",
        "  - name:           text; required\n",
        "    socket:         pull, sub, router, rep or pair; default pull\n",
        "      mode:         octal permissions; default 0660\n",
        "    max_entry:      size, 1KiB to 1MiB; default 64KiB\n",
        "  gate:             on or off; default on\n",
        "    max_clients:    number, 1 to 100000; default 128\n",
        "    type:           file, stdout, tcp, tls, unix, udp, unix-dgram or zmq; required\n",
        "    when_full:      block, drop_newest or drop_oldest; default block\n",
        "    block_for:      time, 100ms to 1d, or forever; default forever\n",
        "    notices:        on or off; default on\n",
        "    queue:          size, at least 256KiB, or auto; default auto\n",
        "                    memory for what waits, and room for 4 blocks of twice max_entry (with "
        "the "
        "default max_entry: 512KiB); auto takes a share of 'memory.cap'\n",
        "    batch_for:      time, at most 10s; default 0ms\n",
    };
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    (void)state;
    conf_print_help(out);
    fclose(out);
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        assert_non_null(strstr(text, lines[i]));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_is_taken_by_its_own_parser),
        cmocka_unit_test(members_begin_with_their_defaults),
        cmocka_unit_test(each_word_is_its_member_of_the_enum),
        cmocka_unit_test(values_are_taken_up_to_their_bounds_and_refused_past_them),
        cmocka_unit_test(a_refused_value_leaves_the_member_as_it_was),
        cmocka_unit_test(a_list_takes_as_many_texts_as_allowed_and_no_more),
        cmocka_unit_test(words_that_do_not_fit_are_cut),
        cmocka_unit_test(the_help_names_every_setting_with_its_default_and_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
