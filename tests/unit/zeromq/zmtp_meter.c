/* The meter on recorded streams: however they are cut into pieces, it says the same, and the
 * same as the model that sees all of them at once. */
#include "zeromq/zmtp_meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/dice.h"
#include "tests/unit/zeromq/zmtp_model.h"
#include "tests/unit/zeromq/zmtp_stream.h"

static const struct zmtp_limits limits = {.max_message = 1000, .max_frames = 4};

struct answer {
    struct zmtp_meter meter;
    size_t followed;
};

static void feed(struct answer *answer, const uint8_t *bytes, size_t len)
{
    answer->followed += zmtp_meter_feed(&answer->meter, bytes, len, &limits);
}

static struct answer whole(const struct stream *stream)
{
    struct answer answer = {.followed = 0};

    zmtp_meter_init(&answer.meter);
    feed(&answer, stream->bytes, stream->len);
    return answer;
}

static void assert_same(const struct answer *answer, const struct stream *stream, size_t at)
{
    struct zmtp_model model = zmtp_model_of(stream->bytes, stream->len, &limits);

    if (!zmtp_model_agrees(&model, &answer->meter, answer->followed))
        fail_msg("cut at %zu: charged %llu for %llu, complete %llu for %llu, messages %llu for "
                 "%llu, verdict %d for %d, followed %zu for %zu",
                 at, (unsigned long long)answer->meter.charged, (unsigned long long)model.charged,
                 (unsigned long long)answer->meter.complete, (unsigned long long)model.complete,
                 (unsigned long long)answer->meter.message_count,
                 (unsigned long long)model.message_count, answer->meter.verdict, model.verdict,
                 answer->followed, model.followed);
}

static void assert_same_in_two_pieces(const struct stream *stream, size_t at)
{
    struct answer answer = {.followed = 0};

    zmtp_meter_init(&answer.meter);
    feed(&answer, stream->bytes, at);
    feed(&answer, stream->bytes + at, stream->len - at);
    assert_same(&answer, stream, at);
}

/* After each byte it is what the model says of the bytes so far. */
static void assert_same_byte_by_byte(const struct stream *stream)
{
    struct answer answer = {.followed = 0};
    struct stream sofar = *stream;

    zmtp_meter_init(&answer.meter);
    for (sofar.len = 0; sofar.len < stream->len;) {
        feed(&answer, stream->bytes + sofar.len, 1);
        sofar.len++;
        assert_same(&answer, &sofar, sofar.len);
    }
}

static void assert_same_in_any_pieces(const struct stream *stream)
{
    for (size_t at = 0; at <= stream->len; at++)
        assert_same_in_two_pieces(stream, at);
    assert_same_byte_by_byte(stream);
}

/* ---- recorded streams ---------------------------------------------------------------------- */

static void the_handshake_costs_nothing(void **state)
{
    struct stream stream = stream_after_handshake();
    struct answer answer = whole(&stream);

    (void)state;
    assert_int_equal(answer.meter.charged, 0);
    assert_int_equal(answer.meter.handshakes_to_go, 0);
    assert_int_equal(answer.meter.message_count, 0);
    assert_same_in_any_pieces(&stream);
}

static void frames_are_charged_by_their_length(void **state)
{
    static const struct {
        unsigned len;
        uint64_t charge;
    } cases[] = {{0, 64}, {1, 64}, {33, 64}, {34, 162}, {255, 383}, {256, 384}, {1000, 1128}};

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stream stream = stream_after_handshake();
        struct answer answer;

        stream_frame(&stream, 0, cases[i].len);
        answer = whole(&stream);
        assert_int_equal(answer.meter.charged, cases[i].charge);
        assert_int_equal(answer.meter.complete, cases[i].charge);
        assert_int_equal(answer.meter.message_count, 1);
        assert_same_in_any_pieces(&stream);
    }
}

static void a_frame_is_charged_whole_when_its_header_is_there(void **state)
{
    struct stream stream = stream_after_handshake();
    struct answer answer;

    (void)state;
    stream_frame(&stream, 0, 300);
    stream.len -= 300;
    answer = whole(&stream);
    assert_int_equal(answer.meter.charged, zmtp_frame_charge(300));
    assert_int_equal(answer.meter.complete, 0);
    assert_int_equal(answer.meter.body_left, 300);
    assert_true(zmtp_meter_is_inside(&answer.meter));
    stream.len--; /* of the header */
    answer = whole(&stream);
    assert_int_equal(answer.meter.charged, 0);
    assert_false(zmtp_meter_is_inside(&answer.meter));
}

