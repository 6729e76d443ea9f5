/* json_suite.c - what is JSON, what is not, and what RFC 8259 leaves to us, by category, in the
 * manner of JSONTestSuite. What is JSON must keep all its values; what is not must keep all
 * its bytes, as malformed text. */
#include "decode/decode.h"

#include "tests/unit/decode/shown.h"

/* Within a document, as the value of `a`; shown as it is written, but for white space around
 * it, or as `shown` says. */
struct value {
    const char *json;
    size_t len;
    const char *shown;
    size_t shown_len;
};
#define VALUE(json)                                                                                \
    {                                                                                              \
        json, sizeof(json) - 1, json, sizeof(json) - 1                                             \
    }
#define VALUE_AS(json, shown)                                                                      \
    {                                                                                              \
        json, sizeof(json) - 1, shown, sizeof(shown) - 1                                           \
    }
#define BYTES(bytes)                                                                               \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, NULL, 0                                                          \
    }

/* {"a":VALUE,"z":0}, so that what follows is read, too; the length of the document. */
static size_t write_document(char *to, const struct value *value)
{
    char *begin = to;

    to = stpcpy(to, "{\"a\":");
    to = mempcpy(to, value->json, value->len);
    to = stpcpy(to, ",\"z\":0}");
    return (size_t)(to - begin);
}

static void assert_field(unsigned i, const char *name, const char *bytes, size_t len)
{
    const struct field *field = &t.entry->fields[i];
    const char *base = t.message->bytes;

    assert_int_equal(field->key.len, strlen(name));
    assert_memory_equal(base + field->key.offset, name, strlen(name));
    if (field->value.len != len || memcmp(base + field->value.offset, bytes, len) != 0)
        fail_msg("'%s' is %.*s", name, (int)field->value.len, base + field->value.offset);
}

static void assert_accepted(const struct value *value)
{
    char document[4096];
    size_t len = write_document(document, value);

    rig_begin(&t, document, len, NULL);
    assert_true(rig_next(&t));
    if (t.entry->malformed || t.entry->field_count != 2)
        fail_msg("%.*s is refused", (int)len, document);
    assert_field(0, "a", value->shown, value->shown_len);
    assert_int_equal(t.entry->fields[0].value.literal, *value->json != '"');
    assert_field(1, "z", "0", 1);
    assert_false(rig_next(&t));
    rig_end(&t);
}

static void assert_refused(const char *payload, size_t len)
{
    rig_begin(&t, payload, len, NULL);
    assert_true(rig_next(&t));
    if (!t.entry->malformed || t.entry->field_count > 0)
        fail_msg("%.*s is accepted", (int)len, payload);
    assert_int_equal(t.entry->text.len, len);
    assert_memory_equal(t.message->bytes + t.entry->text.offset, payload, len);
    assert_false(rig_next(&t));
    rig_end(&t);
}

