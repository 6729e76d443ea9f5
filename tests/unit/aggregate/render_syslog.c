/* render_syslog.c - entries as syslog messages: RFC 5424's grammar, the limits of its columns,
 * and that nothing in an entry can end the place it stands in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "aggregate/own_host.h"
#include "tests/unit/aggregate/rendered.h"

enum { STREAK = 20000 };

#define STAMP "2026-11-23T03:34:12.123456Z"

/* With the name of this machine between the two. */
static const char *from_here(const char *before, const char *behind)
{
    static char text[256];
    char host[OWN_HOST_ROOM];

    own_host(host);
    assert_true(*host != '\0' && strcmp(host, "-") != 0);
    snprintf(text, sizeof text, "%s%s%s", before, host, behind);
    return text;
}

static void a_clean_entry_is_a_message_with_structured_data(void **state)
{
    (void)state;
    sample_full(&sample);
    assert_string_equal(shown("rfc5424"),
                        "<14>1 " STAMP " web1 shop - orders.eu "
                        "[fields@32473 user=\"ada\" total=\"12.50\"] order placed\n");
    assert_string_equal(shown("rfc3164"),
                        "<14>Nov 23 03:34:12 web1 shop: order placed user=\"ada\" "
                        "total=\"12.50\"\n");
}

static void what_is_empty_is_a_dash_and_an_empty_text_is_none(void **state)
{
    (void)state;
    sample_begin(&sample);
    assert_string_equal(shown("rfc5424"), "<14>1 " STAMP " - - - - - \n");
    assert_string_equal(shown("rfc3164"), from_here("<14>Nov 23 03:34:12 ", " -: -\n"));
}

static void levels_are_severities_of_the_facility_user(void **state)
{
    static const unsigned priorities[LEVEL_NONE + 1] = {8, 9, 10, 11, 12, 13, 14, 15, 15, 13};

    (void)state;
    sample_begin(&sample);
    for (unsigned level = 0; level <= LEVEL_NONE; level++) {
        sample.entry->level = (uint8_t)level;
        assert_int_equal(strtoul(shown("rfc5424") + 1, NULL, 10), priorities[level]);
        assert_int_equal(strtoul(shown("rfc3164") + 1, NULL, 10), priorities[level]);
    }
}

static void a_time_has_no_more_than_microseconds(void **state)
{
    (void)state;
    sample_begin(&sample)->time_digits = 9;
    assert_memory_equal(shown("rfc5424"), "<14>1 " STAMP " ", sizeof "<14>1 " STAMP);
}

static void times_of_rfc3164_may_be_local_and_those_of_rfc5424_never(void **state)
{
    const struct format_options local = {.local_time = true};

    (void)state;
    setenv("TZ", "XXX-5:30", 1);
    tzset();
    sample_begin(&sample);
    assert_non_null(strstr(shown_with("rfc3164", &local), ">Nov 23 09:04:12 "));
    assert_non_null(strstr(shown_with("rfc5424", &local), " " STAMP " "));
    unsetenv("TZ");
    tzset();
}

static void a_day_of_one_digit_has_a_space(void **state)
{
    (void)state;
    sample_begin(&sample)->time_ns = 20LL * 86400 * 1000000000;
    sample.entry->time_ns = 2LL * 86400 * 1000000000;
    assert_string_equal(shown("rfc3164"), from_here("<14>Jan  3 00:00:00 ", " -: -\n"));
}

/* As long as the RFC allows, and one more. */
static void columns_end_at_their_limits(void **state)
{
    static const struct {
        size_t room;
        const char *before;
    } limits[] = {{255, STAMP " "}, {48, STAMP " - "}, {32, STAMP " - - - "}};
    char bytes[300];

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    for (unsigned i = 0; i < 3; i++) {
        for (size_t more = 0; more < 2; more++) {
            struct entry *entry = sample_begin(&sample);
            struct span span = sample_bytes(&sample, bytes, limits[i].room + more);
            const char *line;

            *(i == 0 ? &entry->host : i == 1 ? &entry->app : &entry->topic) = span;
            line = strstr(shown("rfc5424"), limits[i].before);
            assert_non_null(line);
            assert_int_equal(strspn(line + strlen(limits[i].before), "x"), limits[i].room);
        }
    }
}

static void a_field_cannot_end_its_quotes_or_its_element(void **state)
{
    (void)state;
    sample_begin(&sample);
    sample_field(&sample, "a=b]\"c d", sample_str(&sample, "x\"] [logboom@32473 cut=\"true\"\\\n"));
    sample_field(&sample, "", sample_str(&sample, ""));
    assert_string_equal(shown("rfc5424"),
                        "<14>1 " STAMP " - - - - [fields@32473 a\\x3db\\x5d\\x22c\\x20d=\""
                        "x\\\"\\] [logboom@32473 cut=\\\"true\\\"\\\\\\n\" -=\"\"] \n");
}

