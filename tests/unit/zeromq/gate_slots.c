/* Who has which number, for how long, and how many may come. */
#include "tests/unit/zeromq/gate_rig.h"

#include <sys/prctl.h>

static void turn_twice(void)
{
    gate_turn();
    gate_turn();
}

/* ---- numbers of connections that are gone ------------------------------------------------- */

/* One that has sent so many small messages, and is closed on both ends. */
static int closed_after(unsigned messages)
{
    struct peer peer = connect_and_greet();
    struct stream stream = small_messages(messages);
    int number = peer.here;

    send_and_read(&peer, &stream);
    close_peer(&peer);
    return number;
}

static void the_number_of_a_connection_that_is_still_charged_is_nobody_elses(void **state)
{
    int number = closed_after(2);
    struct peer next;
    char byte;

    (void)state;
    assert_int_equal(gate_stats().slots_in_use, 1);
    turn_twice();
    next = connect_peer();
    assert_int_not_equal(next.here, number);
    assert_int_equal(fcntl(number, F_GETFD), -1); /* only its number is kept, not it */
    assert_int_equal(fcntl(next.here, F_GETFD), FD_CLOEXEC);
    assert_true(fcntl(next.here, F_GETFL) & O_NONBLOCK);
    assert_int_equal(send(next.here, "x", 1, 0), 1);
    assert_int_equal(recv(next.far, &byte, 1, 0), 1);
    close_peer(&next);
}

static void a_number_is_free_when_all_is_received_and_two_turns_are_over(void **state)
{
    int number = closed_after(2);
    struct peer next;

    (void)state;
    turn_twice();
    gate_give_back(number, SMALL);
    gate_turn();
    assert_int_equal(gate_stats().slots_in_use, 1);
    gate_give_back(number, SMALL);
    gate_turn();
    assert_int_equal(gate_stats().slots_in_use, 0);
    number = closed_after(0);
    gate_turn();
    assert_int_equal(gate_stats().slots_in_use, 1);
    gate_turn();
    assert_int_equal(gate_stats().slots_in_use, 0);
    next = connect_peer();
    assert_int_equal(next.here, number);
    close_peer(&next);
}

static void each_connection_is_another_also_with_the_same_descriptor(void **state)
{
    struct peer one = connect_peer(), two = connect_peer(), three;
    uint64_t first = gate_connection(one.here), second = gate_connection(two.here);
    int number = two.here;

    (void)state;
    assert_true(first != 0 && first % 2 == 0 && second % 2 == 0 && first != second);
    assert_true(gate_connection(one.here) == first);
    close_peer(&two);
    assert_true(gate_connection(number) == second); /* what it sent may still be queued */
    turn_twice();
    three = connect_peer();
    assert_int_equal(three.here, number);
    assert_true(gate_connection(three.here) > second);
    assert_true(gate_connection(one.far) == 0 && gate_connection(-1) == 0);
    close_peer(&one);
    close_peer(&three);
}

static void several_numbers_in_a_row_are_passed_over(void **state)
{
    int numbers[4];
    struct peer next;

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        numbers[i] = closed_after(1);
    next = connect_peer();
    for (unsigned i = 0; i < 4; i++)
        assert_int_not_equal(next.here, numbers[i]);
    for (unsigned i = 0; i < 4; i++)
        gate_give_back(numbers[i], SMALL);
    turn_twice();
    assert_int_equal(gate_charge(), 0);
    close_peer(&next);
}

static void an_unfinished_message_goes_with_its_connection(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream stream = one_frame(0, 100);
    int number = peer.here;

    (void)state;
    stream_frame(&stream, MORE, 1000);
    stream_frame(&stream, 0, 500);
    stream.len -= 200;
    send_and_read(&peer, &stream);
    assert_int_equal(gate_charge(),
                     zmtp_frame_charge(100) + zmtp_frame_charge(1000) + zmtp_frame_charge(500));
    close_peer(&peer);
    assert_int_equal(gate_charge(), zmtp_frame_charge(100));
    gate_give_back(number, 100);
    turn_twice();
    assert_int_equal(gate_stats().slots_in_use, 0);
}

