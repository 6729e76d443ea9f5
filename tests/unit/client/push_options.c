/* A command line becomes a push_conf, or a sentence that names the very argument. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/client/command_line.h"

/* The client's objects hold a main and are not linked into tests. */
#include "client/encryption.c"
#include "client/options.c"
#include "client/push_options.c"
#include "client/wrap.c"

struct parsed {
    struct command_line line;
    struct push_conf conf;
    bool help;
    struct err err;
    int result;
};

static void parse(struct parsed *parsed, const char *const *arguments)
{
    *parsed = (struct parsed){.line = command_line_of("push", arguments)};
    unsetenv("LOGBOOM_ADDRESS");
    parsed->result = push_options_parse(parsed->line.argc, parsed->line.argv, &parsed->conf,
                                        &parsed->help, &parsed->err);
}

static void no_argument_at_all_means_the_defaults(void **state)
{
    struct parsed parsed;

    (void)state;
    parse(&parsed, (const char *const[]){NULL});
    assert_int_equal(parsed.result, 0);
    assert_false(parsed.help);
    assert_string_equal(parsed.conf.address, "tcp://127.0.0.1:5514");
    assert_int_equal(parsed.conf.shipment.batch_bytes, 0);
    assert_int_equal(parsed.conf.shipment.max_line_bytes, 256 * 1024);
    assert_int_equal(parsed.conf.timeout_ms, 5000);
    assert_int_equal(parsed.conf.path_count, 0);
}

static void options_may_stand_between_and_behind_paths(void **state)
{
    struct parsed parsed;

    (void)state;
    parse(&parsed, (const char *const[]){"a", "--batch-size", "2B", "b", "--batch", "-", NULL});
    assert_int_equal(parsed.result, 0);
    assert_int_equal(parsed.conf.shipment.batch_bytes, 2); /* --batch implies no other size */
    assert_int_equal(parsed.conf.path_count, 3);
    assert_string_equal(parsed.conf.paths[0], "a");
    assert_string_equal(parsed.conf.paths[1], "b");
    assert_string_equal(parsed.conf.paths[2], "-");
}

static void what_is_followed_and_what_is_wrapped(void **state)
{
    struct parsed parsed;

    (void)state;
    parse(&parsed, (const char *const[]){"-fq", "a", "--new", "--level=WARN", "--app=b", NULL});
    assert_int_equal(parsed.result, 0);
    assert_true(parsed.conf.follow && parsed.conf.new_only && parsed.conf.quiet);
    assert_string_equal(parsed.conf.shipment.wrap.level, "WARN");
    assert_string_equal(parsed.conf.shipment.wrap.app, "b");
    assert_null(parsed.conf.shipment.wrap.host);
}

static void help_has_two_names_and_ends_the_parsing(void **state)
{
    static const char *const lines[][3] = {{"-h"}, {"--help"}, {"-hx"}, {"--batch", "-h"}};
    struct parsed parsed;

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        parse(&parsed, lines[i]);
        assert_int_equal(parsed.result, 0);
        assert_true(parsed.help);
        assert_null(parsed.conf.address); /* left alone */
    }
}

static void a_refusal_names_the_argument(void **state)
{
    static const struct {
        const char *arguments[ARGUMENTS_MAX];
        const char *sentence;
    } cases[] = {
        {{"-x"}, "there is no option '-x'"},
        {{"-\u00e9"}, "there is no option '-\u00e9'"},
        {{"--batch", "-\u00e9"}, "there is no option '-\u00e9'"},
        {{"--batch", "-\xe9"}, "there is no option '-\xe9'"},
        {{"file", "-\xe9", "-"}, "there is no option '-\xe9'"},
        {{"file", "-xyz", "--batch"}, "there is no option '-xyz'"},
        {{"-batch"}, "there is no option '-batch'; did you mean '--batch'?"},
        {{"--bach", "-"}, "there is no option '--bach'; did you mean '--batch'?"},
        {{"--bach", "--batch"}, "there is no option '--bach'; did you mean '--batch'?"},
        {{"--help=3"}, "option '--help=3' takes no value"},
        {{"--batch=3", "-h"}, "option '--batch=3' takes no value"},
        {{"--batch", "--to"}, "option '--to' needs a value"},
        {{"--follow"}, "--follow needs a file; a pipe is followed without it"},
        {{"-f", "a", "-"}, "--follow is for files; a pipe is followed without it"},
        {{"--new", "a"}, "--new needs --follow"},
        {{"--level", "loud"},
         "--level is 'loud', but must be emerg, alert, crit, error, warning, notice, info, "
         "debug or trace"},
        {{"--app", ""}, "--app must have 1 to 255 bytes"},
    };
    struct parsed parsed;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        parse(&parsed, cases[i].arguments);
        assert_int_equal(parsed.result, -1);
        assert_string_equal(parsed.err.text, cases[i].sentence);
        assert_null(parsed.conf.address); /* left alone */
    }
}

static void sizes_and_times_have_bounds(void **state)
{
    static const struct {
        const char *arguments[3];
        int result;
    } cases[] = {
        {{"--batch-size", "1B"}, 0},    {{"--batch-size", "0"}, -1},
        {{"--batch-size", "16MiB"}, 0}, {{"--batch-size", "16777217B"}, -1},
        {{"--max-line", "1B"}, 0},      {{"--max-line", "0"}, -1},
        {{"--max-line", "16MiB"}, 0},   {{"--max-line", "16777217B"}, -1},
        {{"--timeout", "1ms"}, 0},      {{"--timeout", "0"}, -1},
        {{"--timeout", "365d"}, 0},     {{"--timeout", "31536000001ms"}, -1},
        {{"--timeout", "365"}, -1},
    };
    struct parsed parsed;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        parse(&parsed, cases[i].arguments);
        assert_int_equal(parsed.result, cases[i].result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_argument_at_all_means_the_defaults),
        cmocka_unit_test(options_may_stand_between_and_behind_paths),
        cmocka_unit_test(what_is_followed_and_what_is_wrapped),
        cmocka_unit_test(help_has_two_names_and_ends_the_parsing),
        cmocka_unit_test(a_refusal_names_the_argument),
        cmocka_unit_test(sizes_and_times_have_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
