/* net_address.c - what is an address, and what is said of what is none. */
#include "sink/net_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct net_address address;
static struct err err;

static void hosts_and_ports_are_taken_apart(void **state)
{
    static const struct {
        const char *text, *host, *port;
    } good[] = {
        {"loghost:514", "loghost", "514"},   {"192.0.2.7:1", "192.0.2.7", "1"},
        {"[::1]:65535", "::1", "65535"},     {"[2001:db8::7]:06514", "2001:db8::7", "06514"},
        {"[loghost]:514", "loghost", "514"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(net_address_parse(good[i].text, NET_HOST_PORT, &address, &err), 0);
        assert_string_equal(address.host, good[i].host);
        assert_string_equal(address.port, good[i].port);
        assert_false(address.is_path);
    }
}

static void what_is_none_is_refused_in_words(void **state)
{
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"", "needs a port"},
        {"loghost", "needs a port"},
        {"loghost:", "the port must be a number"},
        {"loghost:0", "the port must be a number"},
        {"loghost:65536", "the port must be a number"},
        {"loghost:syslog", "the port must be a number"},
        {"loghost:+514", "the port must be a number"},
        {"loghost:514514514514", "the port must be a number"},
        {":514", "names no host"},
        {"[]:514", "names no host"},
        {"::1:514", "several colons"},
        {"[::1:514", "'[' without ']'"},
        {"[:514", "'[' without ']'"},
        {"[::1]", "the port must be a number"},
        {"tcp://loghost:514", "write host:port alone"},
    };

    (void)state;
    memset(&address, 7, sizeof address);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(net_address_parse(bad[i].text, NET_HOST_PORT, &address, &err), -1);
        assert_non_null(strstr(err.text, bad[i].words));
    }
    assert_int_equal(address.host[0], 7); /* untouched */
}

static void hosts_have_a_longest_name(void **state)
{
    char text[300];

    (void)state;
    memset(text, 'h', sizeof text);
    strcpy(text + 255, ":514");
    assert_int_equal(net_address_parse(text, NET_HOST_PORT, &address, &err), 0);
    assert_int_equal(strlen(address.host), 255);
    memset(text, 'h', 256);
    strcpy(text + 256, ":514");
    assert_int_equal(net_address_parse(text, NET_HOST_PORT, &address, &err), -1);
    assert_non_null(strstr(err.text, "at most 255 bytes"));
}

static void paths_and_abstract_names_are_sockets(void **state)
{
    char text[120];

    (void)state;
    assert_int_equal(net_address_parse("/dev/log", NET_PATH, &address, &err), 0);
    assert_true(address.is_path);
    assert_string_equal(address.path.sun_path, "/dev/log");
    assert_int_equal(net_address_parse("@logs", NET_PATH, &address, &err), 0);
    assert_memory_equal(address.path.sun_path, "\0logs", 5);
    assert_int_equal(address.path_len, offsetof(struct sockaddr_un, sun_path) + 5);
    assert_int_equal(net_address_parse("loghost:514", NET_PATH, &address, &err), -1);
    assert_non_null(strstr(err.text, "is no path"));
    memset(text, '/', sizeof text);
    text[107] = '\0';
    assert_int_equal(net_address_parse(text, NET_PATH, &address, &err), 0);
    text[107] = '/';
    text[108] = '\0';
    assert_int_equal(net_address_parse(text, NET_PATH, &address, &err), -1);
    assert_non_null(strstr(err.text, "at most 107"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_and_ports_are_taken_apart),
        cmocka_unit_test(what_is_none_is_refused_in_words),
        cmocka_unit_test(hosts_have_a_longest_name),
        cmocka_unit_test(paths_and_abstract_names_are_sockets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