static void y_values(void **state)
{
    static const struct value values[] = {
        /* numbers */
        VALUE("0"),
        VALUE("-0"),
        VALUE("1"),
        VALUE("-1"),
        VALUE("123"),
        VALUE("0.5"),
        VALUE("-0.5"),
        VALUE("123.456"),
        VALUE("0e1"),
        VALUE("0e+1"),
        VALUE("1E22"),
        VALUE("1E-2"),
        VALUE("1E+2"),
        VALUE("123e45"),
        VALUE("123.456e78"),
        VALUE("-0.0000000000000000000000000000000000000000000000000000000000000000000000001"),
        VALUE("123456789012345678901234567890"),
        /* words */
        VALUE("true"),
        VALUE("false"),
        VALUE("null"),
        /* strings */
        VALUE_AS("\"\"", ""),
        VALUE_AS("\"a\"", "a"),
        VALUE_AS("\" \"", " "),
        VALUE_AS("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"),
        VALUE_AS("\"\\u0061\\u0030\\u00AF\\uBCDA\"", "a0\xc2\xaf\xeb\xb3\x9a"),
        VALUE_AS("\"\\u0000\"", "\0"),
        VALUE_AS("\"\\u0012\"", "\x12"),
        VALUE_AS("\"\\uD834\\uDD1E\"", "\xf0\x9d\x84\x9e"),
        VALUE_AS("\"\\ud801\\udc37\"", "\xf0\x90\x90\xb7"),
        VALUE_AS("\"\\uFFFE\\uFFFF\"", "\xef\xbf\xbe\xef\xbf\xbf"),
        VALUE_AS("\"\\uDBFF\\uDFFF\"", "\xf4\x8f\xbf\xbf"),
        VALUE_AS("\"\\\\u0061\"", "\\u0061"),
        VALUE_AS("\"\\\\\\\"\"", "\\\""),
        VALUE_AS("\"a/*b*/c/*d//e\"", "a/*b*/c/*d//e"),
        VALUE_AS("\"\x7f\"", "\x7f"),
        VALUE_AS("\"\xc2\x80\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf\xf4\x8f\xbf\xbf\"",
                 "\xc2\x80\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf\xf4\x8f\xbf\xbf"),
        VALUE_AS("\"{\\\"a\\\":[1,2]}\"", "{\"a\":[1,2]}"),
        /* arrays */
        VALUE("[]"),
        VALUE("[[]]"),
        VALUE("[\"\"]"),
        VALUE("[\"a\"]"),
        VALUE("[1]"),
        VALUE("[null]"),
        VALUE("[null,1,\"1\",{}]"),
        VALUE("[1,null,null,null,2]"),
        VALUE("[ 1 , 2 ]"),
        VALUE("[[[[[[[[[[]]]]]]]]]]"),
        VALUE("[\"]\"]"),
        VALUE_AS("[1\n]", "[1]"),
        VALUE_AS("[\t\r\n 1]", "[1]"),
        /* objects */
        VALUE("{}"),
        VALUE("{\"\":0}"),
        VALUE("{\"a\":[]}"),
        VALUE("{\"a\":\"b\",\"a\":\"b\"}"),
        VALUE("{\"a\":\"b\",\"a\":\"c\"}"),
        VALUE("{\"min\":-1.0e+28,\"max\":1.0e+28}"),
        VALUE("{\"a\":{\"b\":{\"c\":{}}}}"),
        VALUE("{\"}\":\"{\"}"),
        VALUE("{\"\\u0066oo\\u0000bar\":42}"),
        VALUE_AS("{\n\"a\":\n\"b\"\n}", "{\"a\":\"b\"}"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++)
        assert_accepted(&values[i]);
}

static void n_values(void **state)
{
    static const struct value values[] = {
        /* numbers */
        BYTES("-"),
        BYTES("+1"),
        BYTES("++1"),
        BYTES("--1"),
        BYTES("01"),
        BYTES("-01"),
        BYTES("-012"),
        BYTES("00"),
        BYTES("."),
        BYTES(".1"),
        BYTES("-.1"),
        BYTES("1."),
        BYTES("-1."),
        BYTES("0.e1"),
        BYTES("1.e1"),
        BYTES("1.2.3"),
        BYTES("1eE2"),
        BYTES("0e"),
        BYTES("0e+"),
        BYTES("1.0e-"),
        BYTES("1e1.5"),
        BYTES("1 000"),
        BYTES("1_000"),
        BYTES("0x1"),
        BYTES("0x"),
        BYTES("1a"),
        BYTES("1\x00"),
        BYTES("Infinity"),
        BYTES("-Infinity"),
        BYTES("Inf"),
        BYTES("NaN"),
        BYTES("-NaN"),
        BYTES("\xef\xbc\x91"), /* a wide 1 */
        BYTES("- 1"),
        BYTES("0.3e"),
        BYTES("9.e+"),
        /* words */
        BYTES("tru"),
        BYTES("fals"),
        BYTES("nul"),
        BYTES("True"),
        BYTES("TRUE"),
        BYTES("trueX"),
        BYTES("true false"),
        BYTES("undefined"),
        BYTES("a"),
        /* strings */
        BYTES("'a'"),
        BYTES("\"a"),
        BYTES("a\""),
        BYTES("\"a\"b"),
        BYTES("\"a\"\"b\""),
        BYTES("\"\\x00\""),
        BYTES("\"\\a\""),
        BYTES("\"\\'\""),
        BYTES("\"\\0\""),
        BYTES("\"\\U0061\""),
        BYTES("\"\\u\""),
        BYTES("\"\\u1\""),
        BYTES("\"\\u123\""),
        BYTES("\"\\u00G0\""),
        BYTES("\"\\u 061\""),
        BYTES("\"\\\xf0\x9f\x98\x80\""),
        BYTES("\"\\\""),
        BYTES("\"a\nb\""),
        BYTES("\"a\tb\""),
        BYTES("\"\x01\""),
        BYTES("\"\x1f\""),
        BYTES("\"\x00\""),
        /* arrays */
        BYTES("["),
        BYTES("]"),
        BYTES("[1"),
        BYTES("1]"),
        BYTES("[1,]"),
        BYTES("[,1]"),
        BYTES("[1,,2]"),
        BYTES("[,]"),
        BYTES("[1 2]"),
        BYTES("[\"a\" \"b\"]"),
        BYTES("[1:2]"),
        BYTES("[\"a\":1]"),
        BYTES("[1}"),
        BYTES("[[1]"),
        BYTES("[1]]"),
        BYTES("[a]"),
        BYTES("[*]"),
        BYTES("[1,\n1\n,1"),
        BYTES("[3[4]]"),
        /* objects */
        BYTES("{"),
        BYTES("}"),
        BYTES("{]"),
        BYTES("{\"a\"}"),
        BYTES("{\"a\":}"),
        BYTES("{:1}"),
        BYTES("{a:1}"),
        BYTES("{'a':1}"),
        BYTES("{1:1}"),
        BYTES("{null:1}"),
        BYTES("{[]:1}"),
        BYTES("{\"a\"::1}"),
        BYTES("{\"a\" 1}"),
        BYTES("{\"a\",1}"),
        BYTES("{\"a\":1,}"),
        BYTES("{\"a\":1,,\"b\":2}"),
        BYTES("{,\"a\":1}"),
        BYTES("{\"a\":1 \"b\":2}"),
        BYTES("{\"a\":1"),
        BYTES("{\"a\":1]"),
        BYTES("{\"a\":1}}"),
        BYTES("{\"a\":1}/**/"),
        BYTES("{\"a\":1}//"),
        BYTES("{\"a\":/*x*/1}"),
        BYTES("{\"a\":\"b\"#\"c\"}"),
        /* spaces of other kinds */
        BYTES("[\x0c]"),
        BYTES("[\x0b]"),
        BYTES("[\xe2\x81\xa0]"),
        BYTES("[\xc2\xa0]"),
        BYTES("[\xef\xbb\xbf]"),
        BYTES(""),
        BYTES(" "),
        BYTES("1;"),
        BYTES("<.>"),
    };
    char document[4096];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++)
        assert_refused(document, write_document(document, &values[i]));
}

