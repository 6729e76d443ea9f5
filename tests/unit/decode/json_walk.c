/* The walk: the grammar of RFC 8259, checked to the leaves, no deeper than 64. */
#include "decode/json_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_LEN = 4 * 1024 * 1024, SPARE = 64 };

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static struct json_index *json;
static char *text_copy, *scratch;

/* False: not even a row of tokens. */
static bool begin_walk(struct json_walk *walk, const char *text, size_t len)
{
    memcpy(text_copy, text, len);
    memset(text_copy + len, 0, SPARE);
    if (!json_index_build(json, text_copy, len))
        return false;
    *walk = (struct json_walk){.index = json, .text = text_copy, .scratch = scratch};
    walk->tokens = json_index_tokens(json, &walk->count);
    return true;
}

/* Whether the text is one value and nothing else. */
static bool is_json(const char *text, size_t len, unsigned depth)
{
    struct json_walk walk;
    uint32_t begin, value_len;

    return begin_walk(&walk, text, len) && json_walk_value(&walk, depth, &begin, &value_len) &&
           walk.at == walk.count;
}

static const char *const accepted[] = {
    /* scalars */
    "0", "-0", "1", "-1", "12345678901234567890", "0.0", "0.5", "-0.5", "1.25", "1e1", "1E1",
    "1e+1", "1e-1", "0e0", "0E+00", "-1.5e-300", "1e400", "123.456e78", "true", "false", "null",
    "\"\"", "\"a\"", "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"\\\\\\\"\"", "\"/\"", "\"\x7f\"",
    "\"\xef\xbf\xbf\"",
    /* containers */
    "{}", "[]", "{\"\":{}}", "[[]]", "[{}]", "{\"a\":[]}", "[[],[]]", "[[[]],{}]", "[{},{}]",
    "{\"a\":{},\"b\":[]}", "{\"a\":1,\"a\":1}", "[1]", "[1,2]", "[1,\"a\",null,true,{},[]]",
    "{\"a\":{\"b\":{\"c\":[1,{\"d\":2}]}},\"e\":3}", "[[1,2],[3,4]]", "[\"]\",\"}\",\"{\",\",\"]",
    "{\"a\\\"b\":\"\\\\\"}", "{\"\\u0061\":1}",
    /* white space */
    " 1 ", "\t\r\n 1 \n", "[ ]", "[\t1\r,\n2 ]", "{ \"a\" : 1 , \"b\" : [ ] }", "{\n}",
    "\r\n{\r\n\"a\"\r\n:\r\n1\r\n}\r\n"};

static const char *const rejected[] = {
    /* numbers */
    "01", "-01", "00", "-", "+1", ".5", "1.", "1.e1", "1e", "1e+", "1e-", "1.2.3", "1e1.5", "1e1e1",
    "--1", "-a", "1a", "0x10", "1_000", "Infinity", "-Infinity", "NaN", "1,", "1 2", "0 0", "1-",
    "1e1-", "\xef\xbc\x91",
    /* words */
    "tru", "truee", "True", "TRUE", "t", "nul", "nulll", "Null", "fals", "falsee", "undefined",
    "true false", "truefalse", "true\"\"",
    /* strings */
    "\"a", "'a'", "a", "\"\\a\"", "\"\\x41\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"",
    "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"a\" \"b\"", "\"a\"\"b\"", "\"a\"b", "b\"a\"", "1\"a\"",
    "\"a\"1", "\"a\nb\"", "\"a\tb\"", "\"\xff\"", "\\", "\\\"\"",
    /* arrays */
    "[", "]", "[1", "1]", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1,2}", "[1:2]",
    "[\"a\":1]", "[]]", "[[]", "[][]", "[1]2", "[-]", "[1.2.3]", "[tru]", "[\"\\a\"]", "[\"a\"b]",
    "[1\f]", "[1,\v2]", "[\f]", "[\x1a]",
    "[\xc2\xa0"
    "1]",
    "[1;2]", "[1]/**/", "//\n[1]",
    /* objects */
    "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{,\"a\":1}",
    "{\"a\":1,,\"b\":2}", "{\"a\" 1}", "{\"a\",1}", "{\"a\"}", "{\"a\":}", "{\"a\":1]", "{]", "[}",
    "{1:1}", "{a:1}", "{'a':1}", "{null:1}", "{[]:1}", "{{}:1}", "{\"a\"::1}", "{\"a\":1:2}",
    "{\"a\":1 \"b\":2}", "{\"a\":1}}", "{{}}", "{}{}", "{\"a\":1}{\"b\":2}", "{\"\\a\":1}",
    "{\"\\ud800\":1}", "{\"a\":\"\\ud800\"}",
    "{\"a\"\x1a"
    "1}",
    "{\"a\":1\f\"b\":2}", "{:1}", "{\"a\":b\"c\"}", "{\"a\":1\"c\"}", "{\"a\":\"b\"c}",
    "{\"a\"b:1}",
    /* a byte order mark is none of the four kinds of white space */
    "\xef\xbb\xbf{}"};

