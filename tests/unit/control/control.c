/* The control socket, with a daemon that is none: who asks gets an answer, who does not read
 * loses lines, and nobody who leaves leaves anything behind. */
#include "control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/control_parts.h"

static struct {
    char folder[32], path[64];
    uv_loop_t loop;
    struct conf_control conf;
    struct control *control;
    struct control_actions actions;
    struct losses losses;
    struct control_later later;
    unsigned reopened, streams_closed;
    char answer[256 * 1024];
} t;

/* ---- a daemon ----------------------------------------------------------------------------------
 */

static void gather(void *context, struct status *status)
{
    (void)context;
    strcpy(status->sentence, "fine");
    status->stalled_by = -1;
}

static const struct losses *losses(void *context)
{
    (void)context;
    return &t.losses;
}

static void reopen(void *context)
{
    (void)context;
    t.reopened++;
}

static int set_drops_all(void *context, const char *sink, bool drops_all, struct err *err)
{
    (void)context;
    return strcmp(sink, "all") == 0 && drops_all ? 0 : err_set(err, "no");
}

static void check(void *context, const struct control_later *later)
{
    (void)context;
    t.later = *later;
}

static int open_control(void **state)
{
    struct err err;

    (void)state;
    memset(&t, 0, sizeof t);
    strcpy(t.folder, "/tmp/control-XXXXXX");
    assert_non_null(mkdtemp(t.folder));
    snprintf(t.path, sizeof t.path, "%s/socket", t.folder);
    t.conf.path = t.path;
    t.actions = (struct control_actions){.gather = gather,
                                         .losses = losses,
                                         .reopen = reopen,
                                         .set_drops_all = set_drops_all,
                                         .check = check};
    uv_loop_init(&t.loop);
    t.control = control_open(&t.conf, &t.loop, &t.actions, &err);
    if (!t.control)
        fail_msg("%s", err.text);
    return 0;
}

static int close_control(void **state)
{
    (void)state;
    control_close(t.control);
    uv_run(&t.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&t.loop), 0);
    assert_int_equal(t.control->out_bytes, 0);
    assert_int_equal(t.control->in_use, 0);
    control_free(&t.control);
    assert_int_equal(rmdir(t.folder), 0); /* the socket's file is gone */
    return 0;
}

/* ---- those who ask ------------------------------------------------------------------------------
 */