static void n_documents(void **state)
{
    static const struct value documents[] = {
        BYTES("{"),
        BYTES("{ "),
        BYTES("{\""),
        BYTES("{\"a"),
        BYTES("{\"a\""),
        BYTES("{\"a\":"),
        BYTES("{\"a\":1"),
        BYTES("{\"a\":1,"),
        BYTES("{\"a\":1,\""),
        BYTES("{}x"),
        BYTES("{}{}"),
        BYTES("{} {}"),
        BYTES("{},"),
        BYTES("{}]"),
        BYTES("{}}"),
        BYTES("{}\x00"),
        BYTES("{}//"),
        BYTES("{,}"),
        BYTES("{:}"),
        BYTES("{{}}"),
        BYTES("{[]}"),
        BYTES("{\"a\"}"),
        BYTES("{\"a\":1,}"),
        BYTES("{\"a\":\"\\ud800\"x}"),
        BYTES("{\"message\":\"m\",\"level\":}"),
        BYTES("{\"\\x\":1}"),
        BYTES("{\"log\":{\"level\":tru}}"),
        BYTES("{\"MESSAGE\":[1,]}"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(documents); i++)
        assert_refused(documents[i].json, documents[i].len);
}

/* RFC 8259 does not say; we do not guess at what is no text. */
static void i_invalid_utf_8_is_refused(void **state)
{
    static const struct value values[] = {
        BYTES("\"\xff\""),
        BYTES("\"\xe9\""),
        BYTES("\"\x80\""),
        BYTES("\"\xc0\xaf\""),
        BYTES("\"\xe0\x80\x80\""),
        BYTES("\"\xed\xa0\x80\""),
        BYTES("\"\xf4\xbf\xbf\xbf\""),
        BYTES("\"\xf8\x88\x80\x80\x80\""),
        BYTES("\"\xe6\x97\""),
        BYTES("[\"\xff\"]"),
        BYTES("{\"\xff\":1}"),
    };
    char document[4096];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++)
        assert_refused(document, write_document(document, &values[i]));
}

