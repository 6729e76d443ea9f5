/* render_origin.c - what no client can set, in templates, json and rfc5424. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/aggregate/rendered.h"

#define STAMP   "2026-11-23T03:34:12.123456Z"
#define ARRIVAL "2026-11-23T03:34:13.123456Z" /* of the sample: a second later */

static const struct format_options with_origin = {.origin = true};

static void templates_show_each_of_it(void **state)
{
    (void)state;
    sample_origin(&sample);
    assert_string_equal(shown("{received} {time} {received}"), ARRIVAL " " STAMP " " ARRIVAL "\n");
    assert_string_equal(shown("{seq}|{peer}|{uid}"), "12|uid:1000,pid:812|1000\n");
    sample.entry->origin.seq = UINT64_MAX;
    assert_string_equal(shown("{seq}"), "18446744073709551615\n");
    sample.entry->origin.seq = 10;
    assert_string_equal(shown("{seq}"), "10\n");
    sample.entry->origin.seq = 9;
    assert_string_equal(shown("{seq}"), "9\n");
}

static void what_is_not_known_is_a_dash_in_templates(void **state)
{
    (void)state;
    sample_full(&sample);
    assert_string_equal(shown("{seq} {peer} {uid} {key}"), "- - - -\n");
}

/* It has 40 characters, of which a bracket is the only one that a format must escape. */
static void the_key_of_a_client_is_shown_everywhere(void **state)
{
    static const char key[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";

    (void)state;
    sample_origin(&sample);
    sample.entry->origin.key = sample_str(&sample, key);
    assert_string_equal(shown("{seq} {key}"), "12 Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\n");
    assert_non_null(strstr(shown_with("json", &with_origin),
                           "\"uid\":1000,\"key\":\"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\"}}"));
    assert_non_null(strstr(shown_with("rfc5424", &with_origin),
                           "uid=\"1000\" key=\"Yne@$w-vo<fVvi\\]a<NY6T1ed:M$fCG*[IaLV{hID\""));
}

static void arrivals_are_in_the_zone_of_the_sink_and_have_microseconds(void **state)
{
    (void)state;
    setenv("TZ", "Asia/Kolkata", 1);
    tzset();
    sample_origin(&sample)->time_digits = 9;
    assert_string_equal(shown_with("{received}", &(struct format_options){.local_time = true}),
                        "2026-11-23T09:04:13.123456+05:30\n");
    unsetenv("TZ");
    tzset();
}

static void json_has_it_where_no_client_can(void **state)
{
    (void)state;
    sample_origin(&sample)->field_count = 0;
    sample_field(&sample, "peer", sample_str(&sample, "10.0.0.1"));
    assert_string_equal(
        shown_with("json", &with_origin),
        "{\"time\":\"" STAMP "\",\"level\":\"info\",\"host\":\"web1\",\"app\":\"shop\","
        "\"topic\":\"orders.eu\",\"message\":\"order placed\",\"peer\":\"10.0.0.1\","
        "\"_logboom\":{\"received\":\"" ARRIVAL "\",\"seq\":12,"
        "\"peer\":\"uid:1000,pid:812\",\"uid\":1000}}\n");
    assert_null(strstr(shown("json"), "_logboom"));
}

static void json_leaves_out_what_is_not_known_and_has_the_marks_behind(void **state)
{
    (void)state;
    sample_begin(&sample)->level = LEVEL_NONE;
    assert_string_equal(shown_with("json", &with_origin),
                        "{\"time\":\"" STAMP "\",\"message\":\"\","
                        "\"_logboom\":{\"received\":\"" STAMP "\"}}\n");
    sample.entry->malformed = sample.entry->cut = true;
    sample.entry->origin.peer = sample_str(&sample, "::1");
    assert_string_equal(shown_with("json", &with_origin),
                        "{\"time\":\"" STAMP "\",\"message\":\"\","
                        "\"_logboom\":{\"received\":\"" STAMP "\",\"peer\":\"::1\","
                        "\"malformed\":true,\"cut\":true}}\n");
}

static void rfc5424_has_it_in_our_own_element(void **state)
{
    (void)state;
    sample_origin(&sample)->cut = true;
    assert_string_equal(shown_with("rfc5424", &with_origin),
                        "<14>1 " STAMP " web1 shop - orders.eu "
                        "[fields@32473 user=\"ada\" total=\"12.50\"]"
                        "[logboom@32473 received=\"" ARRIVAL "\" seq=\"12\" "
                        "peer=\"uid:1000,pid:812\" uid=\"1000\" cut=\"true\"] order placed\n");
    sample_begin(&sample);
    assert_string_equal(shown_with("rfc5424", &with_origin),
                        "<14>1 " STAMP " - - - - [logboom@32473 received=\"" STAMP "\"] \n");
}

static bool asks(const char *template, bool origin)
{
    struct format *format = made_with(template, &(struct format_options){.origin = origin});
    bool answer = format_asks_origin(format);

    format_free(&format);
    return answer;
}

static void only_formats_that_show_it_ask_for_it(void **state)
{
    (void)state;
    assert_false(asks("{time} {received} {message}{fields}", false)); /* is there in any case */
    assert_false(asks("json", false));
    assert_true(asks("json", true));
    assert_true(asks("{message} {seq}", false));
    assert_true(asks("{peer} {message}", false));
    assert_true(asks("{uid} {message}", false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_show_each_of_it),
        cmocka_unit_test(what_is_not_known_is_a_dash_in_templates),
        cmocka_unit_test(the_key_of_a_client_is_shown_everywhere),
        cmocka_unit_test(arrivals_are_in_the_zone_of_the_sink_and_have_microseconds),
        cmocka_unit_test(json_has_it_where_no_client_can),
        cmocka_unit_test(json_leaves_out_what_is_not_known_and_has_the_marks_behind),
        cmocka_unit_test(rfc5424_has_it_in_our_own_element),
        cmocka_unit_test(only_formats_that_show_it_ask_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
