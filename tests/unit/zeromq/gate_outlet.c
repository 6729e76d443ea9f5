/* gate_outlet.c - peers that we send to: what they say is bounded for life and charged to nobody,
 * a stop leaves them alone, and those who stand still are found. */
#include "tests/unit/zeromq/gate_rig.h"

static struct gate_group *outlet;
static int door;
static struct sockaddr_un door_name;
static socklen_t door_name_len;

static int open_outlet(void **state)
{
    rig_open(state);
    outlet = gate_outlet_new("out", 4);
    door = open_listener(&door_name, &door_name_len);
    assert_true(gate_watch_listener(outlet, door));
    watch(door, EPOLLIN);
    return 0;
}

static int close_outlet(void **state)
{
    unwatch(door);
    close(door);
    rig_close(state);
    gate_group_free(&outlet);
    return 0;
}

static struct peer connect_receiver(void)
{
    struct peer peer = {.far = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};

    assert_int_equal(connect(peer.far, (struct sockaddr *)&door_name, door_name_len), 0);
    peer.here = accept4(door, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true(peer.here >= 0);
    watch(peer.here, EPOLLIN);
    return peer;
}

static struct peer connect_and_greet_receiver(void)
{
    struct peer peer = connect_receiver();
    struct stream stream = stream_after_handshake();

    send_and_read(&peer, &stream);
    return peer;
}

static enum gate_cut_reason reason_of_the_cut(void)
{
    struct gate_cut cut;

    assert_true(gate_next_cut(&cut));
    assert_true(cut.is_outlet);
    assert_string_equal(cut.endpoint, "out");
    return cut.reason;
}

static void peers_are_counted_from_handshake_to_close(void **state)
{
    struct peer silent = connect_receiver(), first, second;

    (void)state;
    assert_int_equal(gate_outlet_peers(outlet), 0);
    first = connect_and_greet_receiver();
    second = connect_and_greet_receiver();
    assert_int_equal(gate_outlet_peers(outlet), 2);
    close_peer(&first);
    close_peer(&silent);
    assert_int_equal(gate_outlet_peers(outlet), 1);
    close_peer(&second);
    assert_int_equal(gate_outlet_peers(outlet), 0);
}

static void a_hundred_subscriptions_are_fine_and_one_more_is_not(void **state)
{
    struct peer peer = connect_and_greet_receiver();
    struct stream fine = small_messages(GATE_TALK_MAX / UNIT), one = small_messages(1);

    (void)state;
    send_and_read(&peer, &fine);
    assert_int_equal(gate_charge(), 0);
    assert_int_equal(gate_stats().cut[GATE_CUT_TALK], 0);
    send_stream(&peer, &one);
    read_once(&peer);
    assert_true(is_cut(&peer));
    assert_int_equal(reason_of_the_cut(), GATE_CUT_TALK);
    assert_int_equal(gate_charge(), 0);
    close_peer(&peer);
}

static struct peer connect_encrypted_receiver(void)
{
    struct peer peer = connect_receiver();
    struct stream stream = {.len = 0};

    stream_curve_handshake(&stream);
    send_and_read(&peer, &stream);
    return peer;
}

static void send_encrypted(struct peer *peer, unsigned count, size_t len)
{
    struct stream stream = {.len = 0};

    for (unsigned i = 0; i < count; i++)
        stream_encrypted(&stream, len);
    send_stream(peer, &stream);
    read_once(peer);
}

/* What CURVE adds to each is nobody's to answer for; and the shortest that there can be counts. */
static void encrypted_they_are_as_many(void **state)
{
    static const size_t lengths[] = {0, 8, 33};

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct peer peer = connect_encrypted_receiver();

        send_encrypted(&peer, GATE_TALK_MAX / UNIT, lengths[i]);
        assert_false(is_cut(&peer));
        send_encrypted(&peer, 1, lengths[i]);
        assert_true(is_cut(&peer));
        assert_int_equal(reason_of_the_cut(), GATE_CUT_TALK);
        close_peer(&peer);
        gate_turn();
        gate_turn();
    }
}

/* The next connection with this number begins anew, and so does what is charged to an endpoint. */
static void what_one_has_said_is_no_charge_of_the_next(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        struct peer peer = connect_and_greet_receiver();
        struct stream fine = small_messages(GATE_TALK_MAX / UNIT);

        send_and_read(&peer, &fine);
        close_peer(&peer);
        gate_turn();
        gate_turn();
    }
    assert_int_equal(gate_stats().slots_in_use, 0);
    assert_int_equal(gate_charge(), 0);
}

