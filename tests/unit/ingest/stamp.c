/* stamp.c - what an endpoint adds to entries, with clients that are real, over tcp and a socket
 * file. The gate is off here, so ZeroMQ's word alone tells them apart. */
#include "ingest/stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/must.h"

enum { FIELDS = 32, DESCRIPTORS = 256, PATIENCE_MS = 20000 };

static struct {
    struct budget budget;
    struct message_pool *messages;
    struct entry_pool *entries;
    struct peers *peers;
    struct conf_pair pairs[CONF_FIELDS_MAX];
    struct conf_ingest conf;
    struct stamp stamp;
    void *zmq, *socket;
    zmq_msg_t frame; /* the last one received */
    struct message *message;
    struct entry *entry;
} t;

static int begin(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    budget_init(&t.budget, SIZE_MAX);
    t.messages = message_pool_new(&t.budget, 65536, 1, NULL);
    t.entries = entry_pool_new(&t.budget, FIELDS, 1, NULL);
    t.peers = peers_new(DESCRIPTORS, NULL);
    t.conf.fields.items = t.pairs;
    t.zmq = zmq_ctx_new();
    t.socket = zmq_socket(t.zmq, ZMQ_PULL);
    zmq_msg_init(&t.frame);
    return t.messages && t.entries && t.peers && t.socket ? 0 : -1;
}

static void drop_message(void)
{
    if (t.message) {
        message_return(t.message);
        entry_return(t.entries, t.entry);
    }
    t.message = NULL;
}

static int end(void **state)
{
    (void)state;
    drop_message();
    zmq_msg_close(&t.frame);
    zmq_close(t.socket);
    zmq_ctx_term(t.zmq);
    peers_free(&t.peers);
    entry_pool_free(&t.entries);
    message_pool_free(&t.messages);
    budget_fini(&t.budget);
    return 0;
}

static void add(const char *name, const char *value)
{
    t.pairs[t.conf.fields.count++] =
        (struct conf_pair){(char *)(uintptr_t)name, (char *)(uintptr_t)value};
}

/* ---- clients ------------------------------------------------------------------------------- */

static void listen_at(const char *address, char shown[128])
{
    size_t size = 128;

    assert_int_equal(zmq_bind(t.socket, address), 0);
    assert_int_equal(zmq_getsockopt(t.socket, ZMQ_LAST_ENDPOINT, shown, &size), 0);
}

static void *client_of(const char *address)
{
    void *client = zmq_socket(t.zmq, ZMQ_PUSH);
    int timeout_ms = PATIENCE_MS;

    assert_int_equal(zmq_setsockopt(client, ZMQ_SNDTIMEO, &timeout_ms, sizeof timeout_ms), 0);
    assert_int_equal(zmq_connect(client, address), 0);
    return client;
}

static void receive_from(void *client)
{
    int timeout_ms = PATIENCE_MS;

    assert_int_equal(zmq_setsockopt(t.socket, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms), 0);
    assert_int_equal(zmq_send(client, "x", 1, 0), 1);
    assert_int_equal(zmq_msg_recv(&t.frame, t.socket, 0), 1);
}

/* ---- messages and entries -------------------------------------------------------------------- */

/* A message with what the stamp adds, and its first entry, which is not stamped yet. */
static void begin_message(const char *payload)
{
    struct message_parts parts = {
        .payload = {payload, strlen(payload)},
        .added = stamp_message(&t.stamp, &t.frame),
    };

    drop_message();
    t.message = message_take(t.messages, &parts);
    t.entry = entry_take(t.entries);
    assert_true(t.message && t.entry);
    entry_reset(t.entry, t.message);
}

static const char *text_of(struct span span)
{
    static char texts[4][128];
    static unsigned next;
    char *text = texts[next++ % 4];

    snprintf(text, sizeof texts[0], "%.*s", (int)span.len, t.message->bytes + span.offset);
    return text;
}

/* A part of the payload as a span; words are told apart. */
static struct span word(const char *word)
{
    const char *at = strstr(t.message->bytes, word);

    assert_non_null(at);
    return span_scan(t.message->bytes, (uint32_t)(at - t.message->bytes), (uint32_t)strlen(word));
}