static void a_message_is_complete_with_its_last_frame(void **state)
{
    struct stream stream = stream_after_handshake();
    struct answer answer;

    (void)state;
    stream_frame(&stream, MORE, 5);
    stream_frame(&stream, MORE | LONG, 7); /* a short one in the long form */
    answer = whole(&stream);
    assert_int_equal(answer.meter.charged, 2 * 64);
    assert_int_equal(answer.meter.complete, 0);
    stream_frame(&stream, 0, 0);
    answer = whole(&stream);
    assert_int_equal(answer.meter.complete, 3 * 64);
    assert_int_equal(answer.meter.message_count, 1);
    assert_same_in_any_pieces(&stream);
}

static void mechanisms_other_than_null_have_two_handshakes(void **state)
{
    struct stream stream = {.len = 0};
    struct answer answer;

    (void)state;
    stream_greeting(&stream, "CURVE");
    stream_command(&stream, 0, "HELLO", 190);
    stream_command(&stream, 0, "INITIATE", 300);
    stream_frame(&stream, 0, 40);
    answer = whole(&stream);
    assert_int_equal(answer.meter.charged, zmtp_frame_charge(40));
    assert_int_equal(answer.meter.message_count, 1);
    assert_same_in_any_pieces(&stream);
}

/* The server that we connect to does not know our key: that is no end of a handshake. */
static void an_error_is_no_step_of_an_encrypted_handshake(void **state)
{
    struct stream stream = {.len = 0};

    (void)state;
    stream_greeting(&stream, "CURVE");
    stream_command(&stream, 0, "WELCOME", 168);
    stream_command(&stream, 0, "ERROR", 10);
    assert_int_equal(whole(&stream).meter.handshakes_to_go, 1);
    assert_int_equal(whole(&stream).meter.charged, 0);
    stream_command(&stream, 0, "READY", 30);
    assert_int_equal(whole(&stream).meter.handshakes_to_go, 0);
    assert_same_in_any_pieces(&stream);
}

/* As it will be when it is decrypted; charged is what it is until then. */
static void what_was_said_is_counted_without_what_encryption_adds(void **state)
{
    static const size_t lengths[] = {0, 1, 33, 34, 200};
    struct stream stream = {.len = 0}, plain = stream_after_handshake();
    uint64_t said = 0;

    (void)state;
    stream_curve_handshake(&stream);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        stream_encrypted(&stream, lengths[i]);
        stream_frame(&plain, 0, lengths[i]);
        said += zmtp_frame_charge(lengths[i]);
    }
    assert_int_equal(whole(&stream).meter.said, said);
    assert_int_equal(whole(&plain).meter.said, said);
    assert_int_equal(whole(&plain).meter.charged, said);
}

/* Nobody looks at the flags outside, so neither may hide a frame from its charge. */
static void an_encrypted_frame_is_a_message_of_its_own_whatever_its_flags(void **state)
{
    struct stream stream = {.len = 0};
    struct answer answer;

    (void)state;
    stream_curve_handshake(&stream);
    for (unsigned flags = 0; flags < 8; flags++)
        stream_command(&stream, flags & ~COMMAND, "MESSAGE", 100);
    stream_command(&stream, 0, "SUBSCRIBE", 100);
    answer = whole(&stream);
    assert_int_equal(answer.meter.charged, 9 * zmtp_frame_charge(100));
    assert_int_equal(answer.meter.complete, answer.meter.charged);
    assert_int_equal(answer.meter.message_count, 9);
    assert_same_in_any_pieces(&stream);
}

/* libzmq looks for READY, and not at the mark of a command. */
static void a_handshake_needs_no_mark(void **state)
{
    struct stream stream = {.len = 0};
    struct answer answer;

    (void)state;
    stream_greeting(&stream, "NULL");
    stream_frame(&stream, MORE, 27);
    stream_frame(&stream, 0, 5);
    answer = whole(&stream);
    assert_int_equal(answer.meter.handshakes_to_go, 0);
    assert_int_equal(answer.meter.charged, 64);
    assert_int_equal(answer.meter.message_count, 1);
    assert_same_in_any_pieces(&stream);
}