static void nobody_gives_back_more_than_was_charged(void **state)
{
    struct peer peer = connect_and_greet(), other = connect_and_greet();
    struct stream stream = small_messages(1);

    (void)state;
    send_and_read(&peer, &stream);
    send_and_read(&other, &stream);
    give_back(&peer, 10, 1000);
    gate_give_back(-1, 1000);
    gate_give_back(1 << 30, 1000);
    gate_give_back(0, 1000);
    gate_turn();
    assert_int_equal(gate_charge(), UNIT);
    send_and_read(&peer, &stream); /* and nothing is owed from before */
    assert_int_equal(gate_charge(), 2 * UNIT);
    close_peer(&peer);
    close_peer(&other);
}

/* More than the gate keeps in mind of one turn. */
static void many_connections_give_back_in_one_turn(void **state)
{
    static int numbers[GATE_TOUCHED_MAX + 10];
    enum { COUNT = GATE_TOUCHED_MAX + 10 };
    struct gate_group *many = gate_group_new("many", MAX_MESSAGE, COUNT);
    struct sockaddr_un name;
    socklen_t name_len;
    int many_listener = open_listener(&name, &name_len);
    struct stream stream = stream_after_handshake();

    (void)state;
    stream_frame(&stream, 0, SMALL);
    gate_watch_listener(many, many_listener);
    for (unsigned i = 0; i < COUNT; i++) {
        struct peer peer = {.far = socket(AF_UNIX, SOCK_STREAM, 0)};

        assert_int_equal(connect(peer.far, (struct sockaddr *)&name, name_len), 0);
        peer.here = numbers[i] = accept4(many_listener, NULL, NULL, SOCK_NONBLOCK);
        send_and_read(&peer, &stream);
        close(peer.far);
    }
    assert_int_equal(gate_charge(), COUNT * UNIT);
    for (unsigned i = 0; i < COUNT; i++)
        gate_give_back(numbers[i], SMALL);
    gate_turn();
    assert_int_equal(gate_charge(), 0);
    for (unsigned i = 0; i < COUNT; i++)
        close(numbers[i]);
    turn_twice();
    close(many_listener);
    gate_group_free(&many);
}

/* ---- the door ------------------------------------------------------------------------------- */

static void fill(struct peer peers[MAX_CLIENTS])
{
    for (unsigned i = 0; i < MAX_CLIENTS; i++)
        peers[i] = connect_and_greet();
}

static void empty(struct peer peers[MAX_CLIENTS])
{
    for (unsigned i = 0; i < MAX_CLIENTS; i++)
        close_peer(&peers[i]);
}

static void assert_nobody_is_let_in(void)
{
    errno = 0;
    assert_int_equal(take_newcomer(), -1);
    assert_int_equal(errno, EAGAIN);
}

static void the_last_place_is_given_away_and_one_more_waits_at_the_door(void **state)
{
    struct peer peers[MAX_CLIENTS], newcomer;
    uint64_t closings = gate_stats().closings;

    (void)state;
    fill(peers);
    assert_true(is_in_epoll(listener));
    newcomer.far = knock();
    assert_nobody_is_let_in();
    assert_nobody_is_let_in(); /* an event that was on its way */
    assert_false(is_in_epoll(listener));
    assert_int_equal(gate_stats().doors_closed, 1);
    assert_int_equal(gate_stats().closings, closings + 1);

    close_peer(&peers[3]);
    gate_turn();
    assert_false(is_in_epoll(listener));
    gate_turn();
    assert_true(is_in_epoll(listener));
    assert_int_equal(gate_stats().doors_closed, 0);
    newcomer.here = take_newcomer();
    assert_true(newcomer.here >= 0);
    watch(newcomer.here, EPOLLIN);
    close_peer(&newcomer);
    empty(peers);
}

static void a_place_is_taken_until_all_its_messages_are_received(void **state)
{
    struct peer peers[MAX_CLIENTS];
    struct stream one = small_messages(1);
    int number, waiting;

    (void)state;
    fill(peers);
    waiting = knock();
    send_and_read(&peers[0], &one);
    number = peers[0].here;
    close_peer(&peers[0]);
    assert_nobody_is_let_in();
    turn_twice();
    gate_tick();
    assert_false(is_in_epoll(listener));
    gate_give_back(number, SMALL);
    gate_turn();
    assert_true(is_in_epoll(listener));
    close(waiting);
    empty(peers);
}

