/* gate_deal.c - several listeners at one address: each gets its newcomers, and those that are
 * retired none. */
#include "tests/unit/zeromq/gate_rig.h"

enum { ADDRESS = 7, ROUNDS = 64 };

static int second; /* a duplicate of `listener` */

static void deal_both(void)
{
    second = fcntl(listener, F_DUPFD_CLOEXEC, 0);
    assert_true(gate_watch_listener(group, second));
    watch(second, EPOLLIN);
    gate_deal(listener, ADDRESS);
    gate_deal(second, ADDRESS);
}

static int accept_on(int fd)
{
    return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* Which of them takes the next one; as libzmq does, both are asked, and one of them must. */
static bool second_takes(bool second_is_asked_first)
{
    int far = knock(), fds[] = {listener, second}, here = -1;
    unsigned at = second_is_asked_first;

    here = accept_on(fds[at]);
    if (here < 0) {
        assert_int_equal(errno, EAGAIN);
        at = !at;
        here = accept_on(fds[at]);
    }
    assert_true(here >= 0);
    close(here);
    close(far);
    gate_turn();
    gate_turn();
    gate_turn();
    return at;
}

static void whoever_is_asked_first_both_have_their_share(void **state)
{
    (void)state;
    deal_both();
    for (unsigned first = 0; first < 2; first++) {
        unsigned taken = 0, changes = 0;
        bool before = false;

        for (unsigned i = 0; i < ROUNDS; i++) {
            bool now = second_takes(first);

            taken += now;
            changes += i > 0 && now != before;
            before = now;
        }
        assert_in_range(taken, ROUNDS / 4, 3 * ROUNDS / 4);
        assert_in_range(changes, ROUNDS / 2, ROUNDS - 2); /* by turns, and not always */
    }
    unwatch(second);
    close(second);
}

static void one_that_is_retired_takes_nobody_and_its_connections_go_on(void **state)
{
    struct stream hello = small_messages(1), handshake = stream_after_handshake();
    struct peer peer;

    (void)state;
    deal_both();
    do { /* until it is the second that takes it */
        peer = (struct peer){.far = knock()};
        peer.here = accept_on(second);
        if (peer.here < 0) {
            peer.here = accept_on(listener);
            close(peer.here);
            close(peer.far);
            peer.here = -1;
        }
        gate_turn();
        gate_turn();
        gate_turn();
    } while (peer.here < 0);
    watch(peer.here, EPOLLIN);
    gate_retire_listener(second);
    assert_false(is_in_epoll(second));
    send_and_read(&peer, &handshake);
    send_and_read(&peer, &hello);
    give_back(&peer, 1, SMALL);
    for (unsigned i = 0; i < 8; i++)
        assert_false(second_takes(false)); /* the turn is the other's for good */
    close_peer(&peer);
    unwatch(second); /* as libzmq does in the end */
    close(second);
}

/* Doors open and close; what is retired stays so. */
static void one_that_is_retired_is_not_woken_by_a_door(void **state)
{
    struct peer peers[MAX_CLIENTS];
    int waiting;

    (void)state;
    deal_both();
    gate_retire_listener(second);
    for (unsigned i = 0; i < MAX_CLIENTS; i++)
        peers[i] = connect_peer();
    waiting = knock();
    assert_int_equal(take_newcomer(), -1); /* the door closes */
    assert_int_equal(gate_stats().doors_closed, 1);
    for (unsigned i = 0; i < MAX_CLIENTS; i++)
        close_peer(&peers[i]);
    gate_turn();
    gate_turn();
    gate_turn();
    assert_true(is_in_epoll(listener));
    assert_false(is_in_epoll(second));
    close(take_newcomer());
    close(waiting);
    unwatch(second);
    close(second);
}

/* Whoever had the turn is gone: the other has it. */
static void one_that_is_closed_leaves_its_turn(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        deal_both();
        second_takes(i % 2);
        unwatch(second);
        close(second);
        second = -1;
        assert_false(second_takes(false));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(whoever_is_asked_first_both_have_their_share),
        TEST(one_that_is_retired_takes_nobody_and_its_connections_go_on),
        TEST(one_that_is_retired_is_not_woken_by_a_door),
        TEST(one_that_is_closed_leaves_its_turn),
    };

    return cmocka_run_group_tests(tests, rig_init, NULL);
}
