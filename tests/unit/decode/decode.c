/* Decoding: which entries a message becomes, whatever stands in it.
 *
 * Entries are shown as the JSON they came from, or, where they are text, as 'text';
 * ! before it: malformed; ~ before it: cut. Between two entries stands a bar. Every row is
 * decoded twice: in one go, and with another message decoded after each entry. */
#include "decode/decode.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/decode/decode_rig.h"

enum { MAX_MESSAGE = 256 * 1024, MAX_ENTRY = 64 * 1024, SHOWN_MAX = 2 * MAX_MESSAGE };

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static struct decode_rig t;
static char shown[SHOWN_MAX];

static bool same_span(struct span a, struct span b)
{
    return a.offset == b.offset && a.len == b.len;
}

static char *show_entry(char *to)
{
    bool is_text = same_span(t.entry->text, t.entry->source);

    if (to > shown)
        *to++ = '|';
    if (t.entry->malformed)
        *to++ = '!';
    if (t.entry->cut)
        *to++ = '~';
    if (is_text)
        *to++ = '\'';
    to = rig_put(to, &t, t.entry->source);
    if (is_text)
        *to++ = '\'';
    return to;
}

/* Returns the length of what is in `shown`. */
static size_t show(const char *payload, size_t len, bool interrupted)
{
    char *to = shown;

    rig_begin(&t, payload, len, NULL);
    while (rig_next(&t)) {
        if (interrupted)
            rig_decode_another(&t);
        to = show_entry(to);
    }
    assert_false(rig_next(&t)); /* the end stays the end */
    rig_end(&t);
    return (size_t)(to - shown);
}

struct row {
    const char *payload;
    size_t payload_len;
    const char *entries;
    size_t entries_len;
};

#define ROW(payload, entries)                                                                      \
    {                                                                                              \
        payload, sizeof(payload) - 1, entries, sizeof(entries) - 1                                 \
    }

static void check_row(const struct row *row)
{
    for (int interrupted = 0; interrupted < 2; interrupted++) {
        size_t len = show(row->payload, row->payload_len, interrupted);

        if (len != row->entries_len || memcmp(shown, row->entries, len) != 0)
            fail_msg("%s\nbecame%s\n%.*s\nand not\n%s", row->payload,
                     interrupted ? " when interrupted" : "", (int)len, shown, row->entries);
    }
}

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_row(&rows[i]);
}

