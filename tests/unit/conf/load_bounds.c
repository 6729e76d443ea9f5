/* load_bounds.c - what is no document, and what is too much of bytes, depth, lists and lines. */
#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/conf/load_rig.h"

static void a_file_without_a_document_gives_no_conf(void **state)
{
    static const char empty[] = "x.yaml: is empty; it needs at least 'ingest' and 'sinks'\n";
    struct loaded *loaded = *state;

    assert_string_equal(load_text(loaded, ""), empty);
    assert_null(loaded->conf);
    assert_string_equal(load_text(loaded, "# nothing\n"), empty);
    assert_string_equal(load_text(loaded, "---\n"), empty);
    assert_string_equal(load_text(loaded, "- a\n"),
                        "x.yaml:1:1: a configuration consists of keys such as 'ingest:' and "
                        "'sinks:'\n- a\n^\n");
    assert_null(loaded->conf);
}

static void a_second_document_is_refused(void **state)
{
    assert_string_equal(load_text(*state, INGEST SINKS "---\n" INGEST),
                        "x.yaml:3:1: a second document begins here; a configuration is one "
                        "document\n---\n^\n");
}

static void what_is_not_text_is_refused_where_it_stands(void **state)
{
    struct loaded *loaded = *state;

    assert_string_equal(load_bytes(loaded, "a: 1\nb: \0\n", 10),
                        "x.yaml:2:4: byte \\x00 is not text; save the file as UTF-8\n"
                        "b: \\x00\n"
                        "   ^\n");
    assert_string_equal(load_text(loaded, "ü: \xfcx"),
                        "x.yaml:1:4: byte \\xFC is not text; save the file as UTF-8\n"
                        "ü: \\xFCx\n"
                        "   ^\n");
    assert_string_equal(load_bytes(loaded, "\xff\xfe#\0", 4),
                        "x.yaml:1:1: byte \\xFF is not text; save the file as UTF-8\n"
                        "\\xFF\\xFE#\\x00\n"
                        "^\n");
    assert_string_equal(load_text(loaded, "a\rb"),
                        "x.yaml:1:2: byte \\x0D is not text; save the file as UTF-8\n"
                        "a\\x0Db\n"
                        " ^\n");
    assert_string_equal(load_text(loaded, "timezone: \"\\0\"\n" INGEST SINKS),
                        "x.yaml:1:11: this text has a NUL byte, which no setting may have\n"
                        "timezone: \"\\0\"\n"
                        "          ^\n");
}

