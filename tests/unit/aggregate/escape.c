/* escape.c - every style, every byte, the code points that mislead, and back again. */
#include "aggregate/escape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/dice.h"
#include "tests/unit/aggregate/unescape.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

enum { LONGEST = 80, STREAK = 4000 };

/* The escaped text; length, end and the byte behind it are checked. */
static const char *escaped(enum escape_style style, const char *bytes, size_t len)
{
    static char text[8 * LONGEST + 1];
    size_t text_len = escape_len(style, bytes, len);

    assert_true(text_len < sizeof text);
    text[text_len] = '#';
    assert_ptr_equal(escape_write(style, text, bytes, len), text + text_len);
    assert_int_equal(text[text_len], '#');
    text[text_len] = '\0';
    return text;
}

static bool is_json(enum escape_style style)
{
    return style == ESCAPE_JSON || style == ESCAPE_JSON_LITERAL;
}

static bool is_ascii_only(enum escape_style style)
{
    return style == ESCAPE_HEADER || style == ESCAPE_TAG || style == ESCAPE_SD_NAME;
}

/* Printable, but with a meaning in what the style is for. */
static bool is_special(enum escape_style style, unsigned byte)
{
    static const char *const specials[ESCAPE_STYLES] = {
        [ESCAPE_COLUMN] = " ", [ESCAPE_VALUE] = " \"", [ESCAPE_KEY] = " \"=",
        [ESCAPE_HEADER] = " ", [ESCAPE_TAG] = " :[]",  [ESCAPE_SD_NAME] = " \"=]",
    };

    return specials[style] && byte && strchr(specials[style], (int)byte);
}

/* What the header says of one byte alone, written anew. */
static const char *expected(enum escape_style style, unsigned byte)
{
    static char text[8];
    bool raw = style == ESCAPE_RAW;

    if (byte == '\n')
        return "\\n";
    if (byte == '\r')
        return "\\r";
    if (byte == '\t' && !raw)
        return "\\t";
    if (byte == '\0' && raw)
        return "\\0";
    if (byte == '\\' && !raw && style != ESCAPE_JSON_LITERAL)
        return "\\\\";
    if (byte == '"' && (style == ESCAPE_JSON || style == ESCAPE_SD_VALUE))
        return "\\\"";
    if (byte == ']' && style == ESCAPE_SD_VALUE)
        return "\\]";
    if (byte >= 0x80 && is_json(style))
        return "\xef\xbf\xbd";
    snprintf(text, sizeof text, is_json(style) ? "\\u%04x" : "\\x%02x", byte);
    if (!raw && (byte < 0x20 || byte >= 0x7f))
        return text;
    if (is_special(style, byte))
        return text;
    snprintf(text, sizeof text, "%c", (int)byte);
    return text;
}

static void each_byte_is_escaped_as_its_style_says(void **state)
{
    (void)state;
    for (enum escape_style style = 0; style < ESCAPE_STYLES; style++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            const char bytes[] = {'a', (char)byte, 'b'};
            char whole[16];

            snprintf(whole, sizeof whole, "a%sb", expected(style, byte));
            assert_string_equal(escaped(style, bytes, 3), whole);
        }
    }
}

/* Text, then JSON; NULL: stands for itself. */
static const struct {
    const char *bytes;
    const char *text;
    const char *json;
} characters[] = {
    {"\xc2\x80", "\\u{80}", "\\u0080"}, /* C1, its first and last */
    {"\xc2\x85", "\\u{85}", "\\u0085"},
    {"\xc2\x9f", "\\u{9f}", "\\u009f"},
    {"\xc2\xa0", NULL, NULL},
    {"\xc3\xa9", NULL, NULL},
    {"\xd8\x9b", NULL, NULL},
    {"\xd8\x9c", "\\u{61c}", "\\u061c"}, /* bidirectional controls */
    {"\xd8\x9d", NULL, NULL},
    {"\xe2\x80\x8d", NULL, NULL},
    {"\xe2\x80\x8e", "\\u{200e}", "\\u200e"},
    {"\xe2\x80\x8f", "\\u{200f}", "\\u200f"},
    {"\xe2\x80\xa7", NULL, NULL},
    {"\xe2\x80\xa8", "\\u{2028}", "\\u2028"}, /* line and paragraph separator */
    {"\xe2\x80\xa9", "\\u{2029}", "\\u2029"},
    {"\xe2\x80\xaa", "\\u{202a}", "\\u202a"},
    {"\xe2\x80\xae", "\\u{202e}", "\\u202e"},
    {"\xe2\x80\xaf", NULL, NULL},
    {"\xe2\x81\xa5", NULL, NULL},
    {"\xe2\x81\xa6", "\\u{2066}", "\\u2066"},
    {"\xe2\x81\xa9", "\\u{2069}", "\\u2069"},
    {"\xe2\x81\xaa", NULL, NULL},
    {"\xed\x9f\xbf", NULL, NULL}, /* beside the surrogates */
    {"\xee\x80\x80", NULL, NULL},
    {"\xef\xbf\xbf", NULL, NULL},
    {"\xf0\x90\x80\x80", NULL, NULL},
    {"\xf0\x9f\x98\x80", NULL, NULL},
    {"\xf4\x8f\xbf\xbf", NULL, NULL},
};

