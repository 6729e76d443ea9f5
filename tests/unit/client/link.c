/* A real PUSH socket and a peer that comes, is mute, goes and returns; signals come out of
 * a pipe. What is said is kept. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

/* The client's objects hold a main and are not linked into tests. */
#include "client/link.c"

enum { SHORT_MS = 50, PATIENT_MS = 2000, LONG_MS = 60 * 1000 };

static char said[256];

void say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(said, sizeof(said), format, args);
    va_end(args);
}

/* What whoever listens says; NULL: nobody does. */
static const char *greeting;

bool greeting_look(const char *address, int64_t timeout_ms, char mechanism[ZMTP_IN_NAME_MAX + 1])
{
    (void)address, (void)timeout_ms;
    if (greeting)
        strcpy(mechanism, greeting);
    return greeting != NULL;
}

/* Why nobody can be connected to; NULL: somebody can. */
static const char *obstacle;

int greeting_reach(const char *address, int64_t timeout_ms, struct err *err)
{
    (void)address, (void)timeout_ms;
    return obstacle ? err_set(err, "%s", obstacle) : 0;
}

struct world {
    char folder[32];
    char path[64];
    char address[80];
    void *zmq;
    void *push;
    int signals[2];
    unsigned lost_count;
    struct link *link;
    struct err err;
};

static void on_lost(void *context)
{
    struct world *world = context;

    world->lost_count++;
}

static void watch(struct world *world, int64_t timeout_ms)
{
    const struct link_conf conf = {.address = world->address,
                                   .timeout_ms = timeout_ms,
                                   .signal_fd = world->signals[0],
                                   .on_lost = on_lost,
                                   .context = world};

    world->link = link_new(&conf, world->zmq, world->push, &world->err);
    assert_non_null(world->link);
    assert_int_equal(zmq_connect(world->push, world->address), 0);
    link_begin(world->link);
}

static void *peer(struct world *world)
{
    void *pull = zmq_socket(world->zmq, ZMQ_PULL);

    assert_int_equal(zmq_bind(pull, world->address), 0);
    return pull;
}

/* Sleeps until the link is up (or down); what link_sleep said last. */
static int sleep_until_up(struct world *world, bool up)
{
    bool ready;

    while (link_is_up(world->link) != up)
        if (link_sleep(world->link, NULL, -1, &ready, &world->err) < 0)
            return -1;
    return 0;
}

