/* glob.c - which names a glob is like, and which patterns are no globs. */
#include "aggregate/glob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/dice.h"

enum { ROOM = 256 };

/* The name stands where bytes that are not its own follow it. */
static bool is_like(const struct glob *glob, const char *name, size_t len)
{
    char *bytes = malloc(len + GLOB_HEAD);
    bool is;

    memcpy(bytes, name, len);
    memset(bytes + len, 'x', GLOB_HEAD);
    is = glob_matches(glob, glob_name(bytes, len));
    free(bytes);
    return is;
}

static const struct {
    const char *pattern;
    enum glob_kind kind;
    const char *like[8];
    const char *unlike[8];
} patterns[] = {
    {"shop", GLOB_NAME, {"shop"}, {"", "sho", "shopx", "Shop", "xshop"}},
    {"checkout-service", GLOB_NAME, {"checkout-service"}, {"checkout-servicx", "checkout"}},
    {"*", GLOB_PREFIX, {"", "a", "shop"}, {NULL}},
    {"**", GLOB_PREFIX, {"", "a"}, {NULL}},
    {"web-*", GLOB_PREFIX, {"web-", "web-1", "web-*"}, {"web", "xweb-1", ""}},
    {"checkout-service-*",
     GLOB_PREFIX,
     {"checkout-service-", "checkout-service-7"},
     {"checkout-service", "checkout-servicexx"}},
    {"*.log", GLOB_SUFFIX, {".log", "a.log", ".log.log"}, {"log", "a.logx", ".lo", ""}},
    {"*-eu-central-1", GLOB_SUFFIX, {"db-eu-central-1"}, {"eu-central-1", "db-eu-central-2"}},
    {"a*b", GLOB_OTHER, {"ab", "aab", "abb", "axxb"}, {"a", "b", "abx", "xab", ""}},
    {"*a*", GLOB_OTHER, {"a", "xa", "ax", "bab"}, {"", "b"}},
    {"a*b*c", GLOB_OTHER, {"abc", "aXbYc", "abbcc", "abcbc"}, {"acb", "ab", "abcx"}},
    {"*ab*ab", GLOB_OTHER, {"abab", "ababab", "abxab"}, {"ab", "aba", "xab"}},
    {"web-?",
     GLOB_OTHER,
     {"web-1", "web-\xc3\xa9", "web-\xff"},
     {"web-", "web-12", "web-\xc3\xa9x"}},
    {"?",
     GLOB_OTHER,
     {"a", "-", "\xe2\x82\xac", "\xf0\x9f\x98\x80"},
     {"", "aa", "a\x80", "\xe2\x82\xac!"}},
    {"*??", GLOB_OTHER, {"ab", "abc", "\xc3\xa9\xc3\xa9"}, {"a", "\xe6\x97\xa5", ""}},
    {"web-[0-9]", GLOB_OTHER, {"web-0", "web-9"}, {"web-", "web-a", "web-10"}},
    {"[!0-9]*", GLOB_OTHER, {"a", "a1", "\xc3\xa9", "-"}, {"1a", ""}},
    {"[^ab]", GLOB_OTHER, {"c", "\xc3\xa9"}, {"a", "b", "cc"}},
    {"[]a]", GLOB_OTHER, {"]", "a"}, {"[", "]a"}},
    {"[a-]", GLOB_OTHER, {"a", "-"}, {"b"}},
    {"[\\]]", GLOB_OTHER, {"]"}, {"\\", "["}},
    {"[a-c]*[x-z]", GLOB_OTHER, {"ax", "cz", "b12y"}, {"a", "dx", "aw"}},
    {"\\*", GLOB_NAME, {"*"}, {"\\*", "a", ""}},
    {"a\\*\\?\\[\\\\", GLOB_NAME, {"a*?[\\"}, {"a*?["}},
    {"web-\\**", GLOB_PREFIX, {"web-*", "web-*1"}, {"web-1"}},
    {"-", GLOB_NAME, {"-"}, {"", "--"}},
    {"\xc3\xa9*", GLOB_PREFIX, {"\xc3\xa9t\xc3\xa9"}, {"\xc3\xa8"}},
};