static void check_fields(const char *const wanted[][2], unsigned count)
{
    assert_int_equal(t.entry->field_count, count);
    for (unsigned i = 0; i < count; i++) {
        assert_string_equal(text_of(t.entry->fields[i].key), wanted[i][0]);
        assert_string_equal(text_of(t.entry->fields[i].value), wanted[i][1]);
    }
}

/* ---- fields ------------------------------------------------------------------------------------
 */

static void a_stamp_that_nobody_asks_for_is_not_in_use(void **state)
{
    (void)state;
    stamp_init(&t.stamp, &t.conf, NULL);
    assert_false(t.stamp.in_use);
    assert_int_equal(stamp_message(&t.stamp, &t.frame).len, 0);
    stamp_init(&t.stamp, &t.conf, t.peers);
    assert_true(t.stamp.in_use);
}

static void fields_are_added_behind_the_clients_where_it_has_none_of_the_name(void **state)
{
    static const char *const wanted[][2] = {{"dc", "mine"}, {"env", "prod"}, {"odd", "a \"b\"\n"}};

    (void)state;
    add("env", "prod");
    add("dc", "ours");
    add("odd", "a \"b\"\n");
    stamp_init(&t.stamp, &t.conf, NULL);
    assert_true(t.stamp.in_use);
    begin_message("dc mine");
    entry_add_field(t.entry, word("dc"), word("mine"));
    stamp_entry(&t.stamp, t.message, t.entry);
    check_fields(wanted, 3);
    assert_true(t.entry->fields[1].value.solid && t.entry->fields[1].value.quoteless);
    assert_false(t.entry->fields[2].value.clean || t.entry->fields[2].value.quoteless);
    assert_int_equal(t.entry->origin.seq + t.entry->origin.peer.len, 0);
}

static void all_that_may_be_configured_fits(void **state)
{
    static char names[CONF_FIELDS_MAX][CONF_FIELD_NAME_MAX + 1];
    static char value[CONF_FIELD_VALUE_MAX + 1];

    (void)state;
    memset(value, 'v', CONF_FIELD_VALUE_MAX);
    for (unsigned i = 0; i < CONF_FIELDS_MAX; i++) {
        memset(names[i], 'a' + (int)i, CONF_FIELD_NAME_MAX);
        add(names[i], value);
    }
    t.conf.host = CONF_HOST_PEER;
    stamp_init(&t.stamp, &t.conf, t.peers);
    begin_message("x");
    stamp_entry(&t.stamp, t.message, t.entry);
    assert_int_equal(t.entry->field_count, CONF_FIELDS_MAX);
    assert_string_equal(text_of(t.entry->fields[15].key), names[15]);
    assert_string_equal(text_of(t.entry->fields[15].value), value);
}

/* ---- peers and numbers -------------------------------------------------------------------------
 */

static void entries_of_each_client_are_numbered_over_its_messages(void **state)
{
    char tcp[128], file[] = "ipc:///tmp/logboom-stamp-XXXXXX", ipc[128], wanted[64];
    void *one, *two;

    (void)state;
    assert_int_equal(close(mkstemp(file + strlen("ipc://"))), 0);
    listen_at("tcp://127.0.0.1:*", tcp);
    listen_at(file, ipc);
    stamp_init(&t.stamp, &t.conf, t.peers);
    one = client_of(tcp);
    two = client_of(ipc);
    for (unsigned round = 0; round < 3; round++) {
        receive_from(one);
        begin_message("a\nb");
        for (unsigned i = 1; i <= 2; i++) {
            entry_reset(t.entry, t.message);
            stamp_entry(&t.stamp, t.message, t.entry);
            assert_int_equal(t.entry->origin.seq, 2 * round + i);
            assert_string_equal(text_of(t.entry->origin.peer), "127.0.0.1");
            assert_int_equal(t.entry->origin.uid.len, 0);
        }
        receive_from(two);
        begin_message("a");
        stamp_entry(&t.stamp, t.message, t.entry);
        assert_int_equal(t.entry->origin.seq, round + 1);
        snprintf(wanted, sizeof wanted, "uid:%u,pid:%d", getuid(), getpid());
        assert_string_equal(text_of(t.entry->origin.peer), wanted);
        snprintf(wanted, sizeof wanted, "%u", getuid());
        assert_string_equal(text_of(t.entry->origin.uid), wanted);
    }
    zmq_close(one);
    zmq_close(two);
    unlink(file + strlen("ipc://"));
}