static void each_text_is_told_right(const char *const *texts, size_t count, bool right,
                                    const char *before, const char *after)
{
    for (size_t i = 0; i < count; i++) {
        char text[256];
        int len = snprintf(text, sizeof text, "%s%s%s", before, texts[i], after);

        assert_in_range(len, 1, sizeof text - 1);
        if (is_json(text, (size_t)len, 0) != right)
            fail_msg("%s was %s", text, right ? "rejected" : "accepted");
    }
}

static void right_texts_are_accepted_wherever_they_stand(void **state)
{
    (void)state;
    each_text_is_told_right(accepted, COUNT_OF(accepted), true, "", "");
    each_text_is_told_right(accepted, COUNT_OF(accepted), true, "[", "]");
    each_text_is_told_right(accepted, COUNT_OF(accepted), true, "[1,", ",{}]");
    each_text_is_told_right(accepted, COUNT_OF(accepted), true, "{\"k\":", "}");
    each_text_is_told_right(accepted, COUNT_OF(accepted), true, "{\"j\":[],\"k\": ", " ,\"l\":{}}");
}

static void wrong_texts_are_rejected_wherever_they_stand(void **state)
{
    (void)state;
    each_text_is_told_right(rejected, COUNT_OF(rejected), false, "", "");
    each_text_is_told_right(rejected, COUNT_OF(rejected), false, "{\"k\":[0,{\"l\":", "}]}");
    each_text_is_told_right(rejected, COUNT_OF(rejected), false, "[", "] x");
}

/* `levels` brackets around nothing: all [ or, alternating, {"": and [. */
static size_t nest(char *text, unsigned levels, bool objects)
{
    char *to = text;

    for (unsigned i = 0; i < levels; i++)
        to = stpcpy(to, !objects || i % 2 ? "[" : i + 1 < levels ? "{\"\":" : "{");
    for (unsigned i = levels; i-- > 0;)
        to = stpcpy(to, !objects || i % 2 ? "]" : "}");
    return (size_t)(to - text);
}

static void depth_is_counted_from_the_top(void **state)
{
    char text[1024];

    (void)state;
    for (int objects = 0; objects < 2; objects++)
        for (unsigned depth = 0; depth < JSON_DEPTH_MAX; depth++) {
            size_t fits = nest(text, JSON_DEPTH_MAX - depth, objects);

            assert_true(is_json(text, fits, depth));
            assert_false(is_json(text, fits, depth + 1));
            assert_false(is_json(text, nest(text, JSON_DEPTH_MAX - depth + 1, objects), depth));
        }
    assert_true(is_json("1", 1, JSON_DEPTH_MAX));
    assert_false(is_json("[]", 2, JSON_DEPTH_MAX));
}

/* All 64 bits are used, so a level's kind must come back when the inner ones close. */
static void every_level_remembers_its_kind(void **state)
{
    char text[1024];

    (void)state;
    for (int kinds = 0; kinds < 2; kinds++) {
        size_t len = nest(text, JSON_DEPTH_MAX, kinds);

        for (unsigned wrong = 1; wrong <= JSON_DEPTH_MAX; wrong++) {
            char *bracket = &text[len - wrong], right = *bracket;

            *bracket = right == ']' ? '}' : ']';
            assert_false(is_json(text, len, 0));
            *bracket = right;
        }
        assert_true(is_json(text, len, 0));
    }
}

