/* Listeners: socket files keep their promises, and libzmq accepts on what we opened. */
#include "zeromq/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#include "zeromq/gate.h"

static char folder[] = "/tmp/logboom-listener-XXXXXX";
static char path[64];
static const struct conf_ipc plain = {.mode = {0660}};
static struct err err;

static struct address at(const char *text)
{
    struct address address;

    if (address_parse(text, ADDRESS_TO_BIND, &address, &err) < 0)
        fail_msg("%s", err.text);
    return address;
}

static struct address at_path(void)
{
    char text[ADDRESS_TEXT_MAX];

    snprintf(text, sizeof text, "ipc://%s", path);
    return at(text);
}

static struct listener opened(struct address address, const struct conf_ipc *ipc)
{
    struct listener listener;

    if (listener_open(&listener, &address, ipc, &err) < 0)
        fail_msg("%s", err.text);
    return listener;
}

static void assert_refused(struct address address, const struct conf_ipc *ipc, const char *said)
{
    struct listener listener = {.fd = 42};

    err.text[0] = '\0';
    assert_int_equal(listener_open(&listener, &address, ipc, &err), -1);
    if (!strstr(err.text, said))
        fail_msg("%s", err.text);
    assert_int_equal(listener.fd, 42); /* untouched */
}

static bool path_exists(void)
{
    struct stat there;
    return lstat(path, &there) == 0;
}

static void leave_a_dead_socket(void)
{
    struct sockaddr_storage sockaddr;
    struct address address = at_path();
    socklen_t sockaddr_len = address_to_sockaddr(&address, &sockaddr);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&sockaddr, sockaddr_len), 0);
    close(fd);
}

static void port_0_becomes_the_port_that_the_kernel_chose(void **state)
{
    struct listener listener = opened(at("tcp://localhost:0"), &plain);
    struct address again = at(listener_address(&listener));

    (void)state;
    assert_true(again.port > 0);
    assert_string_equal(again.host, "127.0.0.1");
    assert_true(fcntl(listener.fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(listener.fd, F_GETFL) & O_NONBLOCK);
    listener_close(&listener);
    assert_int_equal(listener.fd, -1);
}

static void a_port_in_use_is_refused_with_the_remedy(void **state)
{
    struct listener listener = opened(at("tcp://127.0.0.1:0"), &plain);

    (void)state;
    assert_refused(at(listener_address(&listener)), &plain, "another program listens there");
    assert_non_null(strstr(err.text, listener_address(&listener)));
    listener_close(&listener);
}

static void a_number_of_another_machine_is_refused(void **state)
{
    (void)state;
    assert_refused(at("tcp://192.0.2.1:0"), &plain, "no interface of this machine has it");
}

static void accepted_tcp_sockets_inherit_the_buffer(void **state)
{
    struct listener listener = opened(at("tcp://127.0.0.1:0"), &plain);
    struct sockaddr_storage sockaddr;
    socklen_t sockaddr_len = address_to_sockaddr(&listener.address, &sockaddr);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int accepted, ours, theirs;
    socklen_t len = sizeof ours;

    (void)state;
    assert_int_equal(connect(client, (struct sockaddr *)&sockaddr, sockaddr_len), 0);
    accepted = accept4(listener.fd, NULL, NULL, SOCK_CLOEXEC);
    assert_true(accepted >= 0);
    assert_int_equal(getsockopt(listener.fd, SOL_SOCKET, SO_RCVBUF, &ours, &len), 0);
    assert_int_equal(getsockopt(accepted, SOL_SOCKET, SO_RCVBUF, &theirs, &len), 0);
    assert_int_equal(ours, theirs);
    close(accepted);
    close(client);
    listener_close(&listener);
}

static void a_socket_file_has_exactly_the_mode_asked_for(void **state)
{
    static const unsigned modes[] = {0600, 0660, 0666};
    mode_t umask_before = umask(077);
    struct stat file;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct conf_ipc ipc = {.mode = {modes[i]}};
        struct listener listener = opened(at_path(), &ipc);

        assert_int_equal(stat(path, &file), 0);
        assert_int_equal(file.st_mode, S_IFSOCK | modes[i]);
        listener_close(&listener);
        assert_false(path_exists());
    }
    umask(umask_before);
}

static void a_socket_file_gets_its_group(void **state)
{
    gid_t wanted = geteuid() == 0 ? 4 : getegid(); /* 4: adm */
    struct group *group = getgrgid(wanted);
    struct stat file;

    (void)state;
    if (!group)
        skip();
    struct conf_ipc ipc = {.mode = {0620}, .group = group->gr_name};
    struct listener listener = opened(at_path(), &ipc);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_gid, wanted);
    assert_int_equal(file.st_uid, geteuid());
    assert_int_equal(file.st_mode & 07777, 0620);
    listener_close(&listener);
}

static void unknown_owners_are_refused_before_anything_is_made(void **state)
{
    struct conf_ipc owner = {.mode = {0660}, .owner = (char[]){"no-such-user"}};
    struct conf_ipc group = {.mode = {0660}, .group = (char[]){"no-such-group"}};

    (void)state;
    assert_refused(at_path(), &owner, "no user 'no-such-user'");
    assert_refused(at_path(), &group, "no group 'no-such-group'");
    assert_false(path_exists());
}

static void a_file_that_cannot_be_given_away_is_removed_again(void **state)
{
    struct conf_ipc ipc = {.mode = {0660}, .owner = (char[]){"root"}};

    (void)state;
    if (geteuid() == 0)
        skip();
    assert_refused(at_path(), &ipc, "run as root");
    assert_false(path_exists());
}

