/* gate_encrypted.c - peers whose frames do not say whether more follow: they are charged until a
 * whole message comes, and cut when it is too long for one. */
#include "tests/unit/zeromq/gate_rig.h"

enum { EXTRA = ZMTP_ENCRYPTED_EXTRA };

/* What one message of several frames may be charged. */
enum { LONGEST = MAX_MESSAGE + GATE_FRAMES_MAX * (64 + EXTRA + 1 + 64) };

static struct peer connect_encrypted(void)
{
    struct peer peer = connect_peer();
    struct stream stream = {.len = 0};

    gate_group_encrypt(group);
    stream_curve_handshake(&stream);
    send_and_read(&peer, &stream);
    return peer;
}

static struct stream encrypted_frames(unsigned count, size_t len)
{
    struct stream stream = {.len = 0};

    for (unsigned i = 0; i < count; i++)
        stream_encrypted(&stream, len);
    return stream;
}

static void look(void)
{
    gate_begin_look(group);
    gate_saw_empty(group);
}

static void look_twice(void)
{
    look();
    look();
}

static void what_was_received_is_given_back_to_the_byte(void **state)
{
    static const size_t lengths[] = {0, 1, 33, 34, 200, MAX_MESSAGE};
    struct peer peer = connect_encrypted();

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct stream one = encrypted_frames(1, lengths[i]);

        send_and_read(&peer, &one);
        gate_give_back(peer.here, lengths[i] + EXTRA);
        gate_turn();
        assert_int_equal(gate_charge(), 0);
    }
    close_peer(&peer);
}

static void a_message_of_the_largest_size_passes_and_one_byte_more_does_not(void **state)
{
    struct peer peer = connect_encrypted();
    struct stream largest = encrypted_frames(1, MAX_MESSAGE), larger = {.len = 0};

    (void)state;
    send_and_read(&peer, &largest);
    stream_header(&larger, 0, MAX_MESSAGE + 1 + EXTRA);
    send_stream(&peer, &larger);
    read_once(&peer);
    assert_true(is_cut(&peer));
    close_peer(&peer);
}

static void frames_of_which_nothing_is_received_stay_charged(void **state)
{
    struct peer peer = connect_encrypted();
    struct stream three = encrypted_frames(3, 100);

    (void)state;
    send_and_read(&peer, &three);
    for (unsigned i = 0; i < 5; i++)
        look();
    assert_int_equal(gate_charge(), 3 * zmtp_frame_charge(100 + EXTRA));
    assert_false(is_cut(&peer));
    close_peer(&peer);
}

static void more_of_them_than_one_message_may_have_end_the_connection(void **state)
{
    struct peer peer = connect_encrypted();
    struct stream one = encrypted_frames(1, 0);
    uint64_t before = cut_for(GATE_CUT_MESSAGE);

    (void)state;
    while (gate_charge() + UNIT <= LONGEST)
        send_and_read(&peer, &one);
    look_twice();
    assert_false(is_cut(&peer));
    send_and_read(&peer, &one);
    look_twice();
    assert_true(is_cut(&peer));
    assert_int_equal(cut_for(GATE_CUT_MESSAGE), before + 1);
    close_peer(&peer);
}

/* Whatever the peer says outside about what is inside. */
static void flags_outside_change_nothing(void **state)
{
    static const unsigned flags[] = {MORE, COMMAND, MORE | COMMAND, LONG};

    (void)state;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        struct peer peer = connect_encrypted();
        struct stream stream = {.len = 0};

        stream_frame(&stream, flags[i], 100 + EXTRA);
        stream_command(&stream, flags[i], "MESSAGE", 100 + EXTRA);
        send_and_read(&peer, &stream);
        assert_int_equal(gate_charge(), 2 * zmtp_frame_charge(100 + EXTRA));
        give_back(&peer, 2, 100 + EXTRA);
        gate_turn();
        assert_int_equal(gate_charge(), 0);
        close_peer(&peer);
    }
}

/* As heartbeats, which libzmq keeps for itself, are. */
static void what_came_before_a_message_is_void_when_that_is_received(void **state)
{
    struct peer peer = connect_encrypted();
    struct stream beat = encrypted_frames(1, 7), one = encrypted_frames(1, 200);

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        send_and_read(&peer, &beat);
        look();
    }
    look_twice();
    assert_int_equal(gate_charge(), 20 * zmtp_frame_charge(7 + EXTRA));
    send_and_read(&peer, &one);
    gate_give_back(peer.here, 200 + EXTRA);
    look_twice();
    assert_int_equal(gate_charge(), 0);
    assert_false(is_cut(&peer));
    close_peer(&peer);
}

