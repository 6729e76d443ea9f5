/* Peers over their share wait outside of epoll, and come back when there is room. */
#include "tests/unit/zeromq/gate_rig.h"

/* A peer whose charge is so many units. */
static struct peer charged_peer(unsigned units)
{
    struct peer peer = connect_and_greet();
    struct stream stream = small_messages(units);

    send_and_read(&peer, &stream);
    assert_int_equal(gate_charge_of(gate_slot_of(peer.here)), units * UNIT);
    return peer;
}

/* A peer that stands over its share, so that the next read holds it. */
static struct peer held_peer(void)
{
    struct peer peer = charged_peer(UNITS / 2 + 1);

    assert_true(is_held(&peer));
    return peer;
}

static void half_of_the_budget_is_one_peers_share_and_one_unit_more_is_not(void **state)
{
    struct gate_stats before = gate_stats();
    struct peer peer = charged_peer(UNITS / 2);
    struct stream one = small_messages(1);

    (void)state;
    assert_false(is_held(&peer));
    send_stream(&peer, &one);
    assert_int_equal(read_once(&peer), one.len);
    assert_false(is_held(&peer));
    assert_true(is_refused(&peer, EAGAIN));
    assert_true(is_held(&peer));
    assert_int_equal(gate_stats().held_peers, 1);
    assert_int_equal(gate_stats().holds, before.holds + 1);
    assert_true(is_refused(&peer, EAGAIN)); /* an event that was on its way */
    assert_int_equal(gate_stats().held_peers, 1);
    close_peer(&peer);
    assert_int_equal(gate_stats().held_peers, 0);
}

/* Until it is held: how much was charged by then. */
static uint64_t fill(const struct peer *peer)
{
    struct stream large = one_frame(0, MAX_MESSAGE);

    for (unsigned i = 0; i < 1000; i++) {
        send_stream(peer, &large);
        read_all(peer);
        if (is_held(peer))
            return gate_charge();
    }
    fail_msg("it was never held");
    return 0;
}

/* ---- the line, while entries flow ----------------------------------------------------------- */

static uint64_t one_message(void)
{
    return zmtp_frame_charge(MAX_MESSAGE);
}

static void begin_flow(void)
{
    gate.budget_bytes = 4 * GATE_FLOWING_BYTES;
    gate_tick();
    gate_turn();
}

static void end_flow(void)
{
    gate.budget_bytes = BUDGET_BYTES;
}

/* Gives back until no more than this is ready. */
static void receive_down_to(const struct peer *peer, uint64_t ready)
{
    while (gate_charge_of(gate_slot_of(peer->here)) > ready) {
        give_back(peer, 1, MAX_MESSAGE);
        gate_turn();
    }
}

static void while_entries_flow_one_peer_gets_no_long_queue(void **state)
{
    struct peer peer = connect_and_greet();

    (void)state;
    begin_flow();
    assert_in_range(fill(&peer), GATE_FLOWING_BYTES, GATE_FLOWING_BYTES + one_message());
    receive_down_to(&peer, GATE_REFILL_BYTES + one_message());
    assert_true(is_held(&peer));
    receive_down_to(&peer, GATE_REFILL_BYTES);
    assert_false(is_held(&peer));
    end_flow();
    close_peer(&peer);
}

static void a_stall_opens_the_whole_budget(void **state)
{
    struct peer peer = connect_and_greet();

    (void)state;
    begin_flow();
    fill(&peer);
    give_back(&peer, 1, MAX_MESSAGE);
    gate_tick();
    assert_true(is_held(&peer));
    gate_tick(); /* nothing was received since the last one */
    assert_false(is_held(&peer));
    assert_in_range(fill(&peer), gate.budget_bytes / 2, gate.budget_bytes / 2 + one_message());
    give_back(&peer, 1, MAX_MESSAGE);
    gate_tick();
    assert_true(is_held(&peer)); /* it flows again, and there is enough */
    end_flow();
    close_peer(&peer);
}

/* One that has filled what may be ready, and others that wait behind it, each with one message. */
enum { IN_LINE = 6 };
struct line {
    struct peer first, others[IN_LINE];
};

