/* The watch: every message is served although bells are eaten, and an idle loop sleeps.
 *
 * The sockets are PAIRs over inproc, where a sent message has arrived when zmq_send
 * returns: no test waits for time to pass. */
#include "zeromq/zmq_watch.h"

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <zmq.h>

#include "conf/must.h"
#include "tests/unit/aggregate/dice.h"

enum { ENDS = 3, ORDER_MAX = 64, LIMIT_MS = 10000, TURNS_MAX = 1000, ROUNDS = 20000 };

/* Our end of a pair, watched, and the other, which the test writes to. */
struct end {
    struct zmq_watched watched;
    void *ours, *theirs;
    unsigned received, per_turn;
    bool tells_emptied; /* as an endpoint does */
    bool removed;
};

static struct {
    uv_loop_t loop;
    uv_timer_t step, limit;
    struct zmq_watch watch;
    void *context;
    struct end ends[ENDS];
    void (*on_turn)(struct end *end); /* after the receiving, where a test wants it */
    void (*on_turn_end)(void);
    char order[ORDER_MAX + 1]; /* who was served, as digits; < and > begin and end a turn */
    unsigned order_len;
    unsigned questions; /* ZMQ_EVENTS asked, by whomever */
    bool watch_closed;
} t;

/* Before libzmq's own, which it calls: counts what the watch asks. */
int zmq_getsockopt(void *socket, int option, void *value, size_t *len)
{
    static int (*real)(void *socket, int option, void *value, size_t *len);

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "zmq_getsockopt");
    t.questions += option == ZMQ_EVENTS;
    return real(socket, option, value, len);
}

static void note(char what)
{
    if (t.order_len < ORDER_MAX)
        t.order[t.order_len++] = what;
}

static void on_turn(struct zmq_watched *watched)
{
    struct end *end = container_of(watched, struct end, watched);
    char byte;

    note((char)('0' + (end - t.ends)));
    watched->emptied = false;
    for (unsigned i = 0; i < end->per_turn; i++) {
        if (zmq_recv(end->ours, &byte, 1, ZMQ_DONTWAIT) >= 0)
            end->received++;
        else
            watched->emptied = end->tells_emptied;
    }
    if (t.on_turn)
        t.on_turn(end);
}

static void on_turn_begin(struct zmq_watch *watch)
{
    assert_ptr_equal(watch, &t.watch);
    note('<');
}

static void on_turn_end(struct zmq_watch *watch)
{
    assert_ptr_equal(watch, &t.watch);
    note('>');
    if (t.on_turn_end)
        t.on_turn_end();
}

static void on_limit(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("the loop slept through a message");
}

static void send_messages(struct end *end, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(zmq_send(end->theirs, "m", 1, ZMQ_DONTWAIT), 1);
}

static bool bell_rings(const struct end *end)
{
    struct pollfd bell = {.events = POLLIN};
    size_t len = sizeof bell.fd;

    zmq_getsockopt(end->ours, ZMQ_FD, &bell.fd, &len);
    return poll(&bell, 1, 0) == 1;
}

static void open_end(unsigned index)
{
    struct end *end = &t.ends[index];
    char name[32];
    struct err err;

    snprintf(name, sizeof name, "inproc://%u", index);
    *end = (struct end){.per_turn = 1,
                        .ours = zmq_socket(t.context, ZMQ_PAIR),
                        .theirs = zmq_socket(t.context, ZMQ_PAIR)};
    assert_int_equal(zmq_bind(end->ours, name), 0);
    assert_int_equal(zmq_connect(end->theirs, name), 0);
    if (zmq_watch_add(&t.watch, &end->watched, end->ours, on_turn, &err) < 0)
        fail_msg("%s", err.text);
}

/* One turn that never sleeps; bell and rotation are as in any other. */
static void turn_once(void)
{
    uv_run(&t.loop, UV_RUN_NOWAIT);
}

/* Turns that may sleep, as a daemon's do; on_limit ends one that never wakes. */
static void run_until_received(struct end *end, unsigned count)
{
    while (end->received < count)
        uv_run(&t.loop, UV_RUN_ONCE);
    assert_int_equal(end->received, count);
}