static void what_begins_with_another_byte_is_text(void **state)
{
    static const struct row rows[] = {
        ROW("", "''"),
        ROW("a", "'a'"),
        ROW("\n", "''"),
        ROW("\r\n", "''"),
        ROW("\r", "'\r'"),
        ROW("a\n", "'a'"),
        ROW("a\r\n", "'a'"),
        ROW("a\n\n", "'a\n'"),
        ROW("a\nb", "'a\nb'"),
        ROW("a\r\nb\r\n", "'a\r\nb'"),
        ROW("a\0b", "'a\0b'"),
        ROW("\0", "'\0'"),
        ROW("\xff\xfe", "'\xff\xfe'"),
        ROW("[1,2]", "'[1,2]'"),
        ROW("[{\"a\":1}]", "'[{\"a\":1}]'"),
        ROW("\"a\"", "'\"a\"'"),
        ROW("1", "'1'"),
        ROW(" {\"a\":1}", "' {\"a\":1}'"),
        ROW("\n{\"a\":1}", "'\n{\"a\":1}'"),
        ROW("\xef\xbb\xbf{\"a\":1}", "'\xef\xbb\xbf{\"a\":1}'"),
        ROW("}", "'}'"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void one_document_is_one_entry(void **state)
{
    static const struct row rows[] = {
        ROW("{}", "{}"),
        ROW("{}\n", "{}"),
        ROW("{}\r\n", "{}"),
        ROW("{ }", "{ }"),
        ROW("{\"a\":1}", "{\"a\":1}"),
        ROW("{\"a\":{},\"b\":[],\"c\":[{},[[]]]}", "{\"a\":{},\"b\":[],\"c\":[{},[[]]]}"),
        ROW("{\t\"a\"\t:\t[ 1 ,\t2 ]\r}", "{\t\"a\"\t:\t[ 1 ,\t2 ]\r}"),
        ROW("{\"a\":1} \t", "{\"a\":1} \t"),
        ROW("{\"message\":\"m\"}\n", "{\"message\":\"m\"}"),
        /* over several lines */
        ROW("{\n}", "{\n}"),
        ROW("{\n  \"a\": 1,\n  \"b\": [\n    2\n  ]\n}\n",
            "{\n  \"a\": 1,\n  \"b\": [\n    2\n  ]\n}"),
        ROW("{\r\n\"a\":1\r\n}\r\n", "{\r\n\"a\":1\r\n}"),
        ROW("{\"a\":1\n}\n\n", "{\"a\":1\n}\n"),
        ROW("{\"a\":\n1}", "{\"a\":\n1}"),
        ROW("{\"a\":\n\"1\"}", "{\"a\":\n\"1\"}"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void what_only_begins_like_a_document_is_malformed_text(void **state)
{
    static const struct row rows[] = {
        ROW("{", "!'{'"),
        ROW("{\n", "!'{'"),
        ROW("{]", "!'{]'"),
        ROW("{\"", "!'{\"'"),
        ROW("{\"a\"}", "!'{\"a\"}'"),
        ROW("{\"a\":1", "!'{\"a\":1'"),
        ROW("{\"a\":1,}", "!'{\"a\":1,}'"),
        ROW("{\"a\":tru}", "!'{\"a\":tru}'"),
        ROW("{\"a\":1.2.3}", "!'{\"a\":1.2.3}'"),
        ROW("{\"a\":01}", "!'{\"a\":01}'"),
        ROW("{\"a\":[1,,2]}", "!'{\"a\":[1,,2]}'"),
        ROW("{\"a\":[1,2}}", "!'{\"a\":[1,2}}'"),
        ROW("{\"a\":{\"b\":\"\\x\"}}", "!'{\"a\":{\"b\":\"\\x\"}}'"),
        ROW("{\"a\":\"\\x\"}", "!'{\"a\":\"\\x\"}'"),
        ROW("{\"\\x\":1}", "!'{\"\\x\":1}'"),
        ROW("{\"a\":\"\\ud800\"}", "!'{\"a\":\"\\ud800\"}'"),
        ROW("{\"a\":\"\xff\"}", "!'{\"a\":\"\xff\"}'"),
        ROW("{\"a\":1}\xff", "!'{\"a\":1}\xff'"),
        ROW("{\"a\":\"b\tc\"}", "!'{\"a\":\"b\tc\"}'"),
        ROW("{\"a\":\"b\0c\"}", "!'{\"a\":\"b\0c\"}'"),
        ROW("{}\0", "!'{}\0'"),
        ROW("{\"a\":1} x", "!'{\"a\":1} x'"),
        ROW("{\"a\":1},", "!'{\"a\":1},'"),
        ROW("{\"a\":1}{\"b\":2}", "!'{\"a\":1}{\"b\":2}'"),
        ROW("{\"a\":1} {\"b\":2}\n", "!'{\"a\":1} {\"b\":2}'"),
        ROW("{a}\n{\"b\":2}\n", "!'{a}\n{\"b\":2}'"),
        ROW("{\n}\n{}\n", "!'{\n}\n{}'"),
        ROW("{\"a\":\n1}\nx", "!'{\"a\":\n1}\nx'"),
        ROW("{\"a\n\":1}", "!'{\"a\n\":1}'"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void when_the_first_line_is_a_document_each_line_is_one(void **state)
{
    static const struct row rows[] = {
        ROW("{}\n{}", "{}|{}"),
        ROW("{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n", "{\"a\":1}|{\"a\":2}|{\"a\":3}"),
        ROW("{\"a\":1}\r\n{\"a\":2}\r\n", "{\"a\":1}|{\"a\":2}"),
        ROW("{\"a\":1}\r\n{\"a\":2}\r", "{\"a\":1}|{\"a\":2}\r"),
        ROW("{} \n \t{}\t\n", "{} | \t{}\t"),
        /* blank lines are no entries */
        ROW("{}\n\n", "{}"),
        ROW("{}\n\n\n{}\n \t\r\n\r\n{}\n\t", "{}|{}|{}"),
        ROW("{}\r\n\r\n{}\r\n", "{}|{}"),
        /* a bad line is a text of its own, wherever it stands */
        ROW("{}\nx", "{}|!'x'"),
        ROW("{}\nx\n{}\n", "{}|!'x'|{}"),
        ROW("{}\n x \r\n{}\n", "{}|!' x '|{}"),
        ROW("{}\n[1]\n\"a\"\n1\nnull\n{}", "{}|!'[1]'|!'\"a\"'|!'1'|!'null'|{}"),
        ROW("{}\n{\"a\":tru}\n{\"a\":[1,,2]}\n{\"a\":1}\n",
            "{}|!'{\"a\":tru}'|!'{\"a\":[1,,2]}'|{\"a\":1}"),
        ROW("{}\n{\"a\":1\n}\n{}\n", "{}|!'{\"a\":1'|!'}'|{}"),
        ROW("{}\n{\"a\":[1\n,2]}\n{}\n", "{}|!'{\"a\":[1'|!',2]}'|{}"),
        ROW("{}\n{\n\n}\n{}", "{}|!'{'|!'}'|{}"),
        ROW("{}\n{}{}\n{} {}\n{}\n", "{}|!'{}{}'|!'{} {}'|{}"),
        ROW("{}\n{} x\n{}\n", "{}|!'{} x'|{}"),
        ROW("{}\n,\n{}\n", "{}|!','|{}"),
        ROW("{}\n{\"a\":\n\"1\"}", "{}|!'{\"a\":'|!'\"1\"}'"),
        ROW("{}\n{\"a\":\n1", "{}|!'{\"a\":'|!'1'"),
        ROW("{}\n{\"a\":-\n1}\n{}", "{}|!'{\"a\":-'|!'1}'|{}"),
        ROW("{}\n{\"a\":\"\\ud800\"}\n{\"\\u\":1}\n{}",
            "{}|!'{\"a\":\"\\ud800\"}'|!'{\"\\u\":1}'|{}"),
        ROW("{}\n{\n\"a\":1}\n", "{}|!'{'|!'\"a\":1}'"),
        ROW("{}\n\xef\xbb\xbf{}\n{}", "{}|!'\xef\xbb\xbf{}'|{}"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

/* These leave the whole payload without an index. */
static void a_line_that_spoils_the_index_spoils_only_itself(void **state)
{
    static const struct row rows[] = {
        ROW("{}\n{\"a\":\"\xff\"}\n{\"b\":1}\n", "{}|!'{\"a\":\"\xff\"}'|{\"b\":1}"),
        ROW("{\"a\":1}\n\xff\n{\"b\":1}", "{\"a\":1}|!'\xff'|{\"b\":1}"),
        ROW("{}\n{}\n{\"a\":\"\xe2\x82\n{}\n", "{}|{}|!'{\"a\":\"\xe2\x82'|{}"),
        ROW("{}\n{\"a\n{}\n", "{}|!'{\"a'|{}"),
        ROW("{}\n\"\n\n{}\n", "{}|!'\"'|{}"),
        ROW("{}\n{\"a\":\"\0\"}\r\n{}\r\n", "{}|!'{\"a\":\"\0\"}'|{}"),
        ROW("{}\n{\"a\":\"\t\"}\n{x}\n{}\n", "{}|!'{\"a\":\"\t\"}'|!'{x}'|{}"),
        ROW("{}\n{\"a\":1}\"\n{\"b\":\"c\"}\n", "{}|!'{\"a\":1}\"'|{\"b\":\"c\"}"),
        ROW("{}\n \n\t\r\n{} \n\xc3", "{}|{} |!'\xc3'"),
        /* the first line itself */
        ROW("{\"a\n{}\n", "!'{\"a\n{}'"),
        ROW("{\"a\":\n\"\xff\"}", "!'{\"a\":\n\"\xff\"}'"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void lines_of_text_are_entries_where_split_says_so(void **state)
{
    static const struct row rows[] = {
        ROW("", "''"),
        ROW("\n", "''"),
        ROW("a", "'a'"),
        ROW("a\n", "'a'"),
        ROW("a\nb", "'a'|'b'"),
        ROW("a\n\nb\n", "'a'|''|'b'"),
        ROW("\n\na", "''|''|'a'"),
        ROW("a\n\n", "'a'|''"),
        ROW("a\r\nb\r\n\r\nc", "'a'|'b'|''|'c'"),
        ROW("a\r", "'a\r'"),
        ROW("a\r\r\nb", "'a\r'|'b'"),
        ROW("a\rb\nc", "'a\rb'|'c'"),
        ROW("\0\n\xff\n", "'\0'|'\xff'"),
        ROW("a\n{\"b\":1}\n", "'a'|'{\"b\":1}'"),
        ROW("[\n]", "'['|']'"),
        /* JSON goes its own way */
        ROW("{\"b\":1}\n\n{\"c\":1}\n", "{\"b\":1}|{\"c\":1}"),
        ROW("{\n}\n", "{\n}"),
    };

    (void)state;
    t.rules.split = CONF_SPLIT_LINES;
    check_rows(rows, COUNT_OF(rows));
}

static void decode_text_looks_for_no_documents(void **state)
{
    static const struct row whole[] = {
        ROW("{\"a\":1}", "'{\"a\":1}'"),
        ROW("{\"a\":1}\n{\"b\":2}\n", "'{\"a\":1}\n{\"b\":2}'"),
        ROW("{", "'{'"),
    };
    static const struct row split[] = {
        ROW("{\"a\":1}\n{\"b\":2}\n", "'{\"a\":1}'|'{\"b\":2}'"),
        ROW("{\n\n", "'{'|''"),
    };

    (void)state;
    t.rules.decode = CONF_DECODE_TEXT;
    check_rows(whole, COUNT_OF(whole));
    t.rules.split = CONF_SPLIT_LINES;
    check_rows(split, COUNT_OF(split));
}

static void decode_json_marks_whatever_else_comes(void **state)
{
    static const struct row whole[] = {
        ROW("", "!''"),         ROW("a", "!'a'"), ROW("[1]", "!'[1]'"), ROW(" {}", "!' {}'"),
        ROW("a\nb", "!'a\nb'"), ROW("{}", "{}"),  ROW("{x}", "!'{x}'"), ROW("{}\nx", "{}|!'x'"),
    };
    static const struct row split[] = {
        ROW("a\n\nb\n", "!'a'|!''|!'b'"),
        ROW("{}\n{}", "{}|{}"),
        ROW("{x\nb\n", "!'{x'|!'b'"),
    };

    (void)state;
    t.rules.decode = CONF_DECODE_JSON;
    check_rows(whole, COUNT_OF(whole));
    t.rules.split = CONF_SPLIT_LINES;
    check_rows(split, COUNT_OF(split));
}

/* ---- max_entry ----------------------------------------------------------------------- */

static void texts_are_cut_at_max_entry_between_two_characters(void **state)
{
    static const struct row rows[] = {
        ROW("12345678", "'12345678'"),
        ROW("12345678\n", "'12345678'"),
        ROW("12345678\r\n", "'12345678'"),
        ROW("123456789", "~'12345678'"),
        ROW("12345678\n\n", "~'12345678'"),
        /* two, three and four bytes, on either side of the border */
        ROW("123456\xc3\xa9", "'123456\xc3\xa9'"),
        ROW("123456\xc3\xa9.", "~'123456\xc3\xa9'"),
        ROW("1234567\xc3\xa9", "~'1234567'"),
        ROW("12345\xe2\x82\xac.", "~'12345\xe2\x82\xac'"),
        ROW("123456\xe2\x82\xac", "~'123456'"),
        ROW("1234567\xe2\x82\xac", "~'1234567'"),
        ROW("1234\xf0\x9f\x98\x80.", "~'1234\xf0\x9f\x98\x80'"),
        ROW("12345\xf0\x9f\x98\x80", "~'12345'"),
        ROW("1234567\xf0\x9f\x98\x80", "~'1234567'"),
        /* no UTF-8: cut where the limit is */
        ROW("\x80\x80\x80\x80\x80\x80\x80\x80\x80", "~'\x80\x80\x80\x80\x80\x80\x80\x80'"),
        ROW("1234\x80\x80\x80\x80\x80", "~'1234\x80\x80\x80\x80'"),
        /* a document that is too long is text */
        ROW("{\"a\":12}", "{\"a\":12}"),
        ROW("{\"a\":12}\n", "{\"a\":12}"),
        ROW("{\"a\":123}", "!~'{\"a\":123'"),
        ROW("{\"a\":12} ", "!~'{\"a\":12}'"),
        ROW("{\"a\":\n1}", "{\"a\":\n1}"),
        ROW("{\"a\":\n12}", "!~'{\"a\":\n12'"),
        ROW("{\"a\":1234", "!~'{\"a\":123'"),
        /* so is a line of many; those around it are what they were */
        ROW("{\"a\":1}\n{\"a\":123}\n{\"a\":2}\n", "{\"a\":1}|!~'{\"a\":123'|{\"a\":2}"),
        ROW("{\"a\":123}\n{\"a\":1}\n", "!~'{\"a\":123'|{\"a\":1}"),
        ROW("{\"a\":123}\n{\"a\":1234}\nx\n{}", "!~'{\"a\":123'|!~'{\"a\":123'|!'x'|{}"),
        ROW("{}\n1234567\xc3\xa9\n{}", "{}|!~'1234567'|{}"),
        ROW("{}\n\xff\n{\"a\":123}\n{}", "{}|!'\xff'|!~'{\"a\":123'|{}"),
        ROW("{\"a\":123}\n\xff\n{}", "!~'{\"a\":123'|!'\xff'|{}"),
    };

    (void)state;
    t.rules.max_entry = 8;
    check_rows(rows, COUNT_OF(rows));
}

static void lines_are_cut_one_by_one(void **state)
{
    static const struct row rows[] = {
        ROW("1234\n12345\n\n123\xc3\xa9\n1\n", "'1234'|~'1234'|''|~'123'|'1'"),
        ROW("1234\r\n12345\r\n", "'1234'|~'1234'"),
    };

    (void)state;
    t.rules.max_entry = 4;
    t.rules.split = CONF_SPLIT_LINES;
    check_rows(rows, COUNT_OF(rows));
}

static void a_payload_of_max_message_is_read_to_its_last_byte(void **state)
{
    char *payload = malloc(MAX_MESSAGE);
    unsigned entry_count = 0;

    (void)state;
    for (size_t at = 0; at < MAX_MESSAGE; at += 8)
        memcpy(payload + at, "{\"a\":1}\n", 8);
    payload[MAX_MESSAGE - 1] = ' ';
    rig_begin(&t, payload, MAX_MESSAGE, NULL);
    while (rig_next(&t)) {
        assert_false(t.entry->malformed);
        entry_count++;
    }
    rig_end(&t);
    assert_int_equal(entry_count, MAX_MESSAGE / 8);
    assert_int_equal(t.source_end, MAX_MESSAGE);
    free(payload);
}

/* ---- depth ----------------------------------------------------------------------------- */

/* {"a":[[…]]} that is `depth` levels deep, and how many entries of it are malformed. */
static unsigned malformed_at_depth(unsigned depth, const char *before)
{
    static char payload[MAX_MESSAGE];
    char *to = stpcpy(stpcpy(payload, before), "{\"a\":");
    unsigned malformed = 0;

    memset(to, '[', depth - 1);
    memset(to + depth - 1, ']', depth - 1);
    to = stpcpy(to + 2 * (depth - 1), "}\n");
    rig_begin(&t, payload, (size_t)(to - payload), NULL);
    while (rig_next(&t))
        malformed += t.entry->malformed;
    rig_end(&t);
    return malformed;
}

static void deeper_than_64_is_text(void **state)
{
    static const char *const before[] = {"", "{}\n", "{}\n\xff\n"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(before); i++) {
        unsigned bad_already = i == 2;

        assert_int_equal(malformed_at_depth(2, before[i]), bad_already);
        assert_int_equal(malformed_at_depth(64, before[i]), bad_already);
        assert_int_equal(malformed_at_depth(65, before[i]), bad_already + 1);
        assert_int_equal(malformed_at_depth(30000, before[i]), bad_already + 1);
    }
    t.rules.max_entry = 64; /* told apart from a document before it is cut */
    assert_int_equal(malformed_at_depth(65, ""), 1);
}

static void a_million_levels_are_one_text(void **state)
{
    enum { LEVELS = 1000 * 1000 };
    struct decode_rig deep;
    char *payload = malloc(6 + LEVELS);

    (void)state;
    rig_open(&deep, 6 + LEVELS, MAX_ENTRY);
    memcpy(payload, "{\"a\":", 5);
    memset(payload + 5, '[', LEVELS);
    payload[5 + LEVELS] = '\n';
    rig_begin(&deep, payload, 6 + LEVELS, NULL);
    assert_true(rig_next(&deep));
    assert_true(deep.entry->malformed && deep.entry->cut);
    assert_int_equal(deep.entry->text.len, MAX_ENTRY);
    assert_false(rig_next(&deep));
    rig_end(&deep);
    rig_close(&deep);
    free(payload);
}

/* ---- the rest ---------------------------------------------------------------------------- */

static void the_topic_frame_stands_in_every_entry(void **state)
{
    static const char *const payloads[] = {"text", "{}\nx\n{}", "{\"a\":1}", "a\nb"};
    char column[16];

    (void)state;
    t.rules.split = CONF_SPLIT_LINES;
    for (size_t i = 0; i < COUNT_OF(payloads); i++) {
        rig_begin(&t, payloads[i], strlen(payloads[i]), "orders");
        while (rig_next(&t)) {
            assert_int_equal(rig_put(column, &t, t.entry->topic) - column, 6);
            assert_memory_equal(column, "orders", 6);
        }
        rig_end(&t);
    }
}

static void a_topic_that_was_cut_marks_its_entries(void **state)
{
    char topic[MESSAGE_TOPIC_MAX + 2];

    (void)state;
    memset(topic, 'x', sizeof topic);
    for (size_t over = 0; over < 2; over++) {
        topic[MESSAGE_TOPIC_MAX + over] = '\0';
        rig_begin(&t, "{}\n{}", 5, topic);
        while (rig_next(&t)) {
            assert_int_equal(t.entry->malformed, over);
            assert_int_equal(t.entry->topic.len, MESSAGE_TOPIC_MAX);
        }
        rig_end(&t);
        topic[MESSAGE_TOPIC_MAX] = 'x';
    }
}

static void the_parser_is_claimed_from_the_budget_first(void **state)
{
    struct budget budget;
    struct decoder *decoder;
    struct err err = {.text = ""};
    size_t bytes;

    (void)state;
    budget_init(&budget, SIZE_MAX);
    decoder = decoder_new(&budget, 4096, &err);
    assert_non_null(decoder);
    bytes = budget.shares[BUDGET_PARSER].used_bytes;
    assert_true(bytes >= 4096 * sizeof(uint32_t));
    decoder_free(&decoder);
    assert_null(decoder);
    decoder_free(&decoder);
    assert_int_equal(budget.used_bytes, 0);

    budget_limit(&budget, BUDGET_PARSER, bytes - 1);
    assert_null(decoder_new(&budget, 4096, &err));
    assert_non_null(strstr(err.text, "memory.cap"));
    assert_int_equal(budget.used_bytes, 0);
    budget_limit(&budget, BUDGET_PARSER, bytes);
    decoder = decoder_new(&budget, 4096, &err);
    assert_non_null(decoder);
    decoder_free(&decoder);
    budget_fini(&budget);
}

/* Few kinds of pieces, many orders: nothing may be lost, doubled, or read outside. */
static void random_lines_come_out_in_order_and_whole(void **state)
{
    static const char *const pieces[] = {"{}",   "{\"a\":1}", "{\"message\":\"\\n\"}",
                                         "\n",   "\n",        "\r\n",
                                         " ",    "\t",        "{",
                                         "}",    "\"",        "\\",
                                         "\xff", "x",         "[",
                                         "]",    "\"b\"",     ":",
                                         ",",    "\xc3\xa9",  "\n{}\n",
                                         "\r"};
    uint32_t random = 1;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        char payload[256] = "{}\n", *to = payload + (round % 2 ? 3 : 0);

        for (unsigned i = 0; i < 20; i++) {
            random = random * 1664525 + 1013904223;
            to = stpcpy(to, pieces[(random >> 16) % COUNT_OF(pieces)]);
        }
        t.rules.max_entry = round % 3 ? MAX_ENTRY : 10;
        t.rules.split = round % 5 ? CONF_SPLIT_NONE : CONF_SPLIT_LINES;
        {
            static char first[SHOWN_MAX];
            size_t len = show(payload, (size_t)(to - payload), false);

            memcpy(first, shown, len);
            assert_int_equal(show(payload, (size_t)(to - payload), true), len);
            assert_memory_equal(shown, first, len);
        }
    }
}

static int open_rig(void **state)
{
    (void)state;
    rig_open(&t, MAX_MESSAGE, MAX_ENTRY);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    rig_close(&t);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_begins_with_another_byte_is_text),
        TEST(one_document_is_one_entry),
        TEST(what_only_begins_like_a_document_is_malformed_text),
        TEST(when_the_first_line_is_a_document_each_line_is_one),
        TEST(a_line_that_spoils_the_index_spoils_only_itself),
        TEST(lines_of_text_are_entries_where_split_says_so),
        TEST(decode_text_looks_for_no_documents),
        TEST(decode_json_marks_whatever_else_comes),
        TEST(texts_are_cut_at_max_entry_between_two_characters),
        TEST(lines_are_cut_one_by_one),
        TEST(a_payload_of_max_message_is_read_to_its_last_byte),
        TEST(deeper_than_64_is_text),
        TEST(a_million_levels_are_one_text),
        TEST(the_topic_frame_stands_in_every_entry),
        TEST(a_topic_that_was_cut_marks_its_entries),
        TEST(the_parser_is_claimed_from_the_budget_first),
        TEST(random_lines_come_out_in_order_and_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
