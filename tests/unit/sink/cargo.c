/* cargo.c - bytes that are lent come back, from whatever thread, and bound what is held. */
#include "sink/cargo.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "conf/must.h"

enum { HOLD = 4096, HOLDS = 3, MESSAGES = 20000 };

static struct {
    uv_loop_t loop;
    uv_async_t on_back;
    unsigned told;
    struct budget budget;
    struct pool *pool;
    struct cargo cargo;
} t;

static void on_back(uv_async_t *async)
{
    (void)async;
    t.told++;
}

static int open_cargo(void **state)
{
    struct err err;

    (void)state;
    memset(&t, 0, sizeof t);
    uv_loop_init(&t.loop);
    uv_async_init(&t.loop, &t.on_back, on_back);
    budget_init(&t.budget, SIZE_MAX);
    t.pool = pool_new(&t.budget, BUDGET_CARGO, HOLD, HOLDS, &err);
    cargo_init(&t.cargo, t.pool, HOLD, HOLDS, &t.on_back);
    return 0;
}

/* Fails where a slot is not home. */
static int close_cargo(void **state)
{
    (void)state;
    cargo_fini(&t.cargo);
    assert_int_equal(pool_used(t.pool), 0);
    pool_free(&t.pool);
    uv_close((uv_handle_t *)&t.on_back, NULL);
    uv_run(&t.loop, UV_RUN_DEFAULT);
    return uv_loop_close(&t.loop);
}

/* One message of so many bytes. */
static bool lend(zmq_msg_t *message, size_t len)
{
    static char bytes[HOLD];
    char *place = cargo_add(&t.cargo, memset(bytes, 'x', len), len);

    if (place)
        cargo_lend(&t.cargo, message, place, len);
    return place != NULL;
}

static void a_hold_is_filled_and_used_anew_when_all_is_back(void **state)
{
    zmq_msg_t first, second, third;

    (void)state;
    assert_true(lend(&first, HOLD / 2) && lend(&second, HOLD / 2));
    assert_int_equal(pool_used(t.pool), 1);
    assert_int_equal(cargo_lent(&t.cargo), 2);
    zmq_msg_close(&first); /* half of it back: it has no room yet */
    assert_true(lend(&third, 1));
    assert_int_equal(pool_used(t.pool), 2);
    zmq_msg_close(&second);
    zmq_msg_close(&third);
    assert_int_equal(cargo_lent(&t.cargo), 0);
    for (unsigned i = 0; i < 100; i++) {
        assert_true(lend(&first, HOLD));
        zmq_msg_close(&first);
    }
    assert_int_equal(pool_used(t.pool), 2);
    cargo_go_home(&t.cargo);
    assert_int_equal(pool_used(t.pool), 0);
}

static void a_message_keeps_its_bytes_until_it_is_closed(void **state)
{
    zmq_msg_t kept, others[HOLDS * 2];
    char *place = cargo_add(&t.cargo, "to be kept", 10);

    (void)state;
    cargo_lend(&t.cargo, &kept, place, 10);
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 2 * HOLDS - 2; i++)
            assert_true(lend(&others[i], HOLD / 2));
        for (unsigned i = 0; i < 2 * HOLDS - 2; i++)
            zmq_msg_close(&others[i]);
    }
    assert_memory_equal(zmq_msg_data(&kept), "to be kept", 10);
    zmq_msg_close(&kept);
}

static void when_all_is_lent_there_is_none_and_the_first_to_come_back_is_told(void **state)
{
    zmq_msg_t messages[HOLDS], more;

    (void)state;
    for (unsigned i = 0; i < HOLDS; i++)
        assert_true(lend(&messages[i], HOLD));
    assert_false(lend(&more, 1));
    uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_int_equal(t.told, 0);
    zmq_msg_close(&messages[1]);
    zmq_msg_close(&messages[2]);
    uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_int_equal(t.told, 1);
    assert_true(lend(&more, HOLD));
    zmq_msg_close(&more);
    zmq_msg_close(&messages[0]);
}

static void what_is_refused_is_spare_again(void **state)
{
    zmq_msg_t refused, first;

    (void)state;
    assert_true(lend(&first, HOLD / 2));
    for (unsigned i = 0; i < 100; i++) {
        assert_true(lend(&refused, HOLD / 2));
        zmq_msg_close(&refused);
        cargo_shorten(&t.cargo, HOLD / 2);
    }
    assert_int_equal(pool_used(t.pool), 1);
    zmq_msg_close(&first);
}

/* ---- two threads ------------------------------------------------------------------------------
 */

static void *receive(void *socket)
{
    zmq_msg_t message;

    zmq_msg_init(&message);
    for (unsigned i = 0; i < MESSAGES; i++) {
        must(zmq_msg_recv(&message, socket, 0) >= 0);
        must(*(unsigned *)zmq_msg_data(&message) == i);
    }
    zmq_msg_close(&message);
    return NULL;
}

static void send_one(void *socket, unsigned number)
{
    unsigned words[32] = {number};
    zmq_msg_t message;
    char *place;

    while (!(place = cargo_add(&t.cargo, (char *)words, sizeof words)))
        uv_run(&t.loop, UV_RUN_ONCE); /* sleeps until something is back: it must be told */
    cargo_lend(&t.cargo, &message, place, sizeof words);
    assert_true(zmq_msg_send(&message, socket, 0) >= 0);
}

static void another_thread_gives_back_and_no_wake_up_is_lost(void **state)
{
    void *context = zmq_ctx_new();
    void *from = zmq_socket(context, ZMQ_PAIR), *to = zmq_socket(context, ZMQ_PAIR);
    pthread_t thread;

    (void)state;
    zmq_bind(to, "inproc://cargo");
    zmq_connect(from, "inproc://cargo");
    pthread_create(&thread, NULL, receive, to);
    for (unsigned i = 0; i < MESSAGES; i++)
        send_one(from, i);
    pthread_join(thread, NULL);
    zmq_close(from);
    zmq_close(to);
    zmq_ctx_term(context);
    assert_int_equal(cargo_lent(&t.cargo), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_cargo, close_cargo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_hold_is_filled_and_used_anew_when_all_is_back),
        TEST(a_message_keeps_its_bytes_until_it_is_closed),
        TEST(when_all_is_lent_there_is_none_and_the_first_to_come_back_is_told),
        TEST(what_is_refused_is_spare_again),
        TEST(another_thread_gives_back_and_no_wake_up_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
