/* notice.c - what a notice looks like, and that the longest fits. */
#include "aggregate/notice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/aggregate/dice.h"
#include "tests/unit/aggregate/json_check.h"
#include "tests/unit/aggregate/misuse.h"

#define FROM_NS 1795404852123456789 /* 2026-11-23T03:34:12.123456789Z */
#define TO_NS   (FROM_NS + 61 * 1000000000LL)

static char text[NOTICES_ROOM + 1];

static const char *shown(enum notice_style style, const struct gaps *gaps)
{
    struct notice notice;
    size_t len;

    notice_init(&notice, style, "central", false);
    len = notice_write(&notice, gaps, text);
    text[len] = '\0';
    return text;
}

static struct gap *fill(struct gaps *gaps, enum drop_reason reason, uint64_t count, const char *app)
{
    struct gap *gap = &gaps->of[reason];

    gap_add(gap, reason, count, FROM_NS, TO_NS);
    for (uint64_t i = 0; i < count && i < 1000; i++)
        gap_vote(gap, app, strlen(app));
    return gap;
}

static void a_gap_is_one_line_in_text_and_in_json(void **state)
{
    struct gaps gaps = {0};

    (void)state;
    fill(&gaps, DROP_FULL, 812, "shop");
    assert_string_equal(shown(NOTICE_TEXT, &gaps),
                        "--- logboom: sink central dropped 812 entries (full) "
                        "03:34:12.1–03:35:13.1, mostly app=shop\n");
    assert_string_equal(shown(NOTICE_JSON, &gaps),
                        "{\"time\":\"2026-11-23T03:35:13.123456Z\",\"_logboom\":{"
                        "\"sink\":\"central\",\"dropped\":812,\"reason\":\"full\","
                        "\"from\":\"2026-11-23T03:34:12.123456Z\","
                        "\"to\":\"2026-11-23T03:35:13.123456Z\",\"mostly_app\":\"shop\"}}\n");
    assert_string_equal(shown(NOTICE_NONE, &gaps), "");
}

static void other_formats_tell_in_their_own_way(void **state)
{
    struct gaps gaps = {0};
    char host[OWN_HOST_ROOM], expected[256];

    (void)state;
    fill(&gaps, DROP_FULL, 812, "a]b");
    assert_string_equal(shown(NOTICE_LOGFMT, &gaps),
                        "time=2026-11-23T03:35:13.123456Z level=warning sink=central dropped=812 "
                        "reason=full from=2026-11-23T03:34:12.123456Z "
                        "to=2026-11-23T03:35:13.123456Z mostly_app=\"a]b\" notice\n");
    assert_string_equal(
        shown(NOTICE_RFC5424, &gaps),
        "<44>1 2026-11-23T03:35:13.123456Z - logboom - - [logboom@32473 sink=\"central\" "
        "dropped=\"812\" reason=\"full\" from=\"2026-11-23T03:34:12.123456Z\" "
        "to=\"2026-11-23T03:35:13.123456Z\" mostly_app=\"a\\]b\"] --- logboom: sink central "
        "dropped 812 entries (full)\n");
    own_host(host);
    snprintf(expected, sizeof expected,
             "<44>Nov 23 03:35:13 %s logboom: --- logboom: sink central dropped 812 entries (full) "
             "03:34:12.1–03:35:13.1, mostly app=a]b\n",
             host);
    assert_string_equal(shown(NOTICE_RFC3164, &gaps), expected);
}

static void a_format_has_its_style_and_any_other_that_of_text(void **state)
{
    (void)state;
    assert_int_equal(notice_style_of("json"), NOTICE_JSON);
    assert_int_equal(notice_style_of("logfmt"), NOTICE_LOGFMT);
    assert_int_equal(notice_style_of("rfc5424"), NOTICE_RFC5424);
    assert_int_equal(notice_style_of("rfc3164"), NOTICE_RFC3164);
    assert_int_equal(notice_style_of("text"), NOTICE_TEXT);
    assert_int_equal(notice_style_of("{time} {message}"), NOTICE_TEXT);
}

static void each_reason_has_a_line_of_its_own(void **state)
{
    struct gaps gaps = {0};

    (void)state;
    fill(&gaps, DROP_SUB_FULL, 2, "");
    fill(&gaps, DROP_BLOCK_EXPIRED, 1, "");
    assert_string_equal(shown(NOTICE_TEXT, &gaps),
                        "--- logboom: sink central dropped 1 entries (block_expired) "
                        "03:34:12.1–03:35:13.1\n"
                        "--- logboom: sink central dropped 2 entries (sub_full) "
                        "03:34:12.1–03:35:13.1\n");
    assert_string_equal(shown(NOTICE_TEXT, &(struct gaps){0}), "");
}

static void a_gap_over_midnight_has_its_days(void **state)
{
    struct gaps gaps = {0};

    (void)state;
    gap_add(&gaps.of[DROP_FULL], DROP_FULL, 5, FROM_NS, FROM_NS + 86400 * 1000000000LL);
    assert_string_equal(shown(NOTICE_TEXT, &gaps),
                        "--- logboom: sink central dropped 5 entries (full) "
                        "2026-11-23T03:34:12.1–2026-11-24T03:34:12.1\n");
}