static void names_are_like_globs_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        struct glob glob;

        assert_int_equal(glob_init(&glob, patterns[i].pattern, NULL), 0);
        assert_int_equal(glob.kind, patterns[i].kind);
        for (const char *const *name = patterns[i].like; *name; name++) {
            if (!is_like(&glob, *name, strlen(*name)))
                fail_msg("'%s' is like '%s'", *name, patterns[i].pattern);
        }
        for (const char *const *name = patterns[i].unlike; *name; name++) {
            if (is_like(&glob, *name, strlen(*name)))
                fail_msg("'%s' is not like '%s'", *name, patterns[i].pattern);
        }
        glob_fini(&glob);
    }
}

static void names_may_hold_any_byte(void **state)
{
    struct glob glob;

    (void)state;
    assert_int_equal(glob_init(&glob, "a*z", NULL), 0);
    assert_true(is_like(&glob, "a\0\xff\0z", 5));
    assert_false(is_like(&glob, "a\0z\0", 4));
    glob_fini(&glob);
}

static void what_is_no_glob_is_refused(void **state)
{
    static const struct {
        const char *pattern;
        const char *why;
    } wrong[] = {
        {"[", "without a ']'"},       {"a[bc", "without a ']'"},
        {"[]", "without a ']'"},      {"[!]", "without a ']'"},
        {"[z-a]", "go upward"},       {"[\xc3\xa9]", "ASCII"},
        {"[a-\xff]", "ASCII"},        {"a\\", "ends with a backslash"},
        {"[a\\", "ASCII characters"}, {"[a-\\", "ASCII characters"},
    };
    struct glob glob;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(glob_init(&glob, wrong[i].pattern, &err), -1);
        if (!strstr(err.text, wrong[i].why))
            fail_msg("'%s': %s", wrong[i].pattern, err.text);
    }
}

/* The plain definition, which tries everything. */
static bool plainly(const char *pattern, const char *name)
{
    if (*pattern == '\0')
        return *name == '\0';
    if (*pattern == '*')
        return plainly(pattern + 1, name) || (*name != '\0' && plainly(pattern, name + 1));
    return *name != '\0' && (*pattern == '?' || *pattern == *name) &&
           plainly(pattern + 1, name + 1);
}

static void random_globs_agree_with_the_plain_definition(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        char pattern[10], name[14];
        unsigned pattern_len = roll(sizeof pattern), name_len = roll(sizeof name);
        struct glob glob;

        for (unsigned i = 0; i < pattern_len; i++)
            pattern[i] = "ab*?ab*"[roll(7)];
        for (unsigned i = 0; i < name_len; i++)
            name[i] = "ab"[roll(2)];
        pattern[pattern_len] = name[name_len] = '\0';
        assert_int_equal(glob_init(&glob, pattern, NULL), 0);
        if (is_like(&glob, name, name_len) != plainly(pattern, name))
            fail_msg("'%s' and '%s'", pattern, name);
        glob_fini(&glob);
    }
}

/* With a tree of attempts this would outlast the test by far. */
static void no_glob_takes_for_ever(void **state)
{
    enum { LONG = 64 * 1024 };
    char *name = malloc(LONG), pattern[ROOM] = "";
    struct glob glob;

    (void)state;
    memset(name, 'a', LONG);
    for (unsigned i = 0; i < 40; i++)
        strcat(pattern, "a*?");
    strcat(pattern, "b");
    assert_int_equal(glob_init(&glob, pattern, NULL), 0);
    assert_false(is_like(&glob, name, LONG));
    glob_fini(&glob);
    free(name);
}

static void what_any_glob_needs_is_bounded(void **state)
{
    struct glob glob;

    (void)state;
    assert_int_equal(glob_init(&glob, "*", NULL), 0);
    assert_true(glob_is_any(&glob));
    glob_fini(&glob);
    assert_int_equal(glob_init(&glob, "?*", NULL), 0);
    assert_false(glob_is_any(&glob));
    glob_fini(&glob);
    assert_true(glob_bytes(128) > glob_bytes(1));
    assert_true(glob_bytes(128) < 8 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_like_globs_or_not),
        cmocka_unit_test(names_may_hold_any_byte),
        cmocka_unit_test(what_is_no_glob_is_refused),
        cmocka_unit_test(random_globs_agree_with_the_plain_definition),
        cmocka_unit_test(no_glob_takes_for_ever),
        cmocka_unit_test(what_any_glob_needs_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