static int open_loop(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    t.context = zmq_ctx_new();
    uv_loop_init(&t.loop);
    uv_timer_init(&t.loop, &t.step);
    uv_timer_init(&t.loop, &t.limit);
    uv_timer_start(&t.limit, on_limit, LIMIT_MS, 0);
    zmq_watch_init(&t.watch, &t.loop, on_turn_begin, on_turn_end);
    for (unsigned i = 0; i < ENDS; i++)
        open_end(i);
    turn_once(); /* the bells of bind and connect are answered */
    memset(t.order, 0, sizeof t.order);
    t.order_len = 0;
    return 0;
}

static void on_removed(struct zmq_watched *watched)
{
    struct end *end = container_of(watched, struct end, watched);

    end->removed = true;
    zmq_close(end->ours);
    end->ours = NULL;
}

static void on_watch_closed(struct zmq_watch *watch)
{
    assert_ptr_equal(watch, &t.watch);
    for (unsigned i = 0; i < ENDS; i++)
        assert_true(t.ends[i].removed);
    t.watch_closed = true;
}

static int close_loop(void **state)
{
    const int no_linger = 0;

    (void)state;
    for (unsigned i = 0; i < ENDS; i++) {
        if (t.ends[i].watched.watch && !uv_is_closing((uv_handle_t *)&t.ends[i].watched.doorbell))
            zmq_watch_remove(&t.ends[i].watched, on_removed);
        if (!t.ends[i].theirs)
            continue;
        zmq_setsockopt(t.ends[i].theirs, ZMQ_LINGER, &no_linger, sizeof no_linger);
        zmq_close(t.ends[i].theirs);
    }
    zmq_watch_close(&t.watch, on_watch_closed);
    uv_close((uv_handle_t *)&t.step, NULL);
    uv_close((uv_handle_t *)&t.limit, NULL);
    uv_run(&t.loop, UV_RUN_DEFAULT);
    assert_true(t.watch_closed);
    assert_int_equal(uv_loop_close(&t.loop), 0);
    zmq_ctx_term(t.context);
    return 0;
}

static void a_message_wakes_the_loop(void **state)
{
    (void)state;
    send_messages(&t.ends[1], 1);
    run_until_received(&t.ends[1], 1);
    assert_int_equal(t.ends[0].received + t.ends[2].received, 0);
}

static void on_step_send_until_the_bell_is_silent(uv_timer_t *timer)
{
    struct end *end = &t.ends[0];
    int events;
    size_t len = sizeof events;

    (void)timer;
    send_messages(end, 1);
    assert_true(bell_rings(end));
    while (bell_rings(end)) /* libzmq looks at its mailbox in some sends only */
        zmq_send(end->ours, "r", 1, ZMQ_DONTWAIT);
    assert_int_equal(zmq_getsockopt(end->ours, ZMQ_EVENTS, &events, &len), 0);
    assert_true(events & ZMQ_POLLIN);
}

static void a_bell_eaten_by_a_send_loses_no_message(void **state)
{
    (void)state;
    uv_timer_start(&t.step, on_step_send_until_the_bell_is_silent, 0, 0);
    run_until_received(&t.ends[0], 1);
}

static void send_and_eat_the_bell_once(void)
{
    if (t.ends[0].received == 0 && t.watch.turn_count == 3)
        on_step_send_until_the_bell_is_silent(NULL);
}

static void a_bell_eaten_at_the_end_of_a_turn_loses_no_message(void **state)
{
    (void)state;
    t.on_turn_end = send_and_eat_the_bell_once;
    turn_once();
    turn_once();
    assert_int_equal(t.watch.turn_count, 3);
    run_until_received(&t.ends[0], 1);
}

static void on_step_send_another(uv_timer_t *timer)
{
    (void)timer;
    send_messages(&t.ends[0], 1);
}

static void stopping_before_all_is_read_loses_no_message(void **state)
{
    (void)state;
    send_messages(&t.ends[0], 3);
    run_until_received(&t.ends[0], 1);
    send_messages(&t.ends[0], 2);
    assert_false(bell_rings(&t.ends[0])); /* the writer believes that we are awake */
    run_until_received(&t.ends[0], 5);

    uv_timer_start(&t.step, on_step_send_another, 1, 0); /* and once more from a real sleep */
    run_until_received(&t.ends[0], 6);
}