static void times_of_text_may_be_local_and_those_of_json_never(void **state)
{
    struct gaps gaps = {0};
    struct notice notice;

    (void)state;
    setenv("TZ", "Asia/Kolkata", 1);
    tzset();
    fill(&gaps, DROP_FULL, 5, "");
    notice_init(&notice, NOTICE_TEXT, "central", true);
    text[notice_write(&notice, &gaps, text)] = '\0';
    assert_non_null(strstr(text, " 09:04:12.1–09:05:13.1\n"));
    notice_init(&notice, NOTICE_JSON, "central", true);
    text[notice_write(&notice, &gaps, text)] = '\0';
    assert_non_null(strstr(text, "\"from\":\"2026-11-23T03:34:12.123456Z\""));
    unsetenv("TZ");
    tzset();
}

static void an_app_cannot_break_out_of_its_place(void **state)
{
    struct gaps gaps = {0};

    (void)state;
    fill(&gaps, DROP_FULL, 3, "a b\n--- \"}\\\x1b[2J");
    assert_non_null(
        strstr(shown(NOTICE_TEXT, &gaps), ", mostly app=a\\x20b\\n---\\x20\"}\\\\\\x1b[2J\n"));
    assert_non_null(
        strstr(shown(NOTICE_JSON, &gaps), ",\"mostly_app\":\"a b\\n--- \\\"}\\\\\\u001b[2J\"}}\n"));
}

static void each_notice_has_the_framing_of_the_sink(void **state)
{
    struct gaps gaps = {0};
    struct notice notice;
    char lines[NOTICES_ROOM];
    size_t len, first;

    (void)state;
    fill(&gaps, DROP_FULL, 812, "shop");
    fill(&gaps, DROP_SUB_FULL, 1, "shop");
    notice_init(&notice, NOTICE_TEXT, "central", false);
    assert_int_equal(notice.framing, FRAMING_LINES);
    len = notice_write(&notice, &gaps, lines);
    notice.framing = FRAMING_NUL;
    assert_int_equal(notice_write(&notice, &gaps, text), len);
    first = strlen(text) + 1;
    assert_memory_equal(text, lines, first - 1);
    assert_int_equal(lines[first - 1], '\n');
    assert_int_equal(first + strlen(text + first) + 1, len);
    notice.framing = FRAMING_OCTET_COUNTED;
    assert_int_equal(notice_write(&notice, &gaps, text), len - 2 + 2 * strlen("80 "));
    assert_int_equal(strtoul(text, NULL, 10), first - 1);
    assert_memory_equal(strchr(text, ' ') + 1, lines, first - 1);
}

/* The longest name, the largest counts, both days, and apps that escape to their longest. */
static void the_longest_fits(void **state)
{
    static const char hostile[GAP_APP_MAX] = {1, 2, 3, (char)0xff, (char)0xfe};
    char name[NOTICE_SINK_MAX + 2] = "";
    struct notice notice;
    struct gaps gaps = {0};

    (void)state;
    memset(name, 'n', NOTICE_SINK_MAX + 1);
    assert_stops(notice_init(&notice, NOTICE_TEXT, name, true));
    name[NOTICE_SINK_MAX] = '\0';
    setenv("TZ", "XXX-11:30", 1);
    tzset();
    for (unsigned i = 0; i < DROP_REASONS; i++) {
        gap_add(&gaps.of[i], i, UINT64_MAX, INT64_MIN + 1, INT64_MAX);
        gap_vote(&gaps.of[i], hostile, sizeof hostile);
        gaps.of[i].lead = UINT64_MAX;
    }
    for (enum notice_style style = NOTICE_TEXT; style <= NOTICE_RFC3164; style++) {
        notice_init(&notice, style, name, true);
        notice.framing = FRAMING_OCTET_COUNTED;
        assert_true(notice_write(&notice, &gaps, text) <= NOTICES_ROOM);
        notice.framing = FRAMING_LINES;
        notice.has_topic = true;
        assert_true(notice_write(&notice, &gaps, text) <= NOTICES_ROOM);
        assert_memory_equal(text, "logboom", sizeof "logboom");
    }
    unsetenv("TZ");
    tzset();
}

static void whatever_the_app_it_is_one_line_and_right_json(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 5000; round++) {
        struct gaps gaps = {0};
        char app[2 * GAP_APP_MAX];
        size_t len = roll(sizeof app + 1);

        roll_bytes(app, len);
        gap_add(&gaps.of[DROP_FULL], DROP_FULL, 1, FROM_NS, TO_NS);
        gap_vote(&gaps.of[DROP_FULL], app, len);
        shown(NOTICE_TEXT, &gaps);
        assert_ptr_equal(strchr(text, '\n') + 1, text + strlen(text));
        shown(NOTICE_JSON, &gaps);
        assert_ptr_equal(strchr(text, '\n') + 1, text + strlen(text));
        assert_true(is_json_line(text, strlen(text)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gap_is_one_line_in_text_and_in_json),
        cmocka_unit_test(other_formats_tell_in_their_own_way),
        cmocka_unit_test(a_format_has_its_style_and_any_other_that_of_text),
        cmocka_unit_test(each_reason_has_a_line_of_its_own),
        cmocka_unit_test(a_gap_over_midnight_has_its_days),
        cmocka_unit_test(times_of_text_may_be_local_and_those_of_json_never),
        cmocka_unit_test(an_app_cannot_break_out_of_its_place),
        cmocka_unit_test(each_notice_has_the_framing_of_the_sink),
        cmocka_unit_test(the_longest_fits),
        cmocka_unit_test(whatever_the_app_it_is_one_line_and_right_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
