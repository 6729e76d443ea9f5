/* Inherited descriptors: each is known by its address, and only what listens is taken. */
#include "zeromq/inherited.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "zeromq/listener.h"

static char folder[] = "/tmp/logboom-inherited-XXXXXX";
static const struct conf_ipc plain = {.mode = {0660}};
static struct err err;
static struct inherited *inherited;

static int begin(void **state)
{
    (void)state;
    inherited = inherited_new();
    return 0;
}

static int end(void **state)
{
    (void)state;
    inherited_free(&inherited);
    assert_null(inherited);
    return 0;
}

static struct address at(const char *text)
{
    struct address address;

    if (address_parse(text, ADDRESS_TO_BIND, &address, &err) < 0)
        fail_msg("%s", err.text);
    return address;
}

static struct address at_file(const char *name)
{
    char text[ADDRESS_TEXT_MAX];

    snprintf(text, sizeof text, "ipc://%s/%s", folder, name);
    return at(text);
}

/* A listening socket as another process would hand it over. */
static struct address handed(struct address address)
{
    struct sockaddr_storage sockaddr;
    socklen_t sockaddr_len = address_to_sockaddr(&address, &sockaddr);
    int fd = socket(sockaddr.ss_family, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&sockaddr, sockaddr_len), 0);
    assert_int_equal(listen(fd, 10), 0);
    if (address.transport == ADDRESS_TCP) {
        assert_int_equal(getsockname(fd, (struct sockaddr *)&sockaddr, &sockaddr_len), 0);
        address.port = ntohs(((struct sockaddr_in *)&sockaddr)->sin_port);
    }
    assert_int_equal(inherited_add(inherited, fd, &err), 0);
    return address;
}

static void assert_answers(const struct address *address, bool answers)
{
    struct sockaddr_storage sockaddr;
    socklen_t sockaddr_len = address_to_sockaddr(address, &sockaddr);
    int fd = socket(sockaddr.ss_family, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&sockaddr, sockaddr_len), answers ? 0 : -1);
    close(fd);
}

static void each_is_found_by_its_address_alone(void **state)
{
    static const char *const texts[] = {"tcp://127.0.0.1:0", "tcp://127.0.0.2:0", "tcp://[::1]:0",
                                        "ipc://@logboom-unit-inherited"};
    struct address addresses[5];
    struct stat st[2];

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        addresses[i] = handed(at(texts[i]));
    addresses[4] = handed(at_file("in.sock"));
    assert_int_equal(inherited_count(inherited), 5);
    for (unsigned i = 0; i < 5; i++) {
        int first = inherited_take(inherited, &addresses[i]);
        int second = inherited_take(inherited, &addresses[i]);

        assert_true(first >= 0 && second >= 0 && first != second);
        assert_true(fcntl(first, F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(first, F_GETFD) & FD_CLOEXEC);
        assert_int_equal(fstat(first, &st[0]), 0);
        assert_int_equal(fstat(second, &st[1]), 0);
        assert_int_equal(st[0].st_ino, st[1].st_ino); /* the same socket */
        close(first);
        close(second);
        assert_answers(&addresses[i], true);
    }
}

static void another_address_is_not_it(void **state)
{
    struct address address = handed(at("tcp://127.0.0.1:0")), other = address;

    (void)state;
    other.port = address.port == 65535 ? 1 : address.port + 1;
    assert_false(inherited_has(inherited, &other));
    other = address;
    strcpy(other.host, "0.0.0.0");
    assert_false(inherited_has(inherited, &other));
    assert_int_equal(inherited_take(inherited, &other), -1);
    assert_int_equal(errno, ENOENT);
    assert_true(inherited_has(inherited, &address));
    assert_false(inherited_has(NULL, &address));
}

static void what_does_not_listen_is_refused_and_closed(void **state)
{
    int wrong[3];

    (void)state;
    wrong[0] = open("/dev/null", O_RDONLY);
    wrong[1] = socket(AF_INET, SOCK_STREAM, 0);
    wrong[2] = socket(AF_UNIX, SOCK_DGRAM, 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(inherited_add(inherited, wrong[i], &err), -1);
        assert_non_null(strstr(err.text, "is no socket that listens"));
        assert_int_equal(fcntl(wrong[i], F_GETFD), -1);
    }
    assert_int_equal(inherited_add(inherited, wrong[0], &err), -1);
    assert_non_null(strstr(err.text, "Bad file descriptor"));
    assert_int_equal(inherited_count(inherited), 0);
}

static void what_nobody_takes_is_closed_by_name(void **state)
{
    struct address taken = handed(at_file("taken.sock")), left = handed(at_file("left.sock"));
    char text[ADDRESS_TEXT_MAX], expected[ADDRESS_TEXT_MAX];
    int fd = inherited_take(inherited, &taken);

    (void)state;
    assert_true(fd >= 0);
    assert_true(inherited_close_untaken(inherited, text));
    assert_string_equal(text, address_show(&left, expected));
    assert_false(inherited_close_untaken(inherited, text));
    assert_answers(&left, false);
    assert_answers(&taken, true);
    close(fd);
}

/* The file is the holder's: systemd gives it to our successor. */
static void a_listener_leaves_an_inherited_file_where_it_is(void **state)
{
    struct address address = handed(at_file("kept.sock"));
    struct listener listener;
    struct stat st;

    (void)state;
    assert_int_equal(chmod(address.path, 0600), 0);
    assert_int_equal(listener_get(&listener, inherited, &address, &plain, &err), 0);
    assert_string_equal(listener_address(&listener) + strlen("ipc://"), address.path);
    listener_close(&listener);
    assert_answers(&address, true);
    assert_int_equal(stat(address.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_listener_opens_what_was_not_inherited(void **state)
{
    struct address address = at_file("own.sock");
    struct listener listener;

    (void)state;
    assert_int_equal(listener_get(&listener, inherited, &address, &plain, &err), 0);
    listener_close(&listener);
    assert_int_equal(access(address.path, F_OK), -1);
    assert_int_equal(listener_get(&listener, NULL, &address, &plain, &err), 0);
    listener_close(&listener);
}

/* By it the gate deals newcomers to two server keys. */
static void each_listener_has_a_number_of_its_own(void **state)
{
    struct address addresses[3] = {handed(at_file("one.sock")), handed(at_file("two.sock")),
                                   at_file("own.sock")};
    struct listener listeners[3];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(listener_get(&listeners[i], inherited, &addresses[i], &plain, &err), 0);
        assert_int_not_equal(listeners[i].number, 0);
    }
    assert_int_not_equal(listeners[0].number, listeners[1].number);
    assert_int_not_equal(listeners[1].number, listeners[2].number);
    for (unsigned i = 0; i < 3; i++)
        listener_close(&listeners[i]);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"in.sock",   "taken.sock", "left.sock",
                                        "kept.sock", "one.sock",   "two.sock"};
    char path[64];

    (void)state;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_is_found_by_its_address_alone, begin, end),
        cmocka_unit_test_setup_teardown(another_address_is_not_it, begin, end),
        cmocka_unit_test_setup_teardown(what_does_not_listen_is_refused_and_closed, begin, end),
        cmocka_unit_test_setup_teardown(what_nobody_takes_is_closed_by_name, begin, end),
        cmocka_unit_test_setup_teardown(a_listener_leaves_an_inherited_file_where_it_is, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_listener_opens_what_was_not_inherited, begin, end),
        cmocka_unit_test_setup_teardown(each_listener_has_a_number_of_its_own, begin, end),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