/* ---- commands ---------------------------------------------------------------------------------
 */

/* What a message of two frames is charged for, with this between them. */
static struct answer between_two_frames(unsigned flags, const char *name, size_t body_bytes)
{
    struct stream stream = stream_after_handshake();

    stream_frame(&stream, MORE, 100);
    stream_command(&stream, flags, name, body_bytes);
    stream_frame(&stream, 0, 100);
    assert_same_in_any_pieces(&stream);
    return whole(&stream);
}

static void commands_that_libzmq_takes_are_no_part_of_a_message(void **state)
{
    static const char *const names[] = {"PING", "PONG", "", "ABCDEFGHI", "CANCEX", "SUBSCRIBED"};

    (void)state;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct answer answer = between_two_frames(0, names[i], 60);

        assert_int_equal(answer.meter.charged, 2 * zmtp_frame_charge(100));
        assert_int_equal(answer.meter.complete, answer.meter.charged);
        assert_int_equal(answer.meter.message_count, 1);
    }
}

static void a_command_cut_off_in_its_name_is_none_that_is_passed_on(void **state)
{
    (void)state;
    for (size_t len = 0; len < 10; len++) {
        struct answer answer = between_two_frames(0, "SUBSCRIBE", len);

        assert_int_equal(answer.meter.message_count, 1);
        assert_int_equal(answer.meter.charged, 2 * zmtp_frame_charge(100));
    }
}

static void commands_that_libzmq_passes_on_are_frames(void **state)
{
    struct answer answer = between_two_frames(0, "SUBSCRIBE", 10);

    (void)state;
    assert_int_equal(answer.meter.message_count, 2);
    assert_int_equal(answer.meter.charged, 2 * zmtp_frame_charge(100) + 64);
    answer = between_two_frames(MORE, "CANCEL", 50);
    assert_int_equal(answer.meter.message_count, 1);
    assert_int_equal(answer.meter.charged, 2 * zmtp_frame_charge(100) + zmtp_frame_charge(50));
}

static void a_command_does_not_make_a_message_too_long(void **state)
{
    struct stream stream = stream_after_handshake();

    (void)state;
    for (unsigned i = 0; i < limits.max_frames; i++) {
        stream_frame(&stream, MORE, 250);
        stream_command(&stream, 0, "PING", 7);
    }
    assert_int_equal(whole(&stream).meter.verdict, ZMTP_FINE);
    assert_same_in_any_pieces(&stream);
}

/* Else it could grow for ever, with a command of nothing behind each frame. */
static void a_command_does_not_make_a_message_shorter(void **state)
{
    struct stream stream = stream_after_handshake();

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        stream_frame(&stream, MORE, 400);
        stream_command(&stream, 0, "", i);
        stream_command(&stream, 0, "ABCDEFGHI", 10);
    }
    assert_int_equal(whole(&stream).meter.verdict, ZMTP_MESSAGE_TOO_LONG);
    assert_int_equal(whole(&stream).meter.complete, 0);
    assert_same_in_any_pieces(&stream);
}

/* ---- limits ------------------------------------------------------------------------------------
 */

static void expect(const struct stream *stream, enum zmtp_verdict verdict)
{
    assert_int_equal(whole(stream).meter.verdict, verdict);
    assert_same_in_any_pieces(stream);
}

static void the_longest_message_fits_and_one_byte_more_does_not(void **state)
{
    (void)state;
    for (unsigned more = 0; more <= 1; more++) {
        struct stream one = stream_after_handshake(), three = one, split = one;

        stream_frame(&one, 0, 1000 + more);
        expect(&one, more ? ZMTP_MESSAGE_TOO_LONG : ZMTP_FINE);
        stream_frame(&three, MORE, 500);
        stream_frame(&three, MORE, 0);
        stream_frame(&three, 0, 500 + more);
        expect(&three, more ? ZMTP_MESSAGE_TOO_LONG : ZMTP_FINE);
        stream_frame(&split, 0, 1000);
        stream_frame(&split, 0, 1000); /* the next begins anew */
        expect(&split, ZMTP_FINE);
    }
}

