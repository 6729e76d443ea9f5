/* Peers that take a place and do not use it go when others stand at the door. */
#include "tests/unit/zeromq/gate_rig.h"

enum {
    GREETING_MS = 1000,
    GREETING_IN_THE_WAY_MS = 300,
    HANDSHAKE_MS = 5 * 1000,
    SILENT_MS = 30 * 1000
};

/* One that has said nothing, one that has shaken hands, one that has sent a message, and one
 * whose message we have not read. */
struct crowd {
    struct peer raw, silent, sender, unread, others[MAX_CLIENTS - 4];
};

static struct crowd fill_places(void)
{
    struct crowd crowd = {.raw = connect_peer(), .silent = connect_and_greet()};
    struct stream one = small_messages(1);

    crowd.sender = connect_and_greet();
    send_and_read(&crowd.sender, &one);
    crowd.unread = connect_and_greet();
    send_stream(&crowd.unread, &one);
    for (unsigned i = 0; i < MAX_CLIENTS - 4; i++) {
        crowd.others[i] = connect_and_greet();
        send_and_read(&crowd.others[i], &one);
    }
    return crowd;
}

static void leave_places(struct crowd *crowd)
{
    close_peer(&crowd->raw);
    close_peer(&crowd->silent);
    close_peer(&crowd->sender);
    close_peer(&crowd->unread);
    for (unsigned i = 0; i < MAX_CLIENTS - 4; i++)
        close_peer(&crowd->others[i]);
}

/* Somebody comes, and finds the door closed. */
static int come_to_a_closed_door(void)
{
    int newcomer = knock();

    assert_int_equal(take_newcomer(), -1);
    assert_false(is_in_epoll(listener));
    return newcomer;
}

static void while_nobody_waits_whoever_has_said_who_he_is_may_stay(void **state)
{
    struct crowd crowd = fill_places();
    uint64_t before = cut_for(GATE_CUT_HANDSHAKE);

    (void)state;
    assert_int_equal(take_newcomer(), -1); /* the door is closed, and nobody stands there */
    pass_ms(GREETING_MS);
    assert_int_equal(cut_for(GATE_CUT_HANDSHAKE), before);
    pass_ms(1);
    assert_int_equal(cut_for(GATE_CUT_HANDSHAKE), before + 1);
    assert_true(is_cut(&crowd.raw));
    pass_ms(3600 * 1000);
    assert_false(is_cut(&crowd.silent));
    leave_places(&crowd);
}

static void a_peer_without_a_handshake_goes_first(void **state)
{
    struct crowd crowd = fill_places();
    int newcomer = come_to_a_closed_door();
    uint64_t before = cut_for(GATE_CUT_HANDSHAKE);

    (void)state;
    pass_ms(GREETING_IN_THE_WAY_MS);
    assert_int_equal(cut_for(GATE_CUT_HANDSHAKE), before);
    pass_ms(1);
    assert_int_equal(cut_for(GATE_CUT_HANDSHAKE), before + 1);
    assert_true(is_cut(&crowd.raw));
    assert_false(is_cut(&crowd.silent));
    close_peer(&crowd.raw);
    pass_ms(0);
    crowd.raw = (struct peer){.far = newcomer, .here = take_newcomer()};
    assert_true(crowd.raw.here >= 0);
    watch(crowd.raw.here, EPOLLIN);
    leave_places(&crowd);
}

/* It may be slow; ZeroMQ would lose what it has taken out of its queue to send behind READY. */
static void whoever_has_greeted_has_time_for_the_rest(void **state)
{
    struct crowd crowd = fill_places();
    int newcomer = come_to_a_closed_door();
    uint64_t before = cut_for(GATE_CUT_HANDSHAKE);
    struct stream greeting = {.len = 0};

    (void)state;
    stream_greeting(&greeting, "NULL");
    send_and_read(&crowd.raw, &greeting);
    pass_ms(HANDSHAKE_MS);
    assert_int_equal(cut_for(GATE_CUT_HANDSHAKE), before);
    pass_ms(1);
    assert_int_equal(cut_for(GATE_CUT_HANDSHAKE), before + 1);
    assert_true(is_cut(&crowd.raw));
    close(newcomer);
    leave_places(&crowd);
}

