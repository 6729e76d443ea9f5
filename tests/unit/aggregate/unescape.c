/* unescape.c - every escape, what is none, and texts that come in pieces of every size. */
#include "aggregate/unescape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/escape.h"
#include "tests/unit/aggregate/dice.h"

enum { LONGEST = 80, STREAK = 4000 };

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* Undone in pieces of piece_len, where it stands; memory ends where the text does, so that the
 * sanitizers see a byte too far. */
static struct unescaped undo(const char *text, size_t len, size_t piece_len, char *to)
{
    struct unescaped total = {0};
    size_t held = 0;

    for (size_t at = 0; at < len || held > 0;) {
        size_t more = len - at < piece_len ? len - at : piece_len;
        char *room = malloc(held + more);
        struct unescaped done;

        memcpy(room, text + at - held, held + more);
        at += more;
        done = unescape_piece(room, held + more, at == len, room);
        assert_true(done.written <= done.taken && done.taken <= held + more);
        memcpy(to + total.written, room, done.written);
        held = held + more - done.taken;
        assert_true(held < UNESCAPE_LONGEST && (at < len || held == 0));
        total.taken += done.taken;
        total.written += done.written;
        total.strange += done.strange;
        free(room);
    }
    assert_int_equal(total.taken, len);
    return total;
}

static void each_escape_stands_for_its_bytes(void **state)
{
    static const struct {
        const char *text;
        const char *bytes;
        size_t strange;
    } rows[] = {
        {"plain", "plain", 0},
        {"", "", 0},
        {"\\n\\r\\t\\\\", "\n\r\t\\", 0},
        {"\\x07\\x7f\\xFf", "\x07\x7f\xff", 0},
        {"\\u{85}\\u{202e}\\u{1F600}", "\xc2\x85\xe2\x80\xae\xf0\x9f\x98\x80", 0},
        {"\\u{41}\\u{000041}", "AA", 0},
        {"\\\\n \\\\x41 \\\\\\n", "\\n \\x41 \\\n", 0},
        {"half a stack \\[cut]", "half a stack \\[cut]", 0},
        {"half a line \\[torn]\n", "half a line \\[torn]\n", 0},
        {"\\", "\\", 1},
        {"\\q \\0 \\\" \\[cat] \\[tor", "\\q \\0 \\\" \\[cat] \\[tor", 5},
        {"\\x4", "\\x4", 1},
        {"\\x4g\\xg4", "\\x4g\\xg4", 2},
        {"\\u{}\\u{g}\\u41\\u{41", "\\u{}\\u{g}\\u41\\u{41", 4},
        {"\\u{d800}\\u{dfff}\\u{110000}", "\\u{d800}\\u{dfff}\\u{110000}", 3},
        {"\\u{0000041}", "\\u{0000041}", 1},
        {"\\x\\n", "\\x\n", 1},
    };
    char back[64];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t piece_len = 1; piece_len < 32; piece_len++) {
            struct unescaped done = undo(rows[i].text, strlen(rows[i].text), piece_len, back);

            assert_int_equal(done.written, strlen(rows[i].bytes));
            assert_memory_equal(back, rows[i].bytes, done.written);
            assert_int_equal(done.strange, rows[i].strange);
        }
    }
}

static void whatever_was_escaped_comes_back(void **state)
{
    char bytes[LONGEST], text[8 * LONGEST], back[8 * LONGEST];

    (void)state;
    for (unsigned i = 0; i < STREAK; i++) {
        enum escape_style style = (enum escape_style)roll(ESCAPE_KEY + 1);
        size_t len = roll(LONGEST + 1), text_len;
        struct unescaped done;

        roll_bytes(bytes, len);
        text_len = (size_t)(escape_write(style, text, bytes, len) - text);
        done = undo(text, text_len, 1 + roll(20), back);
        assert_int_equal(done.written, len);
        assert_memory_equal(back, bytes, len);
        assert_int_equal(done.strange, 0);
    }
}

static void any_bytes_at_all_are_taken(void **state)
{
    char text[LONGEST], back[LONGEST], whole[LONGEST];

    (void)state;
    for (unsigned i = 0; i < STREAK; i++) {
        size_t len = roll(LONGEST + 1);
        struct unescaped at_once, in_pieces;

        for (size_t at = 0; at < len; at++)
            text[at] = "\\\\\\nxu{}[cut]019af"[roll(17)];
        at_once = undo(text, len, LONGEST, whole);
        in_pieces = undo(text, len, 1 + roll(5), back);
        assert_int_equal(at_once.written, in_pieces.written);
        assert_int_equal(at_once.strange, in_pieces.strange);
        assert_memory_equal(whole, back, at_once.written);
    }
}

/* Of a text that still grows, all is given out that can be known. */
static void a_mark_at_the_end_of_a_piece_is_not_held_back(void **state)
{
    static const char text[] = "half \\[cut]\n", torn[] = "half \\x";
    char to[sizeof text];
    struct unescaped done = unescape_piece(text, strlen(text), false, to);

    (void)state;
    assert_int_equal(done.taken, strlen(text));
    done = unescape_piece(torn, strlen(torn), false, to);
    assert_int_equal(done.taken, strlen("half "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_escape_stands_for_its_bytes),
        cmocka_unit_test(whatever_was_escaped_comes_back),
        cmocka_unit_test(any_bytes_at_all_are_taken),
        cmocka_unit_test(a_mark_at_the_end_of_a_piece_is_not_held_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
