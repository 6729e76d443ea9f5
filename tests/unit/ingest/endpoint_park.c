/* Entries wait unharmed while the sinks are full, and a stop tells what became of them. */
#include "ingest/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zmq.h>

#include "tests/unit/ingest/endpoint_rig.h"

/* ---- parking ------------------------------------------------------------------------------- */

static void a_full_sink_parks_the_message_and_pauses_the_endpoint(void **state)
{
    const struct endpoint_ledger *ledger;

    (void)state;
    open_both();
    send_long('a');
    send_long('b');
    send_long('c');
    send_long('d');
    run_until_messages(3); /* the third is in hand */
    turn_idly();
    ledger = endpoint_ledger(t.endpoint);
    assert_int_equal(ledger->messages, 3);
    assert_int_equal(ledger->accepted, 2);
    assert_int_equal(ledger->received, 2); /* what is parked has no fate yet */
    assert_int_equal(message_pool_used(t.shared.messages), 1);
    assert_false(endpoint_retry(t.endpoint));

    empty_outbox();
    assert_true(endpoint_retry(t.endpoint));
    assert_int_equal(ledger->accepted, 3);
    assert_int_equal(message_pool_used(t.shared.messages), 0);
    run_until_accepted(4); /* and receives again */
    assert_int_equal(t.output_len, 4 * (ENTRY_LEN + 1));
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(t.output[i * (ENTRY_LEN + 1)], 'a' + i);
}

/* What was received ahead of its turn is in no socket any more. */
static void what_is_behind_a_parked_message_is_not_forgotten(void **state)
{
    enum { BEHIND = 3 * AHEAD_MAX };
    const struct endpoint_ledger *ledger;

    (void)state;
    open_both();
    for (char letter = 'a'; letter <= 'c'; letter++)
        send_long(letter);
    for (unsigned i = 0; i < BEHIND; i++) {
        char text[16];

        snprintf(text, sizeof text, "%u", i);
        send_text(text);
    }
    run_until_messages(3);
    for (unsigned i = 0; i < 3; i++) {
        turn_idly();
        endpoint_look(t.endpoint);
    }
    ledger = endpoint_ledger(t.endpoint);
    assert_int_equal(ledger->messages, 3);
    run_until_accepted(3 + BEHIND);
    assert_int_equal(ledger->messages, 3 + BEHIND);
    assert_non_null(strstr(t.output + 3 * (ENTRY_LEN + 1), "\n94\n95\n"));
    turn_idly();
    assert_int_equal(gate_stats().charged_bytes, 0);
}

static void a_message_is_parked_between_two_of_its_payloads(void **state)
{
    const struct endpoint_ledger *ledger;

    (void)state;
    set_format("{topic} {message}");
    open_both();
    send_longs("abcde");
    send_text("next");
    run_until_messages(1);
    turn_idly();
    ledger = endpoint_ledger(t.endpoint);
    assert_int_equal(ledger->accepted, 2);
    assert_int_equal(ledger->received, 2);
    assert_int_equal(ledger->bytes, 3 * ENTRY_LEN); /* the others were not looked at */
    assert_int_equal(message_pool_used(t.shared.messages), 1);
    run_until_accepted(6);
    assert_int_equal(t.output_len, 5 * (ENTRY_LEN + 3) + strlen("- next\n"));
    for (unsigned i = 0; i < 5; i++) {
        const char *line = t.output + i * (ENTRY_LEN + 3);

        assert_memory_equal(line, "t ", 2);
        assert_int_equal(line[2], 'a' + i);
        assert_int_equal(line[ENTRY_LEN + 2], '\n');
    }
    assert_int_equal(ledger->messages, 2);
}

static void a_stop_refuses_the_payloads_that_follow_a_parked_one(void **state)
{
    const struct endpoint_ledger *ledger = NULL;

    (void)state;
    open_both();
    send_longs("abcde");
    run_until_messages(1);
    ledger = endpoint_ledger(t.endpoint);
    assert_int_equal(ledger->accepted, 2);
    stop_endpoint();
    assert_int_equal(ledger->received, 5);
    assert_int_equal(ledger->refused[REFUSE_SHUTDOWN], 3);
    assert_int_equal(message_pool_used(t.shared.messages), 0);
}