static void a_million_levels_are_refused_without_a_stack(void **state)
{
    enum { LEVELS = 1000 * 1000 };
    char *text = malloc(2 * LEVELS + 1);

    (void)state;
    assert_false(is_json(text, nest(text, LEVELS, false), 0));
    memset(text, '[', LEVELS);
    assert_false(is_json(text, LEVELS, 0));
    free(text);
}

static void wide_is_not_deep(void **state)
{
    enum { ITEMS = 100 * 1000 };
    char *text = malloc(5 * ITEMS + 3), *to = text;

    (void)state;
    *to++ = '[';
    for (unsigned i = 0; i < ITEMS; i++)
        to = stpcpy(to, i ? ",[{}]" : "[{}]");
    *to++ = ']';
    assert_true(is_json(text, (size_t)(to - text), JSON_DEPTH_MAX - 3));
    assert_false(is_json(text, (size_t)(to - text), JSON_DEPTH_MAX - 2));
    free(text);
}

static void a_value_says_where_it_stands(void **state)
{
    static const struct {
        const char *text, *value;
    } rows[] = {
        {" 12 ", "12"},
        {"\t\"a b\"\r\n", "\"a b\""},
        {" [ 1 , {\"a\" : [ ]} ] ", "[ 1 , {\"a\" : [ ]} ]"},
        {"{}", "{}"},
        {"null,", "null"},
        {"{\"a\":1},2", "{\"a\":1}"},
        {"1]", "1"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct json_walk walk;
        uint32_t begin, len;

        assert_true(begin_walk(&walk, rows[i].text, strlen(rows[i].text)));
        assert_true(json_walk_value(&walk, 0, &begin, &len));
        assert_int_equal(len, strlen(rows[i].value));
        assert_memory_equal(walk.text + begin, rows[i].value, len);
    }
}

static void strings_and_peeks_step_from_token_to_token(void **state)
{
    struct json_walk walk;
    uint32_t begin, len;

    (void)state;
    assert_true(begin_walk(&walk, "\"ab\" : 7", 8));
    assert_int_equal(json_walk_peek(&walk), '"');
    assert_int_equal(json_walk_token_end(&walk), 4);
    assert_true(json_walk_string(&walk, &begin, &len));
    assert_int_equal(begin, 1);
    assert_int_equal(len, 2);
    assert_int_equal(json_walk_peek(&walk), ':');
    assert_false(json_walk_string(&walk, &begin, &len));
    assert_int_equal(walk.at, 1); /* a failure moves nothing */
    walk.at++;
    assert_int_equal(json_walk_peek(&walk), '7');
    assert_int_equal(json_walk_token_end(&walk), 8);
    walk.at++;
    assert_int_equal(json_walk_peek(&walk), '\0');
    assert_false(json_walk_string(&walk, &begin, &len));
    assert_false(json_walk_value(&walk, 0, &begin, &len));
}

static int make_index(void **state)
{
    (void)state;
    json = json_index_new(MAX_LEN);
    text_copy = malloc(MAX_LEN + SPARE);
    scratch = malloc(MAX_LEN + SPARE);
    return json && text_copy && scratch ? 0 : -1;
}

static int free_index(void **state)
{
    (void)state;
    json_index_free(&json);
    free(text_copy);
    free(scratch);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_texts_are_accepted_wherever_they_stand),
        cmocka_unit_test(wrong_texts_are_rejected_wherever_they_stand),
        cmocka_unit_test(depth_is_counted_from_the_top),
        cmocka_unit_test(every_level_remembers_its_kind),
        cmocka_unit_test(a_million_levels_are_refused_without_a_stack),
        cmocka_unit_test(wide_is_not_deep),
        cmocka_unit_test(a_value_says_where_it_stands),
        cmocka_unit_test(strings_and_peeks_step_from_token_to_token),
    };

    return cmocka_run_group_tests(tests, make_index, free_index);
}
