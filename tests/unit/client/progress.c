/* What the line of progress says, on terminals of every width. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The client's objects hold a main and are not linked into tests. */
#include "client/progress.c"
#include "client/say.c"
#include "client/shown.c"
#include "client/terminal.c"

enum { MIB = 1024 * 1024 };

static void check(uint64_t done, uint64_t total, double rate, unsigned columns,
                  const char *expected)
{
    struct progress progress = {.done_bytes = done, .total_bytes = total, .bytes_per_s = rate};
    char text[PROGRESS_TEXT_MAX];

    progress_text(&progress, 5000, columns, text);
    assert_string_equal(text, expected);
}

static void it_says_how_much_how_fast_and_how_long(void **state)
{
    uint64_t total = 400 * (uint64_t)MIB;

    (void)state;
    check(100 * (uint64_t)MIB, total, 10 * MIB, 80,
          "[======>                    ]   25 %  100 MiB of 400 MiB  10.0 MiB/s  30 s left");
    check(0, total, 0, 80, "[>                                   ]    0 %  0 B of 400 MiB  0 B/s");
    check(total, total, MIB, 80,
          "[===============================]  100 %  400 MiB of 400 MiB  1.0 MiB/s  in 5 s");
    check(total - 1, total, 1e-9, 50, "[============>]   99 %  400 MiB of 400 MiB  0 B/s");
    check(2 * total, total, MIB, 40, "100 %  800 MiB of 400 MiB  1.0 MiB/s  i");
    check(total, total * 1024, MIB / 1024.0, 60,
          "[>     ]    0 %  400 MiB of 400 GiB  1.0 KiB/s  4849 d left");
}

static void an_input_of_any_size_has_no_bar_and_no_end(void **state)
{
    (void)state;
    check(1023, 0, 999, 80, "1.0 KiB  999 B/s  in 5 s");
    check(999, 0, 1000, 80, "999 B  1.0 KiB/s  in 5 s");
    check(99 * 1024 + 1023, 0, 0, 80, "100 KiB  0 B/s  in 5 s");
}

static void times_are_shown_in_the_two_units_that_matter(void **state)
{
    char text[32];

    (void)state;
    assert_string_equal(show_time(0.4, text), "0 s");
    assert_string_equal(show_time(99.4, text), "99 s");
    assert_string_equal(show_time(100, text), "1 min 40 s");
    assert_string_equal(show_time(6000, text), "1 h 40 min");
    assert_string_equal(show_time(360000, text), "4 d");
}

/* Whatever it says, it never wraps: a line that did could not be drawn over. */
static void no_terminal_is_too_narrow(void **state)
{
    char text[PROGRESS_TEXT_MAX];

    (void)state;
    for (unsigned columns = 2; columns <= PROGRESS_TEXT_MAX / 2; columns++) {
        for (uint64_t done = 1; done < UINT64_MAX / 8; done *= 8) {
            struct progress progress = {
                .done_bytes = done, .total_bytes = columns % 3 * 1000000, .bytes_per_s = 1};

            progress_text(&progress, (int64_t)(done / 4), columns, text);
            assert_true(strlen(text) < columns);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_how_much_how_fast_and_how_long),
        cmocka_unit_test(an_input_of_any_size_has_no_bar_and_no_end),
        cmocka_unit_test(times_are_shown_in_the_two_units_that_matter),
        cmocka_unit_test(no_terminal_is_too_narrow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
