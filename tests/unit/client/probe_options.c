/* A command line becomes a probe_conf, or a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/client/command_line.h"

/* The client's objects hold a main and are not linked into tests. */
#include "client/encryption.c"
#include "client/options.c"
#include "client/probe_options.c"
#include "client/probe_socket.c"

struct parsed {
    struct command_line line;
    struct probe_conf conf;
    bool help;
    struct err err;
    int result;
};

static void parse(struct parsed *parsed, const char *const *arguments)
{
    *parsed = (struct parsed){.line = command_line_of("probe", arguments)};
    parsed->result = probe_options_parse(parsed->line.argc, parsed->line.argv, &parsed->conf,
                                         &parsed->help, &parsed->err);
}

static void an_address_alone_means_the_defaults(void **state)
{
    static const char *const arguments[] = {"ipc:///x", NULL};
    struct parsed parsed;

    (void)state;
    parse(&parsed, arguments);
    assert_int_equal(parsed.result, 0);
    assert_false(parsed.help);
    assert_string_equal(parsed.conf.address, "ipc:///x");
    assert_int_equal(parsed.conf.way, PROBE_EITHER);
    assert_int_equal(parsed.conf.socket, PROBE_AUTO);
    assert_int_equal(parsed.conf.count, 10);
    assert_int_equal(parsed.conf.timeout_ms, 30000);
    assert_false(parsed.conf.only_yaml);
}

static void options_may_stand_behind_the_address(void **state)
{
    static const char *const arguments[] = {"tcp://a:1",     "--bind", "-n3", "--socket=rep",
                                            "--timeout=2ms", "--yaml", NULL};
    struct parsed parsed;

    (void)state;
    parse(&parsed, arguments);
    assert_int_equal(parsed.result, 0);
    assert_string_equal(parsed.conf.address, "tcp://a:1");
    assert_int_equal(parsed.conf.way, PROBE_BIND);
    assert_int_equal(parsed.conf.socket, PROBE_REP);
    assert_int_equal(parsed.conf.count, 3);
    assert_int_equal(parsed.conf.timeout_ms, 2);
    assert_true(parsed.conf.only_yaml);
}

static void help_ends_the_parsing(void **state)
{
    static const char *const lines[][4] = {
        {"-h"}, {"--help"}, {"-n", "1", "-h"}, {"--yaml", "-hx"}};
    struct parsed parsed;

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        parse(&parsed, lines[i]);
        assert_int_equal(parsed.result, 0);
        assert_true(parsed.help);
        assert_null(parsed.conf.address); /* left alone */
    }
}

static void what_is_wrong_is_refused(void **state)
{
    static const struct {
        const char *arguments[ARGUMENTS_MAX];
        const char *sentence;
    } cases[] = {
        {{"-n", "1000001", "x"}, "--count is '1000001', but must be a number from 1 to 1000000"},
        {{"-n", "-1", "x"}, "--count is '-1', but must be a number from 1 to 1000000"},
        {{"--count", "", "x"}, "--count is '', but must be a number from 1 to 1000000"},
        {{"-n"}, "option '-n' needs a value"},
        {{"--socket", "", "x"}, "--socket is '', but must be pull, sub, router, rep, pair or auto"},
        {{"--socket", "pul", "x"},
         "--socket is 'pul', but must be pull, sub, router, rep, pair or auto; did you mean "
         "'pull'?"},
        {{"--bind", "--connect", "x"},
         "--connect and --bind exclude each other; without either, both are tried"},
        {{"--yaml=1", "x"}, "option '--yaml=1' takes no value"},
        {{"a", "b"}, "one address at a time; 'b' is one more"},
        {{"a\x7f"}, "address 'a\x7f' holds control characters"},
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

/* Each client has one socket, which suits it, and each socket's own word leads back to it. */
static void every_socket_is_found_by_its_clients_and_its_word(void **state)
{
    static const struct {
        const char *type;
        enum probe_socket socket;
    } clients[] = {
        {"PUSH", PROBE_PULL}, {"PUB", PROBE_SUB},       {"XPUB", PROBE_SUB},
        {"REQ", PROBE_REP},   {"DEALER", PROBE_ROUTER}, {"PAIR", PROBE_PAIR},
    };
    static const char *const others[] = {"PULL", "SUB",    "XSUB", "ROUTER",
                                         "REP",  "STREAM", "",     "push"};

    (void)state;
    for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++) {
        assert_int_equal(probe_socket_for(clients[i].type), clients[i].socket);
        assert_true(probe_socket_suits(clients[i].socket, clients[i].type));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(probe_socket_for(others[i]), PROBE_NONE);
    for (unsigned i = 0; i < PROBE_SOCKETS; i++) {
        assert_int_equal(probe_socket_called(probe_socket_word(i)), i);
        assert_non_null(strstr(probe_socket_words(), probe_socket_word(i)));
    }
    assert_true(probe_socket_suits(PROBE_ROUTER, "ROUTER"));
    assert_false(probe_socket_suits(PROBE_ROUTER, "REQ")); /* which waits for an answer */
    assert_true(probe_socket_suits(PROBE_REP, "DEALER"));
    assert_false(probe_socket_suits(PROBE_PULL, "PUB"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_alone_means_the_defaults),
        cmocka_unit_test(options_may_stand_behind_the_address),
        cmocka_unit_test(help_ends_the_parsing),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(every_socket_is_found_by_its_clients_and_its_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