static struct line stand_in_line(void)
{
    struct line line = {.first = connect_and_greet()};
    struct stream large = one_frame(0, MAX_MESSAGE);

    begin_flow();
    fill(&line.first);
    for (unsigned i = 0; i < IN_LINE; i++) {
        line.others[i] = connect_and_greet();
        send_and_read(&line.others[i], &large);
        send_stream(&line.others[i], &large);
        assert_true(is_refused(&line.others[i], EAGAIN));
        assert_true(is_held(&line.others[i]));
    }
    return line;
}

static unsigned held_count(const struct line *line)
{
    unsigned count = 0;

    for (unsigned i = 0; i < IN_LINE; i++)
        count += is_held(&line->others[i]);
    return count;
}

static void leave_line(struct line *line)
{
    end_flow();
    close_peer(&line->first);
    for (unsigned i = 0; i < IN_LINE; i++)
        close_peer(&line->others[i]);
}

/* A quarter of what may be ready is room for two. */
static void no_more_go_on_than_there_is_room_for_and_who_waits_longest_is_first(void **state)
{
    struct line line = stand_in_line();

    (void)state;
    receive_down_to(&line.first, GATE_REFILL_BYTES - IN_LINE * one_message());
    assert_false(is_held(&line.first));
    assert_int_equal(held_count(&line), IN_LINE - 1);
    assert_false(is_held(&line.others[0]));
    leave_line(&line);
}

static void who_has_little_ready_does_not_stand_in_line(void **state)
{
    struct line line = stand_in_line();
    struct peer light = connect_and_greet();
    struct stream some = small_messages(GATE_LIGHT_BYTES / UNIT), one = small_messages(1);

    (void)state;
    send_and_read(&light, &some);
    send_and_read(&light, &one); /* 8 KiB, and now one more */
    send_stream(&light, &one);
    assert_true(is_refused(&light, EAGAIN));
    assert_true(is_held(&light));
    close_peer(&light);
    leave_line(&line);
}

/* libzmq has thrown it away, or its socket is another one than theirs. */
static void what_is_never_received_holds_up_nobody_whose_socket_is_dry(void **state)
{
    struct line line = stand_in_line();

    (void)state;
    gate_turn();
    assert_int_equal(held_count(&line), IN_LINE);
    gate_ran_dry(group);
    gate_turn();
    assert_false(is_held(&line.first));
    assert_int_equal(held_count(&line), 0);
    leave_line(&line);
}

static struct peer connect_to(struct gate_group *another, int *listener_out)
{
    struct sockaddr_un name;
    socklen_t name_len;
    struct peer peer = {.far = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct stream stream = stream_after_handshake();

