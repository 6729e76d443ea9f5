/* render.c - text, line, raw and templates: lines as they are to look, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/aggregate/rendered.h"
#include "tests/unit/aggregate/unescape.h"

#define STAMP "2026-11-23T03:34:12.123456Z"

enum { STREAK = 5000 };

static const struct format_options indented = {.indent_newlines = true};

static void a_clean_entry_looks_as_documented(void **state)
{
    (void)state;
    sample_full(&sample);
    assert_string_equal(shown("text"), STAMP " web1 shop info: order placed user=\"ada\" "
                                             "total=\"12.50\"\n");
    assert_string_equal(shown("line"), "[" STAMP "] info: order placed\n");
    assert_string_equal(shown("raw"), "{\"message\":\"order placed\"}\n");
    assert_string_equal(shown("{topic}/{app}{fields}: {message}"),
                        "orders.eu/shop user=\"ada\" total=\"12.50\": order placed\n");
    sample.entry->time_digits = 9;
    assert_string_equal(shown("line"), "[2026-11-23T03:34:12.123456789Z] info: order placed\n");
}

static void what_is_empty_is_a_dash(void **state)
{
    (void)state;
    sample_begin(&sample)->level = LEVEL_NONE;
    assert_string_equal(shown("text"), STAMP " - - -: -\n");
    assert_string_equal(shown("line"), "[" STAMP "] -: -\n");
    assert_string_equal(shown("{topic} {fields.user}{fields}"), "- -\n");
    assert_string_equal(shown("raw"), "\n");
    assert_string_equal(shown_with("text", &indented), STAMP " - - -: -\n");
}

static void every_level_has_its_word(void **state)
{
    (void)state;
    sample_full(&sample);
    for (unsigned level = 0; level <= LEVEL_NONE; level++) {
        const char *line;

        sample.entry->level = (uint8_t)level;
        line = shown("{level}");
        assert_int_equal(strlen(line), level_name(level)->len + 1);
        assert_memory_equal(line, level_name(level)->text, level_name(level)->len);
    }
}

static void no_client_can_forge_a_line_or_a_column(void **state)
{
    (void)state;
    sample_begin(&sample);
    sample.entry->host = sample_str(&sample, "a b\nc");
    sample.entry->app = sample_str(&sample, "x\xe2\x80\xa8y \"z\"");
    sample.entry->topic = sample_str(&sample, "\x1b[2J");
    sample.entry->text = sample_str(&sample, "one two\r\nthree\\ \xff \"four\"\t=");
    sample_field(&sample, "k=1 \"", sample_str(&sample, "v\" w=\"x"));
    sample_field(&sample, "o", sample_literal(&sample, "{\"a\": [1]}"));
    assert_string_equal(shown("text"), STAMP " a\\x20b\\nc x\\u{2028}y\\x20\"z\" info: "
                                             "one two\\r\\nthree\\\\ \\xff \"four\"\\t= "
                                             "k\\x3d1\\x20\\x22=\"v\\x22\\x20w=\\x22x\" "
                                             "o=\"{\\x22a\\x22:\\x20[1]}\"\n");
    assert_string_equal(shown("{topic}|{fields.o}"), "\\x1b[2J|{\"a\":\\x20[1]}\n");
}

static void raw_keeps_every_byte_but_line_ends_and_zeros(void **state)
{
    static const char bytes[] = "\x01 \\ \t \xff\xc2\x85\x7f \r\n\0\n";

    (void)state;
    sample_begin(&sample)->source = sample_bytes(&sample, bytes, sizeof bytes - 1);
    assert_string_equal(shown("raw"), "\x01 \\ \t \xff\xc2\x85\x7f \\r\\n\\0\\n\n");
}

static void a_cut_text_is_marked_where_it_ends(void **state)
{
    (void)state;
    sample_full(&sample)->cut = true;
    assert_string_equal(shown("line"), "[" STAMP "] info: order placed \\[cut]\n");
    assert_string_equal(shown("text"), STAMP " web1 shop info: order placed \\[cut] "
                                             "user=\"ada\" total=\"12.50\"\n");
    assert_string_equal(shown("raw"), "{\"message\":\"order placed\"} \\[cut]\n");
    assert_string_equal(shown("{app}"), "shop\n");
}

static void inner_lines_stand_indented_behind_the_entry(void **state)
{
    (void)state;
    sample_full(&sample)->text = sample_str(&sample, "one\n\ntwo\tx\nthree");
    sample.entry->field_count = 1;
    assert_string_equal(shown_with("text", &indented),
                        STAMP " web1 shop info: one user=\"ada\"\n    \n    two\\tx\n    three\n");
    assert_string_equal(shown("line"), "[" STAMP "] info: one\\n\\ntwo\\tx\\nthree\n");
    sample.entry->text = sample_str(&sample, "\n--- logboom: forged\n");
    assert_string_equal(shown_with("{message}", &indented), "\n    --- logboom: forged\n    \n");
    sample.entry->text = sample_str(&sample, "clean");
    assert_string_equal(shown_with("{message}", &indented), "clean\n");
}

static void inner_lines_are_shown_only_where_the_message_is(void **state)
{
    (void)state;
    sample_full(&sample)->text = sample_str(&sample, "one\ntwo");
    assert_string_equal(shown_with("{app}", &indented), "shop\n");
    assert_string_equal(shown_with("raw", &indented), "{\"message\":\"order placed\"}\n");
}

static void local_time_is_for_all_but_json(void **state)
{
    const struct format_options local = {.local_time = true};

    (void)state;
    setenv("TZ", "XXX-5:30", 1);
    tzset();
    sample_full(&sample);
    assert_string_equal(shown_with("{time}", &local), "2026-11-23T09:04:12.123456+05:30\n");
    assert_memory_equal(shown_with("json", &local), "{\"time\":\"" STAMP "\"", 37);
}

static void lengths_are_right_and_lines_are_single_whatever_comes(void **state)
{
    static const char *const templates[] = {"text", "line", "raw", "{fields.a}{message}{host}",
                                            "{topic} {fields}|{fields.k=v}"};
    size_t len;

    (void)state;
    for (size_t t = 0; t < sizeof templates / sizeof templates[0]; t++) {
        struct format *format = made(templates[t]);

        for (unsigned i = 0; i < STREAK / 5; i++) {
            const char *line = rendered(format, rolled_sample(roll(2) ? 20 : 400), &len);

            assert_ptr_equal(memchr(line, '\n', len), line + len - 1);
        }
        format_free(&format);
    }
}

static void inner_lines_keep_their_indent_whatever_comes(void **state)
{
    struct format *format = made_with("text", &indented);
    size_t len;

    (void)state;
    for (unsigned i = 0; i < STREAK / 5; i++) {
        const char *line = rendered(format, rolled_sample(200), &len);

        for (const char *at = line; (at = memchr(at, '\n', (size_t)(line + len - 1 - at)));)
            assert_memory_equal(at++, "\n    ", 5);
        assert_int_equal(line[len - 1], '\n');
    }
    format_free(&format);
}

static void a_message_can_be_read_back_from_its_line(void **state)
{
    struct format *format = made("{message}");
    char back[8 * 512];
    size_t len;

    (void)state;
    for (unsigned i = 0; i < STREAK / 5; i++) {
        struct entry *entry = rolled_sample(400);
        const char *line;

        entry->cut = false;
        line = rendered(format, entry, &len);
        if (entry->text.len == 0)
            continue;
        assert_int_equal(unescape(line, len - 1, back), entry->text.len);
        assert_memory_equal(back, sample.base + entry->text.offset, entry->text.len);
    }
    format_free(&format);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_entry_looks_as_documented),
        cmocka_unit_test(what_is_empty_is_a_dash),
        cmocka_unit_test(every_level_has_its_word),
        cmocka_unit_test(no_client_can_forge_a_line_or_a_column),
        cmocka_unit_test(raw_keeps_every_byte_but_line_ends_and_zeros),
        cmocka_unit_test(a_cut_text_is_marked_where_it_ends),
        cmocka_unit_test(inner_lines_stand_indented_behind_the_entry),
        cmocka_unit_test(inner_lines_are_shown_only_where_the_message_is),
        cmocka_unit_test(local_time_is_for_all_but_json),
        cmocka_unit_test(lengths_are_right_and_lines_are_single_whatever_comes),
        cmocka_unit_test(inner_lines_keep_their_indent_whatever_comes),
        cmocka_unit_test(a_message_can_be_read_back_from_its_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
