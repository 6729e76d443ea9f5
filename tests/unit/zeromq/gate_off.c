/* Without gate_init the hooks pass everything on, and whoever asks the gate gets an answer. */
#include "zeromq/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void calls_go_through_untouched(void **state)
{
    struct gate_stats before = gate_stats(), after;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 7};
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC), pair[2];
    char bytes[8];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, pair[0], &event), 0);
    assert_int_equal(send(pair[1], "GET / ", 6, 0), 6); /* no ZMTP, and nobody minds */
    assert_int_equal(epoll_wait(epoll_fd, &event, 1, 0), 1);
    assert_int_equal(event.data.u64, 7);
    assert_int_equal(recv(pair[0], bytes, sizeof bytes, 0), 6);
    assert_memory_equal(bytes, "GET / ", 6);
    assert_int_equal(epoll_ctl(epoll_fd, EPOLL_CTL_DEL, pair[0], NULL), 0);
    assert_int_equal(close(pair[0]), 0);
    assert_int_equal(close(pair[0]), -1);
    close(pair[1]);
    close(epoll_fd);
    after = gate_stats();
    assert_memory_equal(&after, &before, sizeof after);
}

static void nothing_is_watched_and_that_is_no_error(void **state)
{
    struct gate_group *group = gate_group_new("apps", 1000, 1);
    struct gate_cut cut;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_true(gate_watch_listener(group, fd));
    gate_give_back(fd, 1000);
    gate_give_back(-1, 1000);
    gate_turn();
    gate_saw_empty(group);
    assert_false(gate_tick());
    assert_false(gate_next_cut(&cut));
    close(fd);
    gate_group_free(&group);
    assert_null(group);
}

static void a_stop_has_nobody_to_wait_for(void **state)
{
    (void)state;
    gate_half_close(GATE_TELL_ALL);
    assert_true(gate_is_drained());
    gate_end();
    assert_int_equal(gate_stats().charged_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_go_through_untouched),
        cmocka_unit_test(nothing_is_watched_and_that_is_no_error),
        cmocka_unit_test(a_stop_has_nobody_to_wait_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