    *listener_out = open_listener(&name, &name_len);
    assert_true(gate_watch_listener(another, *listener_out));
    assert_int_equal(connect(peer.far, (struct sockaddr *)&name, name_len), 0);
    peer.here = accept4(*listener_out, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    watch(peer.here, EPOLLIN);
    send_and_read(&peer, &stream);
    return peer;
}

static void each_group_has_a_line_of_its_own(void **state)
{
    struct line line = stand_in_line();
    struct gate_group *another = gate_group_new("another", MAX_MESSAGE, 1);
    struct stream large = one_frame(0, MAX_MESSAGE);
    int another_listener;
    struct peer peer = connect_to(another, &another_listener);

    (void)state;
    send_and_read(&peer, &large);
    send_and_read(&peer, &large);
    assert_false(is_held(&peer));
    assert_int_equal(held_count(&line), IN_LINE);
    close_peer(&peer);
    close(another_listener);
    gate_group_free(&another);
    leave_line(&line);
}

/* ---- shares of the budget ---------------------------------------------------------------------
 */

static void several_peers_have_equal_shares(void **state)
{
    struct peer one = charged_peer(UNITS / 2 + 1), two = charged_peer(UNITS / 4);
    struct peer three;

    (void)state;
    assert_true(is_held(&one));
    assert_true(is_held(&two)); /* 256 units, and 255 are left */
    three = connect_and_greet();
    assert_false(is_held(&three));
    close_peer(&one);
    close_peer(&two);
    close_peer(&three);
}

static void a_peer_comes_back_at_the_end_of_the_turn_under_three_quarters(void **state)
{
    struct peer peer = held_peer();
    struct stream one = small_messages(1);
    struct epoll_event event = {.events = 0};

    (void)state;
    send_stream(&peer, &one);
    assert_int_equal(epoll_wait(epoll_fd, &event, 1, 0), 0);
    give_back(&peer, 74, SMALL); /* 439 units, and ¾ of what is left are 438.75 */
    gate_turn();
    assert_true(is_held(&peer));
    give_back(&peer, 1, SMALL);
    assert_true(is_held(&peer)); /* it is not made visible before the turn ends */
    gate_turn();
    assert_false(is_held(&peer));
    assert_int_equal(epoll_wait(epoll_fd, &event, 1, 0), 1);
    assert_int_equal(event.data.fd, peer.here);
    assert_int_equal(read_all(&peer), one.len);
    close_peer(&peer);
}

static void what_others_give_back_lets_a_peer_go_on(void **state)
{
    struct peer first = charged_peer(UNITS / 2), second = charged_peer(UNITS / 3);

    (void)state;
    assert_true(is_held(&second));
    give_back(&first, UNITS / 2, SMALL);
    gate_turn();
    assert_false(is_held(&second));
    close_peer(&first);
    close_peer(&second);
}

static void a_charged_body_may_be_read_to_its_end_and_no_further(void **state)
{
    struct peer peer = connect_and_greet(), other;
    struct stream body = begun_frame(MAX_MESSAGE, MAX_MESSAGE - 100), rest = {.len = 0};

    (void)state;
    send_and_read(&peer, &body);
    other = charged_peer(UNITS / 2);
    stream_zeros(&rest, MAX_MESSAGE - 100);
    stream_frame(&rest, 0, SMALL);
    send_stream(&peer, &rest);
    assert_int_equal(read_all(&peer), MAX_MESSAGE - 100);
    assert_true(is_held(&peer));
    assert_int_equal(gate_slot_of(peer.here)->meter.message_count, 1);
    close_peer(&peer);
    close_peer(&other);
}

/* The frame that begins in the last allowed read may pass the budget; nothing else may. */
static void the_budget_is_passed_by_one_frame_at_most(void **state)
{
    struct peer peers[MAX_CLIENTS];
    struct stream header = begun_frame(MAX_MESSAGE, MAX_MESSAGE);

    (void)state;
    for (unsigned i = 0; i < MAX_CLIENTS; i++)
        peers[i] = connect_and_greet();
    for (unsigned i = 0; i < MAX_CLIENTS; i++) {
        send_stream(&peers[i], &header);
        read_all(&peers[i]);
        assert_true(gate_charge() < BUDGET_BYTES + zmtp_frame_charge(MAX_MESSAGE));
    }
    assert_true(gate_charge() > BUDGET_BYTES / 2);
    for (unsigned i = 0; i < MAX_CLIENTS; i++)
        close_peer(&peers[i]);
}

/* It would not be heard in time otherwise; but what follows it is like anything else. */
static void a_handshake_is_read_although_the_budget_is_spent_and_nothing_behind_it(void **state)
{
    struct peer greedy[MAX_CLIENTS - 1], newcomer;
    struct stream body = begun_frame(MAX_MESSAGE, MAX_MESSAGE), stream = stream_after_handshake();
    size_t handshake = stream.len;
    uint64_t spent;

    (void)state;
    for (unsigned i = 0; i < MAX_CLIENTS - 1; i++)
        greedy[i] = connect_and_greet();
    for (unsigned i = 0; i < MAX_CLIENTS - 1; i++) {
        send_stream(&greedy[i], &body);
        read_all(&greedy[i]);
    }
    spent = gate_charge();
    assert_true(spent > BUDGET_BYTES);
    newcomer = connect_peer();
    for (unsigned i = 0; i < 3000; i++)
        stream_frame(&stream, 0, 0);
    send_stream(&newcomer, &stream);
    assert_int_equal(read_all(&newcomer), handshake);
    assert_true(is_held(&newcomer));
    assert_true(gate_slot_of(newcomer.here)->handshaken);
    assert_int_equal(gate_charge(), spent);
    close_peer(&newcomer);
    for (unsigned i = 0; i < MAX_CLIENTS - 1; i++)
        close_peer(&greedy[i]);
}

/* ---- libzmq's own calls on a descriptor that it believes in its set ------------------------- */

static void a_change_while_held_counts_when_it_is_back(void **state)
{
    struct peer peer = held_peer();
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.u64 = 12345};
    uint64_t polls = gate_stats().polls;

