/* The gate: what it sees, what it leaves alone, and that libzmq comes through it. */
#include "zeromq/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "zeromq/gate_parts.h"

enum { TABLE_SLOTS = 256, ROUNDS = 500, BUDGET_BYTES = 64 * 1024 };

static struct err err;
static struct gate_group *group; /* of a test */

/* What every ZMTP 3 peer sends first (RFC 23). */
static const char greeting[64] = "\xff\0\0\0\0\0\0\0\0\x7f\3\0NULL";

/* A listening abstract socket with a name of the kernel's choice. */
struct server {
    int fd;
    struct sockaddr_un name;
    socklen_t name_len;
};

static struct server open_server(void)
{
    struct server server = {.name = {.sun_family = AF_UNIX}, .name_len = sizeof server.name};

    server.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(
        bind(server.fd, (struct sockaddr *)&server.name, sizeof server.name.sun_family), 0);
    assert_int_equal(listen(server.fd, 8), 0);
    getsockname(server.fd, (struct sockaddr *)&server.name, &server.name_len);
    return server;
}

static int connect_to(const struct server *server)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, (const struct sockaddr *)&server->name, server->name_len), 0);
    return fd;
}

static int descriptor_above(int fd, int lowest)
{
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, lowest);

    assert_true(moved >= lowest);
    close(fd);
    return moved;
}

static void the_self_test_passes_and_leaves_nothing_behind(void **state)
{
    int next_before = dup(0), next_after;

    (void)state;
    close(next_before);
    for (int i = 0; i < 3; i++)
        if (gate_self_test(&err) < 0)
            fail_msg("%s", err.text);
    next_after = dup(0);
    close(next_after);
    assert_int_equal(next_before, next_after);
    assert_int_equal(gate_stats().accepted, 0);
    assert_int_equal(gate_stats().received_bytes, 0);
    assert_true(gate.tells_sources); /* of the libzmq that we know */
}

