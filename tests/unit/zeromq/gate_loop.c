/* Charges that nobody gives back, and when ticks are needed. */
#include "tests/unit/zeromq/gate_rig.h"

/* ---- void charges ------------------------------------------------------------------------- */

static void what_was_there_before_the_last_look_and_is_not_received_is_void(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream three = small_messages(3);
    uint64_t voided = gate_stats().voided_bytes;

    (void)state;
    send_and_read(&peer, &three); /* and found nothing more, so that libzmq has queued it */
    give_back(&peer, 1, SMALL);
    gate_saw_empty(group);
    assert_int_equal(gate_charge(), 2 * UNIT);
    gate_saw_empty(group);
    assert_int_equal(gate_charge(), 0);
    assert_int_equal(gate_stats().voided_bytes, voided + 2 * UNIT);
    close_peer(&peer);
}

/* It may be between the kernel and libzmq's queue. */
static void what_was_read_last_is_not_void_before_the_next_read(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream one = small_messages(1);

    (void)state;
    send_stream(&peer, &one);
    assert_int_equal(read_once(&peer), one.len);
    for (unsigned i = 0; i < 3; i++)
        gate_saw_empty(group);
    assert_int_equal(gate_charge(), UNIT);
    assert_true(is_refused(&peer, EAGAIN));
    gate_saw_empty(group);
    gate_saw_empty(group);
    assert_int_equal(gate_charge(), 0);
    close_peer(&peer);
}

static void an_unfinished_message_is_never_void(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream stream = one_frame(MORE, 100);

    (void)state;
    send_and_read(&peer, &stream);
    for (unsigned i = 0; i < 3; i++)
        gate_saw_empty(group);
    assert_int_equal(gate_charge(), zmtp_frame_charge(100));
    close_peer(&peer);
}

static void the_charges_of_other_groups_are_theirs(void **state)
{
    struct gate_group *other = gate_group_new("other", MAX_MESSAGE, 1);
    struct peer peer = connect_and_greet();
    struct stream one = small_messages(1);

    (void)state;
    send_and_read(&peer, &one);
    for (unsigned i = 0; i < 3; i++)
        gate_saw_empty(other);
    assert_int_equal(gate_charge(), UNIT);
    give_back(&peer, 1, SMALL);
    gate_turn();
    gate_group_free(&other);
    close_peer(&peer);
}

static void charges_of_a_peer_that_left_can_be_void_and_then_its_place_is_free(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream one = small_messages(1);

    (void)state;
    send_stream(&peer, &one);
    read_once(&peer);
    close_peer(&peer);
    gate_turn();
    gate_saw_empty(group);
    gate_turn();
    assert_int_equal(gate_stats().slots_in_use, 1);
    gate_saw_empty(group);
    gate_turn();
    assert_int_equal(gate_stats().slots_in_use, 0);
}

/* Then they are paid for twice, and nobody else is charged less for it. */
static void what_comes_after_all_was_void_is_given_back_once(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream one = small_messages(1);

    (void)state;
    send_and_read(&peer, &one);
    gate_saw_empty(group);
    gate_saw_empty(group);
    give_back(&peer, 1, SMALL);
    gate_turn();
    assert_int_equal(gate_charge(), 0);
    send_and_read(&peer, &one);
    assert_int_equal(gate_charge(), UNIT);
    give_back(&peer, 1, SMALL);
    gate_turn();
    close_peer(&peer);
}

/* It would be missing when the connection closes, and the unfinished message is given up. */
static void no_more_is_given_back_than_is_complete(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream one = small_messages(1), begun = begun_frame(100, 50);

    (void)state;
    send_and_read(&peer, &one);
    send_and_read(&peer, &begun);
    give_back(&peer, 3, SMALL);
    gate_turn();
    assert_int_equal(gate_charge(), zmtp_frame_charge(100));
    close_peer(&peer);
    assert_int_equal(gate_charge(), 0);
    gate_turn();
    gate_turn();
    assert_int_equal(gate_stats().slots_in_use, 0);
}

/* ---- attention ------------------------------------------------------------------------------ */

static void ticks_end_when_there_is_nothing_to_look_after(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream begun = begun_frame(100, 50), rest = {.len = 0};

    (void)state;
    assert_false(gate_tick());
    wakes = 0;
    send_and_read(&peer, &begun);
    assert_int_equal(wakes, 1);
    assert_true(gate_tick());
    stream_zeros(&rest, 50);
    send_and_read(&peer, &rest);
    assert_true(gate_tick()); /* it is complete, and not received */
    give_back(&peer, 1, 100);
    assert_false(gate_tick());
    close_peer(&peer);
    assert_int_equal(wakes, 2);
    assert_true(gate_tick());
    assert_false(gate_tick());
}

/* Nothing bounds how long a server may take to answer, so there is nothing to look after. */
static void a_server_that_does_not_answer_needs_no_ticks(void **state)
{
    struct peer server = connect_out();

    (void)state;
    assert_false(gate_tick());
    rig_ms += 3600 * 1000;
    assert_false(gate_tick());
    assert_false(is_cut(&server));
    close_peer(&server);
}

static void attention_that_was_raised_before_anybody_listened_is_not_lost(void **state)
{
    struct peer peer = connect_and_greet();

    (void)state;
    gate_on_attention(NULL, NULL);
    gate_tick();
    close_peer(&peer);
    wakes = 0;
    gate_on_attention(on_wake, NULL);
    assert_int_equal(wakes, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_there_before_the_last_look_and_is_not_received_is_void),
        TEST(what_was_read_last_is_not_void_before_the_next_read),
        TEST(an_unfinished_message_is_never_void),
        TEST(the_charges_of_other_groups_are_theirs),
        TEST(charges_of_a_peer_that_left_can_be_void_and_then_its_place_is_free),
        TEST(what_comes_after_all_was_void_is_given_back_once),
        TEST(no_more_is_given_back_than_is_complete),
        TEST(ticks_end_when_there_is_nothing_to_look_after),
        TEST(a_server_that_does_not_answer_needs_no_ticks),
        TEST(attention_that_was_raised_before_anybody_listened_is_not_lost),
    };
    return cmocka_run_group_tests(tests, rig_init, NULL);
}