static void so_many_frames_fit_and_one_more_does_not(void **state)
{
    struct stream stream = stream_after_handshake();

    (void)state;
    for (unsigned i = 1; i < limits.max_frames; i++)
        stream_frame(&stream, MORE, 1);
    stream_frame(&stream, 0, 1);
    for (unsigned i = 0; i < limits.max_frames; i++)
        stream_frame(&stream, MORE, 1);
    expect(&stream, ZMTP_FINE);
    stream_frame(&stream, 0, 1);
    expect(&stream, ZMTP_TOO_MANY_FRAMES);
}

static void commands_have_limits_too(void **state)
{
    struct stream ping = stream_after_handshake(), subscribe = ping;

    (void)state;
    stream_command(&ping, 0, "PING", 1000);
    expect(&ping, ZMTP_FINE);
    stream_command(&ping, 0, "PING", 1001);
    expect(&ping, ZMTP_MESSAGE_TOO_LONG);
    for (unsigned i = 0; i < limits.max_frames; i++)
        stream_command(&subscribe, MORE, "SUBSCRIBE", 20);
    expect(&subscribe, ZMTP_FINE);
    stream_command(&subscribe, MORE, "SUBSCRIBE", 20);
    expect(&subscribe, ZMTP_TOO_MANY_FRAMES);
}

/* libzmq would keep them as long as the connection lives. */
static void the_properties_of_a_handshake_are_bounded(void **state)
{
    (void)state;
    for (unsigned more = 0; more <= 1; more++) {
        struct stream stream = {.len = 0};

        stream_greeting(&stream, "NULL");
        stream_command(&stream, 0, "READY", ZMTP_HANDSHAKE_MAX + more);
        expect(&stream, more ? ZMTP_OLD : ZMTP_FINE);
    }
}

/* An absurd length must not wrap around. */
static void no_length_is_too_long_for_the_meter(void **state)
{
    struct stream stream = stream_after_handshake();

    (void)state;
    stream_frame(&stream, MORE, 1);
    stream_bytes(&stream, "\x02\xff\xff\xff\xff\xff\xff\xff\xff", 9);
    expect(&stream, ZMTP_MESSAGE_TOO_LONG);
}

static void what_follows_a_bad_header_is_not_followed(void **state)
{
    struct stream stream = stream_after_handshake();
    struct answer answer;
    size_t good;

    (void)state;
    stream_frame(&stream, 0, 10);
    good = stream.len;
    stream_frame(&stream, 0, 1001);
    answer = whole(&stream);
    assert_int_equal(answer.followed, good + 9);
    assert_int_equal(answer.meter.charged, 64);
    assert_int_equal(answer.meter.message_count, 1);
    feed(&answer, stream.bytes, stream.len);
    assert_int_equal(answer.followed, good + 9);
    assert_int_equal(answer.meter.verdict, ZMTP_MESSAGE_TOO_LONG);
}

static void greetings_of_others_are_seen_at_their_first_wrong_byte(void **state)
{
    static const struct {
        const char *bytes;
        size_t len, followed;
    } cases[] = {
        {"GET / HTTP/1.1\r\n", 16, 1},
        {"\x00\x05hello", 7, 1},
        {"\xff\0\0\0\0\0\0\0\x01\x7e\3\0NULL", 16, 10},
        {"\xff\0\0\0\0\0\0\0\x01\x7f\1\0", 12, 11}, /* ZMTP 2.0 */
        {"\xff\0\0\0\0\0\0\0\x01\x7f\0\0", 12, 11},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stream stream = {.len = 0};

        stream_bytes(&stream, cases[i].bytes, cases[i].len);
        expect(&stream, ZMTP_OLD);
        assert_int_equal(whole(&stream).followed, cases[i].followed);
    }
}

static void later_versions_are_welcome(void **state)
{
    struct stream stream = stream_after_handshake();

    (void)state;
    stream.bytes[10] = 9;
    stream_frame(&stream, 0, 5);
    expect(&stream, ZMTP_FINE);
}

/* ---- reading ahead ----------------------------------------------------------------------------
 */