    (void)state;
    assert_int_equal(epoll_ctl(epoll_fd, EPOLL_CTL_MOD, peer.here, &event), 0);
    assert_int_equal(gate_stats().polls, polls + 1);
    assert_true(is_held(&peer));
    assert_int_equal(epoll_wait(epoll_fd, &event, 1, 0), 0);
    give_back(&peer, UNITS, SMALL);
    gate_turn();
    assert_int_equal(epoll_wait(epoll_fd, &event, 1, 0), 1);
    assert_int_equal(event.data.u64, 12345);
    assert_int_equal(event.events, EPOLLOUT);
    close_peer(&peer);
}

static void one_that_is_taken_out_while_held_does_not_come_back(void **state)
{
    struct peer peer = held_peer();
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 777};

    (void)state;
    unwatch(peer.here);
    assert_int_equal(gate_stats().held_peers, 0);
    give_back(&peer, UNITS, SMALL);
    gate_turn();
    assert_true(is_held(&peer));
    assert_int_equal(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, peer.here, &event), 0);
    assert_false(is_held(&peer));
    close_peer(&peer);
}

static void one_that_is_put_in_again_while_over_its_share_is_held_again(void **state)
{
    struct peer peer = held_peer();

    (void)state;
    unwatch(peer.here);
    watch(peer.here, EPOLLIN);
    assert_false(is_held(&peer));
    assert_true(is_refused(&peer, EAGAIN));
    assert_true(is_held(&peer));
    close_peer(&peer);
}

static void one_that_is_closed_while_held_leaves_no_trace(void **state)
{
    struct peer peer = held_peer();
    int number = peer.here;

    (void)state;
    close(peer.here); /* and is not even taken out first */
    peer.here = -1;
    assert_false(is_in_epoll(number));
    gate_give_back(number, SMALL);
    gate_turn();
    assert_false(is_in_epoll(number));
    close_peer(&peer);
}

/* ---- attention ----------------------------------------------------------------------------------
 */

static void who_holds_a_peer_asks_for_ticks_once(void **state)
{
    struct peer peer = charged_peer(UNITS / 2 - 1), other;
    struct stream two = small_messages(2);

    (void)state;
    gate_tick();
    give_back(&peer, 0, SMALL);
    while (gate_tick())
        give_back(&peer, UNITS, SMALL);
    wakes = 0;
    other = charged_peer(UNITS / 2);
    assert_int_equal(wakes, 1); /* its handshake had a limit; its messages need no ticks */
    gate.attention = false;     /* as after a tick that found nothing */
    wakes = 0;
    send_stream(&other, &two);
    read_all(&other);
    assert_true(is_held(&other));
    assert_int_equal(wakes, 1);
    assert_true(gate_tick());
    assert_true(is_refused(&other, EAGAIN));
    assert_int_equal(wakes, 1);
    close_peer(&peer);
    close_peer(&other);
}

/* ---- threads
 * --------------------------------------------------------------------------------------- */

enum { SENDERS = 4, MESSAGES_EACH = 20000 };

static struct {
    struct peer peers[SENDERS];
    atomic_uint to_give_back[SENDERS];
    atomic_bool over;
} crowd;

/* Sends until all is sent; its kernel holds it back. */
static void *send_many(void *argument)
{
    const struct peer *peer = argument;
    struct stream stream = small_messages(100);

    for (unsigned sent = 0; sent < MESSAGES_EACH; sent += 100) {
        for (size_t at = 0; at < stream.len;)
            at += (size_t)send(peer->far, stream.bytes + at, stream.len - at, 0);
    }
    return NULL;
}