static void retry_has_nothing_to_do_where_nothing_is_parked(void **state)
{
    (void)state;
    open_both();
    assert_true(endpoint_retry(t.endpoint));
    send_text("a");
    run_until_accepted(1);
    assert_true(endpoint_retry(t.endpoint));
    assert_int_equal(endpoint_ledger(t.endpoint)->received, 1);
}

/* A batch that is larger than the outbox is taken up again at the entry that was refused. */
static void a_batch_goes_on_where_it_was_parked(void **state)
{
    enum { DOCUMENTS = 12000 };
    char *batch = malloc(MAX_MESSAGE), *to = batch;

    (void)state;
    open_both();
    for (unsigned i = 0; i < DOCUMENTS; i++)
        to += sprintf(to, "{\"i\":\"\\n%u\"}\n", i % 7 ? i : 0);
    send_bytes(batch, (size_t)(to - batch), 0);
    send_text("next");
    run_until_messages(1);
    assert_in_range(endpoint_ledger(t.endpoint)->accepted, 1, DOCUMENTS - 1);
    run_until_accepted(DOCUMENTS + 1);
    assert_memory_equal(t.output, batch, (size_t)(to - batch));
    assert_string_equal(t.output + (to - batch), "next\n");
    free(batch);
}

/* The first is parked, so its lines stay one entry, and it gets no field; the next is split, and
 * each line gets one. */
static void other_settings_hold_from_the_next_payload_on(void **state)
{
    struct conf_pair field = {.name = (char *)"env", .value = (char *)"prod"};
    struct conf_ingest changed;

    (void)state;
    set_format("{fields.env} {message}");
    open_both();
    send_long('a');
    send_long('b');
    send_long('c');
    run_until_messages(3);
    assert_true(endpoint_is_parked(t.endpoint));
    changed = t.conf;
    changed.split = CONF_SPLIT_LINES;
    changed.fields = (struct conf_pairs){.items = &field, .count = 1};
    endpoint_configure(t.endpoint, &changed, NULL);
    send_text("one\ntwo");
    run_until_accepted(5);
    assert_non_null(strstr(t.output, "- ccc"));
    assert_null(strstr(t.output, "prod ccc"));
    assert_non_null(strstr(t.output, "\nprod one\nprod two\n"));
    stop_endpoint();
    endpoint_configure(t.endpoint, &t.conf, NULL);
}

/* The decoder is shared, so another endpoint moves its index while this one is parked. */
static void two_endpoints_are_parked_without_disturbing_each_other(void **state)
{
    enum { DOCUMENTS = 9000 };
    struct endpoint *first;
    void *first_client;
    char *batch = malloc(MAX_MESSAGE), *to = batch;
    struct err err;
    unsigned lines = 0;

    (void)state;
    message_pool_free(&t.shared.messages);
    entry_pool_free(&t.shared.entries);
    t.shared.messages = message_pool_new(&t.budget, MAX_MESSAGE, 2, &err);
    t.shared.entries = entry_pool_new(&t.budget, decode_fields_max(MAX_ENTRY), 2, &err);
    set_format("{message}");
    open_both();
    first = t.endpoint;
    first_client = t.client;
    open_both();
    for (unsigned i = 0; i < DOCUMENTS; i++)
        to += sprintf(to, "{\"msg\":\"\\u0061%u\"}\n", i);
    send_bytes(batch, (size_t)(to - batch), 0);
    assert_int_equal(zmq_send(first_client, batch, (size_t)(to - batch), 0), to - batch);
    while (endpoint_messages(first) < 1 || endpoint_messages(t.endpoint) < 1)
        uv_run(&t.loop, UV_RUN_ONCE);
    for (unsigned i = 0; !endpoint_retry(first) || !endpoint_retry(t.endpoint); i++) {
        empty_outbox();
        endpoint_retry(i % 2 ? first : t.endpoint);
    }
    empty_outbox();
    assert_int_equal(endpoint_ledger(first)->accepted, DOCUMENTS);
    assert_int_equal(endpoint_ledger(t.endpoint)->accepted, DOCUMENTS);
    assert_int_equal(endpoint_ledger(first)->malformed, 0);
    for (const char *line = t.output; (line = strchr(line, '\n')); line++)
        lines++;
    assert_int_equal(lines, 2 * DOCUMENTS);
    endpoint_stop(first);
    turn_idly();
    endpoint_free(&first);
    zmq_close(first_client);
    free(batch);
}

