/* Peers that stop in the middle of something while others wait for the budget. */
#include "tests/unit/zeromq/gate_rig.h"

/* One that has begun a message and not ended it. */
static struct peer peer_inside(size_t frame_bytes)
{
    struct peer peer = connect_and_greet();
    struct stream stream = begun_frame(frame_bytes, frame_bytes - 1);

    send_and_read(&peer, &stream);
    return peer;
}

static void send_byte(const struct peer *peer)
{
    assert_int_equal(send(peer->far, "", 1, 0), 1);
}

enum { GREEDY = 4 };

/* Four of them take all of the budget, with messages that are not there yet,
 * and one more wants to go on and may not. */
static struct peer spend_budget(struct peer greedy[GREEDY])
{
    struct peer waiting = connect_and_greet();
    struct stream begun = begun_frame(MAX_MESSAGE, MAX_MESSAGE - 1), one = small_messages(1);

    for (unsigned i = 0; i < GREEDY; i++)
        greedy[i] = connect_and_greet();
    for (unsigned i = 0; i < GREEDY; i++)
        send_and_read(&greedy[i], &begun);
    assert_true(gate_charge() > BUDGET_BYTES);
    send_stream(&waiting, &one);
    assert_true(is_refused(&waiting, EAGAIN));
    assert_true(is_held(&waiting));
    return waiting;
}

static void close_greedy(struct peer greedy[GREEDY])
{
    for (unsigned i = 0; i < GREEDY; i++)
        close_peer(&greedy[i]);
}

/* ---- stuck
 * ------------------------------------------------------------------------------------
 */

static void a_peer_that_stops_inside_a_message_is_cut_after_half_a_minute(void **state)
{
    struct peer peer = peer_inside(1000);
    uint64_t before = cut_for(GATE_CUT_STUCK);

    (void)state;
    pass_ms(30 * 1000);
    assert_int_equal(cut_for(GATE_CUT_STUCK), before);
    pass_ms(1);
    assert_int_equal(cut_for(GATE_CUT_STUCK), before + 1);
    assert_true(is_cut(&peer));
    close_peer(&peer);
    assert_int_equal(gate_charge(), 0);
}

static void one_that_goes_on_is_not(void **state)
{
    struct peer peer = peer_inside(1000);

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        pass_ms(25 * 1000);
        send_byte(&peer);
        assert_int_equal(read_all(&peer), 1);
    }
    assert_false(is_cut(&peer));
    close_peer(&peer);
}

static void one_between_two_messages_is_not(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream one = small_messages(1);

    (void)state;
    send_and_read(&peer, &one);
    pass_ms(3600 * 1000);
    assert_false(is_cut(&peer));
    give_back(&peer, 1, SMALL);
    pass_ms(3600 * 1000);
    assert_false(is_cut(&peer));
    close_peer(&peer);
}

static void one_in_the_way_of_others_is_cut_after_a_second(void **state)
{
    struct peer greedy[GREEDY], waiting;
    uint64_t before = cut_for(GATE_CUT_STUCK);

    (void)state;
    waiting = spend_budget(greedy);
    pass_ms(1000);
    assert_int_equal(cut_for(GATE_CUT_STUCK), before);
    pass_ms(1);
    assert_int_equal(cut_for(GATE_CUT_STUCK), before + GREEDY);
    close_greedy(greedy);
    gate_tick();
    assert_false(is_held(&waiting));
    assert_false(is_cut(&waiting));
    close_peer(&waiting);
}

/* Each byte is heard, but a message must come to its end while others wait. */
static void one_that_trickles_in_the_way_of_others_is_cut_after_ten_seconds(void **state)
{
    struct peer greedy[GREEDY], waiting;
    uint64_t before = cut_for(GATE_CUT_STUCK);

    (void)state;
    waiting = spend_budget(greedy);
    for (unsigned second = 0; second < 10; second++) {
        pass_ms(1000);
        for (unsigned i = 0; i < GREEDY; i++) {
            send_byte(&greedy[i]);
            assert_int_equal(read_once(&greedy[i]), 1);
        }
        assert_int_equal(cut_for(GATE_CUT_STUCK), before);
    }
    pass_ms(1);
    assert_int_equal(cut_for(GATE_CUT_STUCK), before + GREEDY);
    close_greedy(greedy);
    close_peer(&waiting);
}

/* Each of its messages takes 8 s. */
static void one_that_ends_its_messages_in_time_is_not(void **state)
{
    struct peer greedy[GREEDY], waiting;
    struct stream begun = begun_frame(MAX_MESSAGE, MAX_MESSAGE - 1), rest = {.len = 0};

    (void)state;
    waiting = spend_budget(greedy);
    stream_zeros(&rest, MAX_MESSAGE - 8);
    for (unsigned second = 1; second < 30; second++) {
        pass_ms(1000);
        for (unsigned i = 0; i < GREEDY; i++) {
            if (second % 8 > 0) {
                send_byte(&greedy[i]);
                assert_int_equal(read_once(&greedy[i]), 1);
                continue;
            }
            send_and_read(&greedy[i], &rest);
            give_back(&greedy[i], 1, MAX_MESSAGE);
            gate_turn();
            send_and_read(&greedy[i], &begun);
        }
    }
    close_greedy(greedy);
    close_peer(&waiting);
}

/* The daemon itself was stopped for a minute, say. */
static void one_whose_bytes_we_have_not_read_is_not_cut(void **state)
{
    struct peer peer = peer_inside(1000), silent = peer_inside(1000);

    (void)state;
    send_byte(&peer);
    pass_ms(60 * 1000);
    assert_true(is_cut(&silent));
    assert_int_equal(read_all(&peer), 1);
    pass_ms(29 * 1000);
    assert_false(is_cut(&peer));
    close_peer(&peer);
    close_peer(&silent);
}