/* Parts of it lay there before, and were given back with it. */
static void what_a_message_in_parts_has_had_is_not_void_twice(void **state)
{
    struct peer peer = connect_encrypted();
    struct stream part = encrypted_frames(1, 200), hidden = encrypted_frames(1, 300);

    (void)state;
    send_and_read(&peer, &part);
    look_twice();
    send_and_read(&peer, &part); /* the last one */
    gate_give_back_part(peer.here, 200 + EXTRA);
    gate_give_back(peer.here, 200 + EXTRA);
    send_and_read(&peer, &hidden);
    look_twice();
    assert_int_equal(gate_charge(), zmtp_frame_charge(300 + EXTRA));
    close_peer(&peer);
}

/* What came behind it is another message, and may be without end. */
static void what_came_behind_a_message_is_not_void_with_it(void **state)
{
    struct peer peer = connect_encrypted();
    struct stream two = encrypted_frames(2, 200);

    (void)state;
    send_and_read(&peer, &two);
    gate_give_back(peer.here, 200 + EXTRA);
    for (unsigned i = 0; i < 5; i++)
        look();
    assert_int_equal(gate_charge(), zmtp_frame_charge(200 + EXTRA));
    close_peer(&peer);
}

static void what_a_peer_that_left_has_begun_is_void(void **state)
{
    struct peer peer = connect_encrypted();
    struct stream three = encrypted_frames(3, 100);

    (void)state;
    send_and_read(&peer, &three);
    close_peer(&peer);
    look_twice();
    assert_int_equal(gate_charge(), 0);
    gate_turn();
    gate_turn();
    gate_turn();
    assert_int_equal(gate_stats().slots_in_use, 0);
}

/* Five peers hold all of the budget with frames that make no message, and one waits that only
 * wants to send one. */
static void who_holds_up_others_with_them_is_cut_though_he_waits_himself(void **state)
{
    enum { PEERS = 5 };
    struct peer peers[PEERS], waiting = connect_encrypted();
    struct stream some = encrypted_frames(20, 400), one = encrypted_frames(1, 1);
    uint64_t before = cut_for(GATE_CUT_STUCK);
    unsigned held = 0;

    (void)state;
    for (unsigned i = 0; i < PEERS; i++)
        peers[i] = connect_encrypted();
    for (unsigned turn = 0; turn < 20 && held < PEERS; turn++) {
        held = 0;
        for (unsigned i = 0; i < PEERS; i++) {
            if (!is_held(&peers[i]))
                send_stream(&peers[i], &some), read_all(&peers[i]);
            held += is_held(&peers[i]);
        }
    }
    assert_int_equal(held, PEERS);
    send_stream(&waiting, &one);
    read_all(&waiting);
    assert_true(gate_charge() <= BUDGET_BYTES + ONE_READ * 3);
    look_twice();
    pass_ms(1000);
    assert_int_equal(cut_for(GATE_CUT_STUCK), before);
    assert_true(gate_charge() <= BUDGET_BYTES + ONE_READ * 3);
    pass_ms(1);
    assert_true(cut_for(GATE_CUT_STUCK) > before);
    for (unsigned i = 0; i < PEERS; i++)
        close_peer(&peers[i]);
    look_twice();
    gate_tick();
    assert_false(is_held(&waiting));
    close_peer(&waiting);
}

/* There and back three times, from the other end of the world. */
static void a_handshake_has_five_seconds(void **state)
{
    struct peer peer = connect_peer();
    struct stream greeting = {.len = 0};

    (void)state;
    stream_greeting(&greeting, "CURVE");
    send_and_read(&peer, &greeting);
    pass_ms(5000);
    assert_false(is_cut(&peer));
    pass_ms(1);
    assert_true(is_cut(&peer));
    close_peer(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_received_is_given_back_to_the_byte),
        TEST(a_message_of_the_largest_size_passes_and_one_byte_more_does_not),
        TEST(frames_of_which_nothing_is_received_stay_charged),
        TEST(more_of_them_than_one_message_may_have_end_the_connection),
        TEST(flags_outside_change_nothing),
        TEST(what_came_before_a_message_is_void_when_that_is_received),
        TEST(what_a_message_in_parts_has_had_is_not_void_twice),
        TEST(what_came_behind_a_message_is_not_void_with_it),
        TEST(what_a_peer_that_left_has_begun_is_void),
        TEST(who_holds_up_others_with_them_is_cut_though_he_waits_himself),
        TEST(a_handshake_has_five_seconds),
    };
    return cmocka_run_group_tests(tests, rig_init, NULL);
}
