/* json_doc.c - what is in a document is found, and what is not there is nothing. */
#include "decode/json_doc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_LEN = 256 };

static struct json_doc *doc;

static int with_a_doc(void **state)
{
    (void)state;
    doc = json_doc_new(MAX_LEN);
    assert_non_null(doc);
    return 0;
}

static int free_doc(void **state)
{
    (void)state;
    json_doc_free(&doc);
    assert_null(doc);
    return 0;
}

static bool reads(const char *text)
{
    return json_doc_read(doc, text, strlen(text));
}

static const char *text_of(uint32_t value)
{
    static char text[32];

    return json_doc_text(doc, value, text, sizeof text) ? text : "not a text";
}

static uint64_t number_of(const char *name)
{
    uint64_t number;

    assert_true(json_doc_number(doc, json_doc_member(doc, JSON_ROOT, name), &number));
    return number;
}

static void members_are_found_by_their_names(void **state)
{
    uint32_t inner;

    (void)state;
    assert_true(
        reads(" {\"a\" : \"x\\n\\u0041\" , \"b\":{\"a\":[1,{}],\"c\":7}, \"d\":[], \"n\":12,"
              "\"t\":true,\"a\":\"second\"}\n"));
    assert_string_equal(text_of(json_doc_member(doc, JSON_ROOT, "a")), "x\nA");
    inner = json_doc_member(doc, JSON_ROOT, "b");
    assert_true(json_doc_is_object(doc, inner));
    assert_int_equal(json_doc_member(doc, inner, "n"), JSON_NOTHING);
    assert_int_equal(json_doc_member(doc, json_doc_member(doc, inner, "c"), "a"), JSON_NOTHING);
    assert_int_equal(number_of("n"), 12);
    assert_true(json_doc_truth(doc, json_doc_member(doc, JSON_ROOT, "t")));
    assert_false(json_doc_truth(doc, json_doc_member(doc, JSON_ROOT, "n")));
    assert_false(json_doc_truth(doc, JSON_NOTHING));
    assert_string_equal(text_of(JSON_NOTHING), "not a text");
    assert_string_equal(text_of(inner), "not a text");
}

static void items_come_one_after_the_other(void **state)
{
    struct json_each each = {0}, inner = {0}, none = {0};

    (void)state;
    assert_true(reads("[[1,2],\"b\",{\"c\":[]}]"));
    assert_true(json_doc_each(doc, JSON_ROOT, &each));
    while (json_doc_each(doc, each.value, &inner))
        assert_int_equal(inner.name, JSON_NOTHING);
    assert_true(json_doc_each(doc, JSON_ROOT, &each));
    assert_string_equal(text_of(each.value), "b");
    assert_true(json_doc_each(doc, JSON_ROOT, &each));
    inner = none;
    assert_true(json_doc_each(doc, each.value, &inner));
    assert_string_equal(text_of(inner.name), "c");
    assert_false(json_doc_each(doc, inner.value, &none));
    assert_false(json_doc_each(doc, each.value, &inner));
    assert_false(json_doc_each(doc, JSON_ROOT, &each));
}

static void texts_and_numbers_have_their_limits(void **state)
{
    char small[4];
    uint64_t number;

    (void)state;
    assert_true(reads("[\"abc\",\"abcd\",\"a\\u0000\",18446744073709551615,18446744073709551616,"
                      "-1,1.5,1e3,null]"));
    assert_true(json_doc_text(doc, 1, small, sizeof small));
    assert_false(json_doc_text(doc, 3, small, sizeof small));
    assert_string_equal(small, "");
    assert_false(json_doc_text(doc, 5, small, sizeof small));
    assert_true(json_doc_number(doc, 7, &number));
    assert_true(number == UINT64_MAX);
    for (uint32_t token = 9; token <= 17; token += 2)
        assert_false(json_doc_number(doc, token, &number));
    assert_int_equal(number, 0);
}

static void what_is_no_document_is_refused(void **state)
{
    static const char *const bad[] = {"",        " ",    "{",   "{}{}",    "{\"a\":tru}",
                                      "{\"a\"}", "[1,]", "nul", "\"\\x\"", "\xff"};
    char deep[MAX_LEN + 1], longest[MAX_LEN + 2];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(reads(bad[i]));
        assert_int_equal(json_doc_member(doc, JSON_ROOT, "a"), JSON_NOTHING);
    }
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    assert_false(json_doc_read(doc, deep, 200));
    memset(longest, ' ', sizeof longest);
    longest[0] = '1';
    assert_true(json_doc_read(doc, longest, MAX_LEN));
    assert_false(json_doc_read(doc, longest, MAX_LEN + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, with_a_doc, free_doc)
        TEST(members_are_found_by_their_names),
        TEST(items_come_one_after_the_other),
        TEST(texts_and_numbers_have_their_limits),
        TEST(what_is_no_document_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
