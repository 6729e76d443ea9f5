/* The kind stdout: whatever stdout is, it is written without blocking, and what the shell
 * or our own stderr share with us stays as it was. */
#include "tests/unit/sink/sink_rig.h"

#include <sys/socket.h>

static struct sink_rig t;
static struct err err;

/* Opens the kind with this descriptor as stdout; returns what it opened. */
static int open_with(int as_stdout)
{
    int saved, fd, error;

    fflush(stdout);
    saved = dup(STDOUT_FILENO);
    if (as_stdout < 0)
        close(STDOUT_FILENO);
    else
        dup2(as_stdout, STDOUT_FILENO);
    err.text[0] = '\0';
    errno = 0;
    fd = sink_kind_stdout.open(&t.sink.conf, &err);
    error = errno;
    dup2(saved, STDOUT_FILENO);
    close(saved);
    errno = error;
    return fd;
}

static bool is_nonblocking(int fd)
{
    return fcntl(fd, F_GETFL) & O_NONBLOCK;
}

static void a_pipe_is_opened_anew_and_ours_alone(void **state)
{
    int ends[2], fd;
    char text[8];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    fd = open_with(ends[1]);
    assert_true(fd > STDERR_FILENO);
    assert_true(is_nonblocking(fd));
    assert_false(is_nonblocking(ends[1])); /* the shell's end is as it was */
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(read(ends[0], text, sizeof text), 1);
    close(fd);
    close(ends[0]);
    close(ends[1]);
}

static void a_fifo_that_nobody_reads_may_be_read_later(void **state)
{
    int reader, writer, fd;

    (void)state;
    assert_int_equal(mkfifo(t.sink.path, 0600), 0);
    reader = open(t.sink.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    writer = open(t.sink.path, O_WRONLY | O_CLOEXEC);
    close(reader);
    fd = open_with(writer);
    assert_int_equal(fd, -1);
    assert_int_equal(errno, ENXIO);
    assert_non_null(strstr(err.text, "nobody reads stdout"));
    close(writer);
}

/* Linux opens a pipe without a name all the same: the first write tells. */
static void a_pipe_that_nobody_reads_opens_and_fails_to_be_written(void **state)
{
    int ends[2], fd;

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    fd = open_with(ends[1]);
    assert_true(fd > STDERR_FILENO);
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(errno, EPIPE);
    close(fd);
    close(ends[1]);
}

/* `logboomd >>file 2>&1`: both go on from the same place. */
static void a_file_is_shared_with_its_place_in_it(void **state)
{
    int file = open(t.sink.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), fd;

    (void)state;
    assert_int_equal(write(file, "before ", 7), 7);
    fd = open_with(file);
    assert_true(fd > STDERR_FILENO);
    assert_int_equal(write(fd, "ours ", 5), 5);
    assert_int_equal(write(file, "after\n", 6), 6);
    assert_false(is_nonblocking(file));
    close(fd);
    close(file);
    rig_check_file(t.sink.path, "before ours after\n");
}

static void a_socket_is_written_without_blocking(void **state)
{
    int ends[2], fd;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    fd = open_with(ends[1]);
    assert_true(fd > STDERR_FILENO);
    assert_true(is_nonblocking(fd));
    close(fd);
    close(ends[0]);
    close(ends[1]);
}

static void without_a_stdout_it_says_so(void **state)
{
    (void)state;
    assert_int_equal(open_with(-1), -1);
    assert_int_equal(errno, EBADF);
    assert_non_null(strstr(err.text, "cannot write to stdout"));
}

static void a_stdout_that_is_only_read_is_refused(void **state)
{
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_int_equal(open_with(file), -1);
    assert_non_null(strstr(err.text, "cannot write to stdout"));
    close(file);
}

static void a_sink_on_stdout_writes_and_never_reopens(void **state)
{
    int ends[2], saved;
    char text[16];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    t.sink.conf.type = CONF_SINK_STDOUT;
    t.sink.conf.path = NULL;
    fflush(stdout);
    saved = dup(STDOUT_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    rig_open_sink(&t, &t.sink);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    assert_string_equal(sink_target(t.sink.sink), "stdout");
    sink_reopen(t.sink.sink); /* or it would now be the terminal's */
    rig_add(&t.sink, "one\n");
    rig_run_until_drained(&t, &t.sink);
    assert_int_equal(read(ends[0], text, sizeof text), 4);
    assert_memory_equal(text, "one\n", 4);
    rig_close_sink(&t, &t.sink);
    close(ends[0]);
    close(ends[1]);
}

static int open_all(void **state)
{
    (void)state;
    rig_open(&t);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    rig_close(&t);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pipe_is_opened_anew_and_ours_alone),
        TEST(a_fifo_that_nobody_reads_may_be_read_later),
        TEST(a_pipe_that_nobody_reads_opens_and_fails_to_be_written),
        TEST(a_file_is_shared_with_its_place_in_it),
        TEST(a_socket_is_written_without_blocking),
        TEST(without_a_stdout_it_says_so),
        TEST(a_stdout_that_is_only_read_is_refused),
        TEST(a_sink_on_stdout_writes_and_never_reopens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