static void send_signal(const struct world *world, unsigned number)
{
    const struct signalfd_siginfo info = {.ssi_signo = number};

    assert_int_equal(write(world->signals[1], &info, sizeof(info)), sizeof(info));
}

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    *state = world;
    said[0] = '\0';
    greeting = obstacle = NULL;
    strcpy(world->folder, "/tmp/link-XXXXXX");
    if (!mkdtemp(world->folder) || pipe2(world->signals, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    snprintf(world->path, sizeof(world->path), "%s/socket", world->folder);
    snprintf(world->address, sizeof(world->address), "ipc://%s", world->path);
    world->zmq = zmq_ctx_new();
    world->push = zmq_socket(world->zmq, ZMQ_PUSH);
    return world->push ? 0 : -1;
}

static int end(void **state)
{
    struct world *world = *state;
    const int linger_ms = 0;

    if (world->push) {
        zmq_setsockopt(world->push, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
        zmq_close(world->push);
    }
    link_free(&world->link);
    zmq_ctx_term(world->zmq); /* hangs when the link keeps a socket */
    close(world->signals[0]);
    close(world->signals[1]);
    unlink(world->path);
    rmdir(world->folder);
    free(world);
    return 0;
}

static void nobody_there_ends_the_wait_at_the_timeout(void **state)
{
    struct world *world = *state;
    int64_t began_ms = monotonic_ms();

    obstacle = "Permission denied";
    watch(world, SHORT_MS);
    assert_int_equal(sleep_until_up(world, true), -1);
    assert_true(monotonic_ms() - began_ms >= SHORT_MS);
    assert_non_null(strstr(world->err.text, "nobody answers at ipc://"));
    assert_non_null(strstr(world->err.text, ": Permission denied; is logboomd running there?"));
    assert_int_equal(world->lost_count, 0);
}

static void somebody_who_is_mute_is_another_sentence(void **state)
{
    struct world *world = *state;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(name.sun_path, world->path);
    assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(listener, 1), 0);
    watch(world, PATIENT_MS);
    assert_int_equal(sleep_until_up(world, true), -1);
    assert_non_null(strstr(world->err.text, "nobody there answered as logboomd within 2s"));
    close(listener);
}

static void a_peer_that_goes_is_lost_once_and_one_that_returns_is_told(void **state)
{
    struct world *world = *state;
    void *pull = peer(world);

    watch(world, LONG_MS);
    assert_int_equal(sleep_until_up(world, true), 0);
    assert_true(link_fd(world->link) >= 0);
    zmq_close(pull);
    assert_int_equal(sleep_until_up(world, false), 0);
    assert_int_equal(world->lost_count, 1);
    assert_int_equal(link_break_count(world->link), 1);
    assert_string_equal(said, "");

    pull = peer(world);
    assert_int_equal(sleep_until_up(world, true), 0);
    assert_non_null(strstr(said, " again after "));
    assert_int_equal(link_break_count(world->link), 1);
    zmq_close(pull);
}

static void a_peer_that_does_not_return_ends_the_wait(void **state)
{
    struct world *world = *state;
    void *pull = peer(world);

    watch(world, PATIENT_MS);
    assert_int_equal(sleep_until_up(world, true), 0);
    zmq_close(pull);
    assert_int_equal(sleep_until_up(world, false), 0);
    assert_int_equal(sleep_until_up(world, true), -1);
    assert_non_null(strstr(world->err.text, "did not return within 2s"));
}

static void an_item_is_looked_at_only_while_the_link_is_up(void **state)
{
    struct world *world = *state;
    const zmq_pollitem_t writable = {.fd = world->signals[1], .events = ZMQ_POLLOUT};
    bool ready = true;
    void *pull;

    watch(world, LONG_MS);
    assert_int_equal(link_sleep(world->link, &writable, 0, &ready, &world->err), 0);
    assert_false(ready);
    pull = peer(world);
    assert_int_equal(sleep_until_up(world, true), 0);
    assert_int_equal(link_sleep(world->link, &writable, -1, &ready, &world->err), 0);
    assert_true(ready);
    zmq_close(pull);
}

static void the_first_signal_is_kept_and_the_second_ends_the_wait(void **state)
{
    struct world *world = *state;
    bool ready;

    watch(world, LONG_MS);
    assert_int_equal(link_signal(world->link), 0);
    send_signal(world, 15);
    while (link_signal(world->link) == 0)
        assert_int_equal(link_sleep(world->link, NULL, -1, &ready, &world->err), 0);
    assert_int_equal(link_signal(world->link), 15);
    send_signal(world, 2);
    assert_int_equal(sleep_until_up(world, true), -1);
    assert_string_equal(world->err.text, "left at the second signal");
    assert_int_equal(link_signal(world->link), 15);
}

static void after_a_signal_the_wait_for_one_who_is_there_ends_at_the_timeout(void **state)
{
    struct world *world = *state;
    void *pull = peer(world);

    watch(world, PATIENT_MS);
    assert_int_equal(sleep_until_up(world, true), 0);
    send_signal(world, 15);
    assert_int_equal(sleep_until_up(world, false), -1);
    assert_non_null(strstr(world->err.text, "interrupted, and "));
    zmq_close(pull);
}

static void a_closed_socket_is_waited_for_and_its_leaving_is_no_loss(void **state)
{
    struct world *world = *state;
    void *pull = peer(world);
    bool ready;

    watch(world, LONG_MS);
    assert_int_equal(sleep_until_up(world, true), 0);
    assert_false(link_is_closing(world->link));
    zmq_close(world->push);
    world->push = NULL;
    link_close(world->link);
    assert_true(link_is_closing(world->link));
    while (link_is_closing(world->link))
        assert_int_equal(link_sleep(world->link, NULL, -1, &ready, &world->err), 0);
    assert_int_equal(world->lost_count, 0);
    zmq_close(pull);
}

static void a_stall_is_told_once_and_so_is_its_end(void **state)
{
    struct world *world = *state;
    struct stall stall = {0};
    void *pull = peer(world);

    watch(world, LONG_MS);
    assert_int_equal(sleep_until_up(world, true), 0);
    stall_end(&stall, world->link);
    assert_string_equal(said, ""); /* it was short */
    while (!stall.told)
        assert_int_equal(stall_sleep(&stall, world->link, NULL, -1, &world->err), 0);
    assert_non_null(strstr(said, "is connected but takes nothing"));
    said[0] = '\0';
    assert_int_equal(stall_sleep(&stall, world->link, NULL, 0, &world->err), 0);
    assert_string_equal(said, "");
    stall_end(&stall, world->link);
    assert_non_null(strstr(said, "goes on after "));
    zmq_close(pull);
}

/* ---- encryption ------------------------------------------------------------------------------ */

struct pair {
    char public_key[41], secret_key[41];
};

static struct pair make_pair(void)
{
    struct pair pair;

    assert_int_equal(zmq_curve_keypair(pair.public_key, pair.secret_key), 0);
    return pair;
}

static void set_key(void *socket, int option, const char *key)
{
    assert_int_equal(zmq_setsockopt(socket, option, key, 41), 0);
}

/* We encrypt, for a server with this key. */
static void encrypt(struct world *world, const struct pair *server)
{
    struct pair own = make_pair();

    set_key(world->push, ZMQ_CURVE_PUBLICKEY, own.public_key);
    set_key(world->push, ZMQ_CURVE_SECRETKEY, own.secret_key);
    set_key(world->push, ZMQ_CURVE_SERVERKEY, server->public_key);
}

static void *encrypted_peer(struct world *world, const struct pair *server)
{
    const int yes = 1;
    void *pull = zmq_socket(world->zmq, ZMQ_PULL);

    set_key(pull, ZMQ_CURVE_SECRETKEY, server->secret_key);
    assert_int_equal(zmq_setsockopt(pull, ZMQ_CURVE_SERVER, &yes, sizeof(yes)), 0);
    assert_int_equal(zmq_bind(pull, world->address), 0);
    return pull;
}

static void expect_failure(struct world *world, const char *sentence)
{
    assert_int_equal(sleep_until_up(world, true), -1);
    if (!strstr(world->err.text, sentence))
        fail_msg("%s", world->err.text);
}

/* Whichever of the two hangs up first. */
static void only_one_side_encrypts(void **state)
{
    struct world *world = *state;
    struct pair server = make_pair();
    void *pull = encrypted_peer(world, &server);

    greeting = "CURVE";
    watch(world, LONG_MS);
    expect_failure(world, "give --key and --server-key");
    zmq_close(pull);
}

static void the_other_side_does_not_encrypt(void **state)
{
    struct world *world = *state;
    struct pair server = make_pair();
    void *pull = peer(world);

    greeting = "NULL";
    encrypt(world, &server);
    watch(world, LONG_MS);
    expect_failure(world, "does not encrypt with CURVE");
    zmq_close(pull);
}

/* It may be another one soon, so that is waited for. */
static void another_key_than_ours_of_the_server(void **state)
{
    struct world *world = *state;
    struct pair server = make_pair(), other = make_pair();
    void *pull = encrypted_peer(world, &other);

    greeting = "CURVE";
    encrypt(world, &server);
    watch(world, PATIENT_MS / 4);
    expect_failure(world, "another key than --server-key");
    zmq_close(pull);
}

static void the_right_key_makes_up_for_it(void **state)
{
    struct world *world = *state;
    struct pair server = make_pair(), other = make_pair();
    void *pull = encrypted_peer(world, &other);
    bool ready;

    greeting = "CURVE";
    encrypt(world, &server);
    watch(world, LONG_MS);
    while (world->link->end != HANDSHAKE_BROKEN)
        assert_int_equal(link_sleep(world->link, NULL, -1, &ready, &world->err), 0);
    assert_int_equal(zmq_unbind(pull, world->address), 0);
    zmq_close(pull);
    pull = encrypted_peer(world, &server);
    assert_int_equal(sleep_until_up(world, true), 0);
    zmq_close(pull);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_there_ends_the_wait_at_the_timeout, begin, end),
        cmocka_unit_test_setup_teardown(somebody_who_is_mute_is_another_sentence, begin, end),
        cmocka_unit_test_setup_teardown(a_peer_that_goes_is_lost_once_and_one_that_returns_is_told,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_peer_that_does_not_return_ends_the_wait, begin, end),
        cmocka_unit_test_setup_teardown(an_item_is_looked_at_only_while_the_link_is_up, begin, end),
        cmocka_unit_test_setup_teardown(the_first_signal_is_kept_and_the_second_ends_the_wait,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            after_a_signal_the_wait_for_one_who_is_there_ends_at_the_timeout, begin, end),
        cmocka_unit_test_setup_teardown(a_closed_socket_is_waited_for_and_its_leaving_is_no_loss,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_stall_is_told_once_and_so_is_its_end, begin, end),
        cmocka_unit_test_setup_teardown(only_one_side_encrypts, begin, end),
        cmocka_unit_test_setup_teardown(the_other_side_does_not_encrypt, begin, end),
        cmocka_unit_test_setup_teardown(another_key_than_ours_of_the_server, begin, end),
        cmocka_unit_test_setup_teardown(the_right_key_makes_up_for_it, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