static void a_loop_with_nothing_to_read_sleeps(void **state)
{
    (void)state;
    send_messages(&t.ends[0], 2);
    run_until_received(&t.ends[0], 2);
    turn_once();
    assert_false(uv_is_active((uv_handle_t *)&t.watch.stay_awake));
    assert_int_equal(uv_backend_timeout(&t.loop) > 0, 1);
    for (unsigned i = 0; i < ENDS; i++)
        assert_false(bell_rings(&t.ends[i]));
}

static void pause_after_first(struct end *end)
{
    end->watched.wanted = end->received > 1;
}

static void on_step_resume(uv_timer_t *timer)
{
    (void)timer;
    t.on_turn = NULL;
    t.ends[0].watched.wanted = true;
}

static void a_paused_socket_is_not_served_until_it_is_resumed(void **state)
{
    (void)state;
    t.on_turn = pause_after_first;
    send_messages(&t.ends[0], 2);
    run_until_received(&t.ends[0], 1);
    send_messages(&t.ends[0], 1);
    for (int i = 0; i < 5; i++)
        turn_once();
    assert_int_equal(t.ends[0].received, 1);
    assert_false(uv_is_active((uv_handle_t *)&t.watch.stay_awake)); /* and nothing spins */

    uv_timer_start(&t.step, on_step_resume, 1, 0);
    run_until_received(&t.ends[0], 3);
}

static void a_paused_socket_is_served_in_the_turn_that_resumes_it(void **state)
{
    (void)state;
    t.ends[0].watched.wanted = false;
    send_messages(&t.ends[0], 1);
    turn_once();
    t.ends[0].watched.wanted = true;
    turn_once();
    assert_int_equal(t.ends[0].received, 1);
}

static void others_are_served_beside_a_paused_one(void **state)
{
    (void)state;
    t.ends[0].watched.wanted = false;
    send_messages(&t.ends[0], 1);
    send_messages(&t.ends[1], 4);
    run_until_received(&t.ends[1], 4);
    assert_int_equal(t.ends[0].received, 0);
}

static void a_paused_socket_still_works_off_its_commands(void **state)
{
    (void)state;
    t.ends[0].watched.wanted = false;
    zmq_close(t.ends[0].theirs);
    t.ends[0].theirs = NULL;
    while (!bell_rings(&t.ends[0])) /* the peer's farewell comes through a thread of libzmq */
        continue;
    /* There may be several commands, one after the other; each turn answers what rings. */
    for (unsigned i = 0; i < TURNS_MAX && bell_rings(&t.ends[0]); i++)
        turn_once();
    assert_false(bell_rings(&t.ends[0]));
}

static void who_comes_first_moves_on_every_turn(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ENDS; i++)
        send_messages(&t.ends[i], 4);
    for (unsigned i = 0; i < 4; i++)
        turn_once();
    /* the turn in open_loop was the first */
    assert_string_equal(t.order, "<120><201><012><120>");
}

static void the_hooks_are_called_in_idle_turns_too(void **state)
{
    uint64_t turns = t.watch.turn_count, busy = t.watch.busy_turn_count;

    (void)state;
    turn_once();
    send_messages(&t.ends[2], 1);
    turn_once();
    turn_once();
    assert_string_equal(t.order, "<><2><>");
    assert_int_equal(t.watch.turn_count, turns + 3);
    assert_int_equal(t.watch.busy_turn_count, busy + 1);
}

static void remove_the_next(struct end *end)
{
    struct end *next = &t.ends[(end - t.ends + 1) % ENDS];

    if (next->watched.watch && !uv_is_closing((uv_handle_t *)&next->watched.doorbell))
        zmq_watch_remove(&next->watched, on_removed);
}

static void a_socket_removed_before_its_turn_is_not_served(void **state)
{
    (void)state;
    t.on_turn = remove_the_next;
    for (unsigned i = 0; i < ENDS; i++)
        send_messages(&t.ends[i], 1);
    turn_once(); /* 1 removes 2, then 0 removes 1 */
    assert_string_equal(t.order, "<10>");
    assert_true(t.ends[1].removed && t.ends[2].removed);
    assert_false(t.ends[0].removed);
}

static void remove_itself(struct end *end)
{
    zmq_watch_remove(&end->watched, on_removed);
    assert_false(end->removed); /* later, from the loop */
}

