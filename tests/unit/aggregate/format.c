/* format.c - which formats and templates are taken, and what is said of the others. */
#include "aggregate/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/rendered.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

#define TIME10   "{time}{time}{time}{time}{time}{time}{time}{time}{time}{time}"
#define TIME64   TIME10 TIME10 TIME10 TIME10 TIME10 TIME10 "{time}{time}{time}{time}"
#define LETTER24 "abcdefghijklmnopqrstuvwx"

/* Templates of literals and one short column each, and what they print. */
static const struct {
    const char *template;
    const char *line;
} templates[] = {
    {"{app}", "shop\n"},
    {"{{{app}}}", "{shop}\n"},
    {"{{}}{app}", "{}shop\n"},
    {"{{{{{app}", "{{shop\n"},
    {"{{app}}", "{app}\n"},
    {"a{app}b{app}c", "ashopbshopc\n"},
    {LETTER24 "{app}", LETTER24 "shop\n"},
    {LETTER24 "y{app}", LETTER24 "yshop\n"},
    {LETTER24 LETTER24 LETTER24 "{app}", LETTER24 LETTER24 LETTER24 "shop\n"},
    {"{fields.user}", "ada\n"},
    {"{fields.total}", "12.50\n"},
    {"{fields.nobody}", "-\n"},
    {"{fields.use}", "-\n"},
    {"{fields.abcdefghijklmnopqrstuvwx}", "-\n"}, /* the longest name */
    {"{fields.a.b c}", "-\n"},
    {"caf\xc3\xa9 {app}", "caf\xc3\xa9 shop\n"},
    {"{host}{app}{level}{topic}{message}", "web1shopinfoorders.euorder placed\n"},
};

static const struct {
    const char *template;
    const char *sentence;
} refused[] = {
    {"", "'' is no format; there are text, line, json, logfmt, rfc5424, rfc3164, raw and "
         "templates such as '{time} {message}'"},
    {"Text", "'Text' is no format; there are text, line, json, logfmt, rfc5424, rfc3164, raw and "
             "templates such as '{time} {message}'"},
    {"jsonl", "'jsonl' is no format; there are text, line, json, logfmt, rfc5424, rfc3164, raw and "
              "templates such as '{time} {message}'"},
    {"}}", "'}}' is no format; there are text, line, json, logfmt, rfc5424, rfc3164, raw and "
           "templates such as '{time} {message}'"},
    {"{tiem}", "the template has no '{tiem}'; did you mean '{time}'?"},
    {"{msg} {mesage}",
     "the template has no '{msg}'; there are {time} {host} {app} {level} {topic} {message} "
     "{fields} {received} {seq} {peer} {uid} {key}, and {fields.NAME} for a field that clients "
     "send"},
    {"{Message}", "the template has no '{Message}'; did you mean '{message}'?"},
    {"{field.a}", "the template has no '{field.a}'; did you mean '{fields}'?"},
    {"{fields.}", "the template has no '{fields.}'; did you mean '{fields}'?"},
    {"{}",
     "the template has no '{}'; there are {time} {host} {app} {level} {topic} {message} "
     "{fields} {received} {seq} {peer} {uid} {key}, and {fields.NAME} for a field that clients "
     "send"},
    {"{fields.abcdefghijklmnopqrstuvwxy}", "a field's name in a template has 1 to 24 bytes; "
                                           "'abcdefghijklmnopqrstuvwxy' has 25"},
    {"{app} {message", "the template's '{message' has no closing '}'"},
    {"{", "the template's '{' has no closing '}'"},
    {"{app}}", "the template has a '}' without '{'; write '}}' for the character"},
    {"{app} }{", "the template has a '}' without '{'; write '}}' for the character"},
    {"{app}\n", "a template cannot hold control characters or line ends"},
    {"\t{app}", "a template cannot hold control characters or line ends"},
    {"{app}\x7f", "a template cannot hold control characters or line ends"},
    {TIME64 "{time}", "the template has more than 64 parts"},
    {TIME64 "!", "the template has more than 64 parts"},
    {TIME64 "{fields.a}", "the template has more than 64 parts"},
};

static void templates_print_what_they_say(void **state)
{
    (void)state;
    sample_full(&sample);
    for (size_t i = 0; i < COUNT_OF(templates); i++)
        assert_string_equal(shown(templates[i].template), templates[i].line);
}

static void sixty_four_parts_are_not_too_many(void **state)
{
    struct format *format = made(TIME64);

    (void)state;
    sample_full(&sample);
    assert_int_equal(format_len(format, sample.entry, sample.base),
                     64 * strlen("2026-11-23T03:34:12.123456Z") + 1);
    format_free(&format);
    assert_null(format);
}

static void what_is_no_format_is_refused_with_a_sentence(void **state)
{
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        if (format_new(refused[i].template, &(struct format_options){0}, &err))
            fail_msg("'%s' is taken", refused[i].template);
        assert_string_equal(err.text, refused[i].sentence);
        assert_null(format_new(refused[i].template, &(struct format_options){0}, NULL));
    }
}

static void every_control_character_is_refused(void **state)
{
    (void)state;
    for (unsigned byte = 1; byte < 0x80; byte++) {
        const char template[] = {'{', 'a', 'p', 'p', '}', (char)byte, '\0'};
        struct format *format = format_new(template, &(struct format_options){0}, NULL);

        assert_int_equal(format != NULL, byte >= ' ' && byte != 0x7f && byte != '{' && byte != '}');
        format_free(&format);
    }
}

static void no_format_can_be_freed(void **state)
{
    struct format *none = NULL;

    (void)state;
    format_free(&none);
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_print_what_they_say),
        cmocka_unit_test(sixty_four_parts_are_not_too_many),
        cmocka_unit_test(what_is_no_format_is_refused_with_a_sentence),
        cmocka_unit_test(every_control_character_is_refused),
        cmocka_unit_test(no_format_can_be_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
