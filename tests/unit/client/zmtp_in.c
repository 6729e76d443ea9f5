/* Bytes of a connection become events, in whatever pieces they come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The client's objects hold a main and are not linked into tests. */
#include "client/zmtp_in.c"

#define BYTES(literal) literal, sizeof(literal) - 1
#define GREETING                                                                                   \
    "\xff\0\0\0\0\0\0\0\1\x7f\3\1NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define READY_PUSH "\4\x1a\5READY\13Socket-Type\0\0\0\4PUSH"

enum { EVENTS_MAX = 80 };

/* What came of the bytes, up to the first event that ends all. */
struct heard {
    char *kept;
    struct zmtp_in in;
    enum zmtp_in_event events[EVENTS_MAX];
    unsigned count;
};

static void open_heard(struct heard *heard)
{
    heard->kept = malloc(ZMTP_IN_KEPT_MAX + ZMTP_IN_SPARE);
    assert_non_null(heard->kept);
    zmtp_in_begin(&heard->in, heard->kept);
    heard->count = 0;
}

static void feed(struct heard *heard, const char *bytes, size_t len, size_t piece)
{
    while (len > 0) {
        enum zmtp_in_event event;
        size_t now = piece < len ? piece : len;
        size_t used = zmtp_in_feed(&heard->in, bytes, now, &event);

        assert_in_range(used, 1, now);
        bytes += used;
        len -= used;
        if (event == ZMTP_IN_MORE) {
            assert_int_equal(used, now);
            continue;
        }
        assert_in_range(heard->count, 0, EVENTS_MAX - 1);
        heard->events[heard->count++] = event;
        if (event >= ZMTP_IN_STRANGE)
            return;
    }
}

static void expect(struct heard *heard, unsigned count, const enum zmtp_in_event *events)
{
    assert_int_equal(heard->count, count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(heard->events[i], events[i]);
}

static void close_heard(struct heard *heard)
{
    free(heard->kept);
}

static void pieces_of_any_size_say_the_same(void **state)
{
    static const enum zmtp_in_event events[] = {ZMTP_IN_GREETED, ZMTP_IN_READY, ZMTP_IN_PING,
                                                ZMTP_IN_MESSAGE, ZMTP_IN_MESSAGE};
    struct heard heard;

    (void)state;
    for (size_t piece = 1; piece < 150; piece++) {
        open_heard(&heard);
        feed(&heard,
             BYTES(GREETING READY_PUSH "\4\x09\4PING\0\7ab"
                                       "\1\4INFO\0\5hello"
                                       "\1\0\3\0\0\0\0\0\0\0\1x\2\0\0\0\0\0\0\0\2yz"),
             piece);
        expect(&heard, 5, events);
        assert_int_equal(heard.in.major, 3);
        assert_int_equal(heard.in.minor, 1);
        assert_string_equal(heard.in.mechanism, "NULL");
        assert_string_equal(heard.in.type, "PUSH");
        assert_int_equal(heard.in.frame_count, 3);
        assert_int_equal(heard.in.message_len, 3);
        assert_int_equal(heard.in.frames[0].len, 0);
        assert_memory_equal(heard.kept + heard.in.frames[1].kept_offset, "x", 1);
        assert_memory_equal(heard.kept + heard.in.frames[2].kept_offset, "yz", 2);
        assert_false(zmtp_in_is_inside(&heard.in));
        close_heard(&heard);
    }
}

static void a_ping_gives_its_context_and_an_error_its_reason(void **state)
{
    struct heard heard;

    (void)state;
    open_heard(&heard);
    feed(&heard, BYTES(GREETING READY_PUSH "\4\x09\4PING\0\7ab"), 1000);
    assert_int_equal(heard.in.command_text_len, 2);
    assert_memory_equal(heard.in.command_text, "ab", 2);
    feed(&heard, BYTES("\4\x09\5ERROR\2no"), 1000);
    assert_int_equal(heard.events[heard.count - 1], ZMTP_IN_REFUSED);
    assert_int_equal(heard.in.command_text_len, 2);
    assert_memory_equal(heard.in.command_text, "no", 2);
    feed(&heard, BYTES("\4\5\4PING"), 1000); /* without anything */
    assert_int_equal(heard.events[heard.count - 1], ZMTP_IN_PING);
    assert_int_equal(heard.in.command_text_len, 0);
    close_heard(&heard);
}

static void other_properties_may_stand_around_the_type(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *type;
    } cases[] = {
        {BYTES("\10Identity\0\0\0\1i\13Socket-Type\0\0\0\3PUB\1X\0\0\0\5.....\1Y"), "PUB"},
        {BYTES(""), ""},
        {BYTES("\13Socket-Type\0\0\0\5PUSH"), ""}, /* longer than it is */
        {BYTES("\13Socket-Type\xff\xff\xff\xffPUSH"), ""},
        {BYTES("\13Socket-Type\0\0\0"), ""},
        {BYTES("\13Socket-Type\0\0\0\4\x1b[0\xff"), "?[0?"},
        {BYTES("\13Socket-Type\0\0\0\32abcdefghijklmnopqrstuvwxyz"), "abcdefghijklmnopqrst"},
    };
    struct heard heard;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char head[] = {COMMAND, (char)(6 + cases[i].len), 5, 'R', 'E', 'A', 'D', 'Y'};

        open_heard(&heard);
        feed(&heard, BYTES(GREETING), 1000);
        feed(&heard, head, sizeof head, 1000);
        feed(&heard, cases[i].bytes, cases[i].len, 1000);
        assert_int_equal(heard.count, 2);
        assert_int_equal(heard.events[1], ZMTP_IN_READY);
        assert_string_equal(heard.in.type, cases[i].type);
        close_heard(&heard);
    }
}