/* Its row is somebody else's while its message is parked. */
static void a_client_that_left_takes_no_numbers_from_the_next(void **state)
{
    char address[128];
    void *client;
    struct peer *row;

    (void)state;
    listen_at("tcp://127.0.0.1:*", address);
    stamp_init(&t.stamp, &t.conf, t.peers);
    client = client_of(address);
    receive_from(client);
    begin_message("a\nb");
    stamp_entry(&t.stamp, t.message, t.entry);
    row = peers_find(t.peers, &t.frame, false);
    row->client += 1000;
    row->entries = 50;
    entry_reset(t.entry, t.message);
    stamp_entry(&t.stamp, t.message, t.entry);
    assert_int_equal(t.entry->origin.seq, 2);
    assert_int_equal(row->entries, 50);
    zmq_close(client);
}

/* ---- host: peer
 * ---------------------------------------------------------------------------------- */

static void the_peer_is_the_host_and_what_the_client_says_is_a_field(void **state)
{
    static const char *const wanted[][2] = {{"host.2", "null"}, {"n", "1"}, {"host.3", "web9"}};
    char address[128];
    void *client;

    (void)state;
    t.conf.host = CONF_HOST_PEER;
    listen_at("tcp://127.0.0.1:*", address);
    stamp_init(&t.stamp, &t.conf, t.peers);
    client = client_of(address);
    receive_from(client);
    begin_message("host null n 1 web9");
    t.entry->host = word("web9");
    entry_add_field(t.entry, word("host"), word("null"));
    entry_add_field(t.entry, word("n"), word("1"));
    stamp_entry(&t.stamp, t.message, t.entry);
    assert_string_equal(text_of(t.entry->host), "127.0.0.1");
    assert_true(t.entry->host.solid && t.entry->host.quoteless && !t.entry->host.literal);
    check_fields(wanted, 3);
    zmq_close(client);
}

static void who_sends_over_a_socket_file_is_this_host(void **state)
{
    char file[] = "ipc:///tmp/logboom-stamp-XXXXXX", address[128], own[OWN_HOST_ROOM];
    void *client;

    (void)state;
    assert_int_equal(close(mkstemp(file + strlen("ipc://"))), 0);
    t.conf.host = CONF_HOST_PEER;
    listen_at(file, address);
    stamp_init(&t.stamp, &t.conf, t.peers);
    client = client_of(address);
    receive_from(client);
    begin_message("x");
    stamp_entry(&t.stamp, t.message, t.entry);
    own_host(own);
    assert_string_equal(text_of(t.entry->host), own);
    assert_int_equal(t.entry->field_count, 0);
    zmq_close(client);
    unlink(file + strlen("ipc://"));
}

/* Nobody's word counts then. */
static void a_peer_that_is_not_known_is_no_host(void **state)
{
    (void)state;
    t.conf.host = CONF_HOST_PEER;
    stamp_init(&t.stamp, &t.conf, t.peers);
    begin_message("liar");
    t.entry->host = word("liar");
    stamp_entry(&t.stamp, t.message, t.entry);
    assert_int_equal(t.entry->host.len, 0);
    assert_int_equal(t.entry->origin.seq, 0);
    assert_string_equal(text_of(t.entry->fields[0].key), "host.2");
    assert_string_equal(text_of(t.entry->fields[0].value), "liar");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_stamp_that_nobody_asks_for_is_not_in_use),
        TEST(fields_are_added_behind_the_clients_where_it_has_none_of_the_name),
        TEST(all_that_may_be_configured_fits),
        TEST(entries_of_each_client_are_numbered_over_its_messages),
        TEST(a_client_that_left_takes_no_numbers_from_the_next),
        TEST(the_peer_is_the_host_and_what_the_client_says_is_a_field),
        TEST(who_sends_over_a_socket_file_is_this_host),
        TEST(a_peer_that_is_not_known_is_no_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
