/* suggest.c - which known word a mistyped one is taken for, and when none. */
#include "conf/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const char *const words[] = {"name",     "type",  "path",      "format",    "newlines",
                                    "timezone", "queue", "when_full", "batch_for", "cap"};

static const struct {
    const char *word;
    const char *meant;
} cases[] = {
    {"format", "format"},  /* itself */
    {"fromat", "format"},  /* a swap */
    {"forma", "format"},   /* one missing */
    {"formatt", "format"}, /* one too many */
    {"vormat", "format"},  /* one wrong */
    {"Format", "format"},  /* case counts for nothing */
    {"TIMEZONE", "timezone"},
    {"time_zone", "timezone"},
    {"newline", "newlines"},
    {"whenfull", "when_full"},
    {"batch-for", "batch_for"},
    {"typ", "type"},
    {"caps", "cap"},
    {"gap", "cap"}, /* one of three */
    {"gal", NULL},  /* two of three */
    {"rotate", NULL},
    {"encryption", NULL},
    {"x", NULL},
    {"", NULL},
    {"zz", NULL},
};

static void the_nearest_word_is_meant_if_it_is_near(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *nearest = suggest_nearest(cases[i].word, words, COUNT_OF(words));

        if (cases[i].meant)
            assert_string_equal(nearest ? nearest : "none", cases[i].meant);
        else
            assert_string_equal(nearest ? nearest : "none", "none");
    }
}

static void of_two_equally_near_words_the_first_is_meant(void **state)
{
    static const char *const two[] = {"path", "bath"};

    (void)state;
    assert_ptr_equal(suggest_nearest("math", two, 2), two[0]);
}

static void no_words_suggest_nothing(void **state)
{
    (void)state;
    assert_null(suggest_nearest("path", words, 0));
}

static void the_longest_word_fits_and_one_past_it_is_never_meant(void **state)
{
    char fitting[64], too_long[65];
    const char *const known[] = {fitting, too_long};

    (void)state;
    memset(fitting, 'a', 63);
    memset(too_long, 'a', 64);
    fitting[63] = too_long[64] = '\0';
    assert_ptr_equal(suggest_nearest(fitting, known, 2), fitting);
    assert_null(suggest_nearest(too_long, known, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_word_is_meant_if_it_is_near),
        cmocka_unit_test(of_two_equally_near_words_the_first_is_meant),
        cmocka_unit_test(no_words_suggest_nothing),
        cmocka_unit_test(the_longest_word_fits_and_one_past_it_is_never_meant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