static void what_cannot_be_followed_is_told(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum zmtp_in_event event;
        const char *type;
    } cases[] = {
        {BYTES("GET /"), ZMTP_IN_STRANGE, ""},
        {BYTES("\0\0"), ZMTP_IN_STRANGE, ""},
        {BYTES("\xff\0\0\0\0\0\0\0\1\x7e"), ZMTP_IN_STRANGE, ""},
        {BYTES("\1\0"), ZMTP_IN_OLD, ""},
        {BYTES("\xff\0\0\0\0\0\0\0\1\x7f\1\1"), ZMTP_IN_OLD, "PUB"},
        {BYTES("\xff\0\0\0\0\0\0\0\1\x7f\1\x63"), ZMTP_IN_OLD, ""},
        {BYTES(GREETING "\0\1x"), ZMTP_IN_STRANGE, ""},              /* before READY */
        {BYTES(GREETING "\4\6\5HELLO"), ZMTP_IN_STRANGE, ""},        /* in the place of it */
        {BYTES(GREETING "\6\0\0\0\0\0\0\4\1"), ZMTP_IN_STRANGE, ""}, /* a byte too long */
        {BYTES(GREETING "\x10\1"), ZMTP_IN_STRANGE, ""},             /* no such flag */
        {BYTES(GREETING "\5\1"), ZMTP_IN_STRANGE, ""},               /* a command with MORE */
        {BYTES(GREETING READY_PUSH "\2\0\0\0\0\1\0\0\1"), ZMTP_IN_TOO_LONG, "PUSH"},
        {BYTES(GREETING READY_PUSH "\1\1x\2\0\0\0\0\1\0\0\0"), ZMTP_IN_TOO_LONG, "PUSH"},
        {BYTES(GREETING READY_PUSH "\2\xff\xff\xff\xff\xff\xff\xff\xff"), ZMTP_IN_TOO_LONG, "PUSH"},
    };
    struct heard heard;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t piece = 1; piece < 200; piece += 99) {
            open_heard(&heard);
            feed(&heard, cases[i].bytes, cases[i].len, piece);
            assert_int_equal(heard.events[heard.count - 1], cases[i].event);
            assert_string_equal(heard.in.type, cases[i].type);
            close_heard(&heard);
        }
}

static void as_many_frames_as_logboomd_takes_and_one_more(void **state)
{
    struct heard heard;

    (void)state;
    open_heard(&heard);
    feed(&heard, BYTES(GREETING READY_PUSH), 1000);
    for (unsigned i = 1; i < FRAMES_MAX; i++)
        feed(&heard, BYTES("\1\0"), 1000);
    assert_true(zmtp_in_is_inside(&heard.in));
    feed(&heard, BYTES("\0\0"), 1000);
    assert_int_equal(heard.events[heard.count - 1], ZMTP_IN_MESSAGE);
    assert_int_equal(heard.in.frame_count, FRAMES_MAX);
    for (unsigned i = 0; i < FRAMES_MAX; i++)
        feed(&heard, BYTES("\1\0"), 1000);
    assert_int_equal(heard.events[heard.count - 1], ZMTP_IN_MESSAGE);
    feed(&heard, BYTES("\0\0"), 1000);
    assert_int_equal(heard.events[heard.count - 1], ZMTP_IN_TOO_MANY_FRAMES);
    close_heard(&heard);
}

/* The longest message that there can be: its beginning is kept, in whatever frames it comes,
 * and the next message has the whole room again. */
static void of_a_long_message_the_beginning_is_kept(void **state)
{
    char *body = calloc(1, ZMTP_IN_LONGEST);
    struct heard heard;

    (void)state;
    open_heard(&heard);
    feed(&heard, BYTES(GREETING READY_PUSH "\1\3abc\2\0\0\0\0\0\xff\xff\xfd"), 1000);
    feed(&heard, body, ZMTP_IN_LONGEST - 3, 70000);
    assert_int_equal(heard.events[heard.count - 1], ZMTP_IN_MESSAGE);
    assert_int_equal(heard.in.message_len, ZMTP_IN_LONGEST);
    assert_int_equal(heard.in.frames[1].len, ZMTP_IN_LONGEST - 3);
    assert_int_equal(heard.in.frames[1].kept_len, ZMTP_IN_KEPT_MAX - 3);
    feed(&heard, BYTES("\0\3def"), 1000);
    assert_int_equal(heard.in.frame_count, 1);
    assert_memory_equal(heard.kept + heard.in.frames[0].kept_offset, "def", 3);
    close_heard(&heard);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_any_size_say_the_same),
        cmocka_unit_test(a_ping_gives_its_context_and_an_error_its_reason),
        cmocka_unit_test(other_properties_may_stand_around_the_type),
        cmocka_unit_test(what_cannot_be_followed_is_told),
        cmocka_unit_test(as_many_frames_as_logboomd_takes_and_one_more),
        cmocka_unit_test(of_a_long_message_the_beginning_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