static void columns_are_ascii_and_a_tag_has_no_colon(void **state)
{
    (void)state;
    sample_begin(&sample)->host = sample_str(&sample, "w 1\xc3\xa9\n");
    sample.entry->app = sample_str(&sample, "a:b[1]");
    assert_non_null(strstr(shown("rfc5424"), " w\\x201\\xc3\\xa9\\n a:b[1] - "));
    assert_non_null(strstr(shown("rfc3164"), " w\\x201\\xc3\\xa9\\n a\\x3ab\\x5b1\\x5d: -"));
}

static void what_only_we_may_say_has_an_element_of_its_own(void **state)
{
    (void)state;
    sample_begin(&sample)->malformed = true;
    assert_non_null(strstr(shown("rfc5424"), " [logboom@32473 malformed=\"true\"] \n"));
    sample_full(&sample)->cut = true;
    assert_non_null(strstr(shown("rfc5424"), "\"][logboom@32473 cut=\"true\"] order placed\n"));
    sample.entry->malformed = true;
    assert_non_null(strstr(shown("rfc5424"), "[logboom@32473 malformed=\"true\" cut=\"true\"] "));
    assert_non_null(strstr(shown("rfc3164"), ": order placed \\[cut] user="));
}

/* ---- the grammar of RFC 5424 §6, read strictly ----------------------------------------------- */

static const char *skip_column(const char *at, size_t room)
{
    const char *begin = at;

    while (*at > ' ' && *at < 0x7f)
        at++;
    assert_true(at > begin && (size_t)(at - begin) <= room);
    return at;
}

static const char *skip_text(const char *at, const char *text)
{
    assert_memory_equal(at, text, strlen(text));
    return at + strlen(text);
}

static const char *skip_parameter(const char *at)
{
    size_t len = strcspn(at, "= ]\"");

    assert_true(len >= 1 && len <= 32);
    assert_true(skip_column(at, 512) >= at + len);
    at = skip_text(at + len, "=\"");
    while (*at != '"') {
        assert_true(*at != ']' && (unsigned char)*at >= ' ');
        at += *at == '\\' ? 2 : 1;
    }
    return at + 1;
}

static const char *skip_data(const char *at)
{
    if (*at == '-')
        return at + 1;
    while (*at == '[') {
        at += strcspn(at, " ]");
        while (*at == ' ')
            at = skip_parameter(at + 1);
        at = skip_text(at, "]");
    }
    return at;
}

static void lines_are_valid_whatever_comes(void **state)
{
    static const size_t rooms[] = {255, 48, 128, 32};
    struct format *formats[] = {made("rfc5424"),
                                made_with("rfc5424", &(struct format_options){.origin = true})};
    struct format *old = made("rfc3164");
    size_t len;

    (void)state;
    for (unsigned i = 0; i < STREAK; i++) {
        const struct entry *entry = rolled_sample(roll(2) ? 20 : 400);
        const char *line = rendered(formats[i % 2], entry, &len), *at = strchr(line, '>') + 1;

        at = skip_column(skip_text(at, "1 "), 32);
        for (unsigned column = 0; column < 4; column++)
            at = skip_column(skip_text(at, " "), rooms[column]);
        at = skip_data(skip_text(at, " "));
        assert_int_equal(*at, ' ');
        assert_ptr_equal(memchr(line, '\n', len), line + len - 1);
        line = rendered(old, entry, &len);
        assert_ptr_equal(memchr(line, '\n', len), line + len - 1);
    }
    format_free(&formats[0]);
    format_free(&formats[1]);
    format_free(&old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_entry_is_a_message_with_structured_data),
        cmocka_unit_test(what_is_empty_is_a_dash_and_an_empty_text_is_none),
        cmocka_unit_test(levels_are_severities_of_the_facility_user),
        cmocka_unit_test(a_time_has_no_more_than_microseconds),
        cmocka_unit_test(times_of_rfc3164_may_be_local_and_those_of_rfc5424_never),
        cmocka_unit_test(a_day_of_one_digit_has_a_space),
        cmocka_unit_test(columns_end_at_their_limits),
        cmocka_unit_test(a_field_cannot_end_its_quotes_or_its_element),
        cmocka_unit_test(columns_are_ascii_and_a_tag_has_no_colon),
        cmocka_unit_test(what_only_we_may_say_has_an_element_of_its_own),
        cmocka_unit_test(lines_are_valid_whatever_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