static const char *each_byte(enum escape_style style, const char *bytes)
{
    static char text[32];

    text[0] = '\0';
    while (*bytes)
        strcat(text, expected(style, (unsigned char)*bytes++));
    return text;
}

static void characters_that_mislead_are_escaped_and_others_are_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(characters); i++) {
        const char *bytes = characters[i].bytes;
        uint32_t code_point;

        assert_int_equal(utf8_sequence(bytes, strlen(bytes), &code_point), strlen(bytes));
        for (enum escape_style style = 0; style < ESCAPE_STYLES; style++) {
            const char *shown = is_json(style)        ? characters[i].json
                                : style == ESCAPE_RAW ? NULL
                                                      : characters[i].text;

            if (is_ascii_only(style))
                shown = each_byte(style, bytes);
            assert_string_equal(escaped(style, bytes, strlen(bytes)), shown ? shown : bytes);
        }
    }
}

/* Invalid UTF-8: each byte for itself. */
static const char *const invalid[] = {
    "\x80",
    "\xbf",
    "\xc3",
    "\xc0\xaf",
    "\xc1\xbf",
    "\xe0\x9f\xbf",
    "\xf0\x8f\xbf\xbf",
    "\xed\xa0\x80", /* overlong; a surrogate */
    "\xed\xbf\xbf",
    "\xf4\x90\x80\x80",
    "\xf5\x80\x80\x80", /* past U+10FFFF */
    "\xff",
    "\xfe",
    "\xe2\x82",
    "\xf0\x9f\x98",
    "\xf0\x9f",
    "\xe2(\xa1",
    "\xc3(",
    "\xf0\x9f\x98(",
};

static void invalid_utf8_is_escaped_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(invalid); i++) {
        const char *bytes = invalid[i];
        uint32_t untouched = 42;

        assert_int_equal(utf8_sequence(bytes, strlen(bytes), &untouched), 0);
        assert_int_equal(untouched, 42);
        for (enum escape_style style = 0; style < ESCAPE_STYLES; style++)
            assert_string_equal(escaped(style, bytes, strlen(bytes)), each_byte(style, bytes));
    }
}

/* And of all that is escaped, this alone is told. */
static void what_json_cannot_carry_is_told(void **state)
{
    static const char odd[] = "\"q\" \\ \n\r\t\x1b\x7f \xc2\x85 \xe2\x80\xae \xc3\xa9 \xef\xbf\xbd";
    char to[256];
    bool replaced = false;

    (void)state;
    escape_write_json(ESCAPE_JSON, to, odd, sizeof odd, &replaced);
    escape_write_json(ESCAPE_JSON_LITERAL, to, odd, sizeof odd, &replaced);
    assert_false(replaced);
    for (size_t i = 0; i < COUNT_OF(invalid); i++) {
        const char *bytes = invalid[i];
        char *end;

        replaced = false;
        end = escape_write_json(ESCAPE_JSON, to, bytes, strlen(bytes), &replaced);
        assert_true(replaced);
        assert_int_equal(end - to, escape_len(ESCAPE_JSON, bytes, strlen(bytes)));
        escape_write_json(ESCAPE_JSON, to, "fine", 4, &replaced);
        assert_true(replaced); /* it was, before */
    }
}