static void a_long_message_and_one_without_end_are_cut(void **state)
{
    struct peer one = connect_and_greet_receiver(), other = connect_and_greet_receiver();
    struct stream long_one = one_frame(0, 4097), endless = {.len = 0};

    (void)state;
    for (unsigned i = 0; i <= GATE_FRAMES_MAX; i++)
        stream_frame(&endless, MORE, SMALL);
    send_stream(&one, &long_one);
    read_once(&one);
    assert_true(is_cut(&one));
    assert_int_equal(reason_of_the_cut(), GATE_CUT_TALK);
    send_stream(&other, &endless);
    read_once(&other);
    assert_true(is_cut(&other));
    close_peer(&one);
    close_peer(&other);
    while (gate_next_cut(&(struct gate_cut){0}))
        ;
}

/* A PULL never sends a message; whoever makes no handshake goes as everywhere. */
static void silence_costs_nobody_his_place_but_before_the_handshake(void **state)
{
    struct peer good = connect_and_greet_receiver(), bad = connect_receiver();

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        rig_ms += 40 * 1000;
        gate_tick();
    }
    assert_true(is_cut(&bad));
    assert_int_equal(reason_of_the_cut(), GATE_CUT_HANDSHAKE);
    assert_int_equal(gate_outlet_peers(outlet), 1);
    close_peer(&good);
    close_peer(&bad);
}

static void a_stop_leaves_receivers_alone(void **state)
{
    struct peer receiver = connect_and_greet_receiver(), sender = connect_and_greet();
    char byte;

    (void)state;
    gate_half_close(GATE_TELL_ALL);
    assert_int_equal(recv(sender.far, &byte, 1, MSG_DONTWAIT), 0);
    assert_int_equal(recv(receiver.far, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(send(receiver.here, "m", 1, 0), 1);
    assert_int_equal(recv(receiver.far, &byte, 1, MSG_DONTWAIT), 1);
    assert_false(gate_is_drained());
    close_peer(&sender);
    assert_true(gate_is_drained());
    close_peer(&receiver);
    rig_ms += 1000;
    gate_turn();
    gate_turn();
}

static void fill(const struct peer *peer)
{
    static const char bytes[4096];

    while (send(peer->here, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
}

static void whoever_takes_nothing_for_so_long_is_cut(void **state)
{
    struct peer idle = connect_and_greet_receiver(), deaf = connect_and_greet_receiver();
    struct peer slow = connect_and_greet_receiver();
    char bytes[64 * 1024];

    (void)state;
    fill(&deaf);
    fill(&slow);
    rig_ms += 999;
    assert_int_equal(gate_cut_deaf(outlet, 1000), 0);
    while (recv(slow.far, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
    fill(&slow);
    rig_ms += 1;
    assert_int_equal(gate_cut_deaf(outlet, 1000), 1);
    assert_true(is_cut(&deaf));
    assert_int_equal(reason_of_the_cut(), GATE_CUT_DEAF);
    assert_int_equal(gate_cut_deaf(outlet, 1000), 0);
    close_peer(&idle);
    close_peer(&deaf);
    close_peer(&slow);
}

static void there_are_so_many_outlets_and_a_place_is_free_again(void **state)
{
    struct gate_group *others[GATE_OUTLETS_MAX];
    int first = gate_watch_outlet_connects(outlet);

    (void)state;
    assert_int_equal(first, GATE_THREAD_NAME_PREFIX + 1);
    for (unsigned i = 1; i < GATE_OUTLETS_MAX; i++) {
        others[i] = gate_outlet_new("other", 1);
        assert_int_equal(gate_watch_outlet_connects(others[i]), first + (int)i);
    }
    assert_int_equal(gate_watch_outlet_connects(outlet), -1);
    gate_group_free(&others[7]);
    assert_int_equal(gate_watch_outlet_connects(outlet), first + 7);
    for (unsigned i = 1; i < GATE_OUTLETS_MAX; i++)
        gate_group_free(&others[i]);
}

#define OUTLET_TEST(function) cmocka_unit_test_setup_teardown(function, open_outlet, close_outlet)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OUTLET_TEST(peers_are_counted_from_handshake_to_close),
        OUTLET_TEST(a_hundred_subscriptions_are_fine_and_one_more_is_not),
        OUTLET_TEST(encrypted_they_are_as_many),
        OUTLET_TEST(what_one_has_said_is_no_charge_of_the_next),
        OUTLET_TEST(a_long_message_and_one_without_end_are_cut),
        OUTLET_TEST(silence_costs_nobody_his_place_but_before_the_handshake),
        OUTLET_TEST(a_stop_leaves_receivers_alone),
        OUTLET_TEST(whoever_takes_nothing_for_so_long_is_cut),
        OUTLET_TEST(there_are_so_many_outlets_and_a_place_is_free_again),
    };

    return cmocka_run_group_tests(tests, rig_init, NULL);
}
