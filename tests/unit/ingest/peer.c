/* peer.c - what ZeroMQ calls a peer, and what we make of it. */
#include "ingest/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const struct {
    const char *address, *text, *uid;
} names[] = {
    {"127.0.0.1", "127.0.0.1", ""},
    {"::1", "::1", ""},
    {"fe80::1%eth0", "fe80::1%eth0", ""},
    {"::ffff:10.1.2.3", "10.1.2.3", ""},
    {"::ffff:1:2", "::ffff:1:2", ""}, /* no IPv4 address in it */
    {"localhost:1000:100:812", "uid:1000,pid:812", "1000"},
    {"localhost:0:0:1", "uid:0,pid:1", "0"},
    {"localhost:4294967295:4294967295:4194304", "uid:4294967295,pid:4194304", "4294967295"},
    {"localhost:1000:100", "localhost:1000:100", ""}, /* not all three: no credentials */
    {"localhost", "localhost", ""},
    {"", "", ""},
    /* names of interfaces are anything, and no column may be forged */
    {"fe80::1%a b\"\\=\n\x7f\xc3\xa9", "fe80::1%a_b_______", ""},
    {"1234567890123456789012345678901234567890123456789012345678901234X",
     "1234567890123456789012345678901234567890123456789012345678901234", ""},
};

static void a_peer_is_an_address_or_a_user_and_a_process(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct peer peer = {.len = 7, .uid_at = 3, .uid_len = 2}; /* of the one before */

        peer_name(&peer, names[i].address);
        assert_int_equal(peer.len, strlen(names[i].text));
        assert_memory_equal(peer.text, names[i].text, peer.len);
        assert_int_equal(peer.uid_len, strlen(names[i].uid));
        assert_memory_equal(peer.text + peer.uid_at, names[i].uid, peer.uid_len);
    }
}

static void whom_nobody_knows_has_no_row(void **state)
{
    struct peers *peers = peers_new(4, NULL);
    zmq_msg_t made_here;

    (void)state;
    zmq_msg_init(&made_here); /* from no descriptor */
    assert_null(peers_find(peers, &made_here, false));
    zmq_msg_close(&made_here);
    peers_free(&peers);
    assert_null(peers);
    peers_free(&peers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_is_an_address_or_a_user_and_a_process),
        cmocka_unit_test(whom_nobody_knows_has_no_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