static void a_sequence_is_not_read_past_the_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(characters); i++) {
        for (size_t len = 1; len < strlen(characters[i].bytes); len++) {
            char *torn = malloc(len);
            uint32_t code_point;

            memcpy(torn, characters[i].bytes, len);
            assert_int_equal(utf8_sequence(torn, len, &code_point), 0);
            assert_int_equal(escape_len(ESCAPE_MESSAGE, torn, len), 4 * len);
            free(torn);
        }
    }
}

static void nothing_escapes_to_nothing(void **state)
{
    (void)state;
    for (enum escape_style style = 0; style < ESCAPE_STYLES; style++) {
        assert_string_equal(escaped(style, "", 0), "");
        assert_int_equal(escape_fit(style, "", 0, 0), 0);
        assert_int_equal(escape_fit(style, "a", 1, 0), 0);
    }
}

static void text_styles_give_the_bytes_back(void **state)
{
    char bytes[LONGEST], back[8 * LONGEST];

    (void)state;
    for (unsigned i = 0; i < STREAK; i++) {
        size_t len = roll(LONGEST + 1);

        roll_bytes(bytes, len);
        for (enum escape_style style = ESCAPE_MESSAGE; style <= ESCAPE_KEY; style++) {
            const char *text = escaped(style, bytes, len);

            assert_int_equal(unescape(text, strlen(text), back), len);
            assert_memory_equal(back, bytes, len);
            assert_null(style == ESCAPE_MESSAGE ? NULL : strchr(text, ' '));
            assert_null(style == ESCAPE_KEY ? strchr(text, '=') : NULL);
            assert_null(style >= ESCAPE_VALUE ? strchr(text, '"') : NULL);
            for (const char *byte = text; *byte; byte++)
                assert_true((unsigned char)*byte >= ' ' && *byte != 0x7f);
        }
    }
}

static bool is_between_characters(const char *bytes, size_t len, size_t end)
{
    size_t at = 0;
    uint32_t code_point;

    while (at < end) {
        unsigned count = utf8_sequence(bytes + at, len - at, &code_point);

        at += count ? count : 1;
    }
    return at == end;
}

static void what_fits_is_the_longest_beginning_between_two_characters(void **state)
{
    char bytes[LONGEST];

    (void)state;
    for (unsigned i = 0; i < STREAK; i++) {
        enum escape_style style = roll(ESCAPE_STYLES);
        size_t len = 1 + roll(LONGEST), room = roll(2 * LONGEST), fit, next;

        roll_bytes(bytes, len);
        fit = escape_fit(style, bytes, len, room);
        assert_true(is_between_characters(bytes, len, fit));
        assert_true(escape_len(style, bytes, fit) <= room);
        for (next = fit + 1; next < len && !is_between_characters(bytes, len, next);)
            next++;
        assert_true(fit == len || escape_len(style, bytes, next) > room);
    }
}

static void an_exact_fit_fits_and_one_byte_less_does_not(void **state)
{
    (void)state;
    for (enum escape_style style = 0; style < ESCAPE_STYLES; style++) {
        for (size_t i = 0; i < COUNT_OF(characters); i++) {
            size_t count = strlen(characters[i].bytes), room;
            char bytes[8] = "ab";

            strcat(bytes, characters[i].bytes);
            room = escape_len(style, bytes, 2 + count);
            assert_int_equal(escape_fit(style, bytes, 2 + count, room), 2 + count);
            assert_int_equal(escape_fit(style, bytes, 2 + count, room - 1), 2);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_byte_is_escaped_as_its_style_says),
        cmocka_unit_test(characters_that_mislead_are_escaped_and_others_are_not),
        cmocka_unit_test(invalid_utf8_is_escaped_byte_by_byte),
        cmocka_unit_test(what_json_cannot_carry_is_told),
        cmocka_unit_test(a_sequence_is_not_read_past_the_end),
        cmocka_unit_test(nothing_escapes_to_nothing),
        cmocka_unit_test(text_styles_give_the_bytes_back),
        cmocka_unit_test(what_fits_is_the_longest_beginning_between_two_characters),
        cmocka_unit_test(an_exact_fit_fits_and_one_byte_less_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
