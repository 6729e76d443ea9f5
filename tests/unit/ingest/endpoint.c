/* An endpoint: what clients push comes out as entries, once, in order, and at an address. */
#include "ingest/endpoint.h"

#include <dirent.h>
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
#include <zmq.h>

#include "tests/unit/ingest/endpoint_rig.h"

/* ---- receiving --------------------------------------------------------------------------- */

static void what_is_pushed_comes_out_in_order(void **state)
{
    char expected[8192] = "", *to = expected;

    (void)state;
    open_both();
    for (unsigned i = 0; i < 600; i++) { /* more than one turn takes */
        char text[16];

        snprintf(text, sizeof text, "entry %u", i);
        send_text(text);
        to += sprintf(to, "%s\n", text);
    }
    run_until_accepted(600);
    assert_string_equal(t.output, expected);
    assert_int_equal(endpoint_messages(t.endpoint), 600);
    assert_int_equal(endpoint_ledger(t.endpoint)->bytes, to - expected - 600);
    assert_int_equal(endpoint_ledger(t.endpoint)->routed, 600);
}

static void a_message_of_nothing_is_an_entry(void **state)
{
    (void)state;
    open_both();
    send_text("");
    send_text("a");
    run_until_accepted(2);
    assert_string_equal(t.output, "\na\n");
}

static void a_batch_is_many_entries_of_one_message(void **state)
{
    (void)state;
    open_both();
    send_text("{\"a\":1}\n{bad}\n\n{\"a\":2}\n");
    run_until_accepted(3);
    assert_string_equal(t.output, "{\"a\":1}\n{bad}\n{\"a\":2}\n");
    assert_int_equal(endpoint_ledger(t.endpoint)->messages, 1);
    assert_int_equal(endpoint_ledger(t.endpoint)->malformed, 1);
}

static void the_first_of_two_frames_is_the_topic(void **state)
{
    (void)state;
    set_format("{topic} {message}");
    open_both();
    send_bytes("orders", 6, ZMQ_SNDMORE);
    send_text("paid");
    send_bytes("", 0, ZMQ_SNDMORE);
    send_text("none");
    send_bytes("last", 4, ZMQ_SNDMORE);
    send_text("");
    run_until_accepted(3);
    assert_string_equal(t.output, "orders paid\n- none\nlast -\n");
    assert_int_equal(endpoint_ledger(t.endpoint)->bytes, 8);
}

static void each_frame_behind_a_topic_is_a_payload(void **state)
{
    const struct endpoint_ledger *ledger;

    (void)state;
    set_format("{topic} {message}");
    open_both();
    send_frames("t", "one", "", "{\"message\":\"three\"}\n{\"message\":\"four\"}", "five", NULL);
    send_text("alone");
    run_until_accepted(6);
    ledger = endpoint_ledger(t.endpoint);
    assert_string_equal(t.output, "t one\nt -\nt three\nt four\nt five\n- alone\n");
    assert_int_equal(ledger->messages, 2);
    assert_int_equal(ledger->received, 6);
    assert_true(endpoint_ledger_balances(ledger));
}

static void the_header_of_cmdp_is_no_entry(void **state)
{
    (void)state;
    set_format("{topic} {message}");
    open_both();
    send_frames("LOG/INFO",
                "\xa5"
                "CMDP\x01\xa4node",
                "it is on", NULL);
    send_frames("LOG/INFO", "node", "it is on", NULL);
    run_until_accepted(3);
    assert_string_equal(t.output, "LOG/INFO it is on\nLOG/INFO node\nLOG/INFO it is on\n");
}

static void a_rule_that_is_written_holds(void **state)
{
    (void)state;
    t.conf.frames = CONF_FRAMES_PAYLOAD;
    open_both();
    send_frames("one", "two", NULL);
    send_text("three");
    run_until_accepted(3);
    assert_string_equal(t.output, "one\ntwo\nthree\n");
}

static void a_key_is_a_field(void **state)
{
    (void)state;
    set_format("{topic} {message}{fields}");
    t.conf.frames = CONF_FRAMES_TOPIC_KEY;
    open_both();
    send_frames("t", "a b", "{\"message\":\"one\",\"x\":1}", "two", NULL);
    send_frames("t", "", "none", NULL);
    run_until_accepted(3);
    assert_string_equal(t.output, "t one x=\"1\" key=\"a\\x20b\"\nt two key=\"a\\x20b\"\nt none\n");
}

