/* Addresses: what is accepted, what is refused, and whether the refusal helps. */
#include "zeromq/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#define countof(array) (sizeof(array) / sizeof *(array))

static char path_of_107[] = "ipc://"
                            "/23456789012345678901234567890123456789012345678901234567890"
                            "12345678901234567890123456789012345678901234567";
static char path_of_108[] = "ipc://"
                            "/23456789012345678901234567890123456789012345678901234567890"
                            "123456789012345678901234567890123456789012345678";

static struct address parsed(const char *text, enum address_use use)
{
    struct address address;
    struct err err = {""};

    if (address_parse(text, use, &address, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    return address;
}

static void what_is_accepted_is_shown_as_libzmq_reads_it(void **state)
{
    static const struct {
        enum address_use use;
        const char *text, *shown;
    } rows[] = {
        {ADDRESS_TO_BIND, "tcp://127.0.0.1:5514", "tcp://127.0.0.1:5514"},
        {ADDRESS_TO_BIND, "tcp://127.0.0.1:0", "tcp://127.0.0.1:0"},
        {ADDRESS_TO_BIND, "tcp://127.0.0.1:65535", "tcp://127.0.0.1:65535"},
        {ADDRESS_TO_BIND, "tcp://[::1]:5514", "tcp://[::1]:5514"},
        {ADDRESS_TO_BIND, "tcp://localhost:5514", "tcp://127.0.0.1:5514"},
        {ADDRESS_TO_BIND, "tcp://*:5514", "tcp://0.0.0.0:5514"},
        {ADDRESS_TO_BIND, "ipc:///run/x.sock", "ipc:///run/x.sock"},
        {ADDRESS_TO_BIND, "ipc://@x", "ipc://@x"},
        {ADDRESS_TO_BIND, path_of_107, path_of_107},
        {ADDRESS_TO_CONNECT, "tcp://localhost:1", "tcp://localhost:1"},
        {ADDRESS_TO_CONNECT, "tcp://logs-1.example.net:5514", "tcp://logs-1.example.net:5514"},
        {ADDRESS_TO_CONNECT, "tcp://[2001:db8::1]:5514", "tcp://[2001:db8::1]:5514"},
        {ADDRESS_TO_CONNECT, "ipc:///run/x.sock", "ipc:///run/x.sock"},
        {ADDRESS_TO_CONNECT, "ipc://@x", "ipc://@x"},
    };
    char text[ADDRESS_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < countof(rows); i++) {
        struct address address = parsed(rows[i].text, rows[i].use);
        assert_string_equal(address_show(&address, text), rows[i].shown);
    }
}

static void what_is_refused_is_quoted_with_its_remedy(void **state)
{
    static const struct {
        enum address_use use;
        const char *text, *said;
    } rows[] = {
        {ADDRESS_TO_BIND, "", "neither tcp://HOST:PORT nor ipc:///PATH"},
        {ADDRESS_TO_BIND, "5514", "neither tcp://HOST:PORT nor ipc:///PATH"},
        {ADDRESS_TO_BIND, "127.0.0.1:5514", "did you mean 'tcp://127.0.0.1:5514'?"},
        {ADDRESS_TO_BIND, "/run/x.sock", "did you mean 'ipc:///run/x.sock'?"},
        {ADDRESS_TO_BIND, "tpc://127.0.0.1:5514", "unknown transport 'tpc'; did you mean 'tcp'?"},
        {ADDRESS_TO_BIND, "inproc://x", "there are tcp and ipc"},
        {ADDRESS_TO_BIND, "://x", "there are tcp and ipc"},
        {ADDRESS_TO_BIND, "tcp://", "lacks a port"},
        {ADDRESS_TO_BIND, "tcp://127.0.0.1", "lacks a port"},
        {ADDRESS_TO_BIND, "tcp://127.0.0.1:", "lacks a port; 0 lets the kernel choose"},
        {ADDRESS_TO_BIND, "tcp://127.0.0.1:*", "lacks a port; 0 lets the kernel choose"},
        {ADDRESS_TO_BIND, "tcp://127.0.0.1:65536", "'65536' is not a number from 0 to 65535"},
        {ADDRESS_TO_BIND, "tcp://127.0.0.1:000080", "'000080' is not a number"},
        {ADDRESS_TO_BIND, "tcp://127.0.0.1:-1", "'-1' is not a number"},
        {ADDRESS_TO_BIND, "tcp://127.0.0.1:80/", "'80/' is not a number"},
        {ADDRESS_TO_BIND, "tcp://:5514", "lacks a host"},
        {ADDRESS_TO_BIND, "tcp://[]:5514", "lacks a host"},
        {ADDRESS_TO_BIND, "tcp://::1:5514", "stands in brackets"},
        {ADDRESS_TO_BIND, "tcp://[::1:5514", "lacks the ']'"},
        {ADDRESS_TO_BIND, "tcp://[::1]", "lacks a port"},
        {ADDRESS_TO_BIND, "tcp://[::1]x:5514", "between ']' and the port"},
        {ADDRESS_TO_BIND, "tcp://[127.0.0.1]:5514", "'127.0.0.1' is not an IPv6 number"},
        {ADDRESS_TO_BIND, "tcp://example.net:5514", "'example.net' is not a number"},
        {ADDRESS_TO_CONNECT, "tcp://127.0.0.1:0", "nobody can be reached at port 0"},
        {ADDRESS_TO_CONNECT, "tcp://*:5514", "'*' is for listening"},
        {ADDRESS_TO_CONNECT, "tcp://a b:5514", "'a b' is neither a number nor the name"},
        {ADDRESS_TO_BIND, "ipc://", "lacks a path"},
        {ADDRESS_TO_BIND, "ipc://@", "lacks a path"},
        {ADDRESS_TO_BIND, "ipc://run/x", "did you mean 'ipc:///run/x'?"},
        {ADDRESS_TO_BIND, "ipc:///run/", "names a directory"},
        {ADDRESS_TO_BIND, path_of_108, "has 108 bytes, the system allows 107"},
    };

    (void)state;
    for (size_t i = 0; i < countof(rows); i++) {
        struct address address = {.port = 42};
        struct err err = {""};

        if (address_parse(rows[i].text, rows[i].use, &address, &err) == 0)
            fail_msg("accepted: %s", rows[i].text);
        if (!strstr(err.text, rows[i].said) || !strstr(err.text, rows[i].text))
            fail_msg("%s: %s", rows[i].text, err.text);
        assert_int_equal(address.port, 42); /* untouched */
    }
}

static void a_host_of_253_bytes_fits_and_one_more_does_not(void **state)
{
    char text[512];
    struct address address;
    struct err err;

    (void)state;
    snprintf(text, sizeof text, "tcp://%0*d:1", ADDRESS_HOST_MAX, 0);
    assert_int_equal(address_parse(text, ADDRESS_TO_CONNECT, &address, &err), 0);
    assert_int_equal(strlen(address.host), ADDRESS_HOST_MAX);
    snprintf(text, sizeof text, "tcp://%0*d:1", ADDRESS_HOST_MAX + 1, 0);
    assert_int_equal(address_parse(text, ADDRESS_TO_CONNECT, &address, &err), -1);
    assert_non_null(strstr(err.text, "longer than 253 bytes"));
}

static void only_this_machine_is_loopback(void **state)
{
    static const struct {
        const char *text;
        enum address_use use;
        bool loopback;
    } rows[] = {
        {"tcp://127.0.0.1:1", ADDRESS_TO_BIND, true},
        {"tcp://127.255.255.254:1", ADDRESS_TO_BIND, true},
        {"tcp://[::1]:1", ADDRESS_TO_BIND, true},
        {"tcp://localhost:1", ADDRESS_TO_BIND, true},
        {"tcp://LocalHost:1", ADDRESS_TO_CONNECT, true},
        {"ipc:///run/x", ADDRESS_TO_BIND, true},
        {"ipc://@x", ADDRESS_TO_BIND, true},
        {"tcp://*:1", ADDRESS_TO_BIND, false},
        {"tcp://0.0.0.0:1", ADDRESS_TO_BIND, false},
        {"tcp://[::]:1", ADDRESS_TO_BIND, false},
        {"tcp://128.0.0.1:1", ADDRESS_TO_BIND, false},
        {"tcp://126.255.255.255:1", ADDRESS_TO_BIND, false},
        {"tcp://[::2]:1", ADDRESS_TO_BIND, false},
        {"tcp://localhost.example.net:1", ADDRESS_TO_CONNECT, false},
        {"tcp://127.0.0.1.example.net:1", ADDRESS_TO_CONNECT, false},
    };

    (void)state;
    for (size_t i = 0; i < countof(rows); i++) {
        struct address address = parsed(rows[i].text, rows[i].use);
        if (address_is_loopback(&address) != rows[i].loopback)
            fail_msg("%s", rows[i].text);
    }
}

static void the_kernel_is_told_the_same_address(void **state)
{
    struct sockaddr_storage storage;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;
    struct sockaddr_un *un = (struct sockaddr_un *)&storage;
    struct address address = parsed("tcp://127.0.0.2:5514", ADDRESS_TO_BIND);

    (void)state;
    assert_int_equal(address_to_sockaddr(&address, &storage), sizeof *v4);
    assert_int_equal(ntohl(v4->sin_addr.s_addr), 0x7f000002);
    assert_int_equal(ntohs(v4->sin_port), 5514);

    address = parsed("tcp://[::1]:5514", ADDRESS_TO_BIND);
    assert_int_equal(address_to_sockaddr(&address, &storage), sizeof *v6);
    assert_true(IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr));
    assert_int_equal(ntohs(v6->sin6_port), 5514);

    address = parsed(path_of_107, ADDRESS_TO_BIND);
    assert_true(address_is_file(&address));
    assert_int_equal(address_to_sockaddr(&address, &storage), sizeof *un);
    assert_string_equal(un->sun_path, path_of_107 + 6);

    address = parsed("ipc://@abc", ADDRESS_TO_BIND);
    assert_false(address_is_file(&address));
    assert_int_equal(address_to_sockaddr(&address, &storage), sizeof un->sun_family + 4);
    assert_memory_equal(un->sun_path, "\0abc", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_accepted_is_shown_as_libzmq_reads_it),
        cmocka_unit_test(what_is_refused_is_quoted_with_its_remedy),
        cmocka_unit_test(a_host_of_253_bytes_fits_and_one_more_does_not),
        cmocka_unit_test(only_this_machine_is_loopback),
        cmocka_unit_test(the_kernel_is_told_the_same_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
