/* A line of any bytes becomes an entry of JSON of a bounded length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/dice.h"

/* The client's objects hold a main and are not linked into tests. */
#include "client/wrap.c"

enum { ROOM = 256 };

/* Memory ends behind the room, so that the sanitizers see a byte too many. */
static struct wrapped wrapped_as(const struct wrap_conf *conf, const char *line, size_t len,
                                 size_t room, char text[ROOM + 1])
{
    struct wrap wrap;
    char *to = malloc(room);
    struct wrapped wrapped;

    wrap_init(&wrap, conf);
    wrapped = wrap_line(&wrap, line, len, to, room);
    assert_true(wrapped.len <= room);
    memcpy(text, to, wrapped.len);
    text[wrapped.len] = '\0';
    free(to);
    return wrapped;
}

static void what_is_known_stands_before_the_line(void **state)
{
    static const struct {
        struct wrap_conf conf;
        const char *line;
        const char *entry;
        bool replaced;
    } rows[] = {
        {{"warn", NULL, NULL}, "", "{\"level\":\"warn\",\"message\":\"\"}", false},
        {{NULL, "a", NULL}, "one", "{\"app\":\"a\",\"message\":\"one\"}", false},
        {{"info", "a\"b", "h\\"},
         "{\"x\":1}\t\x1b",
         "{\"level\":\"info\",\"app\":\"a\\\"b\",\"host\":\"h\\\\\","
         "\"message\":\"{\\\"x\\\":1}\\t\\u001b\"}",
         false},
        {{NULL, NULL, "h"},
         "\xc3\xa9 \xff.",
         "{\"host\":\"h\",\"message\":\"\xc3\xa9 \xef\xbf\xbd.\"}",
         true},
    };
    char text[ROOM + 1];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct wrapped wrapped =
            wrapped_as(&rows[i].conf, rows[i].line, strlen(rows[i].line), ROOM, text);

        assert_string_equal(text, rows[i].entry);
        assert_int_equal(wrapped.cut_bytes, 0);
        assert_int_equal(wrapped.replaced, rows[i].replaced);
    }
}

static void a_line_that_has_no_room_is_cut_between_characters(void **state)
{
    static const struct wrap_conf conf = {NULL, "a", NULL};
    size_t least = strlen("{\"app\":\"a\",\"message\":\"\"}");
    char text[ROOM + 1];

    (void)state;
    assert_int_equal(wrapped_as(&conf, "1234", 4, least + 4, text).cut_bytes, 0);
    assert_int_equal(wrapped_as(&conf, "1234", 4, least + 3, text).cut_bytes, 1);
    assert_string_equal(text, "{\"app\":\"a\",\"message\":\"123\"}");
    assert_int_equal(wrapped_as(&conf, "12\n", 3, least + 3, text).cut_bytes, 1);
    assert_string_equal(text, "{\"app\":\"a\",\"message\":\"12\"}");
    assert_int_equal(wrapped_as(&conf, "1\xe2\x82\xac", 4, least + 3, text).cut_bytes, 3);
    assert_string_equal(text, "{\"app\":\"a\",\"message\":\"1\"}");
}

static void no_bytes_break_out_of_the_string(void **state)
{
    static const struct wrap_conf conf = {"info", NULL, NULL};
    size_t head_len = strlen("{\"level\":\"info\",\"message\":\"");
    char line[64], text[ROOM + 1];

    (void)state;
    for (unsigned i = 0; i < 4000; i++) {
        size_t len = roll(sizeof line);
        bool is_escaped = false;

        roll_bytes(line, len);
        wrapped_as(&conf, line, len, head_len + TAIL_LEN + 1 + roll(ROOM - 40), text);
        for (const char *at = text + head_len; at < text + strlen(text) - TAIL_LEN; at++) {
            assert_true((unsigned char)*at >= ' ' && (*at != '"' || is_escaped));
            is_escaped = *at == '\\' && !is_escaped;
        }
        assert_false(is_escaped);
        assert_string_equal(text + strlen(text) - TAIL_LEN, TAIL);
    }
}

static void what_cannot_be_is_refused(void **state)
{
    static char long_name[WRAP_NAME_MAX + 2];
    struct err err;

    (void)state;
    memset(long_name, 'x', WRAP_NAME_MAX + 1);
    assert_int_equal(wrap_judge(&(struct wrap_conf){"loud", NULL, NULL}, ROOM, &err), -1);
    assert_int_equal(wrap_judge(&(struct wrap_conf){NULL, "", NULL}, ROOM, &err), -1);
    assert_int_equal(wrap_judge(&(struct wrap_conf){NULL, NULL, long_name}, ROOM, &err), -1);
    assert_int_equal(wrap_judge(&(struct wrap_conf){NULL, NULL, long_name + 1}, 4096, &err), 0);
    assert_int_equal(wrap_judge(&(struct wrap_conf){"info", NULL, NULL}, 29, &err), -1);
    assert_string_equal(err.text, "--max-line must be more than the 29 bytes that level, app and "
                                  "host take of each entry");
    assert_int_equal(wrap_judge(&(struct wrap_conf){"info", NULL, NULL}, 30, &err), 0);
    assert_int_equal(wrap_judge(&(struct wrap_conf){NULL, NULL, NULL}, 1, &err), 0);
}

static void the_longest_names_of_control_bytes_have_room(void **state)
{
    static char name[WRAP_NAME_MAX + 1];
    struct wrap wrap;

    (void)state;
    memset(name, '\x01', WRAP_NAME_MAX);
    wrap_init(&wrap, &(struct wrap_conf){"warning", name, name});
    assert_true(wrap.head_len > (size_t)12 * WRAP_NAME_MAX && wrap.head_len <= WRAP_HEAD_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_stands_before_the_line),
        cmocka_unit_test(a_line_that_has_no_room_is_cut_between_characters),
        cmocka_unit_test(no_bytes_break_out_of_the_string),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(the_longest_names_of_control_bytes_have_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