static void what_a_rule_does_not_know_is_refused_as_one_entry(void **state)
{
    const struct endpoint_ledger *ledger;

    (void)state;
    t.conf.frames = CONF_FRAMES_TOPIC_KEY;
    open_both();
    send_text("{}\n{}\n");
    send_frames("topic", "key", NULL);
    send_frames("topic", "key", "good", NULL);
    run_until_accepted(1);
    ledger = endpoint_ledger(t.endpoint);
    assert_string_equal(t.output, "good\n");
    assert_int_equal(ledger->refused[REFUSE_FRAMES], 2);
    assert_int_equal(ledger->received, 3);
    assert_int_equal(ledger->messages, 3);
    assert_true(endpoint_ledger_balances(ledger));
}

static void a_text_past_max_entry_is_cut_and_counted(void **state)
{
    static char bytes[MAX_ENTRY + 1];

    (void)state;
    open_both();
    memset(bytes, 'x', sizeof bytes);
    send_bytes(bytes, MAX_ENTRY, 0);
    run_until_accepted(1);
    assert_int_equal(endpoint_ledger(t.endpoint)->cut, 0);
    assert_int_equal(t.output_len, MAX_ENTRY + 1);
    send_bytes(bytes, MAX_ENTRY + 1, 0);
    run_until_accepted(2);
    assert_int_equal(endpoint_ledger(t.endpoint)->cut, 1);
}

static void max_message_fits_and_a_longer_one_costs_its_connection(void **state)
{
    static char bytes[MAX_MESSAGE + 1];
    void *greedy;

    (void)state;
    open_both();
    memset(bytes, 'x', sizeof bytes);
    send_bytes(bytes, MAX_MESSAGE, 0);
    run_until_accepted(1);
    greedy = new_client(t.address);
    assert_int_equal(zmq_send(greedy, bytes, sizeof bytes, 0), sizeof bytes);
    send_text("others go on");
    run_until_accepted(2);
    assert_non_null(strstr(t.output, "others go on\n"));
    zmq_close(greedy);
    assert_int_equal(endpoint_messages(t.endpoint), 2);
}

/* ---- addresses ------------------------------------------------------------------------------ */

static void over_ipc_with_a_mode_of_its_own(void **state)
{
    struct stat st;
    char path[80];

    (void)state;
    strcpy(t.folder, "/tmp/endpoint-XXXXXX");
    assert_non_null(mkdtemp(t.folder));
    snprintf(path, sizeof path, "%s/ingest", t.folder);
    snprintf(t.address, sizeof t.address, "ipc://%s", path);
    t.bind[0] = strdup(t.address);
    open_both();
    assert_string_equal(t.address, t.bind[0]);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    send_text("over ipc");
    run_until_accepted(1);
    assert_string_equal(t.output, "over ipc\n");
    stop_endpoint();
    assert_int_equal(stat(path, &st), -1);
    assert_int_equal(rmdir(t.folder), 0);
    free(t.bind[0]);
}

static void an_endpoint_may_bind_twice_and_connect_as_well(void **state)
{
    void *pusher = zmq_socket(t.shared.zmq, ZMQ_PUSH);
    char address[64], both[128];
    size_t size = sizeof address;
    int linger = 0;

    (void)state;
    zmq_setsockopt(pusher, ZMQ_LINGER, &linger, sizeof linger);
    assert_int_equal(zmq_bind(pusher, "tcp://127.0.0.1:*"), 0);
    zmq_getsockopt(pusher, ZMQ_LAST_ENDPOINT, address, &size);
    t.bind[1] = t.bind[0];
    t.conf.bind.count = 2;
    t.connect[0] = address;
    t.conf.connect.count = 1;
    open_endpoint();
    assert_string_equal(endpoint_name(t.endpoint), "apps");
    endpoint_addresses(t.endpoint, both, sizeof both);
    assert_non_null(strstr(both, address));
    assert_int_equal(strspn(both, "tcp://127.0.0.1:23456789 "), strlen(both));
    assert_ptr_not_equal(strchr(both, ' '), strrchr(both, ' '));

    assert_int_equal(zmq_send(pusher, "connected", 9, 0), 9);
    run_until_accepted(1);
    *strrchr(both, ' ') = '\0';
    t.client = new_client(strchr(both, ' ') + 1);
    send_text("second");
    run_until_accepted(2);
    assert_string_equal(t.output, "connected\nsecond\n");
    zmq_close(pusher);
}

