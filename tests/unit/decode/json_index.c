/* The index: which texts are rows of tokens, where tokens begin, what escapes mean.
 *
 * Texts are handed over in heap memory of exactly their length, so that the sanitizers
 * and valgrind see a byte read past it. */
#include "decode/json_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_LEN = 1024, SPARE = 64 };

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static struct json_index *json;

static bool builds(const char *text, size_t len)
{
    char *exact = malloc(len ? len : 1);
    bool built;

    memcpy(exact, text, len);
    built = json_index_build(json, exact, len);
    free(exact);
    return built;
}

static void tokens_begin_where_the_marks_are(void **state)
{
    static const struct {
        const char *text, *marks;
    } rows[] = {
        {"{}", "^^"},
        {"{\"a\":1}", "^^  ^^^"},
        {"[1,22,-3.5e7]", "^^^^ ^^     ^"},
        {"{\"a\":[true,null]}", "^^  ^^^   ^^   ^^"},
        {" \t\r\n{ \"a b\" : \"c:d,{\" }", "    ^ ^     ^ ^       ^"},
        {"\"a\\\"b\" 1", "^      ^"},
        {"\"a\\\\\" 1", "^     ^"},
        {"tru e", "^   ^"},
        {"1.2.3", "^    "},
        {"[1}{", "^^^^"},
        {"\"\xc3\xbc\"x", "^   ^"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char marks[64];
        uint32_t count;
        const uint32_t *tokens;
        size_t len = strlen(rows[i].text);

        if (!builds(rows[i].text, len))
            fail_msg("no tokens in %s", rows[i].text);
        tokens = json_index_tokens(json, &count);
        assert_int_equal(tokens[count], len);
        memset(marks, ' ', len);
        marks[len] = '\0';
        for (uint32_t token = 0; token < count; token++)
            marks[tokens[token]] = '^';
        if (strcmp(marks, rows[i].marks) != 0)
            fail_msg("%s\n%s\n%s expected", rows[i].text, marks, rows[i].marks);
    }
}

static void what_is_no_row_of_tokens_is_refused(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } rows[] = {
        {"", 0},
        {" \t\r\n ", 5},
        {"\"", 1},
        {"{\"a", 3},
        {"\"a\\\"", 4},
        {"\"a\nb\"", 5},
        {"\"a\tb\"", 5},
        {"\"\0\"", 3},
        {"\"\x1f\"", 3},
        {"\"\xff\"", 3},
        {"\"\xc0\xaf\"", 4},
        {"\"\xed\xa0\x80\"", 5},
        {"\"\xf4\x90\x80\x80\"", 6},
        {"\"\xc3\"", 3},
        {"\"abc\" \xe2\x82", 8},
        {"\"a\" \xfe", 5},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (builds(rows[i].text, rows[i].len))
            fail_msg("row %zu was accepted", i);
}

/* What is wrong may stand anywhere in or across the 64 bytes that are read at once. */
static void a_wrong_byte_is_found_at_every_place(void **state)
{
    char text[200];

    (void)state;
    for (size_t at = 1; at < sizeof text - 1; at++) {
        memset(text, 'x', sizeof text);
        text[0] = text[sizeof text - 1] = '"';
        assert_true(builds(text, sizeof text));
        text[at] = '\n';
        assert_false(builds(text, sizeof text));
        text[at] = (char)0x80;
        assert_false(builds(text, sizeof text));
        text[at] = '\\';
        text[at + 1] = '"';
        assert_int_equal(builds(text, sizeof text), at + 2 < sizeof text);
    }
}

static void a_failed_build_spoils_nothing_for_the_next(void **state)
{
    uint32_t count;

    (void)state;
    assert_false(builds("{\"a\":\"", 6));
    assert_true(builds("[1]", 3));
    assert_int_equal(json_index_tokens(json, &count)[1], 1);
    assert_int_equal(count, 3);
}

static void the_longest_text_fits_and_a_longer_one_is_refused(void **state)
{
    struct json_index *small = json_index_new(300);
    char text[600];
    uint32_t count;

    (void)state;
    assert_non_null(small);
    memset(text, '[', sizeof text);
    assert_true(json_index_build(small, text, 300));
    json_index_tokens(small, &count);
    assert_int_equal(count, 300);
    assert_false(json_index_build(small, text, sizeof text));
    assert_true(json_index_bytes(300) >= 300 * sizeof(uint32_t));
    assert_true(json_index_bytes(600) > json_index_bytes(300));
    json_index_free(&small);
    assert_null(small);
}

struct string_row {
    const char *text; /* between the quotes */
    const char *bytes;
    size_t len;
};

#define MEANS(text, bytes)                                                                         \
    {                                                                                              \
        text, bytes, sizeof(bytes) - 1                                                             \
    }
#define REFUSED(text)                                                                              \
    {                                                                                              \
        text, NULL, 0                                                                              \
    }

static const struct string_row strings[] = {
    MEANS("", ""),
    MEANS("plain", "plain"),
    MEANS("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"),
    MEANS("\\u0041", "A"),
    MEANS("\\u00e9\\u00E9", "\xc3\xa9\xc3\xa9"),
    MEANS("\\u20ac", "\xe2\x82\xac"),
    MEANS("\\uffff", "\xef\xbf\xbf"),
    MEANS("\\u0000", "\0"),
    MEANS("a\\u0000b", "a\0b"),
    MEANS("\\u000a", "\n"),
    MEANS("\\ud83d\\ude00", "\xf0\x9f\x98\x80"),
    MEANS("\\uD800\\uDC00", "\xf0\x90\x80\x80"),
    MEANS("\\udbff\\udfff", "\xf4\x8f\xbf\xbf"),
    MEANS("x\\ud83d\\ude00y", "x\xf0\x9f\x98\x80y"),
    REFUSED("\\a"),
    REFUSED("\\'"),
    REFUSED("\\0"),
    REFUSED("\\x41"),
    REFUSED("\\ "),
    REFUSED("\\U0041"),
    REFUSED("\\u"),
    REFUSED("\\u1"),
    REFUSED("\\u123"),
    REFUSED("\\u12g4"),
    REFUSED("\\u-123"),
    REFUSED("\\u 123"),
    REFUSED("\\ud800"),
    REFUSED("\\ud800x"),
    REFUSED("\\ud800\\n"),
    REFUSED("\\ud800\\u0041"),
    REFUSED("\\ud800\\ud800"),
    REFUSED("\\udc00"),
    REFUSED("\\udc00\\ud800"),
    REFUSED("\\udfffabc"),
};

/* The string stands at the given distance from a boundary of 32 bytes. */
static void check_string(const struct string_row *row, unsigned distance)
{
    char from[256] = "", to[256];
    size_t len = strlen(row->text);
    char *end;

    memset(from, 'x', distance);
    from[distance] = '"';
    memcpy(from + distance + 1, row->text, len);
    from[distance + 1 + len] = '"';
    memset(to, '#', sizeof to);
    end = json_unescape(json, from + distance + 1, to);
    if ((end != NULL) != (row->bytes != NULL))
        fail_msg("\"%s\" was %s", row->text, end ? "taken" : "refused");
    if (!end)
        return;
    assert_int_equal(end - to, row->len);
    assert_true((size_t)(end - to) <= len);
    assert_memory_equal(to, row->bytes, row->len);
}

static void escapes_mean_what_the_rfc_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(strings); i++)
        for (unsigned distance = 0; distance < 34; distance++)
            check_string(&strings[i], distance);
}

