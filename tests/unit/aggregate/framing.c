/* framing.c - a line becomes a frame in place, and frames are found again. */
#include "aggregate/framing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/misuse.h"

/* The frame of this line, of which it says the length. */
static const char *framed(enum framing framing, const char *line, size_t *len_out)
{
    static char text[256];
    size_t line_len = strlen(line);
    char *begin, *end;

    memset(text, '#', sizeof text);
    begin = framing_begin(framing, text, line_len);
    memcpy(begin, line, line_len);
    end = framing_end(framing, begin + line_len);
    *len_out = (size_t)(end - text);
    assert_int_equal(*len_out, framing_len(framing, line_len));
    return text;
}

static void check(enum framing framing, const char *line, const char *frame, size_t frame_len)
{
    size_t len;
    const char *text = framed(framing, line, &len);

    assert_int_equal(len, frame_len);
    assert_memory_equal(text, frame, frame_len);
}

static void each_framing_ends_an_entry_in_its_own_way(void **state)
{
    (void)state;
    check(FRAMING_LINES, "hello\n", "hello\n", 6);
    check(FRAMING_NUL, "hello\n", "hello\0", 6);
    check(FRAMING_OCTET_COUNTED, "hello\n", "5 hello", 7);
    check(FRAMING_OCTET_COUNTED, "\n", "0 ", 2);
    check(FRAMING_OCTET_COUNTED, "ten bytes.\n", "10 ten bytes.", 13);
    check(FRAMING_NUL, "two\n    lines\n", "two\n    lines\0", 14);
}

static void counts_grow_by_a_digit_at_each_power_of_ten(void **state)
{
    (void)state;
    for (size_t power = 10, digits = 1; power <= FRAMING_LINE_MAX; power *= 10, digits++) {
        char head[FRAMING_HEAD_MAX];

        assert_int_equal(framing_head_len(power), digits + 1); /* of power - 1 bytes */
        assert_int_equal(framing_head_len(power + 1), digits + 2);
        assert_ptr_equal(framing_begin(FRAMING_OCTET_COUNTED, head, power + 1), head + digits + 2);
        assert_int_equal(head[0], '1');
        assert_int_equal(head[digits + 1], ' ');
    }
    assert_int_equal(framing_head_len((size_t)FRAMING_LINE_MAX + 1), FRAMING_HEAD_MAX);
    assert_stops(framing_head_len((size_t)FRAMING_LINE_MAX + 2));
}

static void the_longest_line_has_a_frame_that_fits(void **state)
{
    (void)state;
    for (enum framing framing = FRAMING_LINES; framing <= FRAMING_NUL; framing++) {
        for (size_t room = 48 * 1024; room < 200 * 1024; room += 997)
            assert_true(framing_len(framing, framing_longest_line(framing, room)) <= room);
    }
}

static void frames_are_found_again_one_by_one(void **state)
{
    static const char counted[] = "5 hello0 10 ten bytes.3 cut";
    const char *at = counted;

    (void)state;
    assert_int_equal(framing_first(FRAMING_OCTET_COUNTED, at, sizeof counted - 1), 7);
    at += 7;
    assert_int_equal(framing_first(FRAMING_OCTET_COUNTED, at, 20), 2);
    at += 2;
    assert_int_equal(framing_first(FRAMING_OCTET_COUNTED, at, 18), 13);
    assert_int_equal(framing_first(FRAMING_OCTET_COUNTED, "3 cut", 4), 4);
    assert_int_equal(framing_first(FRAMING_OCTET_COUNTED, "12", 2), 2);
    assert_int_equal(framing_first(FRAMING_LINES, "a\0b\nc", 5), 4);
    assert_int_equal(framing_first(FRAMING_NUL, "a\nb\0c", 5), 4);
    assert_int_equal(framing_first(FRAMING_NUL, "abc", 3), 3);
    assert_int_equal(framing_first(FRAMING_LINES, "", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_framing_ends_an_entry_in_its_own_way),
        cmocka_unit_test(counts_grow_by_a_digit_at_each_power_of_ten),
        cmocka_unit_test(the_longest_line_has_a_frame_that_fits),
        cmocka_unit_test(frames_are_found_again_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