/* libfyaml 0.7.12 breaks its own memory over the first and the third. */
static void explicit_keys_are_refused_before_they_are_parsed(void **state)
{
    static const struct wrong_line cases[] = {
        {"? a:\t? b: c\n", "x.yaml:1:1: keys that begin with '?' are not supported\n"
                           "? a:\t? b: c\n"
                           "^\n"},
        {"a: 1\n- --- &ü !t \t?", "x.yaml:2:14: keys that begin with '?' are not supported\n"
                                  "- --- &ü !t \t?\n"
                                  "            \t^\n"},
        {" : : ? in\t]\t\t:\n\n ?: ?", "x.yaml:1:6: keys that begin with '?' are not supported\n"
                                       " : : ? in\t]\t\t:\n"
                                       "     ^\n"},
        {"a: [\"b: ? \", 'c': ? d]", "x.yaml:1:19: keys that begin with '?' are not supported\n"
                                     "a: [\"b: ? \", 'c': ? d]\n"
                                     "                  ^\n"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(load_text(*state, cases[i].line), cases[i].told);
    assert_string_equal(load_text(*state, INGEST "sinks: [{name: s, type: stdout, "
                                                 "format: '? {message}: ? '}]\n"),
                        "");
    assert_string_equal(load_text(*state, INGEST "sinks: [{name: s, type: stdout, "
                                                 "format: \"why ? {message}, ? \"}]\n"),
                        "");
}

static void control_characters_never_reach_the_terminal(void **state)
{
    assert_string_equal(load_text(*state, "timezone: \"\\e[31m\"\n" INGEST SINKS),
                        "x.yaml:1:11: 'timezone' is '\\x1B[31m', but can only be utc or local\n"
                        "timezone: \"\\e[31m\"\n"
                        "          ^\n");
}

static void a_file_name_does_not_reach_the_terminal_as_it_is(void **state)
{
    struct loaded *loaded = *state;

    loaded->conf = conf_load_text("a\033[31m\n.yaml", "a: b", 4, loaded->problems);
    assert_memory_equal(told(loaded), "a\\x1B[31m\\x0A.yaml:1:1: ", 23);
}

static void depth_is_bounded(void **state)
{
    /* The root and its list are two levels. */
    assert_string_equal(load_text(*state, INGEST "sinks: [[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]\n"),
                        "x.yaml:2:9: a sink is a section such as '- name: …', not a list\n"
                        "sinks: [[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]\n"
                        "        ^\n");
    assert_string_equal(load_text(*state, INGEST "sinks: [[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]\n"),
                        "x.yaml:2:9: a sink is a section such as '- name: …', not a list\n"
                        "sinks: [[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]\n"
                        "        ^\n"
                        "x.yaml:2:23: this is deeper than the largest allowed 16 levels\n"
                        "sinks: [[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]\n"
                        "                      ^\n");
}

static void a_file_of_one_mebibyte_fits_and_one_byte_more_does_not(void **state)
{
    static const char text[] = INGEST SINKS;
    struct loaded *loaded = *state;
    size_t len = 1 << 20;
    char *large = malloc(len + 1);

    memset(large, '#', len + 1);
    memcpy(large, text, sizeof text - 1);
    assert_string_equal(load_bytes(loaded, large, len), "");
    assert_string_equal(load_bytes(loaded, large, len + 1),
                        "x.yaml: is larger than the largest allowed 1MiB\n");
    assert_null(loaded->conf);
    free(large);
}

static void lists_are_bounded(void **state)
{
    struct loaded *loaded = *state;
    char *text = calloc(300, 32), *at = text;

    at += sprintf(at, INGEST "sinks:\n");
    for (unsigned i = 0; i < 256; i++)
        at += sprintf(at, "- {name: s%u, type: stdout}\n", i);
    assert_string_equal(load_text(loaded, text), "");
    assert_int_equal(loaded->conf->sink_count, 256);
    sprintf(at, "- {name: t, type: stdout}\n");
    assert_string_equal(load_text(loaded, text),
                        "x.yaml:3:1: 'sinks' has 257 items, above the largest allowed 256\n"
                        "- {name: s0, type: stdout}\n"
                        "^\n");
    free(text);
}

static void of_a_very_long_line_the_part_around_the_caret_is_shown(void **state)
{
    char text[1024], shown[512];

    snprintf(text, sizeof text, "{%*s, %s, \"tïmezone\": %0*d}\n", 200, "ingest: [], sinks: []",
             "timezone: utc", 300, 0);
    snprintf(shown, sizeof shown,
             "x.yaml:1:219: unknown key 'tïmezone'; did you mean 'timezone'?\n"
             "%*s, timezone: utc, \"tïmezone\": %0*d\n%*s^\n",
             62, "ingest: [], sinks: []", 68, 0, 79, "");
    assert_non_null(strstr(load_text(*state, text), shown));
}

static void a_very_long_line_of_stray_bytes_is_shown_in_part(void **state)
{
    char text[300], *shown = calloc(1, 1024), *at = shown;

    memset(text, 0xa8, sizeof text);
    at += sprintf(at, "x.yaml:1:1: byte \\xA8 is not text; save the file as UTF-8\n");
    for (unsigned i = 0; i < 160; i++)
        at += sprintf(at, "\\xA8");
    strcpy(at, "\n^\n");
    assert_string_equal(load_bytes(*state, text, sizeof text), shown);
    free(shown);
}

static void beyond_a_thousand_problems_they_are_only_counted(void **state)
{
    struct loaded *loaded = *state;
    char *text = calloc(1100, 8), *at = text;
    const char *shown;

    for (unsigned i = 0; i < 1010; i++)
        at += sprintf(at, "k%u: x\n", i);
    strcpy(at, SINKS);
    shown = load_text(loaded, text);
    assert_int_equal(conf_problems_count(loaded->problems), 1011);
    assert_non_null(strstr(shown, "and 11 more problems\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_without_a_document_gives_no_conf),
        TEST(a_second_document_is_refused),
        TEST(what_is_not_text_is_refused_where_it_stands),
        TEST(explicit_keys_are_refused_before_they_are_parsed),
        TEST(control_characters_never_reach_the_terminal),
        TEST(a_file_name_does_not_reach_the_terminal_as_it_is),
        TEST(depth_is_bounded),
        TEST(a_file_of_one_mebibyte_fits_and_one_byte_more_does_not),
        TEST(lists_are_bounded),
        TEST(of_a_very_long_line_the_part_around_the_caret_is_shown),
        TEST(a_very_long_line_of_stray_bytes_is_shown_in_part),
        TEST(beyond_a_thousand_problems_they_are_only_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
