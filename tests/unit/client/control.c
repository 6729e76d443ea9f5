/* control.c - a daemon that hangs, or says something else than an answer, holds nobody. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The client's objects hold a main and are not linked into tests. */
#include "client/control.c"

enum { WAIT_MS = 100, FOR_EVER_S = 60 };

static struct {
    char folder[32], path[64];
    int listener;
    pthread_t server;
} t;

static int listen_there(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)state;
    snprintf(t.folder, sizeof t.folder, "/tmp/control-XXXXXX");
    assert_non_null(mkdtemp(t.folder));
    snprintf(t.path, sizeof t.path, "%s/socket", t.folder);
    memcpy(address.sun_path, t.path, strlen(t.path) + 1);
    t.listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(t.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(t.listener, 0), 0);
    alarm(FOR_EVER_S);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    alarm(0);
    close(t.listener);
    unlink(t.path);
    rmdir(t.folder);
    return 0;
}

/* What the command says; NULL: it was answered. */
static const char *ask_it(void)
{
    static struct err err;
    struct control_request request;
    struct control_answer answer;
    int result;

    control_request_begin(&request, CONTROL_STAT);
    result = control_ask(t.path, &request, WAIT_MS, &answer, &err);
    control_answer_fini(&answer);
    return result < 0 ? err.text : NULL;
}

/* Where the path is left out, since it is another one each time. */
static void assert_says(const char *ending)
{
    const char *sentence = ask_it();

    assert_non_null(sentence);
    assert_non_null(strstr(sentence, t.path));
    assert_string_equal(strstr(sentence, t.path) + strlen(t.path), ending);
}

static void a_daemon_that_takes_nobody_is_waited_for_a_while(void **state)
{
    struct err err;
    int first;

    (void)state;
    first = connect_to(t.path, WAIT_MS, &err); /* the backlog is full */
    assert_true(first >= 0);
    assert_says("' does not answer");
    close(first);
}

static void a_daemon_that_says_nothing_is_waited_for_a_while(void **state)
{
    (void)state;
    assert_says("' does not answer");
}

/* One byte after the other, until nobody listens. */
static void *drip(void *context)
{
    int fd = accept(t.listener, NULL, NULL);

    while (send(fd, " ", 1, MSG_NOSIGNAL) == 1)
        usleep(WAIT_MS * 1000 / 4);
    close(fd);
    return context;
}

static void an_answer_that_never_ends_is_not_waited_for(void **state)
{
    (void)state;
    assert_int_equal(pthread_create(&t.server, NULL, drip, NULL), 0);
    assert_says("' does not answer");
    pthread_join(t.server, NULL);
}

/* Without a newline, as much as is taken. */
static void *flood(void *context)
{
    static const char bytes[256 * 1024];
    int fd = accept(t.listener, NULL, NULL);

    while (send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) > 0)
        ;
    close(fd);
    return context;
}

static void an_answer_without_end_has_a_bound(void **state)
{
    (void)state;
    assert_int_equal(pthread_create(&t.server, NULL, flood, NULL), 0);
    assert_non_null(ask_it());
    pthread_join(t.server, NULL);
}

static void *say_nul(void *context)
{
    static const char line[] = "{\"ok\":true}\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\n";
    int fd = accept(t.listener, NULL, NULL);

    send(fd, line, sizeof line - 1, MSG_NOSIGNAL);
    close(fd);
    return context;
}

static void an_answer_with_more_behind_it_is_none(void **state)
{
    (void)state;
    assert_int_equal(pthread_create(&t.server, NULL, say_nul, NULL), 0);
    assert_says("' gave an answer that is none");
    pthread_join(t.server, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_daemon_that_takes_nobody_is_waited_for_a_while,
                                        listen_there, leave),
        cmocka_unit_test_setup_teardown(a_daemon_that_says_nothing_is_waited_for_a_while,
                                        listen_there, leave),
        cmocka_unit_test_setup_teardown(an_answer_that_never_ends_is_not_waited_for, listen_there,
                                        leave),
        cmocka_unit_test_setup_teardown(an_answer_without_end_has_a_bound, listen_there, leave),
        cmocka_unit_test_setup_teardown(an_answer_with_more_behind_it_is_none, listen_there, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
