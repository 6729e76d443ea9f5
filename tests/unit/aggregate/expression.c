/* expression.c - what is found with JIT and without, and that no search is endless. */
#include "aggregate/expression.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { LONG = 64 * 1024 };

static struct expression_room *room;

static int begin(void **state)
{
    (void)state;
    room = expression_room_new(LONG);
    return 0;
}

static int end(void **state)
{
    (void)state;
    expression_room_free(&room);
    assert_null(room);
    return 0;
}

static struct expression *made(const char *source, enum expression_jit jit)
{
    struct err err;
    struct expression *expression = expression_new(source, jit, &err);

    if (!expression)
        fail_msg("%s", err.text);
    if (jit == EXPRESSION_WITHOUT_JIT)
        assert_false(expression_has_jit(expression));
    return expression;
}

/* With JIT, where there is one, and without: the answer is the same. */
static enum expression_answer answer(const char *source, const char *text, size_t len)
{
    struct expression *fast = made(source, EXPRESSION_JIT_IF_POSSIBLE);
    struct expression *plain = made(source, EXPRESSION_WITHOUT_JIT);
    char *exact = malloc(len ? len : 1); /* nothing behind it may be looked at */
    enum expression_answer found;

    memcpy(exact, text, len);
    found = expression_search(fast, room, exact, len);
    assert_int_equal(expression_search(plain, room, exact, len), found);
    free(exact);
    expression_free(&fast);
    expression_free(&plain);
    return found;
}

static const struct {
    const char *source;
    const char *text;
    bool found;
} searches[] = {
    {"timeout", "a timeout occurred", true},
    {"timeout", "a time out occurred", false},
    {"timeout|refused", "connection refused", true},
    {"a|b", "xb", true}, /* what stands in front of the first stands in front of all */
    {"^a|b$", "xb", true},
    {"^b", "ab", false},
    {"^b", "a\nb", false},
    {"(?m)^b", "a\nb", true},
    {"(?i)ERROR", "an Error", true},
    {"(?x) a  b # comment", "ab", true},
    {"a.b", "a\nb", false},
    {"", "", true},
    {"$", "anything", true},
    {"x", "", false},
    {"^$", "", true},
    {"[\xc3\xa4\xc3\xb6]", "f\xc3\xbcr", false}, /* characters, not bytes */
    {"[\xc3\xa4\xc3\xb6]", "sch\xc3\xb6n", true},
    {"^f.r$", "f\xc3\xbcr", true},
    {"(?i)\xc3\x84", "\xc3\xa4", true},
    {"(a+)\\1$", "aaaa", true},
    {"(?<=id=)\\d+", "user id=17", true},
    {"\\\\G", "C:\\Games", true}, /* a backslash and a G, which is no \G */
    {"a(?R)?b", "xaaabbb", true}, /* a recursion is no new attempt */
    {"^(?:x|a(?R)?b)$", "aabbb", false},
    {"order \\d{3,} .*\\bms$", "order 12345 took 35 ms", true},
};

static void what_is_found_is_found_with_and_without_jit(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++) {
        enum expression_answer found =
            answer(searches[i].source, searches[i].text, strlen(searches[i].text));

        if (found != (searches[i].found ? EXPRESSION_FOUND : EXPRESSION_NOT_FOUND))
            fail_msg("'%s' in '%s': %d", searches[i].source, searches[i].text, (int)found);
    }
}

/* They count as \x1a, each. */
static void bytes_that_are_no_characters_hide_nothing_else(void **state)
{
    static const struct {
        const char *source;
        const char text[12];
        size_t len;
        enum expression_answer answer;
    } odd[] = {
        {"b", "a\377b", 3, EXPRESSION_FOUND},
        {"a.b", "a\377b", 3, EXPRESSION_FOUND},
        {"a\\x1a{2}b", "a\377\376b", 4, EXPRESSION_FOUND},
        {"^\\x1a{2} $", "\342\202 ", 3, EXPRESSION_FOUND},
        {"^.$", "\303", 1, EXPRESSION_FOUND},
        {"^$", "\303", 1, EXPRESSION_NOT_FOUND},
        {"b", "\303", 1, EXPRESSION_NOT_FOUND},
        {"a.b", "a\0b", 3, EXPRESSION_FOUND},
        {"end$", "\377\376\0\342\202 end", 9, EXPRESSION_FOUND},
        {"", "\377", 1, EXPRESSION_FOUND},
    };

    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        assert_int_equal(answer(odd[i].source, odd[i].text, odd[i].len), odd[i].answer);
}

/* There is no room to make more of it UTF-8. */
static void of_a_text_that_is_too_long_and_no_utf8_the_beginning_is_searched(void **state)
{
    char *text = malloc(LONG + 2);

    (void)state;
    memset(text, 'a', LONG + 2);
    text[LONG + 1] = 'b';
    assert_int_equal(answer("b", text, LONG + 2), EXPRESSION_FOUND);
    text[0] = '\xff';
    assert_int_equal(answer("b", text, LONG + 2), EXPRESSION_NOT_FOUND);
    text[LONG - 1] = 'b';
    assert_int_equal(answer("b", text, LONG + 2), EXPRESSION_FOUND);
    free(text);
}