static void a_long_string_is_unescaped_within_its_length_and_the_spare(void **state)
{
    enum { PAIRS = 300 };
    char *from = malloc(2 * PAIRS + 2 + SPARE), *to = malloc(2 * PAIRS + SPARE);

    (void)state;
    for (size_t i = 0; i < PAIRS; i++)
        memcpy(from + 1 + 2 * i, i % 3 ? "ab" : "\\n", 2);
    from[0] = from[2 * PAIRS + 1] = '"';
    memset(from + 2 * PAIRS + 2, 0, SPARE);
    assert_ptr_equal(json_unescape(json, from + 1, to), to + 2 * PAIRS - PAIRS / 3);
    assert_memory_equal(to, "\nabab\nabab", 10);
    free(from);
    free(to);
}

static int make_index(void **state)
{
    (void)state;
    json = json_index_new(MAX_LEN);
    return json ? 0 : -1;
}

static int free_index(void **state)
{
    (void)state;
    json_index_free(&json);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_begin_where_the_marks_are),
        cmocka_unit_test(what_is_no_row_of_tokens_is_refused),
        cmocka_unit_test(a_wrong_byte_is_found_at_every_place),
        cmocka_unit_test(a_failed_build_spoils_nothing_for_the_next),
        cmocka_unit_test(the_longest_text_fits_and_a_longer_one_is_refused),
        cmocka_unit_test(escapes_mean_what_the_rfc_says),
        cmocka_unit_test(a_long_string_is_unescaped_within_its_length_and_the_spare),
    };

    return cmocka_run_group_tests(tests, make_index, free_index);
}