/* Whoever reads only so much at a time reads all of a handshake, and nothing behind it. */
static void what_is_sure_to_be_a_handshakes_ends_with_it(void **state)
{
    static const char *const mechanisms[] = {"NULL", "CURVE"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct stream stream = {.len = 0};
        struct answer answer = {.followed = 0};
        size_t end;

        stream_greeting(&stream, mechanisms[i]);
        stream_command(&stream, 0, "READY", i ? 300 : 30);
        if (i)
            stream_command(&stream, LONG, "READY", 30);
        end = stream.len;
        stream_frame(&stream, 0, 10);
        zmtp_meter_init(&answer.meter);
        while (answer.meter.handshakes_to_go > 0) {
            size_t sure = zmtp_meter_sure_bytes(&answer.meter);

            assert_true(sure > 0 && sure <= end - answer.followed);
            feed(&answer, stream.bytes + answer.followed, sure);
        }
        assert_int_equal(answer.followed, end);
    }
}

/* ---- streaks ------------------------------------------------------------------------------------
 */

static void add_something(struct stream *stream)
{
    static const char *const names[] = {"PING", "SUBSCRIBE", "CANCEL", "", "SUBSCRIBX", "CANCE"};
    unsigned flags = (roll(3) ? 0 : MORE) | (roll(4) ? 0 : LONG);

    if (roll(3) == 0)
        stream_command(stream, flags, names[roll(6)], roll(40));
    else
        stream_frame(stream, flags, roll(3) ? roll(40) : roll(300));
}

static void random_streams_in_random_pieces_agree_with_the_model(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        struct stream stream = stream_after_handshake();
        struct answer answer = {.followed = 0};

        for (unsigned i = roll(12); i > 0; i--)
            add_something(&stream);
        if (roll(8) == 0) /* one byte is wrong */
            stream.bytes[roll((uint32_t)stream.len)] ^= (uint8_t)(1 + roll(255));
        zmtp_meter_init(&answer.meter);
        for (size_t at = 0; at < stream.len;) {
            size_t piece = 1 + roll(60);

            piece = piece < stream.len - at ? piece : stream.len - at;
            feed(&answer, stream.bytes + at, piece);
            assert_true(answer.meter.complete <= answer.meter.charged);
            at += piece;
        }
        assert_same(&answer, &stream, round);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_handshake_costs_nothing),
        cmocka_unit_test(frames_are_charged_by_their_length),
        cmocka_unit_test(a_frame_is_charged_whole_when_its_header_is_there),
        cmocka_unit_test(a_message_is_complete_with_its_last_frame),
        cmocka_unit_test(mechanisms_other_than_null_have_two_handshakes),
        cmocka_unit_test(an_error_is_no_step_of_an_encrypted_handshake),
        cmocka_unit_test(what_was_said_is_counted_without_what_encryption_adds),
        cmocka_unit_test(an_encrypted_frame_is_a_message_of_its_own_whatever_its_flags),
        cmocka_unit_test(a_handshake_needs_no_mark),
        cmocka_unit_test(commands_that_libzmq_takes_are_no_part_of_a_message),
        cmocka_unit_test(a_command_cut_off_in_its_name_is_none_that_is_passed_on),
        cmocka_unit_test(commands_that_libzmq_passes_on_are_frames),
        cmocka_unit_test(a_command_does_not_make_a_message_too_long),
        cmocka_unit_test(a_command_does_not_make_a_message_shorter),
        cmocka_unit_test(the_longest_message_fits_and_one_byte_more_does_not),
        cmocka_unit_test(so_many_frames_fit_and_one_more_does_not),
        cmocka_unit_test(commands_have_limits_too),
        cmocka_unit_test(the_properties_of_a_handshake_are_bounded),
        cmocka_unit_test(no_length_is_too_long_for_the_meter),
        cmocka_unit_test(what_follows_a_bad_header_is_not_followed),
        cmocka_unit_test(greetings_of_others_are_seen_at_their_first_wrong_byte),
        cmocka_unit_test(later_versions_are_welcome),
        cmocka_unit_test(what_is_sure_to_be_a_handshakes_ends_with_it),
        cmocka_unit_test(random_streams_in_random_pieces_agree_with_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
