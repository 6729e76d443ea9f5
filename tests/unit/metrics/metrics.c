/* metrics.c - a loop serves, and clients of ours ask, badly at times. */
#include "metrics/metrics.h"

#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/sink/sink_rig.h"

static struct status_endpoint endpoints[40];
static struct status now;
static unsigned gathered;
static uv_loop_t loop;
static struct metrics *metrics;
static unsigned descriptors;
static char answer[256 * 1024];

/* A copy whose parts are the heap's, since metrics_free frees them. */
static void gather(void *context, struct status *status)
{
    struct status_endpoint *copies = realloc(status->endpoints, sizeof endpoints);

    must(context == &now && copies);
    memcpy(copies, endpoints, sizeof endpoints);
    *status = now;
    status->endpoints = copies;
    gathered++;
}

/* What libuv opens with its first loop, and never closes. */
static int warm_up(void **state)
{
    (void)state;
    rig_start_threads();
    return 0;
}

static int begin(void **state)
{
    struct err err;

    (void)state;
    gathered = 0;
    now = (struct status){.endpoint_count = 1};
    for (unsigned i = 0; i < 40; i++)
        snprintf(endpoints[i].name, sizeof endpoints[i].name, "apps%u", i);
    descriptors = rig_descriptors();
    uv_loop_init(&loop);
    metrics = metrics_open("127.0.0.1:0", &loop, 1, 0, gather, &now, &err);
    if (!metrics)
        fail_msg("%s", err.text);
    return 0;
}

static int end(void **state)
{
    (void)state;
    metrics_close(metrics);
    uv_run(&loop, UV_RUN_DEFAULT);
    metrics_free(&metrics);
    assert_null(metrics);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(rig_descriptors(), descriptors);
    return 0;
}

static int connect_client(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_port = htons((uint16_t)atoi(strrchr(metrics_url(metrics), ':') + 1));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Lets the loop turn until the other side has closed; what it said. */
static const char *hear(int fd)
{
    uint64_t until = uv_hrtime() + RIG_LIMIT_MS * 1000000ull;
    size_t len = 0;
    ssize_t got;

    while ((got = recv(fd, answer + len, sizeof answer - 1 - len, MSG_DONTWAIT)) != 0) {
        assert_true(got > 0 || errno == EAGAIN || errno == ECONNRESET);
        if (got < 0 && errno == ECONNRESET)
            break;
        len += got > 0 ? (size_t)got : 0;
        assert_true(uv_hrtime() < until);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    answer[len] = '\0';
    close(fd);
    return answer;
}

static const char *ask(const char *request)
{
    int fd = connect_client();

    say(fd, request);
    return hear(fd);
}

static void begins(const char *text, const char *with)
{
    if (strncmp(text, with, strlen(with)) != 0)
        fail_msg("'%s' does not begin with '%s'", text, with);
}

#define HOST " HTTP/1.1\r\nHost: x\r\n\r\n"

static void three_paths_and_no_other(void **state)
{
    (void)state;
    begins(ask("GET /metrics" HOST), "HTTP/1.1 200 ");
    assert_non_null(strstr(answer, "Content-Type: text/plain; version=0.0.4"));
    assert_non_null(strstr(answer, "logboom_entries_received_total{endpoint=\"apps0\"} 0\n"));
    begins(ask("GET /healthz" HOST), "HTTP/1.1 200 ");
    begins(ask("GET /readyz" HOST), "HTTP/1.1 200 ");
    begins(ask("GET /" HOST), "HTTP/1.1 404 ");
    begins(ask("GET /metrics/" HOST), "HTTP/1.1 404 ");
    begins(ask("GET /metrics?x=1" HOST), "HTTP/1.1 200 ");
    begins(ask("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"), "HTTP/1.1 405 ");
    begins(ask("DELETE /metrics" HOST), "HTTP/1.1 405 ");
}

static void a_head_has_no_body(void **state)
{
    (void)state;
    begins(ask("HEAD /metrics" HOST), "HTTP/1.1 200 ");
    assert_null(strstr(answer, "logboom_"));
}

static void a_daemon_that_stops_is_not_ready_but_healthy(void **state)
{
    (void)state;
    now.phase = STATUS_STOPPING;
    begins(ask("GET /readyz" HOST), "HTTP/1.1 503 ");
    begins(ask("GET /healthz" HOST), "HTTP/1.1 200 ");
    begins(ask("GET /metrics" HOST), "HTTP/1.1 200 ");
}

/* As after a reload: the room that was made at the start would not do. */
static void more_parts_than_at_the_start(void **state)
{
    (void)state;
    now.endpoint_count = 40;
    begins(ask("GET /metrics" HOST), "HTTP/1.1 200 ");
    assert_non_null(strstr(answer, "logboom_clients{endpoint=\"apps39\"} 0\n"));
}

static size_t heap_bytes(void)
{
    struct mallinfo2 heap = mallinfo2();

    return heap.uordblks + heap.hblkhd;
}

/* The plan has less for it then. With SAN=1 the heap does not say. */
static void fewer_parts_take_less_memory_again(void **state)
{
    size_t before, most;

    (void)state;
    begins(ask("GET /metrics" HOST), "HTTP/1.1 200 ");
    before = heap_bytes();
    now.endpoint_count = 40;
    begins(ask("GET /metrics" HOST), "HTTP/1.1 200 ");
    most = heap_bytes();
    now.endpoint_count = 1;
    begins(ask("GET /metrics" HOST), "HTTP/1.1 200 ");
    assert_true(heap_bytes() <= before + (most - before) / 4);
}

static void whoever_speaks_no_http_gets_nothing(void **state)
{
    char longest[16 * 1024];

    (void)state;
    begins(ask("hello\r\n\r\n"), "");
    assert_null(strstr(answer, "logboom_"));
    begins(ask("\xff\x00\x00\x01\x7f\r\n\r\n"), "");
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "GET /", 5);
    strcpy(longest + sizeof longest - sizeof HOST, HOST);
    begins(ask(longest), "HTTP/1.1 4"); /* too long */
    assert_int_equal(gathered, 0);
}

/* Each connection has a page of its own, so what one reads is not written over by the next. */
static void as_many_at_once_as_may_be(void **state)
{
    int clients[METRICS_CONNECTIONS + 1];

    (void)state;
    for (unsigned i = 0; i <= METRICS_CONNECTIONS; i++)
        clients[i] = connect_client();
    for (unsigned i = 0; i <= METRICS_CONNECTIONS; i++) /* the last waits in the backlog */
        say(clients[i], "GET /metrics" HOST);
    for (unsigned i = 0; i <= METRICS_CONNECTIONS; i++) {
        begins(hear(clients[i]), "HTTP/1.1 200 ");
        assert_non_null(strstr(answer, "process_start_time_seconds"));
    }
}

static void whoever_leaves_in_the_middle_leaves_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3 * METRICS_CONNECTIONS; i++) {
        int fd = connect_client();

        say(fd, i % 2 ? "GET /met" : "GET /metrics" HOST);
        uv_run(&loop, UV_RUN_NOWAIT);
        close(fd);
    }
    begins(ask("GET /metrics" HOST), "HTTP/1.1 200 ");
}

