/* Who breaks a limit is cut off, and no good message is. */
#include "tests/unit/zeromq/gate_rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* What libzmq would get of all that the peer has sent. */
static size_t read_until_refused(const struct peer *peer)
{
    size_t sum = read_all(peer);

    assert_int_equal(errno, ECONNRESET);
    return sum;
}

static struct gate_cut the_only_cut(void)
{
    struct gate_cut cut, another;

    assert_true(gate_next_cut(&cut));
    assert_false(gate_next_cut(&another));
    return cut;
}

static void good_messages_before_a_bad_one_come_through(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream stream = small_messages(2);
    size_t good = stream.len;
    struct gate_cut cut;

    (void)state;
    stream_frame(&stream, 0, MAX_MESSAGE + 1);
    send_stream(&peer, &stream);
    assert_int_equal(read_until_refused(&peer), good + 9);
    assert_int_equal(gate_charge(), 2 * UNIT);
    cut = the_only_cut();
    assert_int_equal(cut.reason, GATE_CUT_MESSAGE);
    assert_int_equal(cut.max_message, MAX_MESSAGE);
    assert_string_equal(cut.endpoint, "apps");
    give_back(&peer, 2, SMALL);
    gate_turn();
    close_peer(&peer);
}

/* libzmq hears of it by an event, as of a peer that left. */
static void the_peer_sees_an_end_and_libzmq_an_event(void **state)
{
    struct peer peer = connect_and_greet(), other = connect_and_greet();
    struct stream one = small_messages(1), bad = one_frame(0, MAX_MESSAGE + 1);
    struct epoll_event event = {.events = 0};
    char byte;

    (void)state;
    bad.len = 9; /* the header will do */
    send_stream(&peer, &bad);
    assert_int_equal(read_once(&peer), 9);
    assert_int_equal(epoll_wait(epoll_fd, &event, 1, 0), 1);
    assert_int_equal(event.data.fd, peer.here);
    assert_true(is_cut(&peer));
    assert_true(is_cut(&peer));
    assert_int_equal(recv(peer.far, &byte, 1, MSG_DONTWAIT), 0);
    send_and_read(&other, &one);
    close_peer(&peer);
    close_peer(&other);
}

static void messages_of_too_many_frames_and_old_peers_are_cut(void **state)
{
    struct peer many = connect_and_greet(), old = connect_peer();
    struct stream frames = {.len = 0}, greeting = {.len = 0};
    uint64_t before = cut_for(GATE_CUT_FRAMES), before_old = cut_for(GATE_CUT_OLD);

    (void)state;
    for (unsigned i = 0; i < GATE_FRAMES_MAX; i++)
        stream_frame(&frames, MORE, SMALL);
    send_and_read(&many, &frames);
    assert_int_equal(cut_for(GATE_CUT_FRAMES), before);
    frames = one_frame(0, SMALL);
    send_stream(&many, &frames);
    read_until_refused(&many);
    assert_int_equal(cut_for(GATE_CUT_FRAMES), before + 1);

    stream_bytes(&greeting, "GET / HTTP/1.1\r\n", 16);
    send_stream(&old, &greeting);
    assert_int_equal(read_until_refused(&old), 1);
    assert_int_equal(cut_for(GATE_CUT_OLD), before_old + 1);
    close_peer(&many);
    close_peer(&old);
}

/* The unfinished message of who is cut gives its room to others, once it is closed. */
static void a_held_peer_can_be_cut(void **state)
{
    struct peer peer = connect_and_greet();
    struct stream small = small_messages(UNITS / 2);
    struct stream more = one_frame(MORE, 100);
    struct epoll_event event = {.events = 0};

    (void)state;
    send_and_read(&peer, &small);
    send_stream(&peer, &more);
    read_once(&peer);
    assert_true(is_refused(&peer, EAGAIN));
    assert_true(is_held(&peer));
    gate_lock();
    gate_cut_peer(gate_slot_of(peer.here), GATE_CUT_STUCK);
    gate_cut_peer(gate_slot_of(peer.here), GATE_CUT_SILENT); /* the first reason counts */
    gate_unlock();
    assert_false(is_held(&peer));
    assert_int_equal(the_only_cut().reason, GATE_CUT_STUCK);
    assert_int_equal(epoll_wait(epoll_fd, &event, 1, 0), 1);
    assert_true(is_cut(&peer));
    assert_false(is_held(&peer));
    close_peer(&peer);
    assert_int_equal(gate_charge(), UNITS / 2 * UNIT);
}

