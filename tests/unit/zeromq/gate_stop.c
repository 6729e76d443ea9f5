/* The stop: who is told when, and what is waited for. */
#include "tests/unit/zeromq/gate_rig.h"

static bool has_seen_the_end(const struct peer *peer)
{
    char byte;

    return recv(peer->far, &byte, 1, MSG_DONTWAIT) == 0;
}

static void at_the_stop_peers_see_an_end_and_what_they_sent_is_read(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream two = small_messages(2);
    int number = peer.here;

    (void)state;
    send_stream(&peer, &two);
    gate_half_close(GATE_TELL_ALL);
    gate_half_close(GATE_TELL_ALL);
    assert_true(has_seen_the_end(&peer));
    assert_false(gate_is_drained());
    assert_int_equal(read_all(&peer), two.len);
    assert_int_equal(close(peer.far), 0);
    peer.far = -1;
    assert_int_equal(read_once(&peer), 0);
    close_peer(&peer);
    assert_false(gate_is_drained()); /* nobody has received them */
    gate_give_back(number, SMALL);
    gate_give_back(number, SMALL);
    gate_turn();
    assert_true(gate_is_drained());
}

static void newcomers_wait_from_the_stop_on(void **state)
{
    int newcomer = knock();

    (void)state;
    gate_half_close(GATE_TELL_ALL);
    assert_false(is_in_epoll(listener));
    assert_int_equal(take_newcomer(), -1);
    assert_int_equal(errno, EAGAIN);
    gate_tick();
    gate_turn();
    assert_false(is_in_epoll(listener));
    assert_true(gate_is_drained());
    close(newcomer);
}

static void a_long_message_on_its_way_is_let_come_to_its_end(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream begun = begun_frame(MAX_MESSAGE, 100), rest = {.len = 0};

    (void)state;
    send_and_read(&peer, &begun);
    gate_half_close(GATE_TELL_ALL);
    assert_false(has_seen_the_end(&peer));
    stream_zeros(&rest, 100);
    send_and_read(&peer, &rest);
    gate_half_close(GATE_TELL_ALL);
    assert_true(has_seen_the_end(&peer));
    give_back(&peer, 1, MAX_MESSAGE);
    gate_turn();
    close_peer(&peer);
}

/* It sends one after the other, and each is long: it may end that one only. */
static void the_next_long_message_is_not_waited_for(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream begun = begun_frame(MAX_MESSAGE, 100), rest = {.len = 0};

    (void)state;
    send_and_read(&peer, &begun);
    gate_half_close(GATE_TELL_ALL);
    stream_zeros(&rest, 100);
    stream_header(&rest, 0, MAX_MESSAGE);
    send_and_read(&peer, &rest);
    gate_half_close(GATE_TELL_ALL);
    assert_true(has_seen_the_end(&peer));
    close_peer(&peer);
}

static void a_short_message_is_not_waited_for(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream begun = begun_frame(1000, 100);

    (void)state;
    send_and_read(&peer, &begun);
    gate_half_close(GATE_TELL_ALL);
    assert_true(has_seen_the_end(&peer));
    assert_false(gate_is_drained());
    close_peer(&peer);
    assert_true(gate_is_drained());
}

static void who_is_held_at_the_stop_goes_on_when_there_is_room(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream many = small_messages(UNITS / 2 + 1), one = small_messages(1);

    (void)state;
    send_and_read(&peer, &many);
    assert_true(is_held(&peer));
    send_stream(&peer, &one);
    gate_half_close(GATE_TELL_ALL);
    give_back(&peer, UNITS / 2 + 1, SMALL);
    gate_turn();
    assert_int_equal(read_all(&peer), one.len);
    give_back(&peer, 1, SMALL);
    gate_turn();
    assert_false(is_cut(&peer));
    close_peer(&peer);
}

static void a_connection_that_was_opened_is_half_closed_when_it_has_shaken_hands(void **state)
{
    struct peer server = connect_out();
    struct stream handshake = stream_after_handshake();

    (void)state;
    send_and_read(&server, &handshake);
    gate_half_close(GATE_TELL_ALL);
    assert_true(has_seen_the_end(&server));
    assert_false(is_held(&server));
    assert_false(gate_is_drained());
    close_peer(&server);
    assert_true(gate_is_drained());
}