static void the_self_test_says_why_it_failed(void **state)
{
    struct rlimit files, few;

    (void)state;
    getrlimit(RLIMIT_NOFILE, &files);
    few = (struct rlimit){.rlim_cur = 0, .rlim_max = files.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    err.text[0] = '\0';
    assert_int_equal(gate_self_test(&err), -1);
    setrlimit(RLIMIT_NOFILE, &files);
    assert_non_null(strstr(err.text, strerror(EMFILE)));
    assert_int_equal(gate_self_test(&err), 0);
}

static void a_watched_connection_is_counted_from_accept_to_close(void **state)
{
    struct gate_stats before = gate_stats(), after;
    struct server server = open_server();
    struct epoll_event event = {.events = EPOLLIN};
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    int client, connection;
    char bytes[8];

    (void)state;
    assert_true(gate_watch_listener(group, server.fd));
    client = connect_to(&server);
    connection = accept4(server.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_int_equal(gate_stats().open_now, before.open_now + 1);

    assert_int_equal(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, connection, &event), 0);
    assert_int_equal(send(client, greeting, 5, 0), 5);
    assert_int_equal(epoll_wait(epoll_fd, &event, 1, 5000), 1);
    assert_int_equal(recv(connection, bytes, 3, 0), 3);
    assert_int_equal(recv(connection, bytes, sizeof bytes, MSG_PEEK), 2);
    assert_memory_equal(bytes, greeting + 3, 2);
    close(connection);

    after = gate_stats();
    assert_int_equal(after.accepted, before.accepted + 1);
    assert_int_equal(after.closed, before.closed + 1);
    assert_int_equal(after.open_now, before.open_now);
    assert_int_equal(after.received_bytes, before.received_bytes + 3);
    assert_int_equal(after.polls, before.polls + 1);
    close(client);
    close(server.fd);
    close(epoll_fd);
}

static void other_connections_pass_uncounted(void **state)
{
    struct gate_stats before = gate_stats(), after;
    struct server server = open_server();
    int client = connect_to(&server);
    int connection = accept4(server.fd, NULL, NULL, SOCK_CLOEXEC);
    char byte;

    (void)state;
    send(client, greeting, 1, 0);
    assert_int_equal(recv(connection, &byte, 1, 0), 1);
    close(connection);
    close(client);
    close(server.fd);
    after = gate_stats();
    assert_memory_equal(&after, &before, sizeof after);
}

static void a_closed_listener_is_forgotten_with_its_number(void **state)
{
    struct gate_stats before = gate_stats();
    struct server watched = open_server(), other;
    int number = watched.fd, client, connection;

    (void)state;
    assert_true(gate_watch_listener(group, watched.fd));
    close(watched.fd);
    other = open_server();
    assert_int_equal(other.fd, number);
    client = connect_to(&other);
    connection = accept4(other.fd, NULL, NULL, SOCK_CLOEXEC);
    assert_int_equal(gate_stats().accepted, before.accepted);
    close(connection);
    close(client);
    close(other.fd);
}

static void a_hook_fails_as_its_system_call_does(void **state)
{
    struct gate_stats before = gate_stats(), after;
    struct server server = open_server();
    struct epoll_event event = {.events = EPOLLIN};
    int client, connection, number;
    char byte;

    (void)state;
    fcntl(server.fd, F_SETFL, O_NONBLOCK);
    gate_watch_listener(group, server.fd);
    assert_int_equal(accept4(server.fd, NULL, NULL, 0), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(accept4(server.fd, NULL, NULL, 1), -1);
    assert_int_equal(errno, EINVAL);

    client = connect_to(&server);
    connection = accept4(server.fd, NULL, NULL, SOCK_CLOEXEC);
    assert_int_equal(recv(connection, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
    close(client);
    assert_int_equal(recv(connection, &byte, 1, 0), 0);
    number = connection;
    assert_int_equal(close(connection), 0);
    assert_int_equal(close(number), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(recv(number, &byte, 1, 0), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(epoll_ctl(-1, EPOLL_CTL_ADD, server.fd, &event), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(close(-1), -1);
    assert_int_equal(errno, EBADF);
    close(server.fd);

    after = gate_stats();
    assert_int_equal(after.accepted, before.accepted + 1);
    assert_int_equal(after.closed, before.closed + 1);
    assert_int_equal(after.received_bytes, before.received_bytes);
}

static void the_address_of_the_peer_comes_through(void **state)
{
    struct server server = open_server();
    struct sockaddr_un name = {.sun_family = AF_UNIX}, peer;
    socklen_t name_len = sizeof name, peer_len = sizeof peer;
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), connection;

    (void)state;
    assert_int_equal(bind(client, (struct sockaddr *)&name, sizeof name.sun_family), 0);
    getsockname(client, (struct sockaddr *)&name, &name_len);
    assert_int_equal(connect(client, (struct sockaddr *)&server.name, server.name_len), 0);
    connection = accept4(server.fd, (struct sockaddr *)&peer, &peer_len, SOCK_CLOEXEC);
    assert_int_equal(peer_len, name_len);
    assert_memory_equal(&peer, &name, peer_len);
    close(connection);
    close(client);
    close(server.fd);
}

static void the_last_slot_of_the_table_is_watched_and_one_past_it_is_not(void **state)
{
    struct gate_stats before = gate_stats();
    struct server server = open_server();

    (void)state;
    server.fd = descriptor_above(server.fd, TABLE_SLOTS);
    assert_int_equal(server.fd, TABLE_SLOTS);
    assert_false(gate_watch_listener(group, server.fd));
    int client = connect_to(&server);
    int connection = accept4(server.fd, NULL, NULL, SOCK_CLOEXEC);
    assert_int_equal(gate_stats().accepted, before.accepted);
    close(connection);
    close(client);

    server.fd = descriptor_above(server.fd, TABLE_SLOTS - 1);
    assert_int_equal(server.fd, TABLE_SLOTS - 1);
    assert_true(gate_watch_listener(group, server.fd));
    client = connect_to(&server);
    connection = accept4(server.fd, NULL, NULL, SOCK_CLOEXEC);
    assert_int_equal(gate_stats().accepted, before.accepted + 1);
    close(connection);
    close(client);
    close(server.fd);
}

static void a_newcomer_beyond_the_table_is_turned_away(void **state)
{
    struct gate_stats before = gate_stats();
    struct server server = open_server();
    int lowest[TABLE_SLOTS], taken = 0, client = connect_to(&server);
    char byte;

    (void)state;
    gate_watch_listener(group, server.fd);
    while ((lowest[taken] = dup(server.fd)) < TABLE_SLOTS - 1)
        taken++;
    assert_int_equal(accept4(server.fd, NULL, NULL, SOCK_CLOEXEC), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(gate_stats().doors_closed, 1);
    assert_int_equal(gate_stats().accepted, before.accepted);
    assert_int_equal(recv(client, &byte, 1, 0), 0);
    for (int i = 0; i <= taken; i++)
        close(lowest[i]);
    gate_tick(); /* tries whether there are descriptors again */
    assert_int_equal(gate_stats().doors_closed, 0);
    close(client);
    close(server.fd);
}

/* One of several threads that come and go through the same numbers. NULL, or the server
 * that failed it. */
static void *come_and_go(void *argument)
{
    struct server *server = argument;
    char byte;

    for (int i = 0; i < ROUNDS; i++) {
        int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), connection;

        if (connect(client, (struct sockaddr *)&server->name, server->name_len) < 0 ||
            send(client, greeting, 1, 0) != 1)
            return server;
        while ((connection = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC)) < 0) {
            if (errno != EAGAIN) /* until the main thread has turned, no place may be free */
                return server;
        }
        if (recv(connection, &byte, 1, 0) != 1)
            return server;
        close(client);
        close(connection);
    }
    return NULL;
}

static void threads_that_come_and_go_are_counted_exactly(void **state)
{
    struct gate_stats before = gate_stats(), after;
    struct server watched = open_server(), other = open_server();
    pthread_t threads[4];
    void *failure;

    (void)state;
    fcntl(watched.fd, F_SETFL, O_NONBLOCK);
    gate_watch_listener(group, watched.fd);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, come_and_go, i % 2 ? &watched : &other);
    for (int i = 0; i < 4; i++) {
        while (pthread_tryjoin_np(threads[i], &failure) != 0)
            gate_tick();
        assert_null(failure);
    }
    after = gate_stats();
    assert_int_equal(after.accepted, before.accepted + 2 * ROUNDS);
    assert_int_equal(after.received_bytes, before.received_bytes + 2 * ROUNDS);
    assert_int_equal(after.open_now, before.open_now);
    close(watched.fd);
    close(other.fd);
}

/* The table is made while few descriptors are allowed, so that one can be beyond. */
static int make_small_table(void **state)
{
    struct rlimit files, few;

    (void)state;
    getrlimit(RLIMIT_NOFILE, &files);
    few = (struct rlimit){.rlim_cur = TABLE_SLOTS, .rlim_max = files.rlim_max};
    if (files.rlim_max < 2 * TABLE_SLOTS || setrlimit(RLIMIT_NOFILE, &few) < 0)
        return -1;
    if (gate_init(BUDGET_BYTES, 1000, &err) < 0)
        return -1;
    few.rlim_cur = 2 * TABLE_SLOTS;
    return setrlimit(RLIMIT_NOFILE, &few);
}

static int make_group(void **state)
{
    (void)state;
    group = gate_group_new("apps", 16 * 1024, TABLE_SLOTS / 4);
    return 0;
}

static int forget_all(void **state)
{
    (void)state;
    gate_end();
    gate_group_free(&group);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_group, forget_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_self_test_passes_and_leaves_nothing_behind),
        TEST(the_self_test_says_why_it_failed),
        TEST(a_watched_connection_is_counted_from_accept_to_close),
        TEST(other_connections_pass_uncounted),
        TEST(a_closed_listener_is_forgotten_with_its_number),
        TEST(a_hook_fails_as_its_system_call_does),
        TEST(the_address_of_the_peer_comes_through),
        TEST(the_last_slot_of_the_table_is_watched_and_one_past_it_is_not),
        TEST(a_newcomer_beyond_the_table_is_turned_away),
        TEST(threads_that_come_and_go_are_counted_exactly),
    };
    return cmocka_run_group_tests(tests, make_small_table, NULL);
}
