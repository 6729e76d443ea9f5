/* file_pattern.c - what live files may be called: exactly what the pattern says. */
#include "logfile/file_pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

struct match {
    const char *component, *name;
    bool matches;
};

static const struct match cases[] = {
    {"app.log", "app.log", true},
    {"app.log", "app.lo", false},
    {"app.log", "app.log1", false},
    {"app.log", "App.log", false},
    {"*", "a", true},
    {"*", "", false},
    {"*", "-", true},
    {"*", ".hidden", false},
    {"*", "a.b_C-9", true},
    {"*", "a b", false},
    {"*", "a@b", false},
    {"*", "a/b", false},
    {"*", "\xc3\xa9", false},
    {"*", "a\x7f", false},
    {"*.log", "app.log", true},
    {"*.log", ".log", false},
    {"*.log", "app.log.log", true},
    {"*.log", "app.log.", false},
    {"*.log", "app@1.log", false},
    {"x*.log", "x.log", false},
    {"x*.log", "x.log.log", true},
    {"x*.log", "x..log", true},
    {"*-*.log", "a-b.log", true},
    {"*-*.log", "a--.log", true},
    {"*-*.log", "-b.log", false},
    {"*-*.log", "a-.log", false},
    {"*-*.log", "a-b-c.log", true},
    {"**", "a", false},
    {"**", "ab", true},
    {"*a*b", "aab", false},
    {"*a*b", "aaab", true},
    {"*a*b", "xaybzab", true},
    {"*a@*b", "xa@yb", true},
    {"*a@*b", "xa@ya@b", false},
    {"é*", "éa", true},
    {"[a]", "a", false},
    {"?", "a", false},
    {"\\*", "\\a", true},
    {"\1", "7", true},
    {"\1", "a", false},
    {"\1", "\1", false},
    {"*-\1\1.log", "a-12.log", true},
    {"*-\1\1.log", "a-12-34.log", true},
    {"*-\1\1.log", "a-1x.log", false},
    {"*-\1\1.log", "a-123.log", false},
};

static void names_match_as_they_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct match *it = &cases[i];

        if (file_pattern_matches(it->component, it->name, strlen(it->name)) != it->matches)
            fail_msg("'%s' and '%s'", it->component, it->name);
    }
}

static void only_the_given_length_is_looked_at(void **state)
{
    (void)state;
    assert_true(file_pattern_matches("app.log", "app.log@2026", 7));
    assert_false(file_pattern_matches("app.log", "app.log@2026", 8));
    assert_true(file_pattern_matches("*.log", "app.log@2026", 7));
}

/* Against the plain definition, which tries everything. */
static bool is_match(const char *pattern, const char *name)
{
    if (*pattern == '\0')
        return *name == '\0';
    if (*pattern == '*')
        return *name && strchr("ab.", *name) &&
               (is_match(pattern + 1, name + 1) || is_match(pattern, name + 1));
    return *pattern == *name && is_match(pattern + 1, name + 1);
}

static void every_short_pattern_does_what_the_definition_says(void **state)
{
    static const char letters[] = "ab.*@";
    char pattern[6] = "", name[7] = "";

    (void)state;
    for (unsigned p = 0; p < 5 * 5 * 5 * 5; p++) {
        for (unsigned i = 0, rest = p; i < 4; i++, rest /= 5)
            pattern[i] = letters[rest % 5];
        for (unsigned n = 0; n < 3 * 3 * 3 * 3 * 3; n++) {
            for (unsigned i = 0, rest = n; i < 5; i++, rest /= 3)
                name[i] = "ab@"[rest % 3];
            if (file_pattern_matches(pattern, name, 5) != is_match(pattern, name))
                fail_msg("'%s' and '%s'", pattern, name);
        }
    }
}

static void a_pattern_is_cut_at_its_slashes(void **state)
{
    struct file_pattern pattern;

    (void)state;
    assert_int_equal(file_pattern_init(&pattern, "*/logs/*-*.log", NULL), 0);
    assert_int_equal(pattern.depth, 3);
    assert_string_equal(pattern.components[0], "*");
    assert_string_equal(pattern.components[1], "logs");
    assert_string_equal(pattern.components[2], "*-*.log");
    file_pattern_fini(&pattern);
}

static void what_could_lead_elsewhere_is_refused(void **state)
{
    static const char *const refused[] = {"",
                                          "/app.log",
                                          "a//b",
                                          "a/",
                                          ".",
                                          "..",
                                          "../app.log",
                                          "a/./b",
                                          "a/../b",
                                          "app.log@20261125T211828.123456Z",
                                          "*/*@20261125T211828.123456Z.zst",
                                          "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"};
    struct file_pattern pattern;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        err.text[0] = '\0';
        if (file_pattern_init(&pattern, refused[i], &err) == 0)
            fail_msg("'%s' was taken", refused[i]);
        assert_string_not_equal(err.text, "");
    }
    assert_int_equal(file_pattern_init(&pattern, "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", &err),
                     0);
    file_pattern_fini(&pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_match_as_they_should),
        cmocka_unit_test(only_the_given_length_is_looked_at),
        cmocka_unit_test(every_short_pattern_does_what_the_definition_says),
        cmocka_unit_test(a_pattern_is_cut_at_its_slashes),
        cmocka_unit_test(what_could_lead_elsewhere_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