/* Like libzmq, it tells the other thread of what there is and of nothing else: ThreadSanitizer
 * would take more for order where there is none. */
static void read_for(unsigned i)
{
    const struct zmtp_meter *meter = &gate_slot_of(crowd.peers[i].here)->meter;
    uint64_t before = meter->message_count;

    read_once(&crowd.peers[i]);
    if (meter->message_count > before)
        crowd.to_give_back[i] += (unsigned)(meter->message_count - before);
}

/* As libzmq's thread, which sleeps in epoll for as long as nobody may read. */
static void *read_many(void *argument)
{
    struct epoll_event events[SENDERS];

    (void)argument;
    while (!crowd.over) {
        int ready = epoll_wait(epoll_fd, events, SENDERS, 100);

        for (int i = 0; i < ready; i++) {
            for (unsigned k = 0; k < SENDERS; k++) {
                if (crowd.peers[k].here == events[i].data.fd)
                    read_for(k);
            }
        }
    }
    return NULL;
}

/* The loop thread: without a tick, so that each wake-up must come from a turn. */
static void give_back_until_all_is_there(void)
{
    unsigned received = 0;

    for (unsigned idle = 0; received < SENDERS * MESSAGES_EACH; idle++) {
        struct timespec nap = {.tv_nsec = 1000 * 1000};

        for (unsigned i = 0; i < SENDERS; i++) {
            unsigned count = atomic_exchange(&crowd.to_give_back[i], 0);

            give_back(&crowd.peers[i], count, SMALL);
            received += count;
            idle = count > 0 ? 0 : idle;
        }
        gate_turn();
        if (idle > 100)
            nanosleep(&nap, NULL);
        if (idle > 20 * 1000)
            fail_msg("%u of %u messages, and then nothing more", received, SENDERS * MESSAGES_EACH);
    }
}

static void no_wake_up_is_lost_between_the_threads(void **state)
{
    pthread_t reader, senders[SENDERS];
    uint64_t holds = gate_stats().holds;

    (void)state;
    crowd.over = false;
    for (unsigned i = 0; i < SENDERS; i++)
        crowd.peers[i] = connect_and_greet();
    pthread_create(&reader, NULL, read_many, NULL);
    for (unsigned i = 0; i < SENDERS; i++)
        pthread_create(&senders[i], NULL, send_many, &crowd.peers[i]);
    give_back_until_all_is_there();
    for (unsigned i = 0; i < SENDERS; i++)
        pthread_join(senders[i], NULL);
    crowd.over = true;
    pthread_join(reader, NULL);
    assert_true(gate_stats().holds > holds);
    assert_int_equal(gate_charge(), 0);
    for (unsigned i = 0; i < SENDERS; i++)
        close_peer(&crowd.peers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(half_of_the_budget_is_one_peers_share_and_one_unit_more_is_not),
        TEST(while_entries_flow_one_peer_gets_no_long_queue),
        TEST(a_stall_opens_the_whole_budget),
        TEST(no_more_go_on_than_there_is_room_for_and_who_waits_longest_is_first),
        TEST(who_has_little_ready_does_not_stand_in_line),
        TEST(what_is_never_received_holds_up_nobody_whose_socket_is_dry),
        TEST(each_group_has_a_line_of_its_own),
        TEST(several_peers_have_equal_shares),
        TEST(a_peer_comes_back_at_the_end_of_the_turn_under_three_quarters),
        TEST(what_others_give_back_lets_a_peer_go_on),
        TEST(a_charged_body_may_be_read_to_its_end_and_no_further),
        TEST(the_budget_is_passed_by_one_frame_at_most),
        TEST(a_handshake_is_read_although_the_budget_is_spent_and_nothing_behind_it),
        TEST(a_change_while_held_counts_when_it_is_back),
        TEST(one_that_is_taken_out_while_held_does_not_come_back),
        TEST(one_that_is_put_in_again_while_over_its_share_is_held_again),
        TEST(one_that_is_closed_while_held_leaves_no_trace),
        TEST(who_holds_a_peer_asks_for_ticks_once),
        TEST(no_wake_up_is_lost_between_the_threads),
    };
    return cmocka_run_group_tests(tests, rig_init, NULL);
}