static void a_socket_may_remove_itself(void **state)
{
    (void)state;
    t.on_turn = remove_itself;
    for (unsigned i = 0; i < ENDS; i++)
        send_messages(&t.ends[i], 2);
    turn_once();
    turn_once();
    assert_string_equal(t.order, "<120><>");
}

static void a_loop_whose_context_goes_away_turns_quietly(void **state)
{
    (void)state;
    send_messages(&t.ends[0], 1);
    zmq_ctx_shutdown(t.context);
    turn_once();
    turn_once();
    assert_string_equal(t.order, "<><>");
    assert_false(uv_is_active((uv_handle_t *)&t.watch.stay_awake));
}

static void the_same_socket_cannot_be_watched_twice(void **state)
{
    struct zmq_watched twice;
    struct err err = {""};

    (void)state;
    assert_int_equal(zmq_watch_add(&t.watch, &twice, t.ends[0].ours, on_turn, &err), -1);
    assert_non_null(strstr(err.text, "cannot watch a ZeroMQ socket"));
}

/* ---- emptied ----------------------------------------------------------------------- */

/* All ends have been read until EAGAIN and say so: their bells are armed. */
static void empty_all(void)
{
    for (unsigned i = 0; i < ENDS; i++) {
        struct end *end = &t.ends[i];

        end->tells_emptied = true;
        end->per_turn = 4;
        send_messages(end, 1);
        run_until_received(end, 1);
        end->received = 0;
        assert_true(end->watched.emptied);
    }
    turn_once();
}

static void an_emptied_socket_is_not_asked_before_the_sleep(void **state)
{
    (void)state;
    empty_all();
    t.questions = 0;
    for (unsigned i = 0; i < 5; i++)
        turn_once();
    assert_int_equal(t.questions, 0);
    t.ends[1].watched.emptied = false;
    turn_once();
    assert_int_equal(t.questions, 1);
}

static void receive_what_is_at_hand(struct end *end)
{
    end->received++;
    end->watched.has_more = end->received < 3;
}

static void what_is_at_hand_is_served_without_asking(void **state)
{
    (void)state;
    empty_all();
    t.questions = 0;
    t.ends[0].watched.has_more = true;
    t.on_turn = receive_what_is_at_hand;
    run_until_received(&t.ends[0], 3);
    assert_int_equal(t.questions, 0);
    turn_once();
    assert_false(uv_is_active((uv_handle_t *)&t.watch.stay_awake));
}

static void what_is_at_hand_of_a_paused_socket_waits(void **state)
{
    (void)state;
    t.ends[0].watched.has_more = true;
    t.ends[0].watched.wanted = false;
    t.questions = 0;
    for (int i = 0; i < 5; i++)
        turn_once();
    assert_int_equal(t.ends[0].received, 0);
    assert_int_equal(t.questions, 5 * ENDS); /* it is asked, for its commands */
    assert_false(uv_is_active((uv_handle_t *)&t.watch.stay_awake));
    t.on_turn = receive_what_is_at_hand;
    t.ends[0].watched.wanted = true;
    turn_once();
    assert_int_equal(t.ends[0].received, 1);
    run_until_received(&t.ends[0], 3);
}

static void a_message_for_an_emptied_socket_wakes_the_loop(void **state)
{
    (void)state;
    empty_all();
    uv_timer_start(&t.step, on_step_send_another, 1, 0);
    run_until_received(&t.ends[0], 1);
    assert_true(t.ends[0].watched.emptied);
    uv_timer_start(&t.step, on_step_send_another, 1, 0); /* and again: the bell was armed anew */
    run_until_received(&t.ends[0], 2);
}

/* The moments of a turn, in which one message may come, once. */
static void send_behind_the_last_receive(struct end *end)
{
    if (end->watched.emptied)
        t.on_turn = NULL;
    if (!t.on_turn)
        send_messages(end, 1);
}

static void send_at_the_end_of_the_turn(void)
{
    t.on_turn_end = NULL;
    send_messages(&t.ends[0], 1);
}

static void on_prepare_send(uv_prepare_t *prepare)
{
    uv_prepare_stop(prepare);
    send_messages(&t.ends[0], 1);
}

