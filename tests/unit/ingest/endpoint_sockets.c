/* The other sockets an endpoint may have: router, sub, rep and pair. */
#include "ingest/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zmq.h>

#include "tests/unit/ingest/endpoint_rig.h"

static void a_router_strips_an_empty_frame_in_front(void **state)
{
    (void)state;
    set_format("{topic} {message}");
    open_both_as(CONF_SOCKET_ROUTER, ZMQ_DEALER);
    send_text("bare");
    send_frames("", "delimited", NULL);
    send_frames("t", "topic", NULL);
    send_frames("", "t", "both", NULL);
    send_frames("", "", "t", NULL);
    run_until_accepted(5);
    assert_string_equal(t.output, "- bare\n- delimited\nt topic\nt both\n- t\n");
}

/* To libzmq's ROUTER the second would be nobody, for ever. */
static void two_clients_of_a_router_may_have_one_name(void **state)
{
    void *twin;

    (void)state;
    t.conf.socket = CONF_SOCKET_ROUTER;
    open_endpoint();
    endpoint_addresses(t.endpoint, t.address, sizeof t.address);
    for (unsigned i = 0; i < 2; i++) {
        twin = zmq_socket(t.shared.zmq, ZMQ_DEALER);
        zmq_setsockopt(twin, ZMQ_ROUTING_ID, "app", 3);
        assert_int_equal(zmq_connect(twin, t.address), 0);
        assert_int_equal(zmq_send(twin, "x", 1, 0), 1);
        run_until_accepted(i + 1);
        if (i == 0)
            t.client = twin;
    }
    zmq_close(twin);
}

static void a_subscription_is_to_what_topics_begin_with(void **state)
{
    char orders[] = "orders", *topics[] = {orders, orders + 5};
    const struct endpoint_ledger *ledger;

    (void)state;
    set_format("{topic} {message}");
    t.conf.subscribe = (struct conf_strings){topics, 2}; /* the other one is `s` */
    open_both_as(CONF_SOCKET_SUB, ZMQ_XPUB);
    t.retries = false;
    for (char byte = 0; byte != 1;) { /* until the subscription to everything came */
        uv_run(&t.loop, UV_RUN_NOWAIT);
        zmq_recv(t.client, &byte, 1, ZMQ_DONTWAIT);
    }
    send_frames("orders", "one", NULL);
    send_frames("order", "no", NULL);
    send_frames("orders.eu", "two", "three", NULL);
    send_frames("Orders", "no", "no", "no", NULL);
    send_text("shop");
    send_text("");
    send_frames("s", "end", NULL);
    run_until_messages(7);
    empty_outbox();
    ledger = endpoint_ledger(t.endpoint);
    assert_string_equal(t.output, "orders one\norders.eu two\norders.eu three\n- shop\ns end\n");
    assert_int_equal(ledger->received, 5);
    assert_int_equal(ledger->unwanted, 3);
    turn_idly();
    assert_int_equal(gate_stats().charged_bytes, 0); /* what is unwanted was given back */
}

static bool answer_came(void *client)
{
    char text[8] = "";
    int len = zmq_recv(client, text, sizeof text, ZMQ_DONTWAIT);

    if (len >= 0)
        assert_string_equal(text, "OK");
    return len >= 0;
}

static void wait_for_answer(void *client)
{
    while (!answer_came(client))
        uv_run(&t.loop, UV_RUN_NOWAIT);
}

static void each_request_is_told_ok(void **state)
{
    (void)state;
    set_format("{topic} {message}");
    open_both_as(CONF_SOCKET_REP, ZMQ_REQ);
    send_text("one");
    wait_for_answer(t.client);
    send_frames("t", "two", "three", NULL);
    wait_for_answer(t.client);
    send_text("{bad");
    wait_for_answer(t.client);
    empty_outbox();
    assert_string_equal(t.output, "- one\nt two\nt three\n- {bad\n");
    assert_int_equal(endpoint_ledger(t.endpoint)->messages, 3);
    turn_idly();
    assert_int_equal(gate_stats().charged_bytes, 0);
}

static void what_is_refused_is_answered_where_there_is_a_way_back(void **state)
{
    char byte;

    (void)state;
    t.conf.frames = CONF_FRAMES_TOPIC;
    open_both_as(CONF_SOCKET_REP, ZMQ_DEALER);
    send_text("no way back");
    send_frames("no", "way", "back", NULL);
    send_frames("", "no topic", NULL);
    run_until_messages(3);
    while (zmq_recv(t.client, &byte, 1, ZMQ_DONTWAIT) < 0) /* the empty frame */
        uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_true(answer_came(t.client));
    turn_idly();
    assert_false(answer_came(t.client));
    assert_int_equal(endpoint_ledger(t.endpoint)->refused[REFUSE_FRAMES], 3);
}

/* As a proxy between REQs and us: each has put a frame in front. */
static void the_way_back_may_lead_through_others(void **state)
{
    char part[300];
    int len;

    (void)state;
    open_both_as(CONF_SOCKET_REP, ZMQ_DEALER);
    send_frames("hop2", "hop1", "", "text", NULL);
    run_until_accepted(1);
    for (unsigned i = 0; i < 4; i++) {
        static const char *const parts[] = {"hop2", "hop1", "", "OK"};

        while ((len = zmq_recv(t.client, part, sizeof part, ZMQ_DONTWAIT)) < 0)
            uv_run(&t.loop, UV_RUN_NOWAIT);
        assert_int_equal(len, strlen(parts[i]));
        assert_memory_equal(part, parts[i], strlen(parts[i]));
    }
    assert_string_equal(t.output, "text\n");
}

