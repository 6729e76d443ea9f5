/* listen.c - where metrics may be served. */
#include "metrics/listen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void hosts_and_ports(void **state)
{
    static const struct {
        const char *text, *address;
    } cases[] = {
        {"127.0.0.1:9514", "tcp://127.0.0.1:9514"},
        {"localhost:9514", "tcp://127.0.0.1:9514"},
        {"[::1]:0", "tcp://[::1]:0"},
        {":9514", "tcp://0.0.0.0:9514"},
        {"*:9514", "tcp://0.0.0.0:9514"},
        {"[::]:9514", "tcp://[::]:9514"},
    };
    char shown[ADDRESS_TEXT_MAX];
    struct address address;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(metrics_parse_listen(cases[i].text, &address, NULL), 0);
        assert_string_equal(address_show(&address, shown), cases[i].address);
    }
}

static void what_is_neither_is_refused(void **state)
{
    static const char *const texts[] = {
        "",       "9514",         "127.0.0.1",     "http://127.0.0.1:1",
        "/run/x", "host.name:80", "1.2.3.4:99999", "::1:9514"};
    char longest[1024];
    struct address address;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(metrics_parse_listen(texts[i], &address, &err), -1);
        assert_true(strlen(err.text) > 10);
    }
    memset(longest, '1', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(metrics_parse_listen(longest, &address, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_and_ports),
        cmocka_unit_test(what_is_neither_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