/* Its server may come up during the stop, and would hand over what we have no time for. */
static void one_that_has_not_is_held_and_not_waited_for(void **state)
{
    struct peer server = connect_out();

    (void)state;
    gate_half_close(GATE_TELL_ALL);
    assert_true(is_held(&server));
    assert_true(gate_is_drained());
    gate_turn();
    gate_half_close(GATE_TELL_ALL);
    assert_true(is_held(&server));
    unwatch(server.here);
    watch(server.here, EPOLLIN); /* it is connected now */
    assert_true(is_held(&server));
    close_peer(&server);
}

/* ---- the moment ---------------------------------------------------------------------------- */

static void give_back_and_leave(struct peer *peer, unsigned count)
{
    give_back(peer, count, SMALL);
    gate_turn();
    close_peer(peer);
}

/* Two messages at once, and nothing behind them. */
static void who_has_caught_up_is_told_with_the_last_byte_of_it(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream two = small_messages(2);

    (void)state;
    gate_half_close(GATE_TELL_WHO_CAUGHT_UP);
    assert_false(has_seen_the_end(&peer));
    send_stream(&peer, &two);
    assert_int_equal(read_once(&peer), two.len);
    assert_true(has_seen_the_end(&peer));
    give_back_and_leave(&peer, 2);
}

static void one_message_alone_may_be_the_first_of_many_and_is_enough_later(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream one = small_messages(1);

    (void)state;
    gate_half_close(GATE_TELL_WHO_CAUGHT_UP);
    send_stream(&peer, &one);
    assert_int_equal(read_once(&peer), one.len);
    assert_false(has_seen_the_end(&peer));
    gate_half_close(GATE_TELL_WHO_PAUSES);
    assert_false(has_seen_the_end(&peer)); /* since the last call it was not silent */
    send_stream(&peer, &one);
    assert_int_equal(read_once(&peer), one.len);
    assert_true(has_seen_the_end(&peer));
    give_back_and_leave(&peer, 2);
}

/* What is cut off is sent behind two whole messages: its body, its header, or its first byte. */
static void who_has_begun_another_message_is_not_told_before_its_end(void **state)
{
    (void)state;
    for (unsigned begun = 1; begun <= 2; begun++) {
        struct peer peer = connect_and_greet();
        struct stream three = small_messages(3), rest = {.len = 0};

        three.len -= 3 - begun;
        gate_half_close(GATE_TELL_WHO_CAUGHT_UP);
        send_stream(&peer, &three);
        assert_int_equal(read_once(&peer), three.len);
        assert_false(has_seen_the_end(&peer));
        gate_half_close(GATE_TELL_WHO_PAUSES);
        rest = small_messages(1);
        memmove(rest.bytes, rest.bytes + begun, rest.len -= begun);
        send_stream(&peer, &rest);
        assert_int_equal(read_once(&peer), rest.len);
        assert_true(has_seen_the_end(&peer));
        give_back_and_leave(&peer, 3);
        gate_end();
    }
}

static void who_has_more_in_the_kernel_is_not_told(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream many = small_messages(4);
    char bytes[2 * (2 + SMALL)];

    (void)state;
    gate_half_close(GATE_TELL_WHO_CAUGHT_UP);
    send_stream(&peer, &many);
    assert_int_equal(recv(peer.here, bytes, sizeof bytes, 0), sizeof bytes);
    assert_false(has_seen_the_end(&peer));
    gate_half_close(GATE_TELL_WHO_PAUSES);
    gate_half_close(GATE_TELL_WHO_PAUSES);
    assert_false(has_seen_the_end(&peer)); /* nothing was read meanwhile, but something came */
    assert_int_equal(read_once(&peer), sizeof bytes);
    assert_true(has_seen_the_end(&peer));
    give_back_and_leave(&peer, 4);
}