/* The tick looks at any moment of a read, and with any time that has passed. */
static atomic_bool stress_over;

static void *read_whole_messages(void *argument)
{
    struct peer *peer = argument;
    struct stream one = small_messages(1);

    for (unsigned i = 0; i < 50 * 1000; i++) {
        send_stream(peer, &one);
        if (read_once(peer) != (ssize_t)one.len)
            break;
        gate_slot_of(peer->here)->returned += UNIT; /* as the loop thread does; nobody else here */
        gate.returned += UNIT;
    }
    stress_over = true;
    return NULL;
}

static void one_that_sends_whole_messages_is_never_taken_for_stuck(void **state)
{
    struct peer peer = connect_and_greet();
    pthread_t reader;

    (void)state;
    stress_over = false;
    pthread_create(&reader, NULL, read_whole_messages, &peer);
    while (!stress_over)
        pass_ms(60 * 1000);
    pthread_join(reader, NULL);
    assert_false(is_cut(&peer));
    close_peer(&peer);
}

static void time_that_a_peer_is_held_does_not_count(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream stream = one_frame(MORE, MAX_MESSAGE - 100), next = one_frame(0, 50);
    struct peer greedy = connect_and_greet();
    struct stream small = small_messages(UNITS / 2);

    (void)state;
    send_and_read(&peer, &stream);
    send_and_read(&greedy, &small);
    send_stream(&peer, &next);
    read_all(&peer);
    assert_true(is_held(&peer));
    pass_ms(60 * 1000);
    give_back(&greedy, UNITS / 2, SMALL);
    pass_ms(0);
    assert_false(is_held(&peer));
    assert_int_equal(read_all(&peer), next.len);
    assert_false(is_cut(&peer));
    close_peer(&peer);
    close_peer(&greedy);
}

/* ---- one may finish
 * -------------------------------------------------------------------------------
 */

enum { LOCKED = 5, FIRST_BYTES = 13000, LAST_BYTES = 100 };

/* They hold all of the budget, each in the middle of a message whose end has no
 * room. */
static void lock_up(struct peer peers[LOCKED])
{
    struct stream first = one_frame(MORE, FIRST_BYTES), last = one_frame(0, LAST_BYTES);

    for (unsigned i = 0; i < LOCKED; i++)
        peers[i] = connect_and_greet();
    for (unsigned i = 0; i < LOCKED; i++)
        send_and_read(&peers[i], &first);
    for (unsigned i = 0; i < LOCKED; i++) {
        send_stream(&peers[i], &last);
        assert_true(is_refused(&peers[i], EAGAIN));
    }
    assert_int_equal(gate_stats().held_peers, LOCKED);
}

static struct peer *the_one_that_may_go_on(struct peer peers[LOCKED])
{
    struct peer *found = NULL;

    for (unsigned i = 0; i < LOCKED; i++) {
        if (peers[i].here >= 0 && !is_held(&peers[i])) {
            assert_null(found);
            found = &peers[i];
        }
    }
    assert_non_null(found);
    return found;
}

static void receive(struct peer *peer)
{
    assert_int_equal(gate_slot_of(peer->here)->meter.message_count, 1);
    give_back(peer, 1, FIRST_BYTES);
    give_back(peer, 1, LAST_BYTES);
    close_peer(peer);
    gate_turn();
}

static void when_unfinished_messages_hold_all_of_the_budget_one_may_finish(void **state)
{
    struct peer peers[LOCKED], *one;

    (void)state;
    lock_up(peers);
    for (unsigned round = 0; round < 2; round++) {
        pass_ms(100);
        one = the_one_that_may_go_on(peers);
        read_all(one);
        pass_ms(100); /* and no other before it is received */
        assert_int_equal(gate_stats().held_peers, LOCKED - round);
        receive(one);
    }
    assert_int_equal(gate_stats().held_peers, 0); /* now there is room for all */
    for (unsigned i = 0; i < LOCKED; i++)
        close_peer(&peers[i]);
}

/* What follows the message is no part of it, though it begins in the same read
 * and is unfinished, too. */
static void the_privilege_to_finish_is_for_one_message(void **state)
{
    struct peer peers[LOCKED], *one;
    struct stream next = one_frame(MORE, 3000);

    (void)state;
    lock_up(peers);
    for (unsigned i = 0; i < LOCKED; i++) {
        for (unsigned k = 0; k < 6; k++)
            send_stream(&peers[i], &next);
    }
    pass_ms(100);
    one = the_one_that_may_go_on(peers);
    read_all(one);
    assert_true(is_held(one));
    assert_int_equal(gate_slot_of(one->here)->meter.message_count, 1);
    assert_true(gate_charge() < BUDGET_BYTES + 2 * ONE_READ);
    for (unsigned i = 0; i < LOCKED; i++)
        close_peer(&peers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_peer_that_stops_inside_a_message_is_cut_after_half_a_minute),
        TEST(one_that_goes_on_is_not),
        TEST(one_between_two_messages_is_not),
        TEST(one_in_the_way_of_others_is_cut_after_a_second),
        TEST(one_that_trickles_in_the_way_of_others_is_cut_after_ten_seconds),
        TEST(one_that_ends_its_messages_in_time_is_not),
        TEST(one_whose_bytes_we_have_not_read_is_not_cut),
        TEST(one_that_sends_whole_messages_is_never_taken_for_stuck),
        TEST(time_that_a_peer_is_held_does_not_count),
        TEST(when_unfinished_messages_hold_all_of_the_budget_one_may_finish),
        TEST(the_privilege_to_finish_is_for_one_message),
    };
    return cmocka_run_group_tests(tests, rig_init, NULL);
}