static void a_message_behind_the_last_receive_is_served(void **state)
{
    (void)state;
    empty_all();
    t.on_turn = send_behind_the_last_receive;
    send_messages(&t.ends[0], 1);
    run_until_received(&t.ends[0], 2);
}

static void a_message_at_the_end_of_the_turn_is_served(void **state)
{
    (void)state;
    empty_all();
    t.on_turn_end = send_at_the_end_of_the_turn;
    turn_once();
    assert_null(t.on_turn_end);
    run_until_received(&t.ends[0], 1);
}

static void a_message_between_the_look_and_the_sleep_is_served(void **state)
{
    uv_prepare_t last, *const prepare = &last;

    (void)state;
    empty_all();
    uv_prepare_init(&t.loop, prepare);
    uv_prepare_start(prepare, on_prepare_send);
    run_until_received(&t.ends[0], 1);
    /* libuv may call this one before the watch's own, or behind it: so put that behind, too */
    uv_prepare_stop(&t.watch.before_sleep);
    uv_prepare_start(prepare, on_prepare_send);
    uv_prepare_start(&t.watch.before_sleep, t.watch.before_sleep.prepare_cb);
    run_until_received(&t.ends[0], 2);
    uv_close((uv_handle_t *)prepare, NULL);
    turn_once();
}

static void a_message_for_an_emptied_and_paused_socket_waits(void **state)
{
    (void)state;
    empty_all();
    t.ends[0].watched.wanted = false;
    send_messages(&t.ends[0], 1);
    for (int i = 0; i < 5; i++)
        turn_once();
    assert_int_equal(t.ends[0].received, 0);
    assert_false(bell_rings(&t.ends[0]));
    assert_false(uv_is_active((uv_handle_t *)&t.watch.stay_awake)); /* nothing spins */

    uv_timer_start(&t.step, on_step_resume, 1, 0);
    run_until_received(&t.ends[0], 1);
}

static void pause_when_emptied(struct end *end)
{
    if (end->watched.emptied)
        end->watched.wanted = false;
}

static void a_message_that_comes_between_pause_and_resume_is_served(void **state)
{
    (void)state;
    empty_all();
    t.on_turn = pause_when_emptied;
    send_messages(&t.ends[0], 1);
    run_until_received(&t.ends[0], 1);
    assert_false(t.ends[0].watched.wanted);
    send_messages(&t.ends[0], 1); /* its bell rings, and no turn has seen it */
    uv_timer_start(&t.step, on_step_resume, 0, 0);
    run_until_received(&t.ends[0], 2);
}

static void an_emptied_socket_works_off_its_commands_when_its_peer_leaves(void **state)
{
    (void)state;
    empty_all();
    zmq_close(t.ends[0].theirs);
    t.ends[0].theirs = NULL;
    while (!bell_rings(&t.ends[0]))
        continue;
    for (unsigned i = 0; i < TURNS_MAX && bell_rings(&t.ends[0]); i++)
        turn_once();
    assert_false(bell_rings(&t.ends[0]));
    turn_once();
    assert_false(uv_is_active((uv_handle_t *)&t.watch.stay_awake));
}

static void the_last_message_of_a_peer_that_leaves_an_emptied_socket_is_served(void **state)
{
    (void)state;
    empty_all();
    send_messages(&t.ends[0], 3);
    zmq_close(t.ends[0].theirs);
    t.ends[0].theirs = NULL;
    run_until_received(&t.ends[0], 3);
}

/* A thread that sends the next message as soon as the last was received: it meets each
 * moment between a receive, EAGAIN, the look and the sleep. */
static atomic_uint seen;

static void publish(struct end *end)
{
    atomic_store(&seen, end->received);
}

static void *send_when_seen(void *theirs)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        while (atomic_load(&seen) < i)
            continue;
        for (volatile unsigned delay = i % 512; delay > 0; delay--)
            continue;
        zmq_send(theirs, "m", 1, 0);
    }
    return NULL;
}

static void no_message_is_missed_at_whatever_moment_it_comes(void **state)
{
    pthread_t thread;

    (void)state;
    empty_all();
    atomic_store(&seen, 0);
    t.on_turn = publish;
    assert_int_equal(pthread_create(&thread, NULL, send_when_seen, t.ends[0].theirs), 0);
    run_until_received(&t.ends[0], ROUNDS);
    pthread_join(thread, NULL);
}