static void a_peer_without_a_message_goes_after_half_a_minute(void **state)
{
    struct crowd crowd = fill_places();
    int newcomer = come_to_a_closed_door();
    uint64_t before = cut_for(GATE_CUT_SILENT);

    (void)state;
    pass_ms(SILENT_MS);
    assert_int_equal(cut_for(GATE_CUT_SILENT), before);
    pass_ms(1);
    assert_int_equal(cut_for(GATE_CUT_SILENT), before + 1);
    assert_true(is_cut(&crowd.silent));
    pass_ms(3600 * 1000);
    assert_int_equal(cut_for(GATE_CUT_SILENT), before + 1);
    assert_false(is_cut(&crowd.sender));
    assert_true(read_once(&crowd.unread) > 0);
    close(newcomer);
    leave_places(&crowd);
}

static void who_waits_for_a_descriptor_stands_at_the_door_too(void **state)
{
    struct peer silent = connect_and_greet();
    struct rlimit before, few;
    uint64_t cuts = cut_for(GATE_CUT_SILENT);
    int newcomer = knock(), next = dup(newcomer);

    (void)state;
    close(next);
    getrlimit(RLIMIT_NOFILE, &before);
    few = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    rig_ms += SILENT_MS + 1;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(take_newcomer(), -1);
        assert_int_equal(gate_stats().doors_closed, 1);
        gate_tick(); /* opens it for one more try */
        assert_int_equal(gate_stats().doors_closed, 0);
    }
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(cut_for(GATE_CUT_SILENT), cuts + 1);
    assert_true(is_cut(&silent));
    close_peer(&silent);
    close(newcomer);
}

/* Descriptors and places of the whole process are everybody's. */
static void who_waits_for_what_all_groups_share_stands_at_every_door(void **state)
{
    struct gate_group *other = gate_group_new("other", MAX_MESSAGE, MAX_CLIENTS);
    struct peer silent = connect_and_greet();
    uint64_t cuts = cut_for(GATE_CUT_SILENT);
    struct sockaddr_un name;
    socklen_t name_len;
    int second = open_listener(&name, &name_len), newcomer = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    assert_true(gate_watch_listener(other, second));
    watch(second, EPOLLIN);
    assert_int_equal(connect(newcomer, (struct sockaddr *)&name, name_len), 0);
    gate.connections_max = 1;
    assert_int_equal(accept4(second, NULL, NULL, SOCK_CLOEXEC), -1);
    pass_ms(SILENT_MS);
    assert_int_equal(cut_for(GATE_CUT_SILENT), cuts);
    pass_ms(1);
    assert_int_equal(cut_for(GATE_CUT_SILENT), cuts + 1);
    close_peer(&silent);
    pass_ms(0);
    assert_true(is_in_epoll(second));
    unwatch(second);
    close(second);
    close(newcomer);
    gate_group_free(&other);
}

static void a_door_that_is_closed_stays_so_for_listeners_that_come_later(void **state)
{
    struct crowd crowd = fill_places();
    int newcomer = come_to_a_closed_door(), second;
    struct sockaddr_un name;
    socklen_t name_len;

    (void)state;
    second = open_listener(&name, &name_len);
    assert_true(gate_watch_listener(group, second));
    watch(second, EPOLLIN);
    assert_false(is_in_epoll(second));
    close_peer(&crowd.raw);
    pass_ms(0);
    assert_true(is_in_epoll(listener));
    assert_true(is_in_epoll(second));
    unwatch(second);
    close(second);
    leave_places(&crowd);
    close(newcomer);
}

/* Its descriptor is a copy, so that the kernel would keep it in the set for ever. */
static void a_listener_that_is_closed_while_it_waits_is_in_no_set(void **state)
{
    struct crowd crowd = fill_places();
    int newcomer = come_to_a_closed_door(), number = listener, copy = dup(listener);

    (void)state;
    close(listener);
    assert_false(is_in_epoll(number));
    leave_places(&crowd);
    close(copy);
    close(newcomer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(while_nobody_waits_whoever_has_said_who_he_is_may_stay),
        TEST(a_peer_without_a_handshake_goes_first),
        TEST(whoever_has_greeted_has_time_for_the_rest),
        TEST(a_peer_without_a_message_goes_after_half_a_minute),
        TEST(who_waits_for_a_descriptor_stands_at_the_door_too),
        TEST(who_waits_for_what_all_groups_share_stands_at_every_door),
        TEST(a_door_that_is_closed_stays_so_for_listeners_that_come_later),
        TEST(a_listener_that_is_closed_while_it_waits_is_in_no_set),
    };
    return cmocka_run_group_tests(tests, rig_init, NULL);
}