/* The soft limit becomes so many as are open. */
static struct rlimit allow_no_more_descriptors(void)
{
    struct rlimit before, now;
    int next = dup(listener);

    close(next);
    getrlimit(RLIMIT_NOFILE, &before);
    now = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &now);
    return before;
}

static void without_descriptors_the_door_closes_and_each_tick_tries_again(void **state)
{
    struct peer newcomer = {.far = knock()};
    struct rlimit before = allow_no_more_descriptors();

    (void)state;
    assert_nobody_is_let_in();
    setrlimit(RLIMIT_NOFILE, &before); /* is_in_epoll opens a file */
    assert_false(is_in_epoll(listener));
    assert_int_equal(wakes, 1);
    before = allow_no_more_descriptors();
    gate_tick();
    assert_int_equal(gate_stats().doors_closed, 0);
    assert_nobody_is_let_in();
    assert_int_equal(gate_stats().doors_closed, 1);
    assert_int_equal(wakes, 2);
    setrlimit(RLIMIT_NOFILE, &before);
    gate_tick();
    assert_true(is_in_epoll(listener));
    newcomer.here = take_newcomer();
    assert_true(newcomer.here >= 0);
    watch(newcomer.here, EPOLLIN);
    close_peer(&newcomer);
}

static void all_doors_of_a_group_close_and_open_together(void **state)
{
    struct peer peers[MAX_CLIENTS];
    struct sockaddr_un name;
    socklen_t name_len;
    int second = open_listener(&name, &name_len);

    (void)state;
    assert_true(gate_watch_listener(group, second));
    watch(second, EPOLLIN);
    fill(peers);
    assert_nobody_is_let_in();
    assert_false(is_in_epoll(listener));
    assert_false(is_in_epoll(second));
    empty(peers);
    turn_twice();
    assert_true(is_in_epoll(listener));
    assert_true(is_in_epoll(second));
    unwatch(second);
    close(second);
}

static void a_group_has_so_many_listeners_and_not_one_more(void **state)
{
    int fds[GATE_LISTENERS_MAX];
    struct sockaddr_un name;
    socklen_t name_len;

    (void)state;
    for (unsigned i = 0; i < GATE_LISTENERS_MAX; i++) {
        fds[i] = open_listener(&name, &name_len);
        assert_int_equal(gate_watch_listener(group, fds[i]), i < GATE_LISTENERS_MAX - 1);
    }
    for (unsigned i = 0; i < GATE_LISTENERS_MAX; i++)
        close(fds[i]);
}

/* ---- connections that we open ------------------------------------------------------------- */

/* What a thread of this name sees of its own connection. */
struct dialer {
    const char *name;
    int type;
    bool stays_in_epoll;
    bool wants_ticks; /* before anybody has said anything */
    uint64_t charged;
};

static void *dial(void *argument)
{
    struct dialer *dialer = argument;
    struct stream stream = stream_after_handshake();
    struct peer peer;
    int pair[2];

    stream_frame(&stream, 0, SMALL);
    prctl(PR_SET_NAME, dialer->name, 0, 0, 0);
    assert_int_equal(socketpair(AF_UNIX, dialer->type | SOCK_NONBLOCK, 0, pair), 0);
    peer = (struct peer){.far = pair[0], .here = pair[1]};
    watch(peer.here, EPOLLIN | EPOLLOUT);
    dialer->stays_in_epoll = is_in_epoll(peer.here);
    dialer->wants_ticks = gate_tick(); /* nobody else runs meanwhile */
    send_stream(&peer, &stream);
    read_all(&peer);
    dialer->charged = gate_charge();
    gate_give_back(peer.here, SMALL);
    close_peer(&peer);
    return NULL;
}

static void run_dialer(struct dialer *dialer)
{
    pthread_t thread;

    pthread_create(&thread, NULL, dial, dialer);
    pthread_join(thread, NULL);
    turn_twice();
}

