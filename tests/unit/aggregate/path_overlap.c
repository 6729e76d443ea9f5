/* path_overlap.c - whether two sinks could ever write to one file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/path_template.h"
#include "tests/unit/aggregate/dice.h"

static void check(const char *a, const char *b, bool overlap)
{
    if (path_template_overlap(a, b) != overlap || path_template_overlap(b, a) != overlap)
        fail_msg("'%s' and '%s': not %d", a, b, overlap);
}

static void two_paths_overlap_when_some_values_make_them_the_same(void **state)
{
    (void)state;
    check("/l/a.log", "/l/a.log", true);
    check("/l/a.log", "/l/b.log", false);
    check("/l/{app}.log", "/l/a.log", true);
    check("/l/{app}.log", "/l/.log", false); /* no value is empty */
    check("/l/{app}.log", "/l/a.txt", false);
    check("/l/{app}.log", "/l/{host}.log", true);
    check("/l/{app}.log", "/l/a/{host}.log", false); /* no value has a slash */
    check("/l/{app}/x.log", "/l/{host}/y.log", false);
    check("/l/{app}{host}", "/l/a", false); /* two values have two bytes */
    check("/l/{app}{host}", "/l/ab", true);
    check("/l/a{app}", "/l/{app}b", true);
    check("/l/a{app}c", "/l/b{app}c", false);
    check("/l/{app}-{host}-x", "/l/{topic}x", true);
    check("/l/{app}+x", "/l/{host}", false); /* nor a plus sign */
    check("/l/{date}", "/l/2026-11-25", true);
}

static void a_file_that_rotation_makes_counts_as_well(void **state)
{
    (void)state;
    check("/l/a.log", "/l/a.log@20261125T211828.123456Z", true);
    check("/l/a.log", "/l/a.log@x.zst", true);
    check("/l/{app}", "/l/{app}@{host}", true);
    check("/l/a", "/l/b@{host}", false);
    check("/l/a.log", "/l/a.log@", false);
}

/* The same by trying: patterns over `a`, `b` and `{x}`, against every text of up to 6. */
static bool takes(const char *pattern, const char *text)
{
    size_t len = path_template_placeholder_len(pattern);

    if (*pattern == '\0')
        return *text == '\0';
    if (len == 0)
        return *pattern == *text && takes(pattern + 1, text + 1);
    for (size_t k = 1; text[k - 1]; k++)
        if (takes(pattern + len + 2, text + k))
            return true;
    return false;
}

static bool some_text_is_taken(const char *a, const char *b)
{
    char text[7];

    for (unsigned len = 1; len <= 6; len++) {
        for (unsigned bits = 0; bits < 1u << len; bits++) {
            for (unsigned i = 0; i < len; i++)
                text[i] = bits >> i & 1 ? 'b' : 'a';
            text[len] = '\0';
            if (takes(a, text) && takes(b, text))
                return true;
        }
    }
    return false;
}

static void roll_pattern(char pattern[32])
{
    static const char *const pieces[] = {"a", "b", "{app}"};

    pattern[0] = '\0';
    for (unsigned count = 1 + roll(3); count > 0; count--)
        strcat(pattern, pieces[roll(3)]);
}

static void the_answer_is_that_of_trying_all_texts(void **state)
{
    unsigned overlapping = 0;

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        char a[32], b[32];

        roll_pattern(a);
        roll_pattern(b);
        check(a, b, some_text_is_taken(a, b));
        overlapping += path_template_overlap(a, b);
    }
    assert_true(overlapping > 200 && overlapping < 1800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_paths_overlap_when_some_values_make_them_the_same),
        cmocka_unit_test(a_file_that_rotation_makes_counts_as_well),
        cmocka_unit_test(the_answer_is_that_of_trying_all_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