static void who_says_nothing_from_call_to_call_is_told_when_pauses_will_do(void **state)
{
    struct peer peer = connect_and_greet();

    (void)state;
    gate_half_close(GATE_TELL_WHO_CAUGHT_UP);
    gate_half_close(GATE_TELL_WHO_CAUGHT_UP);
    assert_false(has_seen_the_end(&peer));
    gate_half_close(GATE_TELL_WHO_PAUSES);
    assert_true(has_seen_the_end(&peer));
    close_peer(&peer);
}

/* It would never get the answer to what we have taken. */
static void who_waits_for_an_answer_is_told_behind_it(void **state)
{
    struct peer peer;
    struct stream two = small_messages(2);
    char bytes[8];

    (void)state;
    gate_group_answer(group);
    peer = connect_and_greet();
    gate_half_close(GATE_TELL_WHO_CAUGHT_UP);
    assert_int_equal(send(peer.here, "READY", 5, 0), 5);
    assert_int_equal(recv(peer.far, bytes, sizeof bytes, 0), 5);
    assert_false(has_seen_the_end(&peer)); /* that was no answer */
    send_and_read(&peer, &two);
    assert_false(has_seen_the_end(&peer));
    assert_int_equal(send(peer.here, "OK", 2, 0), 2);
    assert_int_equal(recv(peer.far, bytes, sizeof bytes, 0), 2);
    assert_true(has_seen_the_end(&peer));
    give_back_and_leave(&peer, 2);
}

/* It would read our last word and the half-close together, and send in between. */
static void who_shakes_hands_goes_on_and_who_has_said_nothing_is_told_at_once(void **state)
{
    struct peer greeted = connect_peer(), silent = connect_peer();
    struct stream greeting = stream_after_handshake();

    (void)state;
    greeting.len = 64;
    send_and_read(&greeted, &greeting);
    gate_half_close(GATE_TELL_WHO_PAUSES);
    gate_half_close(GATE_TELL_WHO_PAUSES);
    assert_false(has_seen_the_end(&greeted));
    assert_true(has_seen_the_end(&silent));
    gate_half_close(GATE_TELL_ALL);
    assert_true(has_seen_the_end(&greeted));
    close_peer(&greeted);
    close_peer(&silent);
}

static void a_message_whose_sender_leaves_inside_it_when_told_is_counted(void **state)
{
    struct peer early = connect_and_greet(), told = connect_and_greet(),
                whole = connect_and_greet();
    struct stream begun = begun_frame(1000, 100);
    unsigned torn = gate_stats().torn;

    (void)state;
    send_and_read(&early, &begun);
    send_and_read(&told, &begun);
    close_peer(&early);
    assert_int_equal(gate_stats().torn, torn); /* that was its own doing */
    gate_half_close(GATE_TELL_ALL);
    close_peer(&told);
    close_peer(&whole);
    assert_int_equal(gate_stats().torn, torn + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(at_the_stop_peers_see_an_end_and_what_they_sent_is_read),
        TEST(newcomers_wait_from_the_stop_on),
        TEST(a_long_message_on_its_way_is_let_come_to_its_end),
        TEST(the_next_long_message_is_not_waited_for),
        TEST(a_short_message_is_not_waited_for),
        TEST(who_is_held_at_the_stop_goes_on_when_there_is_room),
        TEST(a_connection_that_was_opened_is_half_closed_when_it_has_shaken_hands),
        TEST(one_that_has_not_is_held_and_not_waited_for),
        TEST(who_has_caught_up_is_told_with_the_last_byte_of_it),
        TEST(one_message_alone_may_be_the_first_of_many_and_is_enough_later),
        TEST(who_has_begun_another_message_is_not_told_before_its_end),
        TEST(who_has_more_in_the_kernel_is_not_told),
        TEST(who_says_nothing_from_call_to_call_is_told_when_pauses_will_do),
        TEST(who_waits_for_an_answer_is_told_behind_it),
        TEST(who_shakes_hands_goes_on_and_who_has_said_nothing_is_told_at_once),
        TEST(a_message_whose_sender_leaves_inside_it_when_told_is_counted),
    };
    return cmocka_run_group_tests(tests, rig_init, NULL);
}