static int handshake_ms(void)
{
    int ms = -1;
    size_t ms_bytes = sizeof ms;

    zmq_getsockopt(t.endpoint->socket, ZMQ_HANDSHAKE_IVL, &ms, &ms_bytes);
    return ms;
}

/* The gate has it for those that connect to us. */
static void libzmq_has_a_time_for_the_handshake_of_those_that_we_connect_to(void **state)
{
    char address[] = "tcp://127.0.0.1:9";

    (void)state;
    open_endpoint();
    assert_int_equal(handshake_ms(), 0);
    endpoint_stop(t.endpoint);
    uv_run(&t.loop, UV_RUN_NOWAIT);
    endpoint_free(&t.endpoint);
    t.conf.bind.count = 0;
    t.connect[0] = address;
    t.conf.connect.count = 1;
    open_endpoint();
    assert_int_equal(handshake_ms(), 30 * 1000);
}

static void addresses_that_do_not_fit_are_cut(void **state)
{
    char text[16];

    (void)state;
    open_both();
    memset(text, '#', sizeof text);
    assert_ptr_equal(endpoint_addresses(t.endpoint, text, 12), text);
    assert_string_equal(text, "tcp://127.0");
    assert_int_equal(text[12], '#');
}

static unsigned open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static void one_bad_address_leaves_nothing_open(void **state)
{
    static char busy[128], wrong[] = "carrier://pigeon", good[] = "tcp://127.0.0.1:0";
    struct endpoint_shared shared = t.shared;
    const void *setting;
    struct err err;
    unsigned descriptors;

    (void)state;
    open_endpoint();
    endpoint_addresses(t.endpoint, busy, sizeof busy);
    t.bind[0] = good;
    t.conf.bind.count = 2;
    t.shared.zmq = zmq_ctx_new();
    zmq_close(zmq_socket(t.shared.zmq, ZMQ_PULL)); /* what a context opens, it opens at once */
    descriptors = open_descriptors();

    t.bind[1] = busy;
    assert_null(try_open(&setting, &err));
    assert_ptr_equal(setting, busy);
    assert_non_null(strstr(err.text, "use"));
    t.bind[1] = wrong;
    assert_null(try_open(&setting, &err));
    assert_ptr_equal(setting, wrong);
    t.conf.bind.count = 1;
    t.conf.connect.count = 1;
    t.connect[0] = wrong;
    assert_null(try_open(&setting, &err));
    assert_ptr_equal(setting, wrong);

    turn_idly();
    zmq_ctx_term(t.shared.zmq); /* every socket is closed, or this would hang */
    t.shared = shared;
    assert_true(open_descriptors() <= descriptors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_pushed_comes_out_in_order),
        TEST(a_message_of_nothing_is_an_entry),
        TEST(a_batch_is_many_entries_of_one_message),
        TEST(the_first_of_two_frames_is_the_topic),
        TEST(each_frame_behind_a_topic_is_a_payload),
        TEST(the_header_of_cmdp_is_no_entry),
        TEST(a_rule_that_is_written_holds),
        TEST(a_key_is_a_field),
        TEST(what_a_rule_does_not_know_is_refused_as_one_entry),
        TEST(a_text_past_max_entry_is_cut_and_counted),
        TEST(max_message_fits_and_a_longer_one_costs_its_connection),
        TEST(over_ipc_with_a_mode_of_its_own),
        TEST(an_endpoint_may_bind_twice_and_connect_as_well),
        TEST(libzmq_has_a_time_for_the_handshake_of_those_that_we_connect_to),
        TEST(addresses_that_do_not_fit_are_cut),
        TEST(one_bad_address_leaves_nothing_open),
    };

    return cmocka_run_group_tests(tests, begin_gate, NULL);
}