static void one_that_closes_cuts_off_who_is_served(void **state)
{
    int fd = connect_client();

    (void)state;
    say(fd, "GET /met");
    for (unsigned i = 0; i < 10; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    metrics_close(metrics);
    assert_string_equal(hear(fd), "");
}

/* No descriptor more than there are now. */
static void set_limit(struct rlimit *before)
{
    struct rlimit limit;
    int next = dup(STDERR_FILENO);

    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
    limit = *before;
    limit.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void whoever_finds_no_descriptor_waits_at_no_cost(void **state)
{
    int fd = connect_client();
    struct rlimit before;
    unsigned turns = 0;

    (void)state;
    say(fd, "GET /healthz" HOST);
    set_limit(&before);
    for (uint64_t until = uv_hrtime() + 300000000; uv_hrtime() < until; turns++)
        uv_run(&loop, UV_RUN_ONCE);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_in_range(turns, 1, 20);
    begins(hear(fd), "HTTP/1.1 200 ");
}

static void an_address_in_use_is_refused(void **state)
{
    const char *url = metrics_url(metrics) + strlen("http://");
    struct err err;

    (void)state;
    assert_null(metrics_open(url, &loop, 1, 1, gather, &now, &err));
    assert_non_null(strstr(err.text, strerror(EADDRINUSE)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(three_paths_and_no_other),
        TEST(a_head_has_no_body),
        TEST(a_daemon_that_stops_is_not_ready_but_healthy),
        TEST(more_parts_than_at_the_start),
        TEST(fewer_parts_take_less_memory_again),
        TEST(whoever_speaks_no_http_gets_nothing),
        TEST(as_many_at_once_as_may_be),
        TEST(whoever_leaves_in_the_middle_leaves_nothing),
        TEST(one_that_closes_cuts_off_who_is_served),
        TEST(whoever_finds_no_descriptor_waits_at_no_cost),
        TEST(an_address_in_use_is_refused),
    };

    return cmocka_run_group_tests(tests, warm_up, NULL);
}