static void a_way_back_that_is_too_long_is_refused(void **state)
{
    char part[ANSWER_BYTES_MAX + 1];

    (void)state;
    open_both_as(CONF_SOCKET_REP, ZMQ_DEALER);
    memset(part, 'x', sizeof part);
    send_bytes(part, sizeof part, ZMQ_SNDMORE);
    send_frames("", "text", NULL);
    for (unsigned i = 0; i < ANSWER_FRAMES_MAX; i++)
        send_bytes("x", 1, ZMQ_SNDMORE);
    send_frames("", "text", NULL);
    send_frames("", "good", NULL);
    run_until_accepted(1);
    assert_string_equal(t.output, "good\n");
    assert_int_equal(endpoint_ledger(t.endpoint)->refused[REFUSE_FRAMES], 2);
    assert_int_equal(endpoint_ledger(t.endpoint)->received, 3);
}

/* The empty frame is the first that has no room: it says where the answer goes, and that answer
 * would be without it. */
static void a_way_back_of_one_frame_too_many_is_not_answered(void **state)
{
    char byte;
    int len;

    (void)state;
    open_both_as(CONF_SOCKET_REP, ZMQ_DEALER);
    for (unsigned i = 0; i < ANSWER_FRAMES_MAX - 1; i++)
        send_bytes("x", 1, ZMQ_SNDMORE);
    send_frames("", "text", NULL);
    send_frames("", "good", NULL);
    while ((len = zmq_recv(t.client, &byte, 1, ZMQ_DONTWAIT)) < 0)
        uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_int_equal(len, 0); /* that of the good one */
    assert_true(answer_came(t.client));
    assert_int_equal(endpoint_ledger(t.endpoint)->refused[REFUSE_FRAMES], 1);
}

/* Two requests fill the outbox, and a third is in hand. */
static void open_rep_and_park(void)
{
    open_both_as(CONF_SOCKET_REP, ZMQ_REQ);
    for (unsigned i = 0; i < 2; i++) {
        send_long('a');
        wait_for_answer(t.client);
    }
    send_long('c');
    run_until_messages(3);
}

static void a_request_that_is_parked_is_answered_when_it_is_taken(void **state)
{
    (void)state;
    open_rep_and_park();
    turn_idly();
    assert_true(endpoint_is_parked(t.endpoint));
    assert_false(answer_came(t.client));
    empty_outbox();
    wait_for_answer(t.client);
    assert_int_equal(endpoint_ledger(t.endpoint)->accepted, 3);
}

static void a_client_that_left_is_not_waited_for(void **state)
{
    (void)state;
    open_rep_and_park();
    zmq_close(t.client);
    while (gate_stats().open_now > 0)
        uv_run(&t.loop, UV_RUN_NOWAIT);
    turn_idly();
    run_until_accepted(3);
    assert_int_equal(endpoint_ledger(t.endpoint)->unanswered, 1);
    t.client = new_client_of(ZMQ_REQ, t.address);
    send_text("next");
    wait_for_answer(t.client);
}

static void a_stop_says_ok_to_nothing(void **state)
{
    (void)state;
    open_rep_and_park();
    stop_endpoint();
    assert_int_equal(endpoint_ledger(t.endpoint)->refused[REFUSE_SHUTDOWN], 1);
    assert_false(answer_came(t.client));
}

/* Its place is given to the next one only when libzmq has forgotten it, and would listen. */
static void a_pair_has_one_peer_at_a_time(void **state)
{
    void *second;

    (void)state;
    open_both_as(CONF_SOCKET_PAIR, ZMQ_PAIR);
    send_text("first");
    run_until_accepted(1);
    second = new_client_of(ZMQ_PAIR, t.address);
    assert_int_equal(zmq_send(second, "second", 6, 0), 6);
    turn_idly();
    send_text("first again");
    run_until_accepted(2);
    assert_int_equal(gate_stats().open_now, 1);
    zmq_close(t.client);
    t.client = second;
    while (endpoint_ledger(t.endpoint)->accepted < 3) /* a daemon has the gate's ticks */
        uv_run(&t.loop, UV_RUN_NOWAIT);
    empty_outbox();
    assert_string_equal(t.output, "first\nfirst again\nsecond\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_router_strips_an_empty_frame_in_front),
        TEST(two_clients_of_a_router_may_have_one_name),
        TEST(a_subscription_is_to_what_topics_begin_with),
        TEST(each_request_is_told_ok),
        TEST(what_is_refused_is_answered_where_there_is_a_way_back),
        TEST(the_way_back_may_lead_through_others),
        TEST(a_way_back_that_is_too_long_is_refused),
        TEST(a_way_back_of_one_frame_too_many_is_not_answered),
        TEST(a_request_that_is_parked_is_answered_when_it_is_taken),
        TEST(a_client_that_left_is_not_waited_for),
        TEST(a_stop_says_ok_to_nothing),
        TEST(a_pair_has_one_peer_at_a_time),
    };

    return cmocka_run_group_tests(tests, begin_gate, NULL);
}
