/* The picture of `logboom top`, line by line, from what the daemon says. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The client's objects hold a main and are not linked into tests. */
#include "client/shown.c"
#include "client/top_draw.c"
#include "client/top_line.c"
#include "client/top_look.c"

static struct top_look look;
static struct top_text text;
static struct json_doc *doc;

static int set_up(void **state)
{
    (void)state;
    doc = json_doc_new(64 * 1024);
    return doc && setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    json_doc_free(&doc);
    top_look_fini(&look);
    top_text_fini(&text);
    return 0;
}

/* One second of a daemon with an endpoint and a sink. */
static void take_second(unsigned second, unsigned received, unsigned written, unsigned dropped,
                        const char *of_sink)
{
    char line[4096];
    int len = snprintf(
        line, sizeof line,
        "{\"ok\":true,\"verdict\":\"fine\",\"sentence\":\"fine\",\"version\":\"1.2.3\","
        "\"loop_ms\":%u,\"uptime_ms\":%u,\"endpoints\":[{\"name\":\"apps\",\"clients\":12,"
        "\"received\":%u,\"refused\":3,\"malformed\":1234,\"bytes\":%u}],\"sinks\":[{\"name\":"
        "\"all\",\"up\":true,\"written\":%u,\"dropped\":%u,\"written_bytes\":0,\"queue_bytes\":1,"
        "\"queue_limit_bytes\":4%s}],\"memory\":{\"cap_bytes\":67108864,\"resident_bytes\":"
        "16777216,\"resident_peak_bytes\":33554432},\"gate\":{\"on\":true,\"open\":12,\"held\":1,"
        "\"charged_bytes\":1048576,\"charged_limit_bytes\":2097152}}",
        1000 + 1000 * second, 1000 * second, received, received * 1024, written, dropped, of_sink);

    assert_true(json_doc_read(doc, line, (size_t)len));
    top_look_take(&look, doc);
}

static const char *drawn(unsigned columns, unsigned lines, bool colours, bool utf8)
{
    struct top_style style = {.columns = columns, .lines = lines, .colours = colours, .utf8 = utf8};

    top_draw(&look, &style, &text);
    top_put_bytes(&text, "", 1);
    return text.bytes;
}

static void the_whole_picture(void **state)
{
    (void)state;
    take_second(0, 0, 0, 0, "");
    take_second(1, 2048, 100, 0, "");
    take_second(2, 3072, 300, 50, "");
    assert_string_equal(
        drawn(80, 24, false, true),
        "logboomd 1.2.3  up 2 s  12 clients\n"
        "fine\n"
        "memory  ████████▌·························  16.0 MiB of 64.0 MiB, peak 32.0 MiB\n"
        "ZeroMQ  █████████████████·················  1.0 MiB of 2.0 MiB, 1 held\n"
        "\n"
        "endpoint        entries/s   MiB/s clients  refused   malformed  last minute\n"
        "apps                1,024     1.0      12        3       1,234  █▄\n"
        "\n"
        "sink            written/s   MiB/s   queue  drops/s     dropped  last minute\n"
        "all                   200     0.0    25 %       50          50  ▄█\n");
}

static void without_utf8_bars_are_made_of_ascii(void **state)
{
    (void)state;
    take_second(0, 0, 0, 0, "");
    take_second(1, 10, 10, 0, "");
    assert_non_null(strstr(drawn(80, 0, false, false), "memory  ########.........."));
    assert_non_null(strstr(text.bytes, "1,234  #\n"));
    for (size_t i = 0; i + 1 < text.len; i++)
        assert_true(text.bytes[i] == '\n' || (text.bytes[i] >= ' ' && text.bytes[i] <= '~'));
}

static void no_line_is_wider_than_the_terminal(void **state)
{
    (void)state;
    take_second(0, 0, 0, 0, ",\"down_ms\":41000,\"trouble\":\"No space left on device\"");
    for (unsigned columns = 1; columns < 100; columns++) {
        unsigned cells = 0;

        drawn(columns, 0, false, true);
        for (size_t i = 0; i + 1 < text.len; i++) {
            cells = text.bytes[i] == '\n' ? 0 : cells + ((text.bytes[i] & 0xc0) != 0x80);
            assert_in_range(cells, 0, columns);
        }
    }
}

/* Who sends most, by a name whose characters are two cells wide, but for the accent, which has
 * none, and the byte that is none. */
static void characters_are_as_wide_as_terminals_show_them(void **state)
{
    static const struct {
        const char *name;
        unsigned columns; /* for it */
        const char *shown;
    } rows[] = {
        {"\u65e5\u672c\u8a9e", 6, "  \u65e5\u672c\u8a9e\n"},
        {"\u65e5\u672c\u8a9e", 5, "  \u65e5\u672c\n"}, /* no half of one */
        {"\u65e5\u672c\u8a9e", 1, "  \n"},
        {"e\u0301te\u0301-1", 5, "  e\u0301te\u0301-1\n"},
        {"e\u0301te\u0301-1", 4, "  e\u0301te\u0301-\n"},
        {"a\xff\u65e5", 4, "  a\xff\u65e5\n"},
        {"a\xff\u65e5", 3, "  a\xff\n"},
    };

    (void)state;
    take_second(0, 0, 0, 0, "");
    strcpy(look.by, "host");
    look.heavy_count = 1;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        strcpy(look.heavy[0].name, rows[i].name);
        if (!strstr(drawn(26 + rows[i].columns, 0, false, true), rows[i].shown))
            fail_msg("row %zu:\n%s", i, text.bytes);
    }
}