/* Sends, pauses and resumes in any order; then every message sent has come. */
static void no_message_is_missed_in_a_random_streak(void **state)
{
    unsigned sent[ENDS] = {0};

    (void)state;
    empty_all();
    for (unsigned step = 0; step < ROUNDS; step++) {
        unsigned index = roll(ENDS);
        struct end *end = &t.ends[index];

        switch (roll(6)) {
        case 0:
        case 1:
            send_messages(end, 1);
            sent[index]++;
            break;
        case 2:
            end->watched.wanted = roll(2);
            break;
        case 3:
            end->per_turn = 1 + roll(3);
            break;
        default:
            turn_once();
        }
        assert_true(end->received <= sent[index]);
        if (sent[index] - end->received > 500)
            end->watched.wanted = true, run_until_received(end, sent[index]);
    }
    for (unsigned i = 0; i < ENDS; i++)
        t.ends[i].watched.wanted = true;
    for (unsigned i = 0; i < ENDS; i++)
        run_until_received(&t.ends[i], sent[i]);
}

/* A full pipe has room again when the other end reads; until then the loop may sleep. */
static void room_to_send_is_waited_for_as_well(void **state)
{
    struct end *end = &t.ends[0];
    char bytes[2];
    unsigned turns;

    (void)state;
    end->per_turn = 0;
    end->watched.waits_for = ZMQ_POLLOUT;
    end->watched.wanted = false;
    while (zmq_send(end->ours, "m", 1, ZMQ_DONTWAIT) >= 0)
        ;
    end->watched.wanted = true;
    for (turns = 0; turns < 10; turns++)
        turn_once();
    assert_null(strchr(t.order, '0'));
    while (zmq_recv(end->theirs, bytes, sizeof bytes, ZMQ_DONTWAIT) >= 0)
        ;
    while (!strchr(t.order, '0'))
        uv_run(&t.loop, UV_RUN_ONCE);
}

#define in_a_loop(test) cmocka_unit_test_setup_teardown(test, open_loop, close_loop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_a_loop(room_to_send_is_waited_for_as_well),
        in_a_loop(a_message_wakes_the_loop),
        in_a_loop(a_bell_eaten_by_a_send_loses_no_message),
        in_a_loop(a_bell_eaten_at_the_end_of_a_turn_loses_no_message),
        in_a_loop(stopping_before_all_is_read_loses_no_message),
        in_a_loop(a_loop_with_nothing_to_read_sleeps),
        in_a_loop(a_paused_socket_is_not_served_until_it_is_resumed),
        in_a_loop(a_paused_socket_is_served_in_the_turn_that_resumes_it),
        in_a_loop(others_are_served_beside_a_paused_one),
        in_a_loop(a_paused_socket_still_works_off_its_commands),
        in_a_loop(who_comes_first_moves_on_every_turn),
        in_a_loop(the_hooks_are_called_in_idle_turns_too),
        in_a_loop(a_socket_removed_before_its_turn_is_not_served),
        in_a_loop(a_socket_may_remove_itself),
        in_a_loop(a_loop_whose_context_goes_away_turns_quietly),
        in_a_loop(the_same_socket_cannot_be_watched_twice),
        in_a_loop(an_emptied_socket_is_not_asked_before_the_sleep),
        in_a_loop(what_is_at_hand_is_served_without_asking),
        in_a_loop(what_is_at_hand_of_a_paused_socket_waits),
        in_a_loop(a_message_for_an_emptied_socket_wakes_the_loop),
        in_a_loop(a_message_behind_the_last_receive_is_served),
        in_a_loop(a_message_at_the_end_of_the_turn_is_served),
        in_a_loop(a_message_between_the_look_and_the_sleep_is_served),
        in_a_loop(a_message_for_an_emptied_and_paused_socket_waits),
        in_a_loop(a_message_that_comes_between_pause_and_resume_is_served),
        in_a_loop(an_emptied_socket_works_off_its_commands_when_its_peer_leaves),
        in_a_loop(the_last_message_of_a_peer_that_leaves_an_emptied_socket_is_served),
        in_a_loop(no_message_is_missed_at_whatever_moment_it_comes),
        in_a_loop(no_message_is_missed_in_a_random_streak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
