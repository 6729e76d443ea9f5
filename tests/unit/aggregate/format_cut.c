/* format_cut.c - entries far too long for a block, in every format: they fit, say that
 * they are cut, keep as much text as there is room for, and are still one line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/json_check.h"
#include "tests/unit/aggregate/misuse.h"
#include "tests/unit/aggregate/rendered.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

enum { TEXT_LEN = 100 * 1000 };

static const struct format_options plain = {0}, indented = {.indent_newlines = true};

/* `texts`: how often the text stands in the line. */
static const struct shape {
    const char *template;
    const struct format_options *options;
    unsigned texts;
} shapes[] = {
    {"text", &plain, 1},
    {"line", &plain, 1},
    {"text", &indented, 1},
    {"json", &plain, 1},
    {"raw", &plain, 1},
    {"logfmt", &plain, 1},
    {"rfc5424", &plain, 1},
    {"rfc3164", &plain, 1},
    {"{message}", &plain, 1},
    {"{message}|{message}|{message}", &plain, 3},
    {"{message}{message}", &indented, 2},
    {"{host}{host}{host}{host}{host}{host}{host}{host}{app}{app}{topic}{message}", &plain, 1},
};

/* What the text is made of, over and over. */
static const char *const patterns[] = {
    "x",
    "\n",
    "\n\n\xe2\x82\xac",
    "a line\n",
    "\xc3\xa9",
    "x\xf0\x9f\x98\x80",
    "\xe2\x80\xa8",
    "\"",
    "\\",
    "\x01",
    "\xff",
    "a \xc3\xa9\xff\n\t\xe2\x80\xae",
};

static const size_t rooms[] = {FORMAT_ROOM_MIN, FORMAT_ROOM_MIN + 1, FORMAT_ROOM_MIN + 2,
                               FORMAT_ROOM_MIN + 3, 65000};

static struct entry cut;

/* All columns, fields and the text far too long, from the same bytes. */
static void fill_sample(const char *pattern)
{
    char *bytes = malloc(TEXT_LEN);
    size_t pattern_len = strlen(pattern);

    for (size_t i = 0; i < TEXT_LEN; i++)
        bytes[i] = pattern[i % pattern_len];
    sample_begin(&sample)->text = sample_bytes(&sample, bytes, TEXT_LEN);
    sample.entry->source = sample_bytes(&sample, bytes, TEXT_LEN);
    sample.entry->host = sample.entry->app = sample.entry->topic =
        sample_bytes(&sample, bytes, 10000);
    sample_field(&sample, "f", sample_bytes(&sample, bytes, TEXT_LEN));
    free(bytes);
}

static size_t next_character(struct span span)
{
    uint32_t code_point;
    unsigned count = utf8_sequence(sample.base + span.offset + span.len, 4, &code_point);

    return count ? count : 1;
}

/* One character more in every copy would have been too long. The one byte is the `-`
 * that an empty message needs. */
static void assert_no_more_fits(struct format *format, const struct shape *shape, size_t room)
{
    struct entry more = cut;

    more.text.len += (unsigned)next_character(cut.text);
    more.source.len += (unsigned)next_character(cut.source);
    more.text.clean = more.text.solid = 0;
    assert_true(format_len(format, &more, sample.base) + shape->texts > room);
}

static void assert_one_line(const struct shape *shape, const char *line, size_t len)
{
    for (const char *at = line; (at = memchr(at, '\n', (size_t)(line + len - 1 - at))); at++) {
        if (shape->options != &indented)
            fail_msg("%s: two lines", shape->template);
        assert_memory_equal(at, "\n    ", 5);
    }
    assert_int_equal(line[len - 1], '\n');
}

static void assert_cut_well(const struct shape *shape, size_t room)
{
    struct format *format = made_with(shape->template, shape->options);
    const char *line;
    size_t len;

    assert_true(format_len(format, sample.entry, sample.base) > room);
    format_cut(format, sample.entry, sample.base, room, &cut);
    assert_true(cut.cut && cut.field_count == 0);
    assert_true(cut.host.len <= 64 && cut.app.len <= 64 && cut.topic.len <= 64);
    line = rendered(format, &cut, &len);
    assert_true(len <= room);
    assert_one_line(shape, line, len);
    if (shape->options != &indented || shape->texts == 1)
        assert_no_more_fits(format, shape, room);
    if (strcmp(shape->template, "json") == 0) {
        assert_true(is_json_line(line, len));
        assert_non_null(strstr(line, "\"_logboom\":{\"cut\":true}"));
    } else if (strcmp(shape->template, "logfmt") == 0) {
        assert_memory_equal(line + len - 5, " cut\n", 5);
    } else if (strcmp(shape->template, "rfc5424") == 0) {
        assert_non_null(strstr(line, "[logboom@32473 cut=\"true\"]"));
    } else {
        assert_non_null(memmem(line, len, " \\[cut]", 7));
    }
    format_free(&format);
}

static void whatever_is_too_long_is_cut_to_what_fits(void **state)
{
    (void)state;
    for (size_t p = 0; p < COUNT_OF(patterns); p++) {
        fill_sample(patterns[p]);
        for (size_t s = 0; s < COUNT_OF(shapes); s++) {
            for (size_t r = 0; r < COUNT_OF(rooms); r++)
                assert_cut_well(&shapes[s], rooms[r]);
        }
    }
}

static void a_text_ends_between_two_characters(void **state)
{
    static const char *const templates[] = {"text", "json", "raw"};

    (void)state;
    fill_sample("\xe2\x82\xac");
    for (size_t i = 0; i < 2 * COUNT_OF(templates); i++) {
        struct format *format = made_with(templates[i / 2], i % 2 ? &indented : &plain);

        for (size_t room = FORMAT_ROOM_MIN; room < FORMAT_ROOM_MIN + 6; room++) {
            format_cut(format, sample.entry, sample.base, room, &cut);
            assert_int_equal(cut.text.len % 3, 0);
            assert_int_equal(cut.source.len % 3, 0);
            assert_int_equal(cut.host.len, 63);
        }
        format_free(&format);
    }
}

static void the_widest_template_fits_the_smallest_room(void **state)
{
    char template[64 * 6 + 1] = "";
    struct format *format;

    (void)state;
    for (unsigned i = 0; i < 64; i++)
        strcat(template, "{host}");
    fill_sample(" "); /* four bytes in a column, one in a message */
    format = made(template);
    format_cut(format, sample.entry, sample.base, FORMAT_ROOM_MIN, &cut);
    assert_true(format_len(format, &cut, sample.base) <= FORMAT_ROOM_MIN);
    format_free(&format);
}

static void only_the_shorter_entry_differs(void **state)
{
    struct format *format = made("text");
    struct entry before;

    (void)state;
    fill_sample("x");
    before = *sample.entry;
    format_cut(format, sample.entry, sample.base, FORMAT_ROOM_MIN, &cut);
    assert_memory_equal(sample.entry, &before, sizeof before);
    assert_true(cut.time_ns == before.time_ns && cut.level == before.level);
    format_free(&format);
}

static void a_room_below_the_least_stops_us(void **state)
{
    struct format *format = made("text");

    (void)state;
    fill_sample("x");
    assert_stops(format_cut(format, sample.entry, sample.base, FORMAT_ROOM_MIN - 1, &cut));
    format_free(&format);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_too_long_is_cut_to_what_fits),
        cmocka_unit_test(a_text_ends_between_two_characters),
        cmocka_unit_test(the_widest_template_fits_the_smallest_room),
        cmocka_unit_test(only_the_shorter_entry_differs),
        cmocka_unit_test(a_room_below_the_least_stops_us),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
