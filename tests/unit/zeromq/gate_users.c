/* gate_users.c - over a socket file only listed users come in; over tcp there are no users. */
#include <netinet/in.h>

#include "tests/unit/zeromq/gate_rig.h"

static uid_t mine, another;

static void pick(uid_t uid)
{
    assert_int_equal(gate_group_pick_users(group, &uid, 1), 0);
}

static void who_is_listed_comes_in(void **state)
{
    struct peer peer;

    (void)state;
    mine = getuid();
    pick(mine);
    peer = connect_peer();
    close_peer(&peer);
}

static void who_is_not_is_turned_away_counted_and_told(void **state)
{
    uint64_t accepted = gate_stats().accepted, before = cut_for(GATE_CUT_UID);
    struct gate_stranger stranger;
    char byte;
    int far;

    (void)state;
    another = getuid() + 1;
    pick(another);
    far = knock();
    assert_int_equal(take_newcomer(), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(recv(far, &byte, 1, 0), 0); /* closed */
    assert_int_equal(gate_stats().accepted, accepted);
    assert_int_equal(gate_stats().slots_in_use, 0);
    assert_int_equal(cut_for(GATE_CUT_UID), before + 1);
    assert_true(gate_next_stranger(&stranger));
    assert_int_equal(stranger.pid, getpid());
    assert_int_equal(stranger.uid, getuid());
    assert_string_equal(stranger.endpoint, "apps");
    assert_false(gate_next_stranger(&stranger));
    close(far);
}

static void stop_and_let_in_all(void *context)
{
    (void)context;
    gate_group_pick_users(group, NULL, 0);
    gate_half_close(GATE_TELL_ALL);
}

/* Who is turned away is closed without the lock: what other threads change meanwhile counts. */
static void a_stop_that_comes_while_one_is_turned_away_lets_nobody_in(void **state)
{
    int far[2];

    (void)state;
    pick(getuid() + 1);
    while (gate_tick())
        continue;
    gate_on_attention(stop_and_let_in_all, NULL);
    for (unsigned i = 0; i < 2; i++)
        far[i] = knock();
    assert_int_equal(take_newcomer(), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(gate_stats().slots_in_use, 0);
    for (unsigned i = 0; i < 2; i++)
        close(far[i]);
}

static void an_empty_list_lets_nobody_in_and_no_list_everybody(void **state)
{
    struct peer peer;
    int far;

    (void)state;
    assert_int_equal(gate_group_pick_users(group, &mine, 0), 0);
    far = knock();
    assert_int_equal(take_newcomer(), -1);
    close(far);
    assert_int_equal(gate_group_pick_users(group, NULL, 0), 0);
    peer = connect_peer();
    close_peer(&peer);
}

static void who_is_listed_no_more_is_cut(void **state)
{
    struct gate_cut cut;
    struct peer peer;

    (void)state;
    another = getuid() + 1;
    peer = connect_peer();
    assert_int_equal(gate_group_pick_users(group, &another, 1), 1);
    assert_true(is_cut(&peer));
    assert_true(gate_next_cut(&cut));
    assert_int_equal(cut.reason, GATE_CUT_UID);
    close_peer(&peer);
}

static void over_tcp_nobody_has_a_user(void **state)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t name_len = sizeof name;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), here;

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(fd, 1), 0);
    getsockname(fd, (struct sockaddr *)&name, &name_len);
    assert_true(gate_watch_listener(group, fd));
    pick(getuid() + 1);
    assert_int_equal(connect(far, (struct sockaddr *)&name, sizeof name), 0);
    here = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    assert_true(here >= 0);
    close(here);
    close(far);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_is_listed_comes_in),
        TEST(who_is_not_is_turned_away_counted_and_told),
        TEST(a_stop_that_comes_while_one_is_turned_away_lets_nobody_in),
        TEST(an_empty_list_lets_nobody_in_and_no_list_everybody),
        TEST(who_is_listed_no_more_is_cut),
        TEST(over_tcp_nobody_has_a_user),
    };

    return cmocka_run_group_tests(tests, rig_init, NULL);
}