static void columns_stand_below_one_another_whatever_the_names(void **state)
{
    (void)state;
    take_second(0, 0, 0, 0, "");
    strcpy(look.rows[0].name, "\u65e5\u672c\u8a9e");
    strcpy(look.rows[1].name, "\u65e5\u672c\u8a9e\u65e5\u672c\u8a9e\u65e5\u672c\u8a9e");
    assert_non_null(strstr(drawn(80, 0, false, true), "\n\u65e5\u672c\u8a9e                  0 "));
    assert_non_null(strstr(text.bytes, "\n\u65e5\u672c\u8a9e\u65e5\u672c\u8a9e~           0 "));
    strcpy(look.rows[1].name, "fourteen-cells");
    assert_non_null(strstr(drawn(80, 0, false, true), "\nfourteen-cells          0 "));
    strcpy(look.rows[1].name, "fifteen-cells-x");
    assert_non_null(strstr(drawn(80, 0, false, true), "\nfifteen-cells~          0 "));
}

static void trouble_stands_below_its_sink(void **state)
{
    (void)state;
    take_second(0, 0, 0, 0, ",\"down_ms\":41000,\"trouble\":\"No space left on device\"");
    assert_non_null(strstr(drawn(80, 24, false, true), "\n  No space left on device, for 41 s\n"));
    take_second(1, 0, 0, 0, ",\"drops_all\":true");
    assert_non_null(strstr(drawn(80, 24, true, true),
                           "\n\x1b[33m  drops everything, as an operator said\x1b[0m\n"));
}

static void what_does_not_fit_is_counted(void **state)
{
    (void)state;
    take_second(0, 0, 0, 0, "");
    drawn(80, 6, false, true);
    assert_int_equal(text.line_count, 6);
    assert_non_null(strstr(text.bytes, "\n5 more lines: the terminal is too low\n"));
    drawn(80, 10, false, true);
    assert_int_equal(text.line_count, 10);
    assert_null(strstr(text.bytes, "more line"));
}

static void a_long_sentence_is_broken_between_words(void **state)
{
    (void)state;
    take_second(0, 0, 0, 0, "");
    snprintf(look.sentence, sizeof look.sentence, "BLOCKED 41 s by sink all: No space left");
    assert_non_null(
        strstr(drawn(20, 0, false, true), "\nBLOCKED 41 s by sink\nall: No space left\n"));
}

/* A minute is kept, and the terminal shows as much of its end as it has room for. */
static void the_last_minute_moves(void **state)
{
    unsigned entries = 0;

    (void)state;
    for (unsigned second = 0; second < 200; second++)
        take_second(second, entries += second % 2 ? 800 : 100, 0, 0, "");
    assert_int_equal(look.rows[0].past.count, TOP_PAST);
    assert_non_null(strstr(drawn(80, 0, false, true), "1,234  ▁█▁█▁█▁█▁█▁█▁█▁█\n"));
}

static void counters_that_begin_anew_are_no_negative_rate(void **state)
{
    (void)state;
    take_second(0, 5000, 5000, 0, "");
    take_second(1, 10, 20, 0, "");
    assert_true(look.rows[0].entries_per_s == 10 && look.rows[1].entries_per_s == 20);
}

static void a_sink_that_is_gone_is_not_shown(void **state)
{
    static const char empty[] = "{\"ok\":true,\"sinks\":[],\"endpoints\":[],\"loop_ms\":9000}";

    (void)state;
    take_second(0, 0, 0, 0, "");
    assert_true(json_doc_read(doc, empty, sizeof empty - 1));
    top_look_take(&look, doc);
    assert_int_equal(look.row_count, 0);
    assert_null(strstr(drawn(80, 24, false, true), "\nall "));
}

static void numbers_are_read_by_people(void **state)
{
    char shown[NUMBER_MAX];

    (void)state;
    assert_string_equal(show_count(0, shown), "0");
    assert_string_equal(show_count(999, shown), "999");
    assert_string_equal(show_count(1000, shown), "1,000");
    assert_string_equal(show_count(999999999, shown), "999,999,999");
    assert_string_equal(show_count(1234567890, shown), "1.23 G");
    assert_string_equal(show_count(12345678901234, shown), "12.35 T");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_whole_picture),
        TEST(without_utf8_bars_are_made_of_ascii),
        TEST(no_line_is_wider_than_the_terminal),
        TEST(characters_are_as_wide_as_terminals_show_them),
        TEST(columns_stand_below_one_another_whatever_the_names),
        TEST(trouble_stands_below_its_sink),
        TEST(what_does_not_fit_is_counted),
        TEST(a_long_sentence_is_broken_between_words),
        TEST(the_last_minute_moves),
        TEST(counters_that_begin_anew_are_no_negative_rate),
        TEST(a_sink_that_is_gone_is_not_shown),
        TEST(numbers_are_read_by_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