/* ---- who it was ------------------------------------------------------------------------------ */

static void a_local_peer_is_told_by_its_process(void **state)
{
    struct peer peer = connect_peer();
    char expected[64];

    (void)state;
    snprintf(expected, sizeof expected, "pid %d uid %u", (int)getpid(), (unsigned)getuid());
    assert_int_equal(send(peer.far, "x", 1, 0), 1);
    read_once(&peer);
    assert_string_equal(the_only_cut().peer, expected);
    close_peer(&peer);
}

static void assert_told_by_address(int family, const char *address)
{
    struct sockaddr_storage name = {.ss_family = (sa_family_t)family}, far_name;
    socklen_t name_len =
        family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct peer peer = {.far = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    char expected[64];

    if (family == AF_INET)
        ((struct sockaddr_in *)(void *)&name)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        ((struct sockaddr_in6 *)(void *)&name)->sin6_addr = in6addr_loopback;
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, name_len) < 0)
        skip(); /* a machine without that family */
    listen(fd, 1);
    getsockname(fd, (struct sockaddr *)&name, &name_len);
    assert_true(gate_watch_listener(group, fd));
    assert_int_equal(connect(peer.far, (struct sockaddr *)&name, name_len), 0);
    getsockname(peer.far, (struct sockaddr *)&far_name, &name_len);
    peer.here = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    watch(peer.here, EPOLLIN);
    assert_int_equal(send(peer.far, "x", 1, 0), 1);
    assert_int_equal(read_once(&peer), 1);
    snprintf(expected, sizeof expected, "%s:%u", address,
             ntohs(((struct sockaddr_in *)(void *)&far_name)->sin_port));
    assert_string_equal(the_only_cut().peer, expected);
    close_peer(&peer);
    close(fd);
}

static void a_peer_over_tcp_is_told_by_its_address(void **state)
{
    (void)state;
    assert_told_by_address(AF_INET, "127.0.0.1");
    assert_told_by_address(AF_INET6, "[::1]");
}

static void the_first_cuts_are_kept_and_all_are_counted(void **state)
{
    uint64_t before = cut_for(GATE_CUT_OLD);
    struct gate_cut cut;
    unsigned kept = 0;

    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < GATE_CUTS_KEPT / 2 + 1; i++) {
            struct peer peer = connect_peer();

            assert_int_equal(send(peer.far, "x", 1, 0), 1);
            read_once(&peer);
            close_peer(&peer);
            gate_turn();
            gate_turn();
        }
    }
    assert_int_equal(cut_for(GATE_CUT_OLD), before + 3 * (GATE_CUTS_KEPT / 2 + 1));
    while (gate_next_cut(&cut)) {
        assert_int_equal(cut.reason, GATE_CUT_OLD);
        kept++;
    }
    assert_int_equal(kept, GATE_CUTS_KEPT);
}

static void a_group_knows_who_is_there_and_whom_it_has_cut(void **state)
{
    struct gate_group_stats before = gate_group_stats(group), now;
    struct peer peer = connect_and_greet(), other = connect_and_greet();

    (void)state;
    assert_int_equal(gate_group_stats(group).open_now, before.open_now + 2);
    gate_lock();
    gate_cut_peer(gate_slot_of(peer.here), GATE_CUT_STUCK);
    gate_unlock();
    close_peer(&peer);
    now = gate_group_stats(group);
    assert_int_equal(now.open_now, before.open_now + 1);
    assert_int_equal(now.cut[GATE_CUT_STUCK], before.cut[GATE_CUT_STUCK] + 1);
    assert_int_equal(now.cut[GATE_CUT_OLD], before.cut[GATE_CUT_OLD]);
    the_only_cut();
    close_peer(&other);
}

static void each_reason_has_a_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < GATE_CUT_REASONS; i++) {
        assert_non_null(gate_cut_reason_name(i));
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(gate_cut_reason_name(i), gate_cut_reason_name(k));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(good_messages_before_a_bad_one_come_through),
        TEST(the_peer_sees_an_end_and_libzmq_an_event),
        TEST(messages_of_too_many_frames_and_old_peers_are_cut),
        TEST(a_held_peer_can_be_cut),
        TEST(a_local_peer_is_told_by_its_process),
        TEST(a_peer_over_tcp_is_told_by_its_address),
        TEST(the_first_cuts_are_kept_and_all_are_counted),
        TEST(a_group_knows_who_is_there_and_whom_it_has_cut),
        TEST(each_reason_has_a_name),
    };
    return cmocka_run_group_tests(tests, rig_init, NULL);
}
