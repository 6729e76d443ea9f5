/* All of it is written, whatever write(2) takes at once, and whatever signal comes. */
#include "conf/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { LEN = 1024 * 1024, SIGNALS = 20 };

static char sent[LEN], read_back[LEN];
static int ends[2];
static pthread_t writer;

static void on_signal(int number)
{
    (void)number;
}

/* The writer waits in the middle of a write, which each signal ends. */
static void *read_after_signals(void *context)
{
    size_t len = 0;
    ssize_t got;

    (void)context;
    while ((got = read(ends[0], read_back + len, LEN - len)) > 0) {
        len += (size_t)got;
        if (len < SIGNALS * 4096)
            pthread_kill(writer, SIGUSR1);
    }
    return NULL;
}

static void all_arrives_through_signals_and_a_pipe_that_is_smaller(void **state)
{
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART */
    pthread_t reader;

    (void)state;
    for (size_t i = 0; i < LEN; i++)
        sent[i] = (char)(i * 7 + i / 251);
    writer = pthread_self();
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&reader, NULL, read_after_signals, NULL), 0);
    assert_int_equal(write_all(ends[1], sent, LEN), 0);
    close(ends[1]);
    pthread_join(reader, NULL);
    close(ends[0]);
    assert_memory_equal(read_back, sent, LEN);
}

static void what_cannot_be_written_is_told_with_errno(void **state)
{
    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(write_all(ends[1], sent, LEN), -1);
    assert_int_equal(errno, EAGAIN);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(write_all(-1, "x", 1), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(write_all(-1, "", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_arrives_through_signals_and_a_pipe_that_is_smaller),
        cmocka_unit_test(what_cannot_be_written_is_told_with_errno),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