/* Halves of pairs are no characters, and have no bytes to be kept as. */
static void i_lone_surrogates_are_refused(void **state)
{
    static const struct value values[] = {
        BYTES("\"\\ud800\""),     BYTES("\"\\udc00\""),        BYTES("\"\\ud800a\""),
        BYTES("\"\\ud800\\n\""),  BYTES("\"\\ud800\\ud800\""), BYTES("\"\\udc00\\ud800\""),
        BYTES("{\"\\ud800\":1}"),
    };
    char document[4096];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++)
        assert_refused(document, write_document(document, &values[i]));
}

/* Numbers of any size are passed on as they are written. */
static void i_numbers_of_any_size_are_kept(void **state)
{
    static const struct value values[] = {
        VALUE("1e400"),
        VALUE("-1e400"),
        VALUE("1e-400"),
        VALUE("0.4e00669999999999999999999999999999999999999999999999999999999999999999999999"),
        VALUE("100000000000000000000"),
        VALUE("-237462374673276894279832749832423479823246327846"),
        VALUE("1.000000000000000000000000000000000000000000000000000000000000000000000001"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++)
        assert_accepted(&values[i]);
}

static void i_sixty_four_levels_are_accepted_and_one_more_is_refused(void **state)
{
    char value[256], document[512];

    (void)state;
    for (unsigned levels = 63; levels <= 64; levels++) {
        struct value deep = {value, 2 * levels, value, 2 * levels};

        memset(value, '[', levels);
        memset(value + levels, ']', levels);
        if (levels == 63) /* the document itself is one */
            assert_accepted(&deep);
        else
            assert_refused(document, write_document(document, &deep));
    }
}

/* A byte order mark, and what is no object, are text of their own kind. */
static void i_other_documents_are_text(void **state)
{
    static const struct row rows[] = {
        ROW("[1,2]", " '[1,2]'"),
        ROW("\"a\"", " '\"a\"'"),
        ROW("null", " 'null'"),
        ROW(" {}", " ' {}'"),
        ROW("\xef\xbb\xbf{}", " '\xef\xbb\xbf{}'"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(y_values),
        TEST(n_values),
        TEST(n_documents),
        TEST(i_invalid_utf_8_is_refused),
        TEST(i_lone_surrogates_are_refused),
        TEST(i_numbers_of_any_size_are_kept),
        TEST(i_sixty_four_levels_are_accepted_and_one_more_is_refused),
        TEST(i_other_documents_are_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
