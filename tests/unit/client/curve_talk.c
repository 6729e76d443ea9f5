/* Both sides talk to each other, as RFC 26 has it; whoever has another key, or changes a byte, is
 * refused. That libzmq talks to either side is in tests/story/test_probe.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The client's objects hold a main and are not linked into tests. */
#include "client/curve_talk.c"
#include "client/zmtp_gather.c"

static const char properties[] = "\13Socket-Type\0\0\0\4PUSH";
enum { PROPERTIES_LEN = sizeof properties - 1 };

struct sides {
    struct curve_self client_self, server_self;
    struct curve_talk client, server;
    unsigned char hello[CURVE_HELLO_LEN], welcome[CURVE_WELCOME_LEN];
    unsigned char initiate[CURVE_INITIATE_HEAD + PROPERTIES_LEN];
    unsigned char ready[CURVE_READY_HEAD + PROPERTIES_LEN];
    unsigned char got[CURVE_PROPERTIES_MAX];
    size_t got_len;
    struct err err;
};

static struct sides t;

static int begin(void **state)
{
    (void)state;
    t = (struct sides){.server_self = {.is_server = true}};
    assert_int_equal(curve_pair_make(&t.client_self.pair, &t.err), 0);
    assert_int_equal(curve_pair_make(&t.server_self.pair, &t.err), 0);
    t.client_self.server = t.server_self.pair.public_key;
    curve_talk_begin(&t.client, &t.client_self);
    curve_talk_begin(&t.server, &t.server_self);
    return 0;
}

static int welcome(void)
{
    curve_talk_hello(&t.client, t.hello);
    return curve_talk_welcome(&t.server, t.hello, sizeof t.hello, t.welcome, &t.err);
}

static int initiate(void)
{
    return curve_talk_initiate(&t.client, t.welcome, sizeof t.welcome, properties, PROPERTIES_LEN,
                               t.initiate, &t.err);
}

static int accept_client(void)
{
    return curve_talk_accept(&t.server, t.initiate, sizeof t.initiate, t.got, &t.got_len, &t.err);
}

static int take_ready(void)
{
    return curve_talk_take_ready(&t.client, t.ready, sizeof t.ready, t.got, &t.got_len, &t.err);
}

static void shake_hands(void)
{
    assert_int_equal(welcome(), 0);
    assert_int_equal(initiate(), 0);
    assert_int_equal(accept_client(), 0);
    curve_talk_ready(&t.server, properties, PROPERTIES_LEN, t.ready);
    assert_int_equal(take_ready(), 0);
}

static void expect_refusal(int result, const char *sentence)
{
    assert_int_equal(result, -1);
    if (!strstr(t.err.text, sentence))
        fail_msg("%s", t.err.text);
}

static void each_learns_who_the_other_is(void **state)
{
    (void)state;
    assert_int_equal(welcome(), 0);
    assert_int_equal(initiate(), 0);
    assert_false(t.server.is_open);
    assert_int_equal(accept_client(), 0);
    assert_true(t.server.is_open);
    assert_true(curve_key_is_same(&t.server.peer, &t.client_self.pair.public_key));
    assert_int_equal(t.got_len, PROPERTIES_LEN);
    assert_memory_equal(t.got, properties, PROPERTIES_LEN);
    memset(t.got, 0, sizeof t.got);
    curve_talk_ready(&t.server, properties, PROPERTIES_LEN, t.ready);
    assert_int_equal(take_ready(), 0);
    assert_true(t.client.is_open);
    assert_memory_equal(t.got, properties, PROPERTIES_LEN);
}

static void boxes_go_both_ways_and_none_twice(void **state)
{
    static const size_t lengths[] = {0, 1, 200, 5000};
    static unsigned char body[5000], sealed[5000 + CURVE_SEAL_EXTRA], again[sizeof sealed];
    struct curve_talk *from = &t.client, *to = &t.server;

    (void)state;
    shake_hands();
    memset(body, 'b', sizeof body);
    for (size_t i = 0; i < 2 * sizeof lengths / sizeof lengths[0]; i++) {
        size_t len = lengths[i / 2], sealed_len = len + CURVE_SEAL_EXTRA, opened_len;
        unsigned char *opened;
        unsigned flags;

        curve_talk_seal(from, CURVE_MORE, body, len, sealed);
        memcpy(again, sealed, sealed_len);
        assert_int_equal(
            curve_talk_open(to, sealed, sealed_len, &flags, &opened, &opened_len, &t.err), 0);
        assert_int_equal(flags, CURVE_MORE);
        assert_int_equal(opened_len, len);
        assert_memory_equal(opened, body, len);
        expect_refusal(curve_talk_open(to, again, sealed_len, &flags, &opened, &opened_len, &t.err),
                       "does not open");
        from = from == &t.client ? &t.server : &t.client;
        to = to == &t.client ? &t.server : &t.client;
    }
}