static void what_libzmqs_thread_opens_is_watched_and_nothing_else(void **state)
{
    struct dialer ours = {.name = "7/ZMQbg/IO/0", .type = SOCK_STREAM};
    struct dialer other = {.name = "worker", .type = SOCK_STREAM};
    struct dialer datagram = {.name = "7/ZMQbg/IO/0", .type = SOCK_DGRAM};

    (void)state;
    run_dialer(&ours);
    assert_int_equal(ours.charged, 0); /* none was announced */
    gate_watch_connects(MAX_MESSAGE);
    run_dialer(&ours);
    assert_int_equal(ours.charged, UNIT);
    assert_true(ours.stays_in_epoll);
    assert_false(ours.wants_ticks);
    run_dialer(&other);
    assert_int_equal(other.charged, 0);
    run_dialer(&datagram);
    assert_int_equal(datagram.charged, 0);
    assert_int_equal(gate_stats().open_now, 0); /* of those that were accepted */
}

static void a_stop_opens_nothing_new(void **state)
{
    struct dialer ours = {.name = "7/ZMQbg/IO/0", .type = SOCK_STREAM};

    (void)state;
    gate_watch_connects(MAX_MESSAGE);
    gate_half_close(GATE_TELL_ALL);
    run_dialer(&ours);
    assert_false(ours.stays_in_epoll);
    assert_true(gate_is_drained());
}

/* ---- the end -------------------------------------------------------------------------------- */

static void an_end_forgets_what_was_charged(void **state)
{
    struct stream one = small_messages(1);
    struct peer peer;

    (void)state;
    for (unsigned i = 0; i < 2; i++)
        closed_after(3);
    assert_int_equal(gate_charge(), 6 * UNIT);
    unwatch(listener);
    close(listener);
    gate_end();
    assert_int_equal(gate_charge(), 0);
    assert_int_equal(gate_stats().slots_in_use, 0);

    listener = open_listener(&listener_name, &listener_name_len);
    gate_watch_listener(group, listener);
    watch(listener, EPOLLIN);
    peer = connect_and_greet();
    send_and_read(&peer, &one);
    assert_int_equal(gate_charge(), UNIT);
    close_peer(&peer);
}

static void a_group_lives_as_long_as_its_connections(void **state)
{
    struct gate_group *short_lived = gate_group_new("short", 100, 1);
    struct sockaddr_un name;
    socklen_t name_len;
    int fd = open_listener(&name, &name_len);
    struct peer peer = {.far = socket(AF_UNIX, SOCK_STREAM, 0)};
    struct stream stream = stream_after_handshake();

    (void)state;
    gate_watch_listener(short_lived, fd);
    assert_int_equal(connect(peer.far, (struct sockaddr *)&name, name_len), 0);
    peer.here = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
    watch(peer.here, EPOLLIN);
    gate_group_free(&short_lived);
    assert_null(short_lived);
    gate_group_free(&short_lived);
    close(fd);
    stream_frame(&stream, 0, 101);
    send_stream(&peer, &stream);
    read_once(&peer);
    assert_int_equal(cut_for(GATE_CUT_MESSAGE), 1);
    close_peer(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_number_of_a_connection_that_is_still_charged_is_nobody_elses),
        TEST(a_number_is_free_when_all_is_received_and_two_turns_are_over),
        TEST(each_connection_is_another_also_with_the_same_descriptor),
        TEST(several_numbers_in_a_row_are_passed_over),
        TEST(an_unfinished_message_goes_with_its_connection),
        TEST(nobody_gives_back_more_than_was_charged),
        TEST(many_connections_give_back_in_one_turn),
        TEST(the_last_place_is_given_away_and_one_more_waits_at_the_door),
        TEST(a_place_is_taken_until_all_its_messages_are_received),
        TEST(without_descriptors_the_door_closes_and_each_tick_tries_again),
        TEST(all_doors_of_a_group_close_and_open_together),
        TEST(a_group_has_so_many_listeners_and_not_one_more),
        TEST(what_libzmqs_thread_opens_is_watched_and_nothing_else),
        TEST(a_stop_opens_nothing_new),
        TEST(an_end_forgets_what_was_charged),
        TEST(a_group_lives_as_long_as_its_connections),
    };
    return cmocka_run_group_tests(tests, rig_init, NULL);
}
