/* Tries at handshakes: lent to each address, given back by who was let in, and back with time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "zeromq/gate_try.h"

static int64_t now_ms;

static int reset(void **state)
{
    (void)state;
    now_ms = 1000 * 1000;
    gate_try_reset();
    return 0;
}

static struct gate_address numbered(unsigned number)
{
    return (struct gate_address){GATE_ADDRESS_4, number};
}

/* So many of these tries in a row are there, and not one more. */
static unsigned spend_all(struct gate_address address)
{
    unsigned count = 0;

    while (count <= TRIES_OF_KNOWN + TRIES_SHARED && gate_try_lend(address, now_ms))
        count++;
    return count;
}

static void make_known(struct gate_address address)
{
    assert_true(gate_try_lend(address, now_ms));
    gate_try_give_back(address, now_ms);
}

static void an_unknown_address_has_some_tries_and_one_more_each_time(void **state)
{
    (void)state;
    assert_int_equal(spend_all(numbered(1)), TRIES_OF_UNKNOWN);
    now_ms += TRY_EVERY_MS - 1;
    assert_int_equal(spend_all(numbered(1)), 0);
    now_ms += 1;
    assert_int_equal(spend_all(numbered(1)), 1);
    now_ms += TRY_EVERY_MS * TRIES_OF_UNKNOWN * 10;
    assert_int_equal(spend_all(numbered(1)), TRIES_OF_UNKNOWN);
}

static void all_unknown_addresses_share_some_tries(void **state)
{
    unsigned count = 0;

    (void)state;
    for (unsigned i = 1; i <= 10; i++)
        count += spend_all(numbered(i));
    assert_int_equal(count, TRIES_SHARED);
    now_ms += TRY_SHARED_EVERY_MS;
    assert_int_equal(spend_all(numbered(11)), 1);
}

static void a_known_address_has_more_and_needs_none_of_those_that_are_shared(void **state)
{
    (void)state;
    make_known(numbered(1));
    assert_int_equal(spend_all(numbered(2)) + spend_all(numbered(3)), TRIES_SHARED);
    assert_int_equal(spend_all(numbered(1)), TRIES_OF_KNOWN);
}

static void who_is_let_in_never_runs_out(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10 * TRIES_OF_KNOWN; i++) {
        assert_true(gate_try_lend(numbered(1 + i % 1000), now_ms));
        gate_try_give_back(numbered(1 + i % 1000), now_ms);
    }
    assert_int_equal(spend_all(numbered(5000)), TRIES_OF_UNKNOWN); /* all shared ones are back */
    assert_int_equal(spend_all(numbered(5001)), TRIES_SHARED - TRIES_OF_UNKNOWN);
}

/* As when a daemon starts, and a whole rack comes at once from behind one address. */
static void many_at_once_from_one_address_get_in_when_the_first_ones_have(void **state)
{
    unsigned first, then = 0;

    (void)state;
    first = spend_all(numbered(1));
    for (unsigned i = 0; i < first; i++)
        gate_try_give_back(numbered(1), now_ms);
    then = spend_all(numbered(1));
    assert_int_equal(then, TRIES_OF_KNOWN);
}

static void more_unknown_addresses_than_the_table_holds_push_out_no_known_one(void **state)
{
    enum { KNOWN = 200, STRANGERS = 100 * 1000 };

    (void)state;
    for (unsigned i = 1; i <= KNOWN; i++)
        make_known(numbered(i));
    for (unsigned i = 0; i < STRANGERS; i++)
        gate_try_lend(numbered(1000 + i), ++now_ms);
    while (gate_try_lend(numbered(999), now_ms))
        continue;
    for (unsigned i = 1; i <= KNOWN; i++)
        assert_true(gate_try_lend(numbered(i), now_ms));
}

/* ---- addresses ------------------------------------------------------------------------------- */

static struct gate_address address_of(const char *text)
{
    struct sockaddr_in ip4 = {.sin_family = AF_INET};
    struct sockaddr_in6 ip6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, text, &ip4.sin_addr) == 1)
        return gate_address_of(-1, (struct sockaddr *)&ip4);
    assert_int_equal(inet_pton(AF_INET6, text, &ip6.sin6_addr), 1);
    return gate_address_of(-1, (struct sockaddr *)&ip6);
}

static void addresses_are_told_apart_as_far_as_senders_are(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"10.0.0.7", "10.0.0.7"},
        {"::ffff:10.0.0.7", "10.0.0.7"},
        {"2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"},
        {"fe80::1", "fe80::/64"},
    };
    char shown[GATE_ADDRESS_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gate_address_show(address_of(cases[i].text), shown);
        assert_string_equal(shown, cases[i].shown);
    }
    gate_address_show(gate_address_of(-1, NULL), shown);
    assert_string_equal(shown, "somebody");
}

/* What accept(2) says and what the kernel says later must be the same, or nothing would be given
 * back. */
static void both_ways_to_know_an_address_agree(void **state)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}, seen;
    socklen_t here_len = sizeof here, seen_len = sizeof seen;
    int listener = socket(AF_INET, SOCK_STREAM, 0), far = socket(AF_INET, SOCK_STREAM, 0), pair[2];
    int near;
    struct gate_address accepted, asked;
    char shown[GATE_ADDRESS_TEXT_MAX], wanted[32];

    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&here, here_len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&here, &here_len), 0);
    assert_int_equal(connect(far, (struct sockaddr *)&here, here_len), 0);
    near = accept(listener, (struct sockaddr *)&seen, &seen_len);
    accepted = gate_address_of(near, (struct sockaddr *)&seen);
    asked = gate_address_of(near, NULL);
    assert_true(accepted.kind == GATE_ADDRESS_4 && asked.kind == accepted.kind);
    assert_int_equal(asked.number, accepted.number);
    close(near);
    close(far);
    close(listener);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    gate_address_show(gate_address_of(pair[0], NULL), shown);
    snprintf(wanted, sizeof wanted, "uid %u", (unsigned)getuid());
    assert_string_equal(shown, wanted);
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_unknown_address_has_some_tries_and_one_more_each_time, reset),
        cmocka_unit_test_setup(all_unknown_addresses_share_some_tries, reset),
        cmocka_unit_test_setup(a_known_address_has_more_and_needs_none_of_those_that_are_shared,
                               reset),
        cmocka_unit_test_setup(who_is_let_in_never_runs_out, reset),
        cmocka_unit_test_setup(many_at_once_from_one_address_get_in_when_the_first_ones_have,
                               reset),
        cmocka_unit_test_setup(more_unknown_addresses_than_the_table_holds_push_out_no_known_one,
                               reset),
        cmocka_unit_test_setup(addresses_are_told_apart_as_far_as_senders_are, reset),
        cmocka_unit_test_setup(both_ways_to_know_an_address_agree, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
