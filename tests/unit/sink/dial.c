/* dial.c - names are looked up, addresses tried, and whoever gives up is told why. */
#include "tests/unit/sink/sink_rig.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "sink/dial.h"

static struct sink_rig t;
static struct dial dial;
static struct net_address address;
static int listener;
static unsigned port;
static int got_fd, got_error;
static unsigned calls, prepared;
static char got_sentence[512];
static bool closed, bind_to_port;

static void on_done(void *context, int fd, int error, const char *sentence)
{
    assert_ptr_equal(context, &t);
    got_fd = fd;
    got_error = error;
    snprintf(got_sentence, sizeof got_sentence, "%s", sentence ? sentence : "");
    calls++;
}

static void on_prepare(int fd, const void *context)
{
    assert_true(fd >= 0);
    assert_ptr_equal(context, &prepared);
    prepared++;
    if (bind_to_port) {
        struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};

        own.sin_port = htons((in_port_t)port);
        assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    }
}

static void on_dial_closed(void *context)
{
    assert_ptr_equal(context, &t);
    closed = true;
}

/* On a port of 127.0.0.1 that the kernel chooses. */
static void listen_somewhere(void)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof own;

    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&own, &len), 0);
    port = ntohs(own.sin_port);
}

static void begin(const char *text, enum net_address_form form)
{
    struct err err;

    if (net_address_parse(text, form, &address, &err) < 0)
        fail_msg("%s", err.text);
    dial_start(&dial);
}

static void begin_host(const char *host)
{
    char text[300];

    snprintf(text, sizeof text, "%s:%u", host, port);
    begin(text, NET_HOST_PORT);
}

static void run_until_done(void)
{
    unsigned before = calls;

    while (calls == before && dial_is_under_way(&dial))
        uv_run(&t.loop, UV_RUN_ONCE);
    assert_false(dial_is_under_way(&dial));
}

static void a_number_is_connected_to(void **state)
{
    (void)state;
    begin_host("127.0.0.1");
    assert_true(dial_is_under_way(&dial));
    run_until_done();
    assert_true(got_fd >= 0);
    assert_int_equal(got_error, 0);
    assert_int_equal(prepared, 1);
    assert_true(fcntl(got_fd, F_GETFL) & O_NONBLOCK);
    assert_int_equal(fcntl(got_fd, F_GETFD), FD_CLOEXEC);
    close(got_fd);
}

/* Which may stand for ::1 as well, where nobody listens. */
static void all_that_a_name_stands_for_is_tried(void **state)
{
    (void)state;
    begin_host("localhost");
    run_until_done();
    assert_true(got_fd >= 0);
    close(got_fd);
}

static void nobody_listens(void **state)
{
    char words[64];

    (void)state;
    close(listener);
    listener = -1;
    begin_host("127.0.0.1");
    run_until_done();
    assert_int_equal(got_fd, -1);
    assert_int_equal(got_error, ECONNREFUSED);
    snprintf(words, sizeof words, "cannot connect to '127.0.0.1:%u': Connection refused", port);
    assert_string_equal(got_sentence, words);
    listen_somewhere();
    begin_host("127.0.0.1"); /* and may be dialled again */
    run_until_done();
    assert_true(got_fd >= 0);
    close(got_fd);
}

/* As a client's socket may be that got the very port for its own. */
static void nobody_is_connected_to_himself(void **state)
{
    (void)state;
    close(listener);
    listener = -1;
    bind_to_port = true;
    begin_host("127.0.0.1");
    run_until_done();
    assert_int_equal(got_fd, -1);
    assert_int_equal(got_error, ECONNREFUSED);
}

static void names_that_nobody_has(void **state)
{
    (void)state;
    begin("no-such-host.invalid:514", NET_HOST_PORT);
    run_until_done();
    assert_int_equal(got_fd, -1);
    assert_int_equal(got_error, EHOSTUNREACH);
    assert_memory_equal(got_sentence, "cannot look up 'no-such-host.invalid': ", 39);
}

static void a_socket_file_is_connected_to_at_once(void **state)
{
    struct sockaddr_un own = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    begin(t.sink.path, NET_PATH);
    assert_int_equal(calls, 1);
    assert_int_equal(got_error, ENOENT);
    assert_non_null(strstr(got_sentence, t.sink.path));
    strcpy(own.sun_path, t.sink.path);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(listen(fd, 1), 0);
    begin(t.sink.path, NET_PATH);
    assert_int_equal(calls, 2);
    assert_true(got_fd >= 0);
    close(got_fd);
    close(fd);
}

/* The backlog is full: SYNs are not answered. */
static void who_does_not_answer_is_given_up(void **state)
{
    int fds[3];

    (void)state;
    assert_int_equal(listen(listener, 0), 0);
    dial.timeout_ms = 150;
    for (unsigned i = 0; i < 3; i++) {
        begin_host("127.0.0.1");
        run_until_done();
        fds[i] = got_fd;
    }
    assert_int_equal(got_fd, -1);
    assert_int_equal(got_error, ETIMEDOUT);
    for (unsigned i = 0; i < 3; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

static void a_lookup_that_is_not_waited_for_tells_nothing(void **state)
{
    (void)state;
    begin_host("localhost");
    /* with_a_dial's end closes it */
}

static int with_a_dial(void **state)
{
    (void)state;
    rig_open(&t);
    calls = prepared = 0;
    closed = bind_to_port = false;
    listen_somewhere();
    dial = (struct dial){.loop = &t.loop,
                         .address = &address,
                         .socket_type = SOCK_STREAM,
                         .timeout_ms = 10000,
                         .prepare = on_prepare,
                         .prepare_context = &prepared,
                         .on_done = on_done,
                         .context = &t};
    dial_init(&dial);
    return 0;
}

static int close_all(void **state)
{
    unsigned before = calls;

    (void)state;
    dial_close(&dial, on_dial_closed);
    while (!closed)
        uv_run(&t.loop, UV_RUN_ONCE);
    assert_int_equal(calls, before);
    if (listener >= 0)
        close(listener);
    rig_close(&t);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_a_dial, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_number_is_connected_to),
        TEST(all_that_a_name_stands_for_is_tried),
        TEST(nobody_listens),
        TEST(nobody_is_connected_to_himself),
        TEST(names_that_nobody_has),
        TEST(a_socket_file_is_connected_to_at_once),
        TEST(who_does_not_answer_is_given_up),
        TEST(a_lookup_that_is_not_waited_for_tells_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
