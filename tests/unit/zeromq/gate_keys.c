/* gate_keys.c - a connection is known by the address that libzmq is told, and by the key that was
 * noted for it, and by nothing of another that had its descriptor before. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/syscall.h>

#include "tests/unit/zeromq/gate_rig.h"

static const unsigned char good[GATE_KEY_BYTES] = {1}, bad[GATE_KEY_BYTES] = {2};

/* What libzmq makes of it. */
static const char *address_of(int fd)
{
    static char text[INET6_ADDRSTRLEN];
    struct sockaddr_storage name;
    socklen_t name_len = sizeof name;

    assert_int_equal(getpeername(fd, (struct sockaddr *)&name, &name_len), 0);
    if (name.ss_family != AF_INET6)
        return "no number";
    inet_ntop(AF_INET6, &((struct sockaddr_in6 *)(void *)&name)->sin6_addr, text, sizeof text);
    return text;
}

static struct gate_caller caller_of(const struct peer *peer)
{
    struct gate_caller caller;

    assert_true(gate_find_caller(address_of(peer->here), &caller));
    assert_int_equal(caller.fd, peer->here);
    assert_int_equal(caller.number, gate_connection(peer->here));
    return caller;
}

static const char *name_of_bad(void *context, const unsigned char key[GATE_KEY_BYTES])
{
    return memcmp(key, bad, GATE_KEY_BYTES) == 0 ? context : NULL;
}

static unsigned cut_bad(void)
{
    char name[] = "web1";

    return gate_cut_keys(group, name_of_bad, name);
}

static void who_encrypts_is_told_by_number_and_nobody_else(void **state)
{
    struct gate_caller caller;
    struct peer peer;

    (void)state;
    peer = connect_peer();
    assert_string_equal(address_of(peer.here), "no number");
    close_peer(&peer);
    gate_group_encrypt(group);
    peer = connect_peer();
    caller_of(&peer);
    assert_string_equal(address_of(peer.far), "no number"); /* in no slot */
    close_peer(&peer);
    assert_false(gate_find_caller("127.0.0.1", &caller));
    assert_false(gate_find_caller("::1", &caller));
    assert_false(gate_find_caller("", &caller));
    assert_false(gate_find_caller("fe80::1%eth0", &caller));
}

static void a_number_leads_back_to_the_address_while_it_is_there(void **state)
{
    char text[GATE_PEER_MAX], expected[GATE_PEER_MAX];
    struct gate_caller caller;
    struct peer peer;

    (void)state;
    gate_group_encrypt(group);
    peer = connect_peer();
    caller = caller_of(&peer);
    gate_show_caller(&caller, text);
    snprintf(expected, sizeof expected, "pid %d uid %u", (int)getpid(), (unsigned)getuid());
    assert_string_equal(text, expected);
    close_peer(&peer);
    gate_show_caller(&caller, text);
    assert_non_null(strstr(text, "left"));
}

static void those_whose_key_is_gone_are_cut_and_told_by_name(void **state)
{
    struct peer one, other, nobody;
    struct gate_caller caller;
    struct gate_cut cut;
    uint64_t before = cut_for(GATE_CUT_REVOKED);

    (void)state;
    gate_group_encrypt(group);
    one = connect_peer(), other = connect_peer(), nobody = connect_peer();
    caller = caller_of(&one);
    gate_note_key(&caller, bad);
    caller = caller_of(&other);
    gate_note_key(&caller, good);
    assert_int_equal(cut_bad(), 1);
    assert_int_equal(cut_bad(), 0); /* once */
    assert_int_equal(cut_for(GATE_CUT_REVOKED), before + 1);
    assert_true(gate_next_cut(&cut));
    assert_int_equal(strncmp(cut.peer, "web1 (pid ", 10), 0);
    assert_true(is_cut(&one));
    assert_true(is_refused(&other, EAGAIN));
    assert_true(is_refused(&nobody, EAGAIN));
    close_peer(&one), close_peer(&other), close_peer(&nobody);
}

/* The answer to a question of one that has left says nothing of the next one. */
static void a_key_is_of_one_connection_alone(void **state)
{
    struct gate_caller late;
    struct peer first, next;

    (void)state;
    gate_group_encrypt(group);
    first = connect_peer();
    late = caller_of(&first);
    gate_note_key(&late, bad);
    close_peer(&first);
    gate_turn();
    gate_turn();
    gate_turn();
    next = connect_peer();
    assert_int_equal(next.here, late.fd); /* the descriptor is the same */
    assert_int_equal(cut_bad(), 0);
    gate_note_key(&late, bad);
    assert_int_equal(cut_bad(), 0);
    close_peer(&next);
}

static void those_of_other_groups_are_let_alone(void **state)
{
    struct gate_group *other = gate_group_new("other", MAX_MESSAGE, 1);
    struct gate_caller caller;
    struct peer peer;
    char name[] = "web1";

    (void)state;
    gate_group_encrypt(group);
    peer = connect_peer();
    caller = caller_of(&peer);
    gate_note_key(&caller, bad);
    assert_int_equal(gate_cut_keys(other, name_of_bad, name), 0);
    gate_group_free(&other);
    close_peer(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_encrypts_is_told_by_number_and_nobody_else),
        TEST(a_number_leads_back_to_the_address_while_it_is_there),
        TEST(those_whose_key_is_gone_are_cut_and_told_by_name),
        TEST(a_key_is_of_one_connection_alone),
        TEST(those_of_other_groups_are_let_alone),
    };

    return cmocka_run_group_tests(tests, rig_init, NULL);
}
