/* render_json.c - one JSON object a line, whatever the bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/json_check.h"
#include "tests/unit/aggregate/rendered.h"

#define BEGIN "{\"time\":\"2026-11-23T03:34:12.123456Z\""

enum { STREAK = 3000 };

static void a_clean_entry_is_one_object(void **state)
{
    (void)state;
    sample_full(&sample);
    assert_string_equal(shown("json"),
                        BEGIN ",\"level\":\"info\",\"host\":\"web1\",\"app\":\"shop\","
                              "\"topic\":\"orders.eu\",\"message\":\"order placed\","
                              "\"user\":\"ada\",\"total\":12.50}\n");
}

static void what_is_empty_is_left_out_but_the_message(void **state)
{
    (void)state;
    sample_begin(&sample)->level = LEVEL_NONE;
    assert_string_equal(shown("json"), BEGIN ",\"message\":\"\"}\n");
    sample.entry->app = sample_str(&sample, "shop");
    sample.entry->level = LEVEL_TRACE;
    assert_string_equal(shown("json"),
                        BEGIN ",\"level\":\"trace\",\"app\":\"shop\",\"message\":\"\"}\n");
}

static void what_only_we_may_say_stands_last(void **state)
{
    (void)state;
    sample_begin(&sample)->level = LEVEL_NONE;
    sample.entry->malformed = true;
    assert_string_equal(shown("json"),
                        BEGIN ",\"message\":\"\",\"_logboom\":{\"malformed\":true}}\n");
    sample.entry->cut = true;
    assert_string_equal(shown("json"), BEGIN
                        ",\"message\":\"\",\"_logboom\":{\"malformed\":true,\"cut\":true}}\n");
    sample.entry->malformed = false;
    sample_field(&sample, "a", sample_str(&sample, "b"));
    assert_string_equal(shown("json"),
                        BEGIN ",\"message\":\"\",\"a\":\"b\",\"_logboom\":{\"cut\":true}}\n");
}

static void strings_are_escaped_as_json_has_it(void **state)
{
    static const char odd[] = "\"q\" \\ \n\r\t\0\x1b\x7f \xff \xc2\x85 \xe2\x80\xae \xc3\xa9";

    (void)state;
    sample_begin(&sample)->level = LEVEL_NONE;
    sample.entry->host = sample_str(&sample, "\"");
    sample.entry->text = sample_bytes(&sample, odd, sizeof odd - 1);
    sample_field(&sample, "k=\"", sample_str(&sample, "v\\"));
    assert_string_equal(shown("json"),
                        BEGIN ",\"host\":\"\\\"\",\"message\":\"\\\"q\\\" \\\\ \\n\\r\\t"
                              "\\u0000\\u001b\\u007f \xef\xbf\xbd \\u0085 \\u202e \xc3\xa9\","
                              "\"k=\\\"\":\"v\\\\\"}\n");
}

static void values_that_were_no_strings_are_passed_on(void **state)
{
    (void)state;
    sample_begin(&sample)->level = LEVEL_NONE;
    sample_field(&sample, "n", sample_literal(&sample, "-1.5e3"));
    sample_field(&sample, "t", sample_literal(&sample, "true"));
    sample_field(&sample, "o", sample_literal(&sample, "{\"a\\n\":[null, \"\xe2\x80\xa8\"]}"));
    assert_string_equal(shown("json"), BEGIN ",\"message\":\"\",\"n\":-1.5e3,\"t\":true,"
                                             "\"o\":{\"a\\n\":[null, \"\\u2028\"]}}\n");
}

static void lines_are_valid_json_whatever_comes(void **state)
{
    struct format *formats[] = {made("json"),
                                made_with("json", &(struct format_options){.origin = true})};
    size_t len;

    (void)state;
    for (unsigned i = 0; i < 2 * STREAK; i++) {
        const char *line = rendered(formats[i % 2], rolled_sample(roll(2) ? 20 : 400), &len);

        if (!is_json_line(line, len))
            fail_msg("%s", line);
    }
    format_free(&formats[0]);
    format_free(&formats[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_entry_is_one_object),
        cmocka_unit_test(what_is_empty_is_left_out_but_the_message),
        cmocka_unit_test(what_only_we_may_say_stands_last),
        cmocka_unit_test(strings_are_escaped_as_json_has_it),
        cmocka_unit_test(values_that_were_no_strings_are_passed_on),
        cmocka_unit_test(lines_are_valid_json_whatever_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