static int connect_one(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    strcpy(address.sun_path, t.path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void turn(void)
{
    for (unsigned i = 0; i < 20; i++)
        uv_run(&t.loop, UV_RUN_NOWAIT);
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    turn();
}

/* What there is to be read now; -1: the end. */
static ssize_t read_now(int fd)
{
    ssize_t got = recv(fd, t.answer, sizeof t.answer - 1, 0);

    t.answer[got > 0 ? got : 0] = '\0';
    if (got < 0)
        assert_int_equal(errno, EAGAIN);
    return got == 0 ? -1 : got < 0 ? 0 : got;
}

static const char *ask(const char *request)
{
    int fd = connect_one();

    say(fd, request);
    assert_true(read_now(fd) > 0);
    close(fd);
    return t.answer;
}

static void each_request_has_its_answer(void **state)
{
    (void)state;
    assert_non_null(strstr(ask("{\"do\":\"stat\"}\n"), "{\"ok\":true,\"verdict\":\"fine\""));
    assert_string_equal(ask("{\"do\":\"drops\"}\n"),
                        "{\"ok\":true,\"forgotten\":0,\"losses\":[]}\n");
    assert_string_equal(ask("{\"do\":\"reopen\"}\n"), "{\"ok\":true}\n");
    assert_int_equal(t.reopened, 1);
    assert_string_equal(ask("{\"do\":\"sink\",\"name\":\"all\",\"drop\":true}\n"),
                        "{\"ok\":true}\n");
    assert_string_equal(ask("{\"do\":\"sink\",\"name\":\"all\",\"drop\":false}\n"),
                        "{\"ok\":false,\"error\":\"no\"}\n");
    assert_non_null(strstr(ask("{\"do\":\"reload\"}\n"), "cannot reload"));
    turn();
    assert_int_equal(t.control->in_use, 0);
}

/* The answer comes when the work is done, unless who asked has left by then. */
static void an_answer_may_come_later(void **state)
{
    int fd = connect_one();
    struct err err;

    (void)state;
    say(fd, "{\"do\":\"check\"}\n");
    assert_int_equal(read_now(fd), 0);
    err_set(&err, "it is wrong");
    control_finish(&t.later, &err, "a \"line\"\n");
    assert_true(read_now(fd) > 0);
    assert_string_equal(
        t.answer, "{\"ok\":false,\"error\":\"it is wrong\",\"text\":\"a \\\"line\\\"\\n\"}\n");
    control_finish(&t.later, NULL, "");
    assert_int_equal(read_now(fd), -1);
    close(fd);

    fd = connect_one();
    say(fd, "{\"do\":\"check\"}\n");
    close(fd);
    turn();
    control_finish(&t.later, NULL, "nobody reads this");
    turn();
    assert_int_equal(t.control->in_use, 0);
}

static void a_long_text_is_cut(void **state)
{
    static char text[4 * CONTROL_TEXT_MAX];
    int fd = connect_one();

    (void)state;
    memset(text, 1, sizeof text - 1);
    say(fd, "{\"do\":\"check\"}\n");
    control_finish(&t.later, NULL, text);
    assert_in_range(read_now(fd), CONTROL_TEXT_MAX - 64, CONTROL_TEXT_MAX + 64);
    close(fd);
}

/* ---- places ------------------------------------------------------------------------------------
 */

static void who_finds_no_place_waits_for_one(void **state)
{
    int silent[CONTROL_PLACES], late;

    (void)state;
    for (unsigned i = 0; i < CONTROL_PLACES; i++)
        silent[i] = connect_one();
    late = connect_one();
    say(late, "{\"do\":\"stat\"}\n");
    assert_int_equal(t.control->in_use, CONTROL_PLACES);
    assert_int_equal(read_now(late), 0);
    close(silent[0]);
    turn();
    assert_true(read_now(late) > 0);
    close(late);
    /* and nobody is waited for longer than our patience */
    t.control->places[1].until_ms = t.control->places[2].until_ms = 1;
    control_on_look(&t.control->deadlines);
    assert_int_equal(read_now(silent[1]) + read_now(silent[2]), -2);
    for (unsigned i = 1; i < CONTROL_PLACES; i++)
        close(silent[i]);
    turn();
}

/* ---- streams -----------------------------------------------------------------------------------
 */

static void on_stream_closed(void *context)
{
    (void)context;
    t.streams_closed++;
}

/* A stream for whoever is connected in this place. */
static struct control_stream *begin_stream(void)
{
    struct control_call call = {.control = t.control, .connection = NULL};

    turn();
    for (unsigned i = 0; i < CONTROL_PLACES; i++) {
        if (t.control->places[i].state == CONNECTION_ASKED)
            call.connection = &t.control->places[i];
    }
    assert_non_null(call.connection);
    call.connection->until_ms = 0;
    return control_stream_begin(&call, on_stream_closed, NULL);
}

/* He gets whole lines, in order, up to where he stopped reading; what he missed is known; and
 * when he reads again, he gets what comes then. */
static void a_slow_reader_misses_lines(void **state)
{
    int fd = connect_one();
    struct control_stream *stream = begin_stream();
    unsigned count = 0, seen = 0;
    char line[1024];

    (void)state;
    assert_non_null(stream);
    do {
        snprintf(line, sizeof line, "%0999u\n", count++);
        control_stream_put(stream, line, 1000);
        control_stream_flush(stream);
    } while (stream->missed < 100);
    assert_int_equal(control_stream_missed(stream), 100);
    assert_int_equal(control_stream_missed(stream), 0);
    assert_null(control_stream_room(stream, CONTROL_STREAM_BYTES));
    assert_int_equal(control_stream_missed(stream), 1);
    for (ssize_t got; (got = recv(fd, line, 1000, MSG_WAITALL)) > 0; turn()) {
        assert_int_equal(got, 1000);
        assert_int_equal(strtoul(line, NULL, 10), seen++);
    }
    assert_int_equal(seen, count - 100);
    assert_true(control_stream_put(stream, "now\n", 4));
    control_stream_flush(stream);
    assert_int_equal(read_now(fd), 4);
    close(fd);
    turn();
    assert_int_equal(t.streams_closed, 1);
    assert_int_equal(t.control->in_use, 0);
}

static void the_end_of_a_stream_is_told_to_the_other_side(void **state)
{
    int first = connect_one(), second;
    struct control_stream *stream = begin_stream();

    (void)state;
    control_stream_end(stream);
    assert_int_equal(t.streams_closed, 0);
    assert_int_equal(read_now(first), -1);
    close(first);
    second = connect_one();
    stream = begin_stream();
    say(second, "more\n"); /* a reader has nothing to say */
    assert_int_equal(t.streams_closed, 1);
    close(second);
    second = connect_one();
    stream = begin_stream();
    control_stream_put(stream, "line\n", 5);
    control_close(t.control); /* the daemon's end */
    assert_int_equal(t.streams_closed, 2);
    close(second);
}

static void there_are_so_many_streams(void **state)
{
    int fds[CONTROL_STREAMS_MAX + 1];

    (void)state;
    for (unsigned i = 0; i < CONTROL_STREAMS_MAX; i++) {
        fds[i] = connect_one();
        assert_non_null(begin_stream());
    }
    fds[CONTROL_STREAMS_MAX] = connect_one();
    assert_null(begin_stream());
    assert_true(read_now(fds[CONTROL_STREAMS_MAX]) > 0);
    assert_non_null(strstr(t.answer, "no room for one more"));
    for (unsigned i = 0; i <= CONTROL_STREAMS_MAX; i++)
        close(fds[i]);
    turn();
    assert_int_equal(t.control->streams, 0);
}

/* Large answers are bounded all together; who comes too much is told, and nothing is kept. */
static void answers_have_a_bound_all_together(void **state)
{
    int fd = connect_one();

    (void)state;
    t.control->out_bytes_max = 8 * 1024;
    say(fd, "{\"do\":\"drops\"}\n");
    assert_true(read_now(fd) > 0);
    assert_non_null(strstr(t.answer, "too many answers are under way"));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_control, close_control)
        TEST(each_request_has_its_answer), TEST(an_answer_may_come_later),
        TEST(a_long_text_is_cut),          TEST(who_finds_no_place_waits_for_one),
        TEST(a_slow_reader_misses_lines),  TEST(the_end_of_a_stream_is_told_to_the_other_side),
        TEST(there_are_so_many_streams),   TEST(answers_have_a_bound_all_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