static void what_is_wrong_is_told_where_it_is(void **state)
{
    static const struct {
        const char *source;
        const char *why;
    } wrong[] = {
        {"a(b", "the expression 'a(b' is wrong at character 4: missing closing parenthesis"},
        {"*a", "the expression '*a' is wrong at character 1: quantifier does not follow"},
        {"+", "wrong at character 1: quantifier does not follow"},
        {"a[", "wrong at character 3: missing terminating ]"},
        {"a{3}{2,1}", "numbers out of order"},
        {"\\C", "\\C"},
        {"(*NO_JIT)a", "begins with '(*'"},
        {"(*LIMIT_MATCH=1000000)a", "begins with '(*'"},
        {"\\Gb|a.*?z", "has \\G, which is always the beginning here; write \\A"},
        {"a|[x\\\\]\\Gb", "write \\A"},
        {"\xff", "UTF-8"},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_null(expression_new(wrong[i].source, EXPRESSION_JIT_IF_POSSIBLE, &err));
        if (!strstr(err.text, wrong[i].why))
            fail_msg("'%s': %s", wrong[i].source, err.text);
    }
}

static void an_expression_is_bounded_in_length_and_in_memory(void **state)
{
    char source[EXPRESSION_SOURCE_MAX + 2];
    struct expression *expression;
    struct err err;

    (void)state;
    memset(source, 'a', sizeof source);
    source[EXPRESSION_SOURCE_MAX] = '\0';
    expression = made(source, EXPRESSION_JIT_IF_POSSIBLE);
    expression_free(&expression);
    source[EXPRESSION_SOURCE_MAX] = 'a';
    source[EXPRESSION_SOURCE_MAX + 1] = '\0';
    assert_null(expression_new(source, EXPRESSION_JIT_IF_POSSIBLE, &err));
    assert_non_null(strstr(err.text, "has 1025 bytes, above the largest allowed 1024"));
    assert_null(expression_new("(?:(?:\\w{3}x){90}){90}", EXPRESSION_JIT_IF_POSSIBLE, &err));
    assert_true(strstr(err.text, "once it is compiled") || strstr(err.text, "too large"));
    assert_true(expression_room_bytes(LONG) < 2 * 1024 * 1024);
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Each of these takes for ever, or with JIT a third of a second at a match limit that is for
 * each attempt. Measured: 8 ms with JIT, and 180 without. */
static const char *const evil[] = {
    "(a+)+$",          "(a+)+c|x",     "(?:a|a)*[cd]",  "a.*.*[cd]",
    "(\\w+\\s?)*$x|y", "(.*a){9}c|x",  "(?:a?){20}c|x", "(?=(a+)+c)|x1",
    "(a(?R)?b|a)+c|x", "(a|b|ab)*c|x", "(.*)*y|x",
};

static void no_search_holds_the_loop(void **state)
{
    char *text = malloc(LONG);

    (void)state;
    for (size_t i = 0; i < sizeof evil / sizeof evil[0]; i++) {
        for (unsigned run = 4; run <= 40; run += 9) {
            for (enum expression_jit jit = 0; jit <= EXPRESSION_WITHOUT_JIT; jit++) {
                struct expression *expression = made(evil[i], jit);
                double began = seconds();

                for (unsigned at = 0; at < LONG; at++)
                    text[at] = at % run == run - 1 ? 'b' : 'a';
                expression_search(expression, room, text, LONG);
                assert_true(seconds() - began < (expression_has_jit(expression) ? 0.05 : 1));
                expression_free(&expression);
            }
        }
    }
    free(text);
}

static void who_gives_up_says_so(void **state)
{
    char *text = malloc(LONG);

    (void)state;
    for (unsigned at = 0; at < LONG; at++)
        text[at] = at % 13 == 12 ? 'b' : 'a';
    assert_int_equal(answer("(a+)+$", text, LONG), EXPRESSION_LIMIT);
    assert_int_equal(answer("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 33), EXPRESSION_LIMIT);
    assert_int_equal(answer("(a+)+$", "aaaaab", 6), EXPRESSION_NOT_FOUND);
    assert_int_equal(answer("a", text, LONG), EXPRESSION_FOUND); /* the room is as before */
    free(text);
}

/* What people write must not be taken for an attack: 820 lines with a place each where it is
 * nearly found. */
static void a_long_log_is_searched_to_its_end(void **state)
{
    static const char line[] = "2026 error order placed in the middle of the night by nobody at all"
                               " whom we know\n";
    static const char *const sources[] = {"error.*timeout", "(?i)error.*(timeout|refused)",
                                          "\\d+ .*ms", "[a-z]+ed\\b.*;"};
    char *text = malloc(LONG);

    (void)state;
    for (size_t at = 0; at < LONG; at++)
        text[at] = line[at % (sizeof line - 1)];
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        if (answer(sources[i], text, LONG) != EXPRESSION_NOT_FOUND)
            fail_msg("%s", sources[i]);
    }
    memcpy(text + LONG - 13, "error timeout", 13);
    assert_int_equal(answer("error.*timeout", text, LONG), EXPRESSION_FOUND);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(what_is_found_is_found_with_and_without_jit),
        TEST(bytes_that_are_no_characters_hide_nothing_else),
        TEST(of_a_text_that_is_too_long_and_no_utf8_the_beginning_is_searched),
        TEST(what_is_wrong_is_told_where_it_is),
        TEST(an_expression_is_bounded_in_length_and_in_memory),
        TEST(no_search_holds_the_loop),
        TEST(who_gives_up_says_so),
        TEST(a_long_log_is_searched_to_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