static void another_server_is_refused_and_another_client_too(void **state)
{
    struct curve_pair other;

    (void)state;
    assert_int_equal(curve_pair_make(&other, &t.err), 0);
    t.client_self.server = other.public_key;
    expect_refusal(welcome(), "another key than that of --key");
    begin(NULL);
    t.client_self.pair.public_key = other.public_key; /* whose secret it does not have */
    assert_int_equal(welcome(), 0);
    assert_int_equal(initiate(), 0);
    expect_refusal(accept_client(), "prove that its key is its own");
}

/* Each byte of each command but those that nobody looks at: names, versions and padding. */
static void a_byte_that_was_changed_is_refused(void **state)
{
    (void)state;
    for (size_t i = HELLO_KEY; i < CURVE_HELLO_LEN; i++) {
        begin(NULL);
        curve_talk_hello(&t.client, t.hello);
        t.hello[i] ^= 1;
        expect_refusal(curve_talk_welcome(&t.server, t.hello, sizeof t.hello, t.welcome, &t.err),
                       "");
    }
    for (size_t i = 8; i < CURVE_WELCOME_LEN; i += 7) {
        begin(NULL);
        assert_int_equal(welcome(), 0);
        t.welcome[i] ^= 1;
        expect_refusal(initiate(), "does not have the key of --server-key");
    }
    for (size_t i = 9; i < sizeof t.initiate; i += 7) {
        begin(NULL);
        assert_int_equal(welcome(), 0);
        assert_int_equal(initiate(), 0);
        t.initiate[i] ^= 1;
        expect_refusal(accept_client(), "");
    }
}

static void what_is_too_short_or_too_long_is_refused(void **state)
{
    static unsigned char bytes[4096], out[4096];
    unsigned char *body;
    unsigned flags;
    size_t len;

    (void)state;
    shake_hands();
    for (size_t i = 0; i < sizeof bytes; i++) {
        assert_int_equal(curve_talk_welcome(&t.server, bytes, i, out, &t.err), -1);
        assert_int_equal(curve_talk_accept(&t.server, bytes, i, out, &len, &t.err), -1);
        assert_int_equal(curve_talk_take_ready(&t.client, bytes, i, out, &len, &t.err), -1);
        assert_int_equal(
            curve_talk_initiate(&t.client, bytes, i, properties, PROPERTIES_LEN, out, &t.err), -1);
        assert_int_equal(curve_talk_open(&t.client, bytes, i, &flags, &body, &len, &t.err), -1);
    }
}

/* ---- whole frames ---------------------------------------------------------------------------- */

static void frames_are_gathered_from_any_pieces(void **state)
{
    static const unsigned char stream[] = {0, 3, 'o', 'n', 'e', 4, 0, 2,   0,
                                           0, 0, 0,   0,   0,   0, 2, 'x', 'y'};
    static unsigned char body[ZMTP_GATHER_MAX];

    (void)state;
    for (size_t piece = 1; piece <= sizeof stream; piece++) {
        struct zmtp_gather gather = {.body = body};
        size_t lens[3], frames = 0;

        for (size_t at = 0; at < sizeof stream;) {
            size_t left = sizeof stream - at;

            at += zmtp_gather_feed(&gather, stream + at, left < piece ? left : piece);
            if (gather.is_whole)
                lens[frames++] = gather.len;
        }
        assert_int_equal(frames, 3);
        assert_true(lens[0] == 3 && lens[1] == 0 && lens[2] == 2);
        assert_memory_equal(body, "xye", 3);
    }
}

static void a_frame_beyond_what_is_gathered_is_told_by_its_header(void **state)
{
    static const unsigned char head[] = {2, 0, 0, 0, 0, 0, 4, 0, 34};
    struct zmtp_gather gather = {.body = NULL};

    (void)state;
    zmtp_gather_feed(&gather, head, sizeof head);
    assert_true(gather.is_too_long);
    assert_int_equal(gather.len, ZMTP_GATHER_MAX + 1);
}

#define TALK_TEST(function) cmocka_unit_test_setup(function, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK_TEST(each_learns_who_the_other_is),
        TALK_TEST(boxes_go_both_ways_and_none_twice),
        TALK_TEST(another_server_is_refused_and_another_client_too),
        TALK_TEST(a_byte_that_was_changed_is_refused),
        TALK_TEST(what_is_too_short_or_too_long_is_refused),
        cmocka_unit_test(frames_are_gathered_from_any_pieces),
        cmocka_unit_test(a_frame_beyond_what_is_gathered_is_told_by_its_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