/* ---- stopping ------------------------------------------------------------------------------ */

/* There is one more message than the endpoint has taken. */
static void wait_until_queued(void)
{
    zmq_pollitem_t item = {.socket = t.endpoint->socket, .events = ZMQ_POLLIN};

    if (ahead_has(&t.endpoint->ahead))
        return;
    assert_int_equal(zmq_poll(&item, 1, LIMIT_MS), 1);
}

static void a_stop_refuses_the_parked_rest_and_what_is_queued(void **state)
{
    const struct endpoint_ledger *ledger;
    char batch[2 * ENTRY_LEN + 1000] = "", *to = batch;

    (void)state;
    open_both();
    t.retries = false;
    send_long('a');
    to = stpcpy(to, "{\"first\":\"");
    memset(to, 'x', ENTRY_LEN);
    to = stpcpy(to + ENTRY_LEN, "\"}\n{\"second\":\"");
    memset(to, 'x', ENTRY_LEN);
    stpcpy(to + ENTRY_LEN, "\"}\n{\"third\":3}\nbad\n\n{\"fifth\":5}\n");
    send_text(batch);
    send_text("never offered");
    run_until_messages(2);
    ledger = endpoint_ledger(t.endpoint);
    assert_int_equal(ledger->accepted, 2);
    wait_until_queued();
    endpoint_stop(t.endpoint);
    assert_int_equal(ledger->refused[REFUSE_SHUTDOWN], 5);
    assert_int_equal(ledger->received, 7);
    assert_int_equal(endpoint_ledger_refused(ledger), 5);
    assert_true(endpoint_ledger_balances(ledger));
    assert_int_equal(message_pool_used(t.shared.messages), 0);
    assert_true(endpoint_retry(t.endpoint));
    turn_idly();
    assert_int_equal(ledger->messages, 3);
}

static void a_stop_may_be_asked_for_twice(void **state)
{
    (void)state;
    open_both();
    send_text("a");
    run_until_accepted(1);
    endpoint_stop(t.endpoint);
    endpoint_stop(t.endpoint);
    turn_idly();
    endpoint_stop(t.endpoint);
}

/* libzmq closes in a thread of its own; when its context is gone, that is over. */
static void after_a_stop_the_address_is_free_again(void **state)
{
    (void)state;
    open_both();
    stop_endpoint();
    endpoint_free(&t.endpoint);
    zmq_close(t.client);
    zmq_ctx_term(t.shared.zmq);
    t.shared.zmq = zmq_ctx_new();
    t.bind[0] = t.address;
    open_both();
    send_text("again");
    run_until_accepted(1);
    assert_string_equal(t.output, "again\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_full_sink_parks_the_message_and_pauses_the_endpoint),
        TEST(what_is_behind_a_parked_message_is_not_forgotten),
        TEST(a_message_is_parked_between_two_of_its_payloads),
        TEST(a_stop_refuses_the_payloads_that_follow_a_parked_one),
        TEST(retry_has_nothing_to_do_where_nothing_is_parked),
        TEST(a_batch_goes_on_where_it_was_parked),
        TEST(other_settings_hold_from_the_next_payload_on),
        TEST(two_endpoints_are_parked_without_disturbing_each_other),
        TEST(a_stop_refuses_the_parked_rest_and_what_is_queued),
        TEST(a_stop_may_be_asked_for_twice),
        TEST(after_a_stop_the_address_is_free_again),
    };

    return cmocka_run_group_tests(tests, begin_gate, NULL);
}