static void the_socket_file_of_a_dead_process_is_replaced(void **state)
{
    (void)state;
    leave_a_dead_socket();
    struct listener listener = opened(at_path(), &plain);
    listener_close(&listener);
    assert_false(path_exists());
}

static void a_socket_file_that_answers_is_left_alone(void **state)
{
    struct listener listener = opened(at_path(), &plain);

    (void)state;
    assert_refused(at_path(), &plain, "another program listens there");
    assert_true(path_exists());
    listener_close(&listener);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
    char bytes[8] = "";
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    (void)state;
    assert_int_equal(write(fd, "precious", 8), 8);
    assert_refused(at_path(), &plain, "not a socket");
    assert_int_equal(pread(fd, bytes, 8, 0), 8);
    assert_memory_equal(bytes, "precious", 8);
    close(fd);
    unlink(path);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_refused(at_path(), &plain, "not a socket");
    unlink(path);
}

static void a_missing_directory_is_named(void **state)
{
    (void)state;
    assert_refused(at("ipc:///nowhere/to/be/found.sock"), &plain, "create its directory first");
}

static void somebody_elses_file_is_not_removed_at_close(void **state)
{
    struct listener listener = opened(at_path(), &plain);

    (void)state;
    unlink(path);
    leave_a_dead_socket();
    listener_close(&listener);
    assert_true(path_exists());
    unlink(path);
}

static void assert_one_message_passes(void *context, void *pull, const char *address)
{
    void *push = zmq_socket(context, ZMQ_PUSH);
    char heard[8];

    assert_int_equal(zmq_connect(push, address), 0);
    assert_int_equal(zmq_send(push, "hello", 5, 0), 5);
    assert_int_equal(zmq_recv(pull, heard, sizeof heard, 0), 5);
    zmq_close(push);
}

static struct gate_group *group;

static void libzmq_accepts_on_it_again_and_again(void **state)
{
    char abstract[sizeof "ipc://@" + sizeof path];
    void *context = zmq_ctx_new();
    int patience_ms = 5000, use_fd;
    size_t len = sizeof use_fd;

    (void)state;
    snprintf(abstract, sizeof abstract, "ipc://@%s", path);
    struct listener listeners[] = {opened(at("tcp://127.0.0.1:0"), &plain),
                                   opened(at_path(), &plain), opened(at(abstract), &plain)};
    for (int round = 0; round < 2; round++) {
        void *pull = zmq_socket(context, ZMQ_PULL);
        zmq_setsockopt(pull, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
        for (int i = 0; i < 3; i++)
            assert_true(listener_attach(&listeners[i], pull, group, &err) >= 0);
        assert_int_equal(zmq_getsockopt(pull, ZMQ_USE_FD, &use_fd, &len), 0);
        assert_int_equal(use_fd, -1);
        for (int i = 0; i < 3; i++)
            assert_one_message_passes(context, pull, listener_address(&listeners[i]));
        zmq_close(pull);
    }
    zmq_ctx_term(context);
    assert_true(path_exists()); /* libzmq left it to us */
    for (int i = 0; i < 3; i++)
        listener_close(&listeners[i]);
    assert_false(path_exists());
    assert_int_equal(gate_stats().accepted, 6);
    assert_int_equal(gate_stats().open_now, 0);
}

static void a_socket_that_cannot_bind_costs_no_descriptor(void **state)
{
    struct listener listener = opened(at("tcp://127.0.0.1:0"), &plain);
    void *context = zmq_ctx_new();
    void *pull = zmq_socket(context, ZMQ_PULL);
    int next_before = dup(listener.fd), next_after;

    (void)state;
    close(next_before);
    zmq_ctx_shutdown(context);
    assert_int_equal(listener_attach(&listener, pull, group, &err), -1);
    assert_non_null(strstr(err.text, listener_address(&listener)));
    next_after = dup(listener.fd);
    assert_int_equal(next_before, next_after);
    close(next_after);
    zmq_close(pull);
    zmq_ctx_term(context);
    listener_close(&listener);
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || gate_init(1 << 20, 1000, &err) < 0)
        return -1;
    group = gate_group_new("apps", 1024, 8);
    snprintf(path, sizeof path, "%s/in.sock", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    gate_end();
    gate_group_free(&group);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_0_becomes_the_port_that_the_kernel_chose),
        cmocka_unit_test(a_port_in_use_is_refused_with_the_remedy),
        cmocka_unit_test(a_number_of_another_machine_is_refused),
        cmocka_unit_test(accepted_tcp_sockets_inherit_the_buffer),
        cmocka_unit_test(a_socket_file_has_exactly_the_mode_asked_for),
        cmocka_unit_test(a_socket_file_gets_its_group),
        cmocka_unit_test(unknown_owners_are_refused_before_anything_is_made),
        cmocka_unit_test(a_file_that_cannot_be_given_away_is_removed_again),
        cmocka_unit_test(the_socket_file_of_a_dead_process_is_replaced),
        cmocka_unit_test(a_socket_file_that_answers_is_left_alone),
        cmocka_unit_test(a_file_that_is_no_socket_is_left_alone),
        cmocka_unit_test(a_missing_directory_is_named),
        cmocka_unit_test(somebody_elses_file_is_not_removed_at_close),
        cmocka_unit_test(libzmq_accepts_on_it_again_and_again),
        cmocka_unit_test(a_socket_that_cannot_bind_costs_no_descriptor),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
